"""Reads of monitoring's own: acs/operations/sampling.py."""

from datetime import timedelta

from sqlalchemy import select

from acs.audit import AuditLine
from acs.devices.models import Device
from acs.operations.models import Operation
from acs.operations.sampling import BY, Wanted, forget_reads, queue_reads
from tests.acs.monitoring.kit import devices


def queue(db, now, *wanted):
    with db.write() as unit:
        return queue_reads(unit, wanted, now), unit.hints


def test_reads_are_queued_once_per_device_without_audit_lines(any_database, now):
    a, b = devices(any_database, 2, now)
    wanted = (Wanted(1, a, ("Device.X",), 900, False), Wanted(1, b, ("Device.X", "Device.Y"), 900, True))
    number, hints = queue(any_database, now, *wanted)
    assert number == 2
    assert hints == [{"kind": "operation", "device": b, "urgent": True}]
    assert queue(any_database, now, *wanted) == (0, [])
    with any_database.read() as session:
        assert [(op.kind, op.args, op.state, op.priority) for op in session.scalars(select(Operation).order_by(Operation.device_id))] == [
            ("read", {"paths": ["Device.X"]}, "queued", 70), ("read", {"paths": ["Device.X", "Device.Y"]}, "queued", 70)
        ]  # fmt: skip
        assert session.scalars(select(Device.due_at)).all() == [now, now]
        assert session.scalars(select(AuditLine)).all() == []


def test_finished_reads_are_forgotten_and_others_stay(database, now):
    ids = devices(database, 3, now)
    queue(database, now, *(Wanted(1, d, ("Device.X",), 900, False) for d in ids))
    with database.write() as unit:
        first, second, third = unit.session.scalars(select(Operation).order_by(Operation.id))
        first.finished_at = second.finished_at = now
        second.requested_by = "user:anna"
    with database.write() as unit:
        assert forget_reads(unit, 0, now + timedelta(hours=1), limit=2) == second.id
        assert forget_reads(unit, second.id, now + timedelta(hours=1), limit=2) is None
    with database.read() as session:
        assert [op.id for op in session.scalars(select(Operation).order_by(Operation.id))] == [second.id, third.id]
        assert session.get(Operation, third.id).requested_by == BY
