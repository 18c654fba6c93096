"""Recorded sessions: written in batches by the CWMP side, searched and read by pages and the REST interface.

A device's good sessions share `keep` slots in a ring, so an upsert is all the upkeep there is; a failed session gets a slot of its own and
is pruned by age. One record is bounded in bytes: what does not fit is cut and said to be. Bodies are masked before they come here. What a
session is found by lies in its own row, and is empty for a plain contact: search.py reads it, download.py makes files.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete, select, tuple_
from sqlalchemy.orm import Session

from acs.db.bulk import upsert_rows
from acs.db.deflate import deflated
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.errors import NotFound
from acs.recorder.download import document
from acs.recorder.models import SessionRecord
from acs.recorder.search import key_of, listed, row_of
from acs.recorder.views import Key, Message, RecordIn, RecordRow, RecordView, Wanted

__all__ = [
    "FAILED_SLOT", "Key", "Message", "RecordIn", "RecordRow", "RecordView", "Wanted", "apply_records", "delete_old_failed", "document", "get",
    "key_of", "listed", "of_sessions", "pack", "packed", "unpack",
]  # fmt: skip

FAILED_SLOT = 1_000_000
"""Slots from here on are those of failed sessions: one each, by the session's epoch."""
PLAIN = "2 PERIODIC"


def pack(messages: Sequence[Message], limit: int) -> bytes:
    """The messages in one compressed body, cut at `limit` bytes before compression.

    Each is a line of numbers (direction, ms, status, length of the body, and that of the headers if there are any), headers as JSON, body.
    """
    parts: list[bytes] = []
    left = limit
    for message in messages:
        body = message.body
        if len(body) > left:
            body = body[: max(left, 0)] + b"\n[cut: %d bytes in all]" % len(message.body)
        left -= len(body)
        if message.headers:
            headers = json.dumps(message.headers).encode()
            parts.append(b"%d %d %d %d %d\n" % (message.from_cpe, message.ms, message.status, len(body), len(headers)))
            parts.append(headers)
        else:
            parts.append(b"%d %d %d %d\n" % (message.from_cpe, message.ms, message.status, len(body)))
        parts.append(body)
    return deflated(b"".join(parts))


def unpack(packed: bytes) -> tuple[Message, ...]:
    raw, at, out = zlib.decompress(packed), 0, []
    while at < len(raw):
        end = raw.index(b"\n", at)
        from_cpe, ms, status, length, *more = (int(part) for part in raw[at:end].split())
        at = end + 1
        headers: tuple[tuple[str, str], ...] = ()
        if more:
            headers = tuple((name, value) for name, value in json.loads(raw[at : at + more[0]]))
            at += more[0]
        out.append(Message(bool(from_cpe), ms, status, raw[at : at + length], headers))
        at += length
    return tuple(out)


_KEY = ("device_id", "slot")
_COLUMNS = (
    "tenant_id", "epoch", "started_at", "duration_ms", "outcome", "events", "summary", "messages", "size", "body", "faults", "rpcs", "notable_at",
)  # fmt: skip


def packed(record: RecordIn, limit: int) -> RecordIn:
    """The record ready to be stored: a full tree takes milliseconds to compress, which no transaction should last."""
    return replace(record, packed=pack(record.messages, limit))


def apply_records(connection: Connection, records: Sequence[RecordIn], keep: int, limit: int) -> None:
    """Store what a batch of sessions said."""
    rows = [
        {
            "tenant_id": r.tenant, "device_id": r.device_id, "slot": r.epoch % keep if r.outcome == "ok" else FAILED_SLOT + r.epoch,
            "epoch": r.epoch, "started_at": r.started_at, "duration_ms": r.duration_ms, "outcome": r.outcome, "events": r.events[:300],
            "summary": r.summary[:300], "messages": len(r.messages), "size": sum(len(m.body) for m in r.messages), "body": r.packed or pack(r.messages, limit),
            "faults": _listed(r.faults, 200), "rpcs": _listed(r.rpcs, 400),
            "notable_at": r.started_at if r.outcome != "ok" or r.faults or r.rpcs or r.events != PLAIN else None,
        }
        for r in records
    ]  # fmt: skip
    upsert_rows(connection, SessionRecord, _KEY, _COLUMNS, rows)


def _listed(things: Sequence[object], most: int) -> str:
    """ ",a,b," as far as whole words fit; "" for none."""
    if not things:
        return ""
    text = ","
    for thing in things:
        if len(text) + len(word := str(thing)) >= most:
            break
        text += word + ","
    return text


def get(session: Session, tenant: TenantId, record_id: int) -> RecordView:
    record = session.get(SessionRecord, record_id)
    if record is None or record.tenant_id != tenant:
        raise NotFound(f"There is no recorded session {record_id}: it may have made room for a newer one.")
    return RecordView(row_of(record), unpack(record.body))


def of_sessions(session: Session, tenant: TenantId, sessions: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Record ids by (device, epoch of its session), of those that are still kept."""
    if not sessions:
        return {}
    columns = (SessionRecord.device_id, SessionRecord.epoch, SessionRecord.id)
    wanted = select(*columns).where(SessionRecord.tenant_id == tenant, tuple_(SessionRecord.device_id, SessionRecord.epoch).in_(sessions))
    return {(device_id, epoch): record_id for device_id, epoch, record_id in session.execute(wanted)}


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
