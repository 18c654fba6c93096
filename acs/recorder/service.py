"""Recorded sessions: written in batches by the CWMP side, read per device by pages and the REST interface.

A device's good sessions share `keep` slots in a ring, so an upsert is all the upkeep there is; a failed session gets a slot of its own and
is pruned by age. One record is bounded in bytes: what does not fit is cut and said to be. Bodies are masked before they come here.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.orm import Session

from acs.db.bulk import upsert_rows
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.errors import NotFound
from acs.recorder.models import SessionRecord

FAILED_SLOT = 1_000_000
"""Slots from here on are those of failed sessions: one each, by the session's epoch."""


@dataclass(frozen=True, slots=True)
class Message:
    """One HTTP message of a session. `ms` since the session began; `status` of the answer, 0 for what the device sent."""

    from_cpe: bool
    ms: int
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class RecordIn:
    """A session that is over. `outcome` is "ok", "failed" or "lost"."""

    tenant: int
    device_id: int
    epoch: int
    started_at: datetime
    duration_ms: int
    outcome: str
    events: str
    summary: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class RecordRow:
    id: int
    device_id: int
    started_at: datetime
    duration_ms: int
    outcome: str
    events: str
    summary: str
    messages: int
    size: int


@dataclass(frozen=True, slots=True)
class RecordView:
    row: RecordRow
    messages: tuple[Message, ...]


def pack(messages: Sequence[Message], limit: int) -> bytes:
    """The messages in one compressed body, cut at `limit` bytes before compression."""
    parts: list[bytes] = []
    left = limit
    for message in messages:
        body = message.body
        if len(body) > left:
            body = body[: max(left, 0)] + b"\n[cut: %d bytes in all]" % len(message.body)
        left -= len(body)
        parts.append(b"%d %d %d %d\n" % (message.from_cpe, message.ms, message.status, len(body)))
        parts.append(body)
    return zlib.compress(b"".join(parts), 1)


def unpack(packed: bytes) -> tuple[Message, ...]:
    raw, at, out = zlib.decompress(packed), 0, []
    while at < len(raw):
        end = raw.index(b"\n", at)
        from_cpe, ms, status, length = (int(part) for part in raw[at:end].split())
        out.append(Message(bool(from_cpe), ms, status, raw[end + 1 : end + 1 + length]))
        at = end + 1 + length
    return tuple(out)


_KEY = ("device_id", "slot")
_COLUMNS = ("tenant_id", "epoch", "started_at", "duration_ms", "outcome", "events", "summary", "messages", "size", "body")


def apply_records(connection: Connection, records: Sequence[RecordIn], keep: int, limit: int) -> None:
    """Store what a batch of sessions said."""
    rows = [
        {
            "tenant_id": r.tenant, "device_id": r.device_id, "slot": r.epoch % keep if r.outcome == "ok" else FAILED_SLOT + r.epoch,
            "epoch": r.epoch, "started_at": r.started_at, "duration_ms": r.duration_ms, "outcome": r.outcome, "events": r.events[:300],
            "summary": r.summary[:300], "messages": len(r.messages), "size": sum(len(m.body) for m in r.messages), "body": pack(r.messages, limit),
        }
        for r in records
    ]  # fmt: skip
    upsert_rows(connection, SessionRecord, _KEY, _COLUMNS, rows)


def listed(
    session: Session, tenant: TenantId, device_id: int | None = None, outcome: str = "", before: datetime | None = None, limit: int = 50
) -> tuple[RecordRow, ...]:
    """The newest first, of one device or of all; `before` pages on by start time."""
    columns = (
        SessionRecord.id, SessionRecord.device_id, SessionRecord.started_at, SessionRecord.duration_ms, SessionRecord.outcome, SessionRecord.events,
        SessionRecord.summary, SessionRecord.messages, SessionRecord.size,
    )  # fmt: skip
    query = select(*columns).where(SessionRecord.tenant_id == tenant)
    if device_id is not None:
        query = query.where(SessionRecord.device_id == device_id)
    if outcome:
        query = query.where(SessionRecord.outcome == outcome)
    if before is not None:
        query = query.where(SessionRecord.started_at < before)
    return tuple(RecordRow(*row) for row in session.execute(query.order_by(SessionRecord.started_at.desc()).limit(limit)))


def get(session: Session, tenant: TenantId, record_id: int) -> RecordView:
    record = session.get(SessionRecord, record_id)
    if record is None or record.tenant_id != tenant:
        raise NotFound(f"There is no recorded session {record_id}: it may have made room for a newer one.")
    row = RecordRow(
        record.id,
        record.device_id,
        record.started_at,
        record.duration_ms,
        record.outcome,
        record.events,
        record.summary,
        record.messages,
        record.size,
    )
    return RecordView(row, unpack(record.body))


def delete_old_failed(unit: Unit, before: datetime, limit: int = 1000) -> int:
    """Retention of failed sessions; how many went."""
    ids = list(
        unit.session.scalars(
            select(SessionRecord.id).where(SessionRecord.slot >= FAILED_SLOT, SessionRecord.started_at < before).limit(limit)
        )
    )
    for part in (ids[i : i + 500] for i in range(0, len(ids), 500)):
        unit.session.execute(delete(SessionRecord).where(SessionRecord.id.in_(part)))
    return len(ids)
