"""Upgrades in several steps, and upgrades that are undone: acs/operations/chaining.py."""

from datetime import timedelta

import pytest

from acs import audit
from acs.devices import service as devices
from acs.errors import Invalid
from acs.firmware import service as firmware
from acs.firmware.service import ImageState
from acs.operations import chaining, service
from acs.operations.models import Operation
from acs.operations.views import OperationState
from acs.provisioning.procedure import Done
from acs.provisioning.runner import Ended
from tests.acs.kit import head


@pytest.fixture
def images(play):
    """1.5 from 1.x, 2.0 from 1.5, 3.0 from 2.0: each needs the one before."""
    with play.database.write() as unit:
        device = unit.session.get(type(head(play.database, play.device)), play.device)
        device.software_version = "1.0"
    return [add(play, version, rule) for version, rule in (("1.5", "1.*"), ("2.0", "1.5"), ("3.0", "2.0"))]


def add(play, version, rule="", **given):
    return play.do(firmware.add, play.actor, play.now, version.rjust(64, "0"), 5, f"{version}.bin", version, "G240", from_versions=rule, **given)


def succeed(play, operation, version, before="1.0", **changes):
    """The device reports the step as done."""
    task = play.task(operation)
    for name, value in changes.items():
        with play.database.write() as unit:
            setattr(unit.session.get(Operation, operation), name, value)
    play.step(changes=[Ended(task, Done({"version": version, "before": before, "wanted": version, "reported": True}))], ended=True)
    return play.view(operation)


def test_steps_follow_one_another_to_the_wanted_version(play, images):
    first = play.request("firmware", {"image": images[2], "watch_s": 60}, reason="security")
    view = play.view(first)
    assert {name: view.args[name] for name in ("image", "goal", "step", "steps")} == {"image": images[0], "goal": images[2], "step": 1, "steps": 3}
    second = succeed(play, first, "1.5").result["next"]
    view = play.view(second)
    assert (view.kind, view.state, view.requested_by, view.reason) == ("firmware", OperationState.QUEUED, "user:anna", "security")
    assert {name: view.args[name] for name in ("image", "step", "steps", "follows", "watch_s")} == {
        "image": images[1], "step": 2, "steps": 3, "follows": first, "watch_s": 60,
    }  # fmt: skip
    assert head(play.database, play.device).due_at is not None
    third = succeed(play, second, "2.0", "1.5").result["next"]
    assert play.ask(chaining.last_of, 1, first) == third
    assert "next" not in succeed(play, third, "3.0", "2.0").result
    assert play.ask(service.open_count, 1, play.device) == 0
    assert [line.actor for line in play.ask(audit.lines, 1) if line.action == "operation.firmware"] == ["system:upgrade", "system:upgrade", "user:anna"]


def test_asking_twice_is_asking_once(play, images):
    assert play.request("firmware", {"image": images[2]}) == play.request("firmware", {"image": images[2]})


def test_way_is_found_anew_after_each_step(play, images):
    first = play.request("firmware", {"image": images[2]})
    shortcut = add(play, "2.5", ">=1.5")
    with play.database.write() as unit:
        firmware.describe(unit, play.actor, images[2], play.now, from_versions="2.5")
    assert play.view(succeed(play, first, "1.5").result["next"]).args["image"] == shortcut


def test_upgrade_whose_way_ends_has_failed_and_says_where(play, images, now):
    first = play.request("firmware", {"image": images[2]})
    play.do(firmware.withdraw, play.actor, images[1], now)
    view = succeed(play, first, "1.5")
    assert view.state is OperationState.FAILED
    assert view.error.startswith(f"1.5 runs now, but the way ends here: Image {images[2]} (3.0) can only be loaded from 2.0; this device runs 1.5")
    assert "next" not in view.result


def test_cancelled_upgrade_does_not_go_on(play, images):
    first = play.request("firmware", {"image": images[2]})
    assert "next" not in succeed(play, first, "1.5", cancel_wanted=True).result


def test_what_cannot_be_reached_is_refused_with_the_reason(play, images):
    far = add(play, "9.0", "8.*")
    with pytest.raises(Invalid, match="no released image for it brings it there"):
        play.request("firmware", {"image": far})
    with pytest.raises(Invalid, match=rf"load 1\.5 \(image {images[0]}\) before"):
        play.request("stored_image", {"image": images[1]})


def test_draft_is_only_for_who_says_so(play, images):
    draft = add(play, "1.1", state=ImageState.DRAFT)
    with pytest.raises(Invalid, match="is a draft"):
        play.request("firmware", {"image": draft})
    assert play.view(play.request("firmware", {"image": draft, "draft": True})).args["draft"] is True


def test_device_that_went_back_by_itself_is_noticed_for_a_week(play, images, now):
    operation = play.request("firmware", {"image": images[0]})
    succeed(play, operation, "1.5")

    def told():
        return [event.detail for event in play.ask(devices.events, 1, play.device) if event.code == "firmware_undone"]

    play.do(chaining.notice_undone, [(play.device, "1.5")], now + timedelta(hours=1))
    play.do(chaining.notice_undone, [(play.device, "1.0")], now + timedelta(days=8))
    assert told() == []
    for _ in range(2):
        play.do(chaining.notice_undone, [(play.device, "1.0")], now + timedelta(hours=1))
    assert told() == ["1.5 → 1.0: the device went back by itself"]
    assert play.view(operation).result["undone_at"] == (now + timedelta(hours=1)).isoformat()
    assert play.ask(service.of_image, 1, images[0], now) == {"undone": 1}
    assert play.ask(service.of_image, 2, images[0], now) == {}
