"""Reads of our own for monitoring: queued in bulk, without an audit line each (telemetry is not audited), and gone from the list soon after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from acs.db.bulk import insert_rows, update_rows
from acs.db.engine import Unit
from acs.devices.models import Device
from acs.operations.models import Operation
from acs.operations.service import new_command_key
from acs.operations.views import OPEN, OperationState
from acs.provisioning.kinds import KINDS

BY = "system:monitoring"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Values to read of a device within `within_s`; `wake` calls it for them, else they wait for its next contact."""

    tenant: int
    device_id: int
    paths: tuple[str, ...]
    within_s: int
    wake: bool


def queue_reads(unit: Unit, wanted: Sequence[Wanted], now: datetime) -> int:
    """Queue a read for each device that has none of ours open; how many were queued."""
    ids = [each.device_id for each in wanted]
    busy = set(
        unit.session.scalars(
            select(Operation.device_id).where(
                Operation.device_id.in_(ids), Operation.state.in_([s.value for s in OPEN]), Operation.requested_by == BY
            )
        )
    )
    kind, rows = KINDS["read"], []
    for each in wanted:
        if each.device_id in busy:
            continue
        rows.append({
            "tenant_id": each.tenant, "device_id": each.device_id, "kind": kind.name, "args": {"paths": list(each.paths)},
            "state": OperationState.QUEUED.value, "phase": "", "memo": {}, "progress": "", "stations": {"queued": now.isoformat()}, "priority": 70,
            "urgent": each.wake, "due_at": now, "expires_at": now + timedelta(seconds=max(each.within_s, 600)), "command_key": new_command_key(),
            "sent": False, "attempts": 0, "cancel_wanted": False, "error": "", "requested_by": BY, "reason": "", "created_at": now, "updated_at": now,
        })  # fmt: skip
    insert_rows(unit.connection, Operation, rows)
    queued = {int(row["device_id"]) for row in rows}  # type: ignore[call-overload]
    later = unit.connection.execute(select(Device.id).where(Device.id.in_(sorted(queued)), Device.due_at.is_(None) | (Device.due_at > now)))
    update_rows(unit.connection, Device, ("id",), ("due_at",), [{"id": row.id, "due_at": now} for row in later])
    for each in wanted:
        if each.wake and each.device_id in queued:
            unit.hint("operation", device=each.device_id, urgent=True)
    return len(rows)


def forget_reads(unit: Unit, after: int, before: datetime, limit: int = 500) -> int | None:
    """Delete our finished reads from number `after` on; the number to go on from, None when there are no older ones."""
    columns = select(Operation.id, Operation.requested_by, Operation.finished_at, Operation.created_at)
    rows = list(unit.connection.execute(columns.where(Operation.id > after).order_by(Operation.id).limit(limit)))
    old = [row for row in rows if row.created_at < before]
    gone = [row.id for row in old if row.requested_by == BY and row.finished_at is not None]
    unit.session.execute(delete(Operation).where(Operation.id.in_(gone)))
    return old[-1].id if len(old) == limit else None
