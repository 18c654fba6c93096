"""What actions ask of a device, and how they take it back."""

import pytest

from acs.campaigns.actions import ACTIONS, Ask, Done, Nothing, Refused, action_named, asked, subjects
from acs.devices.models import Device
from acs.errors import Invalid
from acs.firmware import service as firmware
from tests.acs.campaigns.conftest import ANNA


@pytest.fixture
def images(field) -> dict[str, int]:
    with field.database.write() as unit:
        rules = (("1.0", ""), ("2.0", ""), ("3.0", ">=2.0"))
        made = [(v, firmware.add(unit, ANNA, field.now, v * 8, 100, f"g-{v}.bin", v, "G240", from_versions=rule)) for v, rule in rules]
        return {version: int(image) for version, image in made}


def test_firmware_goes_by_the_images_on_the_way_and_back_to_what_ran(field, images):
    (device,) = field.add(1)
    action = ACTIONS["firmware"]
    with field.database.read() as session:
        subject = subjects(session, 1, [device])[device]
        step = asked(action.asker(session, 1, {"image": images["3.0"]}, field.now), subject)
        assert isinstance(step, Ask) and step.args == {"image": images["2.0"]} and step.says == "1.0 → 2.0 → 3.0" and step.remember == {"version": "1.0"}
        assert isinstance(asked(action.asker(session, 1, {"image": images["1.0"]}, field.now), subject), Nothing)
        session.get(Device, device).software_version = "3.0"
        session.flush()
        now_runs = subjects(session, 1, [device])[device]
        back = action.inverse(session, field.vault, {"image": images["3.0"]}, now_runs, Done({"version": "1.0"}, {}), field.now)
        assert isinstance(back, Ask) and back.args == {"image": images["1.0"]}
        gone = action.inverse(session, field.vault, {"image": images["3.0"]}, now_runs, Done({"version": "0.9"}, {}), field.now)
        assert gone == Refused("The library has no released image of 0.9, which ran before.")


def test_what_has_no_opposite_says_so(field):
    (device,) = field.add(1)
    action = ACTIONS["operation"]
    args = {"kind": "reboot", "args": {}}
    with field.database.read() as session:
        found = action.inverse(session, field.vault, args, subjects(session, 1, [device])[device], Done({}, {}), field.now)
    assert isinstance(found, Refused) and not action.undone_by(args)


def test_an_unknown_action_and_a_bad_argument_are_refused(field):
    with pytest.raises(Invalid, match="no action"):
        action_named("magic")
    with field.database.read() as session, pytest.raises(Invalid):
        ACTIONS["operation"].check(session, 1, {"kind": "inform_interval", "args": {"interval_s": 1}})
