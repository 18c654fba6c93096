"""Profiles as people and programs use them: versions, marks, dates, what is audited, what is told of one device."""

from datetime import timedelta

import pytest

from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.desired import service
from acs.desired.views import Standing
from acs.errors import Invalid, NotFound
from acs.jobs import JobState, listed
from tests.acs.desired.conftest import ANNA, CHANNEL, DOCUMENT, NOW, SSID
from tests.conftest import OTHER_TENANT

BORIS = Actor("user:boris", OTHER_TENANT)


def jobs(homes):
    with homes.database.read() as session:
        return [(job.name, job.args["selection"]) for job in reversed(listed(session, DEFAULT_TENANT, [JobState.DUE])) if job.name == "desired.mark"]


def test_a_profile_in_force_has_the_devices_of_its_old_and_new_selection_marked_by_a_job(homes):
    profile = homes.profile(selection='model = "G240"')
    assert (profile.version, profile.in_force) == (1, True)
    changed = homes.change(profile, selection="tag:vip", reason="only those")
    assert (changed.version, changed.selection) == (2, "tag:vip")
    assert jobs(homes) == [("desired.mark", 'model = "G240"'), ("desired.mark", 'model = "G240"'), ("desired.mark", "tag:vip")]
    assert homes.audit() == ["profile.change", "profile.add"]


def test_a_change_that_changes_nothing_is_none(homes):
    profile = homes.profile()
    assert homes.change(profile, name="Basic", document=DOCUMENT).version == 1


def test_a_disabled_profile_wants_nothing_and_marks_nobody(homes):
    homes.profile(enabled=False)
    assert jobs(homes) == []
    assert homes.examine(homes.device()).state is Standing.NONE


def test_a_profile_comes_in_force_at_its_time(homes):
    profile = homes.profile(valid_from=NOW + timedelta(hours=1))
    assert (profile.enabled, profile.in_force) == (True, False)
    with homes.database.write() as unit:
        assert service.enforce_dates(unit, NOW) == 0
        assert service.enforce_dates(unit, NOW + timedelta(hours=2)) == 1
    with homes.database.read() as session:
        assert service.get(session, DEFAULT_TENANT, profile.id).in_force


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"), ({"selection": "model ="}, "selection"), ({"precedence": "high"}, "precedence"),
        ({"valid_from": "tomorrow"}, "valid_from"), ({"colour": 1}, "colour"), ({"document": {}}, "settings.0.name"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_profile_is_told_with_its_field(homes, given, field):
    with pytest.raises(Invalid) as told:
        homes.profile(**{"name": "x", **given}) if "document" not in given else homes.profile(document={"rows": []})
    assert told.value.field == field


def test_a_name_is_taken_once(homes):
    homes.profile()
    with pytest.raises(Invalid, match="already"):
        homes.profile()


def test_versions_are_kept_with_what_each_changed(homes):
    profile = homes.profile()
    homes.change(profile, document={"settings": [{"name": "wifi.2g.channel", "value": 11}]}, reason="less noise")
    with homes.database.read() as session:
        new, old = service.versions(session, DEFAULT_TENANT, profile.id)
    assert (new.version, new.by, new.reason, old.changes) == (2, "user:anna", "less noise", ())
    assert {one["what"] for one in new.changes} == {"wifi.2g.channel", "Device.Time.NTPServer1"}


def test_another_tenant_sees_and_changes_nothing(homes):
    profile, device = homes.profile(), homes.device()
    with homes.database.read() as session:
        assert service.listed(session, OTHER_TENANT) == ()
        with pytest.raises(NotFound):
            service.get(session, OTHER_TENANT, profile.id)
        with pytest.raises(NotFound):
            service.examine(session, homes.vault, OTHER_TENANT, device, NOW)
    with homes.database.write() as unit, pytest.raises(NotFound):
        service.change(unit, BORIS, homes.vault, profile.id, {"name": "x"}, NOW)
    with homes.database.write() as unit, pytest.raises(NotFound):
        service.remove(unit, BORIS, profile.id, NOW)


def test_removing_the_last_profile_lets_devices_go(homes):
    profile, device = homes.profile(), homes.device()
    homes.mark(device)
    homes.configured(device)
    with homes.database.write() as unit:
        service.remove(unit, ANNA, profile.id, homes.now)
        assert service.unmark_all(unit, DEFAULT_TENANT) == 1
    assert homes.head(device).desired_key == ""
    assert homes.row(device) is None


def test_what_a_person_wrote_is_shown_and_can_be_given_up(homes):
    homes.profile(document={"settings": [{"name": SSID, "value": "Default"}]})
    device = homes.device()
    homes.wrote(device, SSID, "Anna's")
    homes.configured(device)
    found = homes.examine(device)
    assert [(left.path, left.claim.title) for left in found.desired.left] == [(SSID, "anna")]
    with homes.database.write() as unit:
        service.give_up_personal(unit, ANNA, device, SSID, homes.now)
    assert homes.head(device).desired_key is None
    assert "device.give_up_personal" in homes.audit()
    homes.configured(device)
    assert homes.tree(device).values[SSID].value == "Default"
    with homes.database.write() as unit, pytest.raises(NotFound):
        service.give_up_personal(unit, ANNA, device, SSID, homes.now)


def test_tags_that_change_have_a_device_looked_at_anew_only_where_there_are_profiles(homes):
    device = homes.device()
    with homes.database.write() as unit:
        service.reconsider(unit, DEFAULT_TENANT, [device], NOW)
    assert homes.head(device).desired_key == ""
    homes.profile(selection="tag:vip")
    with homes.database.write() as unit:
        service.reconsider(unit, DEFAULT_TENANT, [device], NOW)
    assert homes.head(device).desired_key is None


def test_devices_that_came_under_a_profile_or_left_it_are_found_by_the_hourly_look(homes):
    homes.profile(selection='software_version = "1.0"')
    under, out, failed = homes.device("A1"), homes.device("A2", software_version="2.0"), homes.device("A3")
    with homes.database.read() as session:
        assert service.stray(session, DEFAULT_TENANT, 0, homes.now) == ([under, failed], None)
    homes.mark(under, out, failed)
    homes.configured(under)
    with homes.database.write() as unit:
        unit.session.get(service.DesiredDevice, failed).state = Standing.FAILED
        unit.session.get(service.Device, under).software_version = "3.0"
    with homes.database.read() as session:
        assert service.stray(session, DEFAULT_TENANT, 0, homes.now)[0] == [under, failed]


def test_repair_asks_for_configure(homes):
    homes.profile()
    device = homes.device()
    with homes.database.write() as unit:
        service.repair(unit, ANNA, device, NOW, again=True, reason="customer called")
    (operation,) = homes.operations(device)
    assert (operation.kind, operation.args, operation.reason) == ("configure", {"again": True}, "customer called")


def test_a_look_finds_drift_and_repairs_where_the_profile_says_so(homes):
    profile, device = homes.profile(), homes.device()
    homes.configured(device)
    homes.reads(device, channel="13")
    homes.now += timedelta(minutes=1)
    assert service.check_device(homes.database, homes.vault, device, homes.now) == "1 values in drift"
    assert homes.row(device).state == Standing.DRIFT
    homes.change(profile, document={**DOCUMENT, "self_heal": True})
    assert service.check_device(homes.database, homes.vault, device, homes.now).endswith("repair asked for")
    assert [o.requested_by for o in homes.operations(device)] == ["system:profiles"]
    homes.reads(device, **{CHANNEL: "6"})
