"""Finding recorded sessions, the newest first, by key: what a search reads is one index, whatever is asked.

Sessions of one device are read by the device's own key, and are few. Over all devices only sessions with something to find count
(`notable_at`): those with a fault and those that did not end well have indexes of their own, all others one that holds what is asked
for, so a condition that few sessions meet is looked up without opening the rows. Conditions of the indexes are spelt out as text: a
planner cannot prove a partial index from a parameter.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, text
from sqlalchemy.orm import Session

from acs.db.tenancy import TenantId
from acs.devices.models import Device
from acs.recorder.models import SessionRecord
from acs.recorder.views import Key, RecordRow, Wanted

_R = SessionRecord
_COLUMNS = (
    _R.id, _R.device_id, _R.started_at, _R.duration_ms, _R.outcome, _R.events, _R.summary, _R.messages, _R.size, _R.faults, _R.rpcs,
)  # fmt: skip
_ANY = Wanted()


def listed(session: Session, tenant: TenantId, wanted: Wanted = _ANY, before: Key | None = None, limit: int = 50) -> tuple[RecordRow, ...]:
    """The newest first; `before` goes on from the last one of a page."""
    ids = wanted_devices(session, tenant, wanted) if wanted.device_id is None and wanted.serial else None
    if ids == ():
        return ()
    if wanted.device_id is not None:
        ids = (wanted.device_id,)
    found = _of_devices(tenant, wanted, ids, before) if ids is not None else _of_all(tenant, wanted, before)
    at = _R.started_at if ids is not None else _R.notable_at
    keys = found.order_by(at.desc(), _R.id.desc()).limit(limit).subquery()
    query = select(*_COLUMNS, Device.key).join(keys, keys.c.id == _R.id).outerjoin(Device, Device.id == _R.device_id)
    return tuple(_row(row) for row in session.execute(query.order_by(_R.started_at.desc(), _R.id.desc())))


def key_of(row: RecordRow) -> Key:
    """What the next page begins before."""
    return row.started_at, row.id


def wanted_devices(session: Session, tenant: TenantId, wanted: Wanted) -> tuple[int, ...]:
    """The devices with this serial number (one, unless vendors share it)."""
    query = select(Device.id).where(Device.tenant_id == tenant, Device.serial_number == wanted.serial)
    return tuple(session.scalars(query.limit(20)))


def _of_devices(tenant: TenantId, wanted: Wanted, ids: tuple[int, ...], before: Key | None) -> Select[Any]:
    query = select(_R.id).where(_R.tenant_id == tenant, _R.device_id.in_(ids), *_conditions(wanted, _R.started_at))
    return query if before is None else query.where(_before(_R.started_at, before))


def _of_all(tenant: TenantId, wanted: Wanted, before: Key | None) -> Select[Any]:
    query = select(_R.id).where(_R.tenant_id == tenant, text(f"session_record.{_scope(wanted)}"), *_conditions(wanted, _R.notable_at))
    return query if before is None else query.where(_before(_R.notable_at, before))


def _scope(wanted: Wanted) -> str:
    """Which index holds them: the condition it is partial by."""
    if wanted.fault is not None:
        return "faults <> ''"
    return "outcome <> 'ok'" if wanted.outcome not in ("", "ok") or wanted.text else "notable_at IS NOT NULL"


def _before(at: Any, key: Key) -> ColumnElement[bool]:
    # The first half bounds the index scan, the second breaks ties.
    return and_(at <= key[0], or_(at < key[0], _R.id < key[1]))


def _conditions(wanted: Wanted, at: Any) -> list[Any]:
    out: list[Any] = []
    if wanted.since is not None:
        out.append(at >= wanted.since)
    if wanted.until is not None:
        out.append(at < wanted.until)
    if wanted.outcome:
        out.append(_R.outcome == wanted.outcome)
    if wanted.fault is not None:
        out.append(_R.faults.contains(f",{wanted.fault},", autoescape=True))
    if wanted.rpc:
        out.append(_R.rpcs.contains(f",{wanted.rpc},", autoescape=True))
    if wanted.event:
        out.append((", " + _R.events + ", ").contains(f", {wanted.event}, ", autoescape=True))
    if wanted.text:
        out.append(_R.outcome != "ok")
        out.append(_R.summary.icontains(wanted.text, autoescape=True))
    of_kind = [Device.oui == wanted.oui] if wanted.oui else []
    of_kind += [Device.model == wanted.model] if wanted.model else []
    if of_kind:
        out.append(select(Device.id).where(Device.id == _R.device_id, *of_kind).exists())
    return out


def row_of(record: SessionRecord, device: str = "") -> RecordRow:
    return _row((*(getattr(record, column.key) for column in _COLUMNS), device))


def _row(row: Any) -> RecordRow:
    number, device_id, started_at, duration_ms, outcome, events, summary, messages, size, faults, rpcs, device = row
    return RecordRow(
        number, device_id, started_at, duration_ms, outcome, events, summary, messages, size,
        tuple(int(code) for code in faults.split(",") if code), tuple(name for name in rpcs.split(",") if name), device or "",
    )  # fmt: skip
