"""Identity alarms: raised once, counted after, silent where a person says so."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from acs import audit
from acs.cwmp.messages import DeviceIdStruct
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import alarms
from acs.devices.alarms import Raised
from acs.devices.models import DeviceEvent
from acs.devices.sightings import AlarmKind
from acs.devices.views import AlarmState
from acs.errors import Invalid, NotFound
from tests.acs.kit import add_device, inform, inform_in, informed

MINUTE = timedelta(minutes=1)


def raised(database, *given):
    with database.write() as unit:
        return alarms.raise_alarms(unit.connection, given)


def listed(database, **given):
    with database.read() as session:
        return alarms.listed(session, DEFAULT_TENANT, **given)


@pytest.fixture
def alarm(any_database, now):
    device = add_device(any_database)
    return Raised(1, device, AlarmKind.ADDRESS, {"from": "192.0.2.1", "to": "198.51.100.1"}, now)


def test_alarm_is_news_once_and_then_a_count(any_database, alarm, now):
    assert raised(any_database, alarm) == [alarm]
    again = Raised(1, alarm.device_id, AlarmKind.ADDRESS, {"from": "198.51.100.1", "to": "192.0.2.1"}, now + MINUTE)
    assert raised(any_database, again) == []
    (view,) = listed(any_database)
    assert (view.count, view.first_at, view.last_at, view.state) == (2, now, now + MINUTE, AlarmState.OPEN)
    assert [each["to"] for each in view.evidence] == ["198.51.100.1", "192.0.2.1"]


def test_evidence_is_bounded_to_the_newest(any_database, alarm, now):
    for n in range(15):
        raised(any_database, Raised(1, alarm.device_id, AlarmKind.MAC, {"n": n}, now))
    (view,) = listed(any_database)
    assert (view.count, [each["n"] for each in view.evidence]) == (15, list(range(5, 15)))


@pytest.mark.parametrize(("state", "opens_again"), [(AlarmState.SETTLED, True), (AlarmState.ACCEPTED, False)])
def test_settled_alarm_opens_again_and_an_accepted_one_stays_silent(any_database, actor, alarm, now, state, opens_again):
    raised(any_database, alarm)
    number = listed(any_database)[0].id
    with any_database.write() as unit:
        alarms.settle(unit, actor, number, state, "a line with a reserve", now)
    assert listed(any_database) == ()
    assert bool(raised(any_database, alarm)) is opens_again
    assert bool(listed(any_database)) is opens_again
    with any_database.read() as session:
        (line,) = audit.lines(session, DEFAULT_TENANT, f"device:{alarm.device_id}")
    assert (line.action, line.before["state"], line.after["state"]) == ("device.settle_alarm", "open", state.value)


def test_to_be_silent_for_good_needs_a_reason(any_database, actor, alarm, now):
    raised(any_database, alarm)
    with pytest.raises(Invalid), any_database.write() as unit:
        alarms.settle(unit, actor, listed(any_database)[0].id, AlarmState.ACCEPTED, " ", now)


def test_alarm_of_another_tenant_does_not_exist(any_database, other_actor, alarm, now):
    raised(any_database, alarm)
    with pytest.raises(NotFound), any_database.write() as unit:
        alarms.settle(unit, other_actor, listed(any_database)[0].id, AlarmState.SETTLED, "", now)


@pytest.mark.cwmp("J-4")
def test_clone_that_takes_turns_with_the_original_is_told_of_with_evidence(any_database, vault, now):
    """Two boxes with one identity, each at its own address, every five minutes."""
    homes = ("192.0.2.1", "198.51.100.1")
    outs = [
        informed(any_database, vault, inform_in(inform(), now + n * 5 * MINUTE, login="none", address=homes[n % 2]), admit_all=True)[0]
        for n in range(5)
    ]
    assert [out.alarms for out in outs] == [(), (), (), ("address",), ()]
    (view,) = listed(any_database, device_id=outs[0].device_id)
    assert (view.kind, view.count, view.evidence[0]["from"], view.evidence[0]["to"]) == ("address", 2, *homes)
    with any_database.read() as session:
        assert "identity_address" in set(session.scalars(select(DeviceEvent.code)))


@pytest.mark.cwmp("J-4")
def test_serial_number_another_model_has_is_told_of_at_the_new_one(any_database, vault, now):
    old, new = (DeviceIdStruct("Norvik", "00D09E", model, "NV1") for model in ("G240", "G260"))
    informed(any_database, vault, inform_in(inform(device=old), now))
    (out,) = informed(any_database, vault, inform_in(inform(device=new), now))
    assert out.alarms == ("serial",)
    (view,) = listed(any_database)
    assert (view.key, view.evidence[0]["other"]) == ("00D09E-G260-NV1", "00D09E-G240-NV1")
