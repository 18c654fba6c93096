"""The fleet in numbers: acs/monitoring/fleet.py and load.py."""

import time
from datetime import timedelta

from sqlalchemy import func, select

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device
from acs.monitoring import alarms, fleet, load
from acs.monitoring.alarms import Raise
from acs.monitoring.load import Totals
from acs.monitoring.models import FleetMinute, WorkerLoad
from acs.monitoring.views import AlarmType, Severity
from acs.operations import service as operations
from tests.acs.monitoring.kit import ANNA, devices
from tests.conftest import OTHER_TENANT


def census(db, now):
    with db.read() as session:
        counts = fleet.new_counts(session)
        for part in fleet.ranges(session):
            fleet.count(session, counts, part, now)
        told = {tenant: fleet.document(session, tenant, counted, now) for tenant, counted in counts.items()}
    for tenant, document in told.items():
        with db.write() as unit:
            fleet.keep(unit, tenant, document, now, 7)


def look(db, now, tenant=DEFAULT_TENANT):
    with db.read() as session:
        return fleet.now_of(session, tenant, now)


def work(db, at, sessions, informs=None, worker="0", **more):
    """Ten seconds of a worker."""
    before = Totals(at - timedelta(seconds=10))
    now = Totals(at, sessions=sessions, informs=sessions if informs is None else informs, **more)
    with db.write() as unit:
        load.note(unit, DEFAULT_TENANT, worker, before, now)


def test_devices_are_counted_by_presence_model_and_version(any_database, now):
    devices(any_database, 3, now)
    silent = devices(any_database, 2, now, model="Halden ONT-4")
    devices(any_database, 1, now, OTHER_TENANT)
    with any_database.write() as unit:
        for number in silent:
            unit.session.get(Device, number).silent_at = now
        unit.session.get(Device, silent[0]).trust = "quarantine"
    assert look(any_database, now) is None
    census(any_database, now)
    found = look(any_database, now)
    assert found.presence == {"online": 3, "silent": 1, "quarantine": 1}
    assert found.total == 5
    assert found.models == (("Norvik G240", "", 3, 3), ("Halden ONT-4", "", 2, 0))
    assert found.versions == (("Norvik G240", "1.0", 3, 3), ("Halden ONT-4", "1.0", 2, 0))
    assert look(any_database, now, OTHER_TENANT).total == 1


def test_open_operations_and_alarms_are_told(any_database, now):
    (a,) = devices(any_database, 1, now)
    with any_database.write() as unit:
        operations.request(unit, ANNA, a, "reboot", {}, now)
        wrong = Raise(1, a, None, "x", Severity.MAJOR, AlarmType.EQUIPMENT, "p", "s", "", None, now)
        alarms.raise_all(unit, [wrong])
    census(any_database, now)
    found = look(any_database, now)
    assert found.operations == {"queued": 1}
    assert found.alarms == {"major": 1}


def test_load_is_that_of_the_last_minute_over_all_workers(any_database, now):
    for i in range(12):
        work(any_database, now - timedelta(seconds=10 * i), 20, worker="0", failed=2, answers=20, answer_s=0.4, cpu_s=5, live=3)
        work(any_database, now - timedelta(seconds=10 * i), 10, worker="1", put_off=1, answers=10, answer_s=0.4, cpu_s=1, live=1)
    with any_database.read() as session:
        found = fleet.load_of(session, DEFAULT_TENANT, now)
        nobody = fleet.load_of(session, OTHER_TENANT, now)
    assert (found.workers, found.sessions_s, found.failed_s, found.put_off_s, found.live) == (2, 3.0, 0.2, 0.1, 4)
    assert round(found.answer_ms, 3) == round((20 * 20 + 40 * 10) / 30, 3)
    assert round(found.cpu, 3) == 0.6
    assert (nobody.workers, nobody.sessions_s) == (0, 0.0)


def test_chart_has_what_was_done_between_two_censuses(database, now):
    devices(database, 2, now)
    for minute in range(3):
        at = now + timedelta(minutes=minute)
        for second in range(10, 61, 10):
            work(database, at - timedelta(minutes=1) + timedelta(seconds=second), 30)
        census(database, at)
    with database.read() as session:
        points = fleet.history(session, DEFAULT_TENANT, now - timedelta(hours=1), now + timedelta(hours=1))
    assert [point.sessions_s for point in points] == [3.0, 3.0, 3.0]
    assert [point.online for point in points] == [2, 2, 2]


def test_fleet_without_devices_is_counted_too(database, now):
    census(database, now)
    assert look(database, now).total == 0


def test_census_rests_thirty_times_as_long_as_it_took(database, now):
    with database.read() as session:
        assert fleet.is_due(session, now)
    with database.write() as unit:
        document = {"presence": {}, "models": [], "versions": [], "operations": {}, "alarms": {}, "faults": [], "failed": 0}
        fleet.keep(unit, 1, document, now, 4000)
    with database.read() as session:
        assert not fleet.is_due(session, now + timedelta(seconds=119))
        assert fleet.is_due(session, now + timedelta(seconds=120))


def test_old_rows_are_thinned_to_one_an_hour(any_database, now):
    with any_database.write() as unit:
        for i in range(180):
            unit.session.add(FleetMinute(
                tenant_id=1, at=now - timedelta(days=4, minutes=i), total=1, online=1, silent=0, quarantine=0, operations=0, alarms=0, span_s=60.0, sessions=0,
                failed=0, informs=0, put_off=0, refused=0,
            ))  # fmt: skip
    work(any_database, now - timedelta(days=4), 1)
    work(any_database, now, 1)
    while True:
        with any_database.write() as unit:
            if fleet.thin_out(unit, now, limit=50) < 50:
                break
    with any_database.read() as session:
        assert session.scalar(select(func.count()).select_from(FleetMinute)) == 4
        assert session.scalar(select(func.count()).select_from(WorkerLoad)) == 1


def test_totals_are_read_out_of_the_metrics_of_a_process(now):
    found = load.totals(now, {"hearthline_sessions_total": 10, "hearthline_sessions_total:ok": 8, "hearthline_sessions_live": 2}, 1.5)
    assert (found.sessions, found.failed, found.live, found.cpu_s, found.informs) == (10, 2, 2, 1.5, 0)


def test_page_of_the_fleet_costs_four_looks_whatever_its_size(database, now):
    devices(database, 500, now)
    census(database, now)
    begun = time.perf_counter()
    look(database, now)
    assert time.perf_counter() - begun < 0.1
