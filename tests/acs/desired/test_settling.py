"""What comes of configuring is kept: the key, the standing, what did not stick, history; marks that come meanwhile are not lost."""

from datetime import timedelta

import pytest

from acs.cwmp.messages import AddObject, SetParameterValues
from acs.db.tenancy import DEFAULT_TENANT
from acs.desired.settling import Configured, note_read, settle
from acs.desired.views import Standing
from acs.devices import service as devices
from acs.jobs import listed
from acs.provisioning.procedure import Failed
from tests.acs.desired.conftest import CHANNEL, SSID, Homes
from tests.acs.provisioning import scripted
from tests.acs.provisioning.test_desired import TREE


@pytest.fixture
def homes(any_database, vault):
    """What a commit does is looked at on each database."""
    return Homes(any_database, vault)


def test_a_device_brought_to_its_profiles_is_in_step_and_carries_the_key(homes):
    profile = homes.profile()
    device = homes.device()
    homes.mark(device)
    assert homes.head(device).desired_key is None
    assert homes.examine(device).state is Standing.PENDING
    homes.configured(device)
    head, row = homes.head(device), homes.row(device)
    assert head.desired_key == head.parameter_key == row.key != ""
    assert (row.state, row.profiles) == (Standing.IN_STEP, f",{profile.id},")
    assert homes.examine(device).state is Standing.IN_STEP
    with homes.database.read() as session:
        assert [event.code for event in devices.events(session, DEFAULT_TENANT, device)] == ["configured"]
    assert homes.configured(device) == []


def test_a_device_nobody_wants_anything_of_has_no_row(homes):
    homes.profile(selection='model = "other"')
    device = homes.device()
    homes.mark(device)
    homes.configured(device)
    assert homes.head(device).desired_key == ""
    assert homes.row(device) is None


def test_a_mark_that_comes_while_the_session_runs_is_not_lost(homes):
    homes.profile()
    device = homes.device()
    told = homes.brief(device)
    homes.now += timedelta(seconds=1)
    homes.mark(device)
    outcome = scripted.play(scripted_configure(told), scripted.Device(dict(TREE)))
    with homes.database.write() as unit:
        settle(unit, [Configured(1, device, homes.now, outcome)])
    assert homes.head(device).desired_key is None
    assert homes.row(device).state == Standing.PENDING


def scripted_configure(told):
    from acs.provisioning.procedures.configuring import configure

    return configure(scripted.context(brief=told))


def test_what_did_not_stick_is_remembered_told_and_not_tried_again_until_somebody_asks(homes):
    homes.profile()
    device = homes.device()
    stubborn = scripted.Device(dict(TREE), refused={CHANNEL: 9007})
    homes.configured(device, stubborn)
    assert homes.row(device).state == Standing.PARTIAL
    found = homes.examine(device)
    assert (found.state, found.plan.gave_up[0][0].path, found.plan.differences) == (Standing.PARTIAL, CHANNEL, ())
    assert homes.configured(device) == []
    assert len(homes.configured(device, again=True)) == 2
    assert homes.row(device).state == Standing.IN_STEP


def test_a_device_that_takes_nothing_is_not_asked_at_every_contact(homes):
    homes.profile()
    device = homes.device()
    homes.mark(device)
    with homes.database.write() as unit:
        settle(unit, [Configured(1, device, homes.now + timedelta(seconds=1), Failed("Given up: the session broke off 5 times."))])
    row = homes.row(device)
    assert (row.state, row.error) == (Standing.FAILED, "Given up: the session broke off 5 times.")
    assert homes.head(device).desired_key == ""


@pytest.mark.quirk("K-58")
def test_a_device_that_loses_the_key_is_not_asked_for_ever(homes):
    homes.profile()
    device = homes.device()
    homes.configured(device)
    for _ in range(3):
        with homes.database.write() as unit:
            unit.session.get(type(homes.head(device)), device).parameter_key = ""
        asked = homes.configured(device)
    assert asked == []
    assert homes.head(device).desired_key == ""


def test_after_a_reset_what_a_person_wrote_comes_back(homes):
    homes.profile(document={"settings": [{"name": SSID, "value": "Default", "hold": "initial"}, {"name": "wifi.2g.channel", "value": 6}]})
    device = homes.device()
    homes.configured(device)
    assert homes.tree(device).values[SSID].value == "Default"
    homes.wrote(device, SSID, "Anna's")
    assert homes.configured(device) == []
    homes.now += timedelta(hours=1)
    with homes.database.write() as unit:
        unit.session.get(type(homes.head(device)), device).last_bootstrap_at = homes.now
    homes.now += timedelta(seconds=1)
    homes.shows(device, TREE)
    asked = homes.configured(device)
    assert {v.name: v.value for v in asked[0].parameter_list} == {SSID: "Anna's", CHANNEL: "6"}
    assert homes.configured(device) == []


def test_a_profile_that_wants_rows_gets_them_once(homes):
    row = {"table": "nat.port_mappings", "keys": {"external_port": 8080}, "values": {"internal_port": 80}}
    homes.profile(document={"rows": [row]})
    device = homes.device()
    assert [type(m) for m in homes.configured(device)][:2] == [AddObject, SetParameterValues]
    assert homes.configured(device) == []
    assert homes.examine(device).state is Standing.IN_STEP


def test_a_firmware_nobody_has_an_image_of_is_told(homes):
    homes.profile(document={"settings": [{"name": "wifi.2g.channel", "value": 6}], "firmware": "9.9"})
    device = homes.device()
    homes.configured(device)
    assert "Firmware 9.9" in homes.row(device).error


def test_reading_a_device_has_it_compared_once_a_minute_after_all_that_was_read(homes):
    homes.profile()
    device, other = homes.device("A1"), homes.device("A2")
    homes.configured(device)
    with homes.database.write() as unit:
        note_read(unit, [(1, device), (1, other), (1, device)], homes.now)
    with homes.database.read() as session:
        assert [job.args for job in listed(session, DEFAULT_TENANT) if job.name == "desired.check"] == [{"device": device}]
