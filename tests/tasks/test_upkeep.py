"""Silence, expiry and retention, each a job that may run twice: tasks/upkeep.py."""

import importlib
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from acs.audit import AuditLine
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.devices.models import Device, DeviceCredential, DeviceEvent
from acs.jobs import Job, JobState
from acs.operations import service as operations
from acs.operations.models import Operation
from acs.provisioning.procedure import Learned
from acs.quirks import learning
from acs.quirks import service as quirks
from acs.recorder import service as recorder
from acs.recorder.models import SessionRecord
from acs.recorder.service import RecordIn
from acs.secrets import Vault
from tasks import app as tasks_app
from tasks import upkeep
from tasks.app import run_job
from tests.acs.kit import add_device, head
from tests.tasks.conftest import TestHouse

DAY = timedelta(days=1)


@pytest.fixture
def clock(monkeypatch, now):
    at = [now]
    monkeypatch.setattr(TestHouse, "now", staticmethod(lambda: at[0]))
    return at


def run(house, name):
    """Run the job as a worker does; what it said."""
    job_id = house.enqueue(name)
    assert run_job(house, job_id) == "done", house.job(job_id).error
    return house.job(job_id).progress


def count(house, model):
    with house.database.read() as session:
        return session.scalar(select(func.count()).select_from(model))


def test_every_beat_has_its_work():
    importlib.reload(upkeep)
    assert set(upkeep.EVERY_S) <= set(tasks_app.names())


def test_devices_that_fell_silent_are_announced_once(any_house, clock, now, capsys):
    for n in range(7):
        add_device(any_house.database, f"S{n}", last_inform_at=now - DAY, silent_at=now)
    assert run(any_house, "upkeep.silence") == "7 fell silent"
    said = capsys.readouterr().out
    assert said.count("has fallen silent") == 5
    assert "and 2 more devices" in said
    assert run(any_house, "upkeep.silence") == "0 fell silent"
    assert count(any_house, DeviceEvent) == 7


def test_many_silent_devices_are_noted_in_small_transactions(house, clock, now):
    with house.database.write() as unit:
        unit.session.add_all(
            Device(tenant_id=1, key=f"k{n}", oui="0", product_class="p", serial_number=f"S{n}", trust="admitted", silent_at=now) for n in range(450)
        )
    assert run(house, "upkeep.silence") == "450 fell silent"


def test_operations_past_their_time_expire(any_house, clock, now, actor):
    device = add_device(any_house.database)
    with any_house.database.write() as unit:
        operation = operations.request(unit, actor, device, "reboot", {}, now, expires_in_s=60)
    clock[0] = now + timedelta(seconds=60)
    assert run(any_house, "upkeep.expire_operations") == "1 expired"
    assert run(any_house, "upkeep.expire_operations") == "0 expired"
    with any_house.database.read() as session:
        assert operations.get(session, 1, operation, clock[0]).state == "expired"


def test_sessions_of_a_dead_worker_are_closed(any_house, clock, now):
    device = add_device(any_house.database, session_token="t", session_until=now)
    clock[0] = now + timedelta(minutes=1)
    assert run(any_house, "upkeep.close_sessions") == "1 closed"
    assert head(any_house.database, device).session_token is None


def test_retention_takes_what_is_old_and_says_how_much(any_house, clock, now, actor):
    device = add_device(any_house.database)
    with any_house.database.write() as unit:
        for age in (upkeep.KEEP_EVENTS + DAY, timedelta(0)):
            unit.session.add(DeviceEvent(tenant_id=1, device_id=device, at=now - age, code="x"))
        for age in (upkeep.KEEP_OPERATIONS + DAY, timedelta(0)):
            operation = operations.request(unit, actor, device, "read", {"paths": [f"Device.A{age.days}"]}, now - age)
            operations.cancel(unit, actor, operation, now - age)
        old = now - timedelta(days=any_house.settings.recorder_failed_keep_days) - DAY
        for epoch, at in ((1, old), (2, now)):
            recorder.apply_records(unit.connection, [RecordIn(1, device, epoch, at, 1, "failed", "", "", ())], 3, 1000)
        unit.session.add_all(
            Job(tenant_id=1, name="x", args={}, state=JobState.DONE, run_after=now, created_at=now, created_by="t", finished_at=now - age)
            for age in (upkeep.KEEP_JOBS + DAY, timedelta(0))
        )
    assert run(any_house, "upkeep.retention") == "deleted 1 events, 1 operations, 1 failed sessions, 0 calls, 0 quirks, 1 jobs, 0 strangers, 0 block rules"
    assert [count(any_house, model) for model in (DeviceEvent, Operation, SessionRecord)] == [1, 1, 1]
    assert run(any_house, "upkeep.retention") == "deleted 0 events, 0 operations, 0 failed sessions, 0 calls, 0 quirks, 0 jobs, 0 strangers, 0 block rules"


