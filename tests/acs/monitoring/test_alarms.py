"""Alarms: one per device and cause, flapping, what people do with them: acs/monitoring/alarms.py."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from acs import audit
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device
from acs.errors import Conflict, Invalid, NotFound
from acs.monitoring import alarms
from acs.monitoring.alarms import AGAIN, QUIET, Clear, Raise
from acs.monitoring.views import AckState, AlarmState, AlarmType, Severity
from tests.acs.monitoring.kit import ANNA, devices
from tests.conftest import OTHER_TENANT


def wrong(device, at, severity=Severity.MAJOR, cause="monitor:1"):
    return Raise(1, device, None, cause, severity, AlarmType.EQUIPMENT, "temperatureUnacceptable", "It is hot.", "Let it cool.", None, at)


def raise_(db, *raised):
    with db.write() as unit:
        return alarms.raise_all(unit, raised)


def clear(db, device, at, cause="monitor:1"):
    with db.write() as unit:
        return alarms.clear_all(unit, [Clear(1, device, cause, at)])


def listed(db, **more):
    with db.read() as session:
        return alarms.listed(session, DEFAULT_TENANT, **more)


def act(db, alarm_id, deed, note="", now=None, actor=ANNA):
    with db.write() as unit:
        return alarms.act(unit, actor, alarm_id, deed, note, now)


def head(db, device):
    with db.read() as session:
        return session.scalar(select(Device.alarm_severity).where(Device.id == device))


def test_same_cause_of_a_device_is_one_alarm(any_database, now):
    a, b = devices(any_database, 2, now)
    assert raise_(any_database, wrong(a, now), wrong(b, now), wrong(a, now, cause="monitor:2")) == 3
    assert raise_(any_database, wrong(a, now + timedelta(minutes=1), Severity.CRITICAL)) == 0
    assert [(each.device_id, each.cause, each.severity) for each in listed(any_database)][::-1] == [
        (a, "monitor:1", Severity.CRITICAL), (b, "monitor:1", Severity.MAJOR), (a, "monitor:2", Severity.MAJOR)
    ]  # fmt: skip
    assert (head(any_database, a), head(any_database, b)) == (5, 4)


def test_back_soon_it_is_the_same_alarm_and_later_another(database, now):
    (a,) = devices(database, 1, now)
    raise_(database, wrong(a, now))
    clear(database, a, now + timedelta(minutes=1))
    assert head(database, a) == 0
    assert raise_(database, wrong(a, now + timedelta(minutes=5))) == 0
    (alarm,) = listed(database)
    assert (alarm.count, alarm.raised_at, alarm.state) == (2, now, AlarmState.RAISED)
    clear(database, a, now + timedelta(minutes=6))
    assert raise_(database, wrong(a, now + timedelta(minutes=7) + AGAIN)) == 1


def test_flapping_alarm_stays_open_until_it_was_quiet(any_database, now):
    (a,) = devices(any_database, 1, now)
    at = now
    for _ in range(4):
        raise_(any_database, wrong(a, at))
        clear(any_database, a, at + timedelta(minutes=1))
        at += timedelta(minutes=2)
    (alarm,) = listed(any_database)
    assert alarm.flapping
    assert alarm.count == 4
    assert head(any_database, a) == 4
    raise_(any_database, wrong(a, at))  # it comes back while it waits
    clear(any_database, a, at)
    for later, number in ((QUIET - timedelta(seconds=1), 0), (QUIET, 1)):
        with any_database.write() as unit:
            assert alarms.end_flapping(unit, at + later) == number
    assert listed(any_database) == ()
    assert head(any_database, a) == 0


def test_what_nobody_raised_cannot_be_cleared(database, now):
    (a,) = devices(database, 1, now)
    assert clear(database, a, now) == 0


def test_people_acknowledge_suppress_and_clear_with_a_note(database, now):
    (a,) = devices(database, 1, now)
    raise_(database, wrong(a, now))
    (alarm,) = listed(database)
    taken = act(database, alarm.id, "acknowledge", "Crew is on its way", now)
    assert (taken.ack_state, taken.acked_by, taken.notes[0].text) == (AckState.ACKNOWLEDGED, "user:anna", "Crew is on its way")
    assert listed(database, unacked=True) == ()
    assert act(database, alarm.id, "suppress", "works until Friday", now).suppressed
    assert head(database, a) == 0
    act(database, alarm.id, "unsuppress", "", now)
    assert head(database, a) == 4
    over = act(database, alarm.id, "clear", "fan replaced", now)
    assert (over.state, over.cleared_by, over.perceived_severity) == (AlarmState.CLEARED, "user:anna", Severity.CLEARED)
    assert act(database, alarm.id, "note", "was the fan indeed", now).notes[-1].did == "note"
    with database.read() as session:
        told = audit.lines(session, DEFAULT_TENANT, f"device:{a}")
    assert [line.action for line in told] == ["alarm.note", "alarm.clear", "alarm.unsuppress", "alarm.suppress", "alarm.acknowledge"]
    assert told[1].after["note"] == "fan replaced"


def test_acknowledged_alarm_that_grows_worse_wants_to_be_seen_again(database, now):
    (a,) = devices(database, 1, now)
    raise_(database, wrong(a, now, Severity.WARNING))
    act(database, listed(database)[0].id, "acknowledge", "", now)
    raise_(database, wrong(a, now, Severity.WARNING))
    assert listed(database)[0].ack_state is AckState.ACKNOWLEDGED
    raise_(database, wrong(a, now, Severity.CRITICAL))
    assert listed(database)[0].ack_state is AckState.UNACKNOWLEDGED


def test_a_note_is_asked_for_and_what_is_over_is_over(database, now, other_actor):
    (a,) = devices(database, 1, now)
    raise_(database, wrong(a, now))
    number = listed(database)[0].id
    for deed in ("clear", "suppress", "note"):
        with pytest.raises(Invalid):
            act(database, number, deed, " ", now)
    with pytest.raises(Invalid):
        act(database, number, "eat", "", now)
    with pytest.raises(NotFound):
        act(database, number, "acknowledge", "", now, other_actor)
    clear(database, a, now)
    with pytest.raises(Conflict):
        act(database, number, "acknowledge", "", now)


def test_list_is_filtered_and_paged(database, now):
    ids = devices(database, 6, now)
    severities = [Severity.WARNING, Severity.MINOR, Severity.MAJOR, Severity.CRITICAL, Severity.MAJOR, Severity.WARNING]
    raise_(database, *(wrong(d, now, s) for d, s in zip(ids, severities, strict=True)))
    clear(database, ids[5], now)
    assert len(listed(database, severity=Severity.MAJOR)) == 3
    assert len(listed(database, open_only=False)) == 6
    assert [each.device_id for each in listed(database, device_id=ids[1])] == [ids[1]]
    first = listed(database, limit=2)
    assert [each.id for each in (*first, *listed(database, before=first[-1].id))] == [each.id for each in listed(database)]
    with database.read() as session:
        assert alarms.counts(session, DEFAULT_TENANT) == {Severity.WARNING: 1, Severity.MINOR: 1, Severity.MAJOR: 2, Severity.CRITICAL: 1}
        assert alarms.listed(session, OTHER_TENANT) == ()


def test_alarm_of_the_fleet_has_no_device(database, now):
    raise_(database, wrong(None, now, cause="storm:1"))
    raise_(database, wrong(None, now, cause="storm:1"))
    (alarm,) = listed(database)
    assert (alarm.device_id, alarm.serial_number) == (None, "")
    clear(database, None, now, "storm:1")
    assert listed(database) == ()


def test_old_cleared_alarms_are_forgotten(database, now):
    a, b = devices(database, 2, now)
    raise_(database, wrong(a, now), wrong(b, now))
    clear(database, a, now)
    with database.write() as unit:
        assert alarms.delete_old(unit, now + timedelta(days=1)) == 1
    assert [each.device_id for each in listed(database, open_only=False)] == [b]
