"""Monitoring in the background, each a job that may run twice: tasks/monitoring.py."""

import importlib
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device
from acs.monitoring import alarms, fleet, reports, service
from acs.monitoring.models import Sample, SampleDay, SampleHour
from acs.operations.models import Operation
from acs.operations.sampling import Wanted, queue_reads
from tasks import app as tasks_app
from tasks import monitoring, upkeep
from tests.acs.monitoring.kit import collect, devices, monitor, reading, silence
from tests.tasks.test_upkeep import clock, run

__all__ = ["clock"]


def count(house, model):
    with house.database.read() as session:
        return session.scalar(select(func.count()).select_from(model))


def test_every_beat_has_its_work():
    importlib.reload(monitoring)
    importlib.reload(upkeep)
    assert set(monitoring.EVERY_S) <= set(tasks_app.names())


def test_census_counts_the_fleet_and_rests(any_house, clock, now):
    devices(any_house.database, 3, now)
    assert run(any_house, "monitoring.census") == "3 devices"
    with any_house.database.read() as session:
        assert fleet.now_of(session, DEFAULT_TENANT, now).total == 3
    clock[0] = now + timedelta(seconds=1)
    assert run(any_house, "monitoring.census") in ("rests", "3 devices")


def test_silence_found_by_upkeep_is_told_as_an_alarm_and_taken_back(any_house, clock, now):
    (a,) = devices(any_house.database, 1, now)
    silence(any_house.database, now)
    clock[0] = now + timedelta(hours=1)
    assert run(any_house, "upkeep.silence") == "1 fell silent"
    assert run(any_house, "monitoring.absence") == "1 told, 0 came, 0 quiet again"
    assert run(any_house, "monitoring.absence") == "0 told, 0 came, 0 quiet again"
    with any_house.database.write() as unit:
        unit.session.get(Device, a).silent_at = clock[0] + timedelta(hours=1)
    assert run(any_house, "monitoring.absence") == "0 told, 1 came, 0 quiet again"
    with any_house.database.read() as session:
        assert alarms.listed(session, DEFAULT_TENANT) == ()


def test_members_reads_and_spreads_are_brought_up_to_date(any_house, clock, now):
    ids = devices(any_house.database, 3, now)
    view = monitor(any_house.database, now, selection='model = "Norvik G240"', every_s=600)
    assert run(any_house, "monitoring.members") == "1 monitors"
    with any_house.database.read() as session:
        assert service.get(session, DEFAULT_TENANT, view.id).members == 3
    clock[0] = now + timedelta(seconds=500)
    assert run(any_house, "monitoring.reads").endswith("reads queued")  # nothing was read of them: nobody knows where it is
    collect(any_house.database, [reading(d, float(d), now) for d in ids])
    assert run(any_house, "monitoring.spreads") == "1 looked at"
    assert run(any_house, "monitoring.spreads") == "0 looked at"
    with any_house.database.read() as session:
        assert reports.history(session, DEFAULT_TENANT, view.id, now, now + timedelta(days=1))[0].count == 3


def test_samples_are_rolled_up_and_go_when_they_are_old(any_house, clock, now):
    (a,) = devices(any_house.database, 1, now)
    monitor(any_house.database, now)
    collect(any_house.database, [reading(a, float(i), now - timedelta(hours=i)) for i in range(48)])
    clock[0] = now + timedelta(days=2)
    run(any_house, "monitoring.retention")
    assert (count(any_house, Sample), count(any_house, SampleHour), count(any_house, SampleDay)) == (48, 48, 3)
    clock[0] = now + timedelta(days=12)
    run(any_house, "monitoring.retention")
    run(any_house, "monitoring.retention")
    assert (count(any_house, Sample), count(any_house, SampleHour), count(any_house, SampleDay)) == (0, 48, 3)


def test_finished_reads_of_our_own_are_forgotten_soon(any_house, clock, now):
    (a,) = devices(any_house.database, 1, now)
    with any_house.database.write() as unit:
        queue_reads(unit, [Wanted(1, a, ("Device.X",), 600, False)], now)
    with any_house.database.write() as unit:
        unit.session.scalars(select(Operation)).one().finished_at = now
    clock[0] = now + timedelta(hours=3)
    run(any_house, "monitoring.retention")
    assert count(any_house, Operation) == 0


@pytest.mark.parametrize("name", sorted(monitoring.EVERY_S))
def test_nothing_to_do_is_done_at_once(any_house, clock, name):
    run(any_house, name)
    run(any_house, name)
