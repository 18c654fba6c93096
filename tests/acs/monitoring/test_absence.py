"""Silent devices: acs/monitoring/absence.py."""

from datetime import timedelta

from sqlalchemy import func, select, update

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as device_service
from acs.devices.models import Device
from acs.monitoring import absence, alarms, members
from acs.monitoring.models import ThresholdState
from acs.monitoring.views import Severity
from tests.acs.monitoring.kit import devices, silence

LATER = timedelta(minutes=9)
"""After it a device of `devices` counts as silent."""


def round_(db, now):
    """What the jobs do: who is silent, who came, who is told of."""
    with db.write() as unit:
        absence.fell_silent(unit, [number for number, _ in device_service.newly_silent(unit, now)])
    with db.read() as session:
        thresholds = absence.watched(session)
    for number in thresholds:
        with db.write() as unit:
            absence.take_back(unit, number, now)
        with db.write() as unit:
            absence.tell(unit, number, now)


def speak(db, ids, now):
    with db.write() as unit:
        unit.session.execute(update(Device).where(Device.id.in_(ids)).values(last_inform_at=now, silent_at=now + timedelta(seconds=510), silent_told=False))


def listed(db, **more):
    with db.read() as session:
        return alarms.listed(session, DEFAULT_TENANT, **more)


def members_of(db, view, now):
    after: int | None = 0
    while after is not None:
        with db.write() as unit:
            after = members.refresh(unit, view.id, after, now)


def test_silent_device_has_an_alarm_until_it_comes(any_database, now):
    a, b = devices(any_database, 2, now)
    silence(any_database, now)
    round_(any_database, now + timedelta(minutes=5))
    assert listed(any_database) == ()
    speak(any_database, [b], now + timedelta(minutes=5))
    round_(any_database, now + LATER)
    round_(any_database, now + LATER)
    (alarm,) = listed(any_database)
    assert (alarm.device_id, alarm.severity, alarm.count) == (a, Severity.MAJOR, 1)
    assert alarm.specific_problem == "silent devices: no contact since 2026-11-21 20:52 UTC, it speaks every 300 s"
    speak(any_database, [a, b], now + timedelta(minutes=11))
    round_(any_database, now + timedelta(minutes=11))
    assert listed(any_database) == ()


def test_patience_beyond_the_own_interval(database, now):
    devices(database, 1, now)
    silence(database, now, threshold={"for_s": 3600})
    round_(database, now + LATER)
    assert listed(database) == ()
    round_(database, now + timedelta(seconds=510 + 3600))
    assert len(listed(database)) == 1


def test_only_devices_of_the_selection_are_missed(database, now):
    devices(database, 2, now)
    inside = devices(database, 1, now, model="Halden ONT-4")
    view = silence(database, now, selection='model = "Halden ONT-4"')
    members_of(database, view, now)
    round_(database, now + LATER)
    assert [each.device_id for each in listed(database)] == inside


def test_storm_is_one_alarm_and_single_ones_follow_for_who_stays_away(any_database, now):
    ids = devices(any_database, 100, now)
    view = silence(any_database, now, storm_percent=30)
    members_of(any_database, view, now)
    speak(any_database, ids[40:], now + timedelta(minutes=5))
    round_(any_database, now + LATER)
    (storm,) = listed(any_database)
    assert (storm.device_id, storm.severity) == (None, Severity.CRITICAL)
    assert storm.specific_problem == "silent devices: 40 of 100 devices are silent (40 %)"
    at = now + timedelta(minutes=10)
    speak(any_database, ids[20:], at)
    round_(any_database, at)  # 20 %: less than the storm's share, not yet half of it
    assert [each.device_id for each in listed(any_database)] == [None]
    speak(any_database, ids[3:], at)
    round_(any_database, at)
    assert sorted(each.device_id for each in listed(any_database)) == ids[:3]


def test_few_devices_are_no_storm(database, now):
    devices(database, 5, now)
    view = silence(database, now)
    members_of(database, view, now)
    round_(database, now + LATER)
    assert len(listed(database)) == 5


def test_nobody_watches_and_nothing_is_kept(database, now):
    devices(database, 2, now)
    round_(database, now + LATER)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(ThresholdState)) == 0