def test_retention_of_much_is_done_in_parts(house, clock, now):
    device = add_device(house.database)
    with house.database.write() as unit:
        old = now - upkeep.KEEP_EVENTS - DAY
        unit.session.add_all(DeviceEvent(tenant_id=1, device_id=device, at=old, code="x") for _ in range(2100))
    assert run(house, "upkeep.retention").startswith("deleted 2100 events")
    with house.database.read() as session:
        assert devices.events(session, 1, device) == ()


def test_strangers_nobody_let_in_are_forgotten_and_others_stay(any_house, clock, now):
    old, new = now - 31 * DAY, now - 29 * DAY
    gone = add_device(any_house.database, "X1", trust="quarantine", last_inform_at=old)
    kept = [
        add_device(any_house.database, "X2", trust="quarantine", last_inform_at=new),
        add_device(any_house.database, "X3", trust="quarantine", last_inform_at=old, preregistered=True),
        add_device(any_house.database, "X4", trust="admitted", last_inform_at=old),
        add_device(any_house.database, "X5", trust="blocked", last_inform_at=old),
    ]
    assert "1 strangers" in run(any_house, "upkeep.retention")
    with any_house.database.read() as session:
        assert list(session.scalars(select(Device.id).order_by(Device.id))) == kept
        (line,) = session.scalars(select(AuditLine))
        assert (line.actor, line.action, line.subject, line.at) == ("system:strangers", "device.remove", f"device:{gone}", now)


def test_old_logins_are_renewed(any_house, clock, now):
    vault = Vault.of(any_house.settings.home)
    device = add_device(any_house.database, silent_at=now + DAY)
    with any_house.database.write() as unit:
        unit.session.add(
            DeviceCredential(device_id=device, tenant_id=1, username="u", secret=vault.seal("own"), changed_at=now - 181 * DAY)
        )
    assert run(any_house, "upkeep.rotate_secrets") == "1 logins renewed"
    assert run(any_house, "upkeep.rotate_secrets") == "0 logins renewed"


def test_interval_of_a_device_nobody_looks_at_is_put_back(any_house, clock, now):
    from acs.audit import Actor
    from acs.db.tenancy import DEFAULT_TENANT
    from acs.devices.models import ReachWatch
    from acs.reach import service as reach

    device_id = add_device(any_house.database, "S1", last_inform_at=now, inform_interval_s=3600)
    vault = Vault.of(any_house.settings.home)
    with any_house.database.write() as unit:
        looked = reach.watch(unit, vault, Actor("user:anna", DEFAULT_TENANT), device_id, now, 45, False, True)
    assert looked is not None
    assert run(any_house, "upkeep.watches") == "0 put back"
    clock[0] += timedelta(minutes=5)
    assert run(any_house, "upkeep.watches") == "1 put back"
    assert count(any_house, ReachWatch) == 0


def test_tries_to_call_devices_are_kept_for_a_month(any_house, clock, now):
    from acs.devices.models import ReachAttempt
    from acs.reach import service as reach
    from acs.reach.views import Method

    device_id = add_device(any_house.database, "S1", last_inform_at=now)
    vault = Vault.of(any_house.settings.home)
    for days in (31, 29):
        with any_house.database.write() as unit:
            reach.note_attempt(unit, vault, device_id, now - days * DAY, Method.HTTP, "timeout", "", 1, now)
    assert "1 calls" in run(any_house, "upkeep.retention")
    assert count(any_house, ReachAttempt) == 1


def test_what_was_learned_of_firmware_that_nobody_runs_is_forgotten(any_house, clock, now):
    device = add_device(any_house.database, software_version="1.0")
    with any_house.database.write() as unit:
        learning.learn(unit, [(device, 1, now, [Learned("boot_s", 300)])])
    assert "0 quirks" in run(any_house, "upkeep.retention")
    with any_house.database.write() as unit:
        unit.session.get(Device, device).software_version = "2.0"
    assert "2 quirks" in run(any_house, "upkeep.retention")
    with any_house.database.read() as session:
        assert quirks.listed(session, DEFAULT_TENANT) == ()
