"""Alarms: raised and cleared in bulk, one open row per device and cause; acknowledged, suppressed and cleared by people, with a note.

An alarm that comes back soon after it cleared is the same one again, with its count raised; one that does so often flaps, and stays open until it
was quiet for a while. The highest open severity of a device stands on its head row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.db.bulk import insert_rows, update_rows
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices.models import Device
from acs.errors import Conflict, Invalid, NotFound
from acs.monitoring.models import Alarm
from acs.monitoring.views import AlarmNote, AlarmType, AlarmView, Severity

AGAIN = timedelta(minutes=30)
"""Raised again so soon after it cleared, it is the same alarm."""
FLAPS = 3
"""So many returns make it flap: it is cleared only after QUIET."""
QUIET = timedelta(minutes=15)
NOTES_KEPT = 20
HINTED = 20
"""More devices at once are not told one by one: pages that list alarms hear of it."""


@dataclass(frozen=True, slots=True)
class Raise:
    """What is wrong with a device, or with the fleet (`device_id` None)."""

    tenant: int
    device_id: int | None
    monitor_id: int | None
    cause: str
    severity: Severity
    alarm_type: AlarmType
    probable_cause: str
    specific_problem: str
    repair: str
    crossed: dict[str, Any] | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Clear:
    tenant: int
    device_id: int | None
    cause: str
    at: datetime
    by: str = "system:monitoring"


# ---- by monitors -------------------------------------------------------------------------------------------


def raise_all(unit: Unit, raised: Sequence[Raise]) -> int:
    """Raise them, each the same alarm again where there is one: open, or cleared lately. How many rows are new."""
    if not raised:
        return 0
    connection = unit.connection
    newest = {(each.device_id, each.cause): each for each in raised}
    known = _known(connection, newest, max(each.at for each in raised) - AGAIN)
    fresh, again = [], []
    for key, each in newest.items():
        row = known.get(key)
        if row is None:
            fresh.append(_new(each))
        else:
            again.append(_again(row, each))
    insert_rows(connection, Alarm, fresh)
    columns = ("severity", "probable_cause", "specific_problem", "repair", "crossed", "count", "flaps", "changed_at", "cleared_at", "cleared_by", "clear_at",
               "acked_at", "acked_by")  # fmt: skip
    update_rows(connection, Alarm, ("id",), columns, again)
    _settle_heads(unit, {each.device_id for each in raised if each.device_id is not None})
    return len(fresh)


def _known(connection: Connection, keys: Iterable[tuple[int | None, str]], since: datetime) -> dict[tuple[int | None, str], Any]:
    """Open alarms and those cleared lately, by device and cause; an open one goes before."""
    wanted = set(keys)
    recent = Alarm.cleared_at.is_(None) | (Alarm.cleared_at >= since)
    devices = sorted({device_id for device_id, _ in wanted if device_id is not None})
    whose: ColumnElement[bool] = Alarm.device_id.in_(devices) if devices else Alarm.device_id.is_(None)
    if devices and any(device_id is None for device_id, _ in wanted):
        whose = whose | Alarm.device_id.is_(None)
    rows = connection.execute(
        select(Alarm.id, Alarm.device_id, Alarm.cause, Alarm.severity, Alarm.count.label("times"), Alarm.flaps, Alarm.cleared_at, Alarm.acked_at,
               Alarm.acked_by, Alarm.clear_at, Alarm.cleared_by).where(whose, recent).order_by(Alarm.id)
    )  # fmt: skip
    found: dict[tuple[int | None, str], Any] = {}
    for row in rows:
        key = (row.device_id, row.cause)
        if key in wanted and (key not in found or found[key].cleared_at is not None):
            found[key] = row
    return found


def _new(each: Raise) -> dict[str, Any]:
    return {
        "tenant_id": each.tenant, "device_id": each.device_id, "monitor_id": each.monitor_id, "cause": each.cause, "severity": int(each.severity),
        "alarm_type": each.alarm_type.value, "probable_cause": each.probable_cause, "specific_problem": each.specific_problem[:300],
        "repair": each.repair[:300], "crossed": each.crossed, "count": 1, "flaps": 0, "raised_at": each.at, "changed_at": each.at, "cleared_by": "",
        "acked_by": "", "suppressed": False,
    }  # fmt: skip


def _again(row: Any, each: Raise) -> dict[str, Any]:
    """The open alarm with another severity, or the cleared one open again. What grows worse wants to be seen again; what a person cleared is no flap."""
    back = row.cleared_at is not None
    seen = row.acked_at is not None and not back and each.severity <= row.severity
    held = row.clear_at is not None
    return {
        "id": row.id, "severity": int(each.severity), "probable_cause": each.probable_cause, "specific_problem": each.specific_problem[:300],
        "repair": each.repair[:300], "crossed": each.crossed, "count": row.times + (back or held), "changed_at": each.at,
        "flaps": row.flaps + (held or (back and row.cleared_by.startswith("system:"))), "cleared_at": None, "cleared_by": "", "clear_at": None,
        "acked_at": row.acked_at if seen else None, "acked_by": row.acked_by if seen else "",
    }  # fmt: skip


def clear_all(unit: Unit, cleared: Sequence[Clear]) -> int:
    """Clear what is open of these; what flaps is cleared once it stays quiet. How many were open."""
    if not cleared:
        return 0
    wanted = {(each.device_id, each.cause): each for each in cleared}
    known = {key: row for key, row in _known(unit.connection, wanted, max(each.at for each in cleared)).items() if row.cleared_at is None}
    rows = []
    for key, row in known.items():
        each = wanted[key]
        flapping = row.flaps >= FLAPS and each.by.startswith("system:")
        over = (None, "", each.at + QUIET) if flapping else (each.at, each.by, None)
        rows.append({"id": row.id, "changed_at": each.at, **dict(zip(("cleared_at", "cleared_by", "clear_at"), over, strict=True))})
    update_rows(unit.connection, Alarm, ("id",), ("changed_at", "cleared_at", "cleared_by", "clear_at"), rows)
    _settle_heads(unit, {device_id for device_id, _ in known if device_id is not None})
    return len(rows)


def end_flapping(unit: Unit, now: datetime, limit: int = 200) -> int:
    """Clear alarms that flapped and have been quiet since; how many."""
    due = select(Alarm.id, Alarm.device_id).where(Alarm.cleared_at.is_(None), Alarm.clear_at <= now).limit(limit)
    rows = list(unit.connection.execute(due))
    given = [{"id": row.id, "changed_at": now, "cleared_at": now, "cleared_by": "system:monitoring", "clear_at": None} for row in rows]
    update_rows(unit.connection, Alarm, ("id",), ("changed_at", "cleared_at", "cleared_by", "clear_at"), given)
    _settle_heads(unit, {row.device_id for row in rows if row.device_id is not None}, bool(rows))
    return len(rows)


def _settle_heads(unit: Unit, device_ids: set[int], tell: bool = True) -> None:
    """Bring the highest open severity of these devices to their head rows, where it changed, and tell the pages."""
    connection = unit.connection
    ids = sorted(device_ids)
    for part in (ids[i : i + 500] for i in range(0, len(ids), 500)):
        highest = func.max(Alarm.severity)
        query = select(Alarm.device_id, highest).where(Alarm.device_id.in_(part), Alarm.cleared_at.is_(None), Alarm.suppressed.is_(False))
        now_is: dict[int | None, int] = {row[0]: row[1] for row in connection.execute(query.group_by(Alarm.device_id))}
        was = connection.execute(select(Device.id, Device.alarm_severity).where(Device.id.in_(part)))
        changed = [{"id": row.id, "alarm_severity": now_is.get(row.id, 0)} for row in was if row.alarm_severity != now_is.get(row.id, 0)]
        update_rows(connection, Device, ("id",), ("alarm_severity",), changed)
    if tell:
        unit.hint("alarm", id=0)
    if len(ids) <= HINTED:
        for device_id in ids:
            unit.hint("alarm", device=device_id)


# ---- looking -----------------------------------------------------------------------------------------------


def listed(
    session: Session, tenant: TenantId, severity: Severity | None = None, open_only: bool = True, unacked: bool = False, device_id: int | None = None,
    monitor_id: int | None = None, suppressed: bool | None = None, before: int | None = None, limit: int = 50,
) -> tuple[AlarmView, ...]:  # fmt: skip
    """The newest first; `severity` and worse. `before` pages on."""
    query = select(Alarm, Device.key, Device.serial_number).outerjoin(Device, Device.id == Alarm.device_id).where(Alarm.tenant_id == tenant)
    if open_only:
        query = query.where(Alarm.cleared_at.is_(None))
    if severity is not None:
        query = query.where(Alarm.severity >= int(severity))
    if unacked:
        query = query.where(Alarm.acked_at.is_(None))
    if device_id is not None:
        query = query.where(Alarm.device_id == device_id)
    if monitor_id is not None:
        query = query.where(Alarm.monitor_id == monitor_id)
    if suppressed is not None:
        query = query.where(Alarm.suppressed.is_(suppressed))
    if before is not None:
        query = query.where(Alarm.id < before)
    return tuple(_view(a, key, serial) for a, key, serial in session.execute(query.order_by(Alarm.id.desc()).limit(limit)))


def get(session: Session, tenant: TenantId, alarm_id: int) -> AlarmView:
    query = select(Alarm, Device.key, Device.serial_number).outerjoin(Device, Device.id == Alarm.device_id)
    row = session.execute(query.where(Alarm.id == alarm_id, Alarm.tenant_id == tenant)).first()
    if row is None:
        raise NotFound(f"There is no alarm {alarm_id}.")
    return _view(*row)


def counts(session: Session, tenant: TenantId) -> dict[Severity, int]:
    """Open alarms that are not suppressed, by severity."""
    query = select(Alarm.severity, func.count()).where(Alarm.tenant_id == tenant, Alarm.cleared_at.is_(None), Alarm.suppressed.is_(False))
    return {Severity(severity): count for severity, count in session.execute(query.group_by(Alarm.severity))}


def _view(a: Alarm, key: str | None, serial: str | None) -> AlarmView:
    notes = tuple(AlarmNote(datetime.fromisoformat(n["at"]), n["by"], n["did"], n["text"]) for n in a.notes or ())
    return AlarmView(
        a.id, a.device_id, key or "", serial or "", a.monitor_id, a.cause, Severity(a.severity), AlarmType(a.alarm_type), a.probable_cause,
        a.specific_problem, a.repair, a.crossed, a.count, a.flaps >= FLAPS, a.raised_at, a.changed_at, a.cleared_at, a.cleared_by, a.acked_at,
        a.acked_by, a.suppressed, notes,
    )  # fmt: skip


# ---- by people ---------------------------------------------------------------------------------------------

DEEDS = ("acknowledge", "unacknowledge", "clear", "suppress", "unsuppress", "note")


def act(unit: Unit, actor: Actor, alarm_id: int, deed: str, note: str, now: datetime) -> AlarmView:
    """What a person does with an alarm, one of DEEDS. Clearing and suppressing need a note. Conflict where it is not in that state."""
    row = unit.session.get(Alarm, alarm_id)
    if row is None or row.tenant_id != actor.tenant:
        raise NotFound(f"There is no alarm {alarm_id}.")
    note = note.strip()[:300]
    if deed not in DEEDS:
        raise Invalid(f"An alarm is told to {', '.join(DEEDS)}, not to {deed!r}.", "deed")
    if deed in ("clear", "suppress", "note") and not note:
        raise Invalid("Say why in a few words: the next reader wants to know.", "note")
    if row.cleared_at is not None and deed != "note":
        raise Conflict(f"Alarm {alarm_id} is cleared already.")
    before = _facts(row)
    match deed:
        case "acknowledge":
            row.acked_at, row.acked_by = now, actor.name
        case "unacknowledge":
            row.acked_at, row.acked_by = None, ""
        case "clear":
            row.cleared_at, row.cleared_by, row.clear_at = now, actor.name, None
        case "suppress" | "unsuppress":
            row.suppressed = deed == "suppress"
    row.changed_at = now
    row.notes = [*(row.notes or []), {"at": now.isoformat(), "by": actor.name, "did": deed, "text": note}][-NOTES_KEPT:]
    unit.session.flush()
    subject = f"alarm:{alarm_id}" if row.device_id is None else f"device:{row.device_id}"
    audit.record(unit, actor, f"alarm.{deed}", subject, now, before=before, after={"alarm": alarm_id, **_facts(row), "note": note})
    _settle_heads(unit, set() if row.device_id is None else {row.device_id})
    return get(unit.session, actor.tenant, alarm_id)


def _facts(row: Alarm) -> dict[str, Any]:
    return {"acknowledged": row.acked_at is not None, "cleared": row.cleared_at is not None, "suppressed": row.suppressed}


def delete_old(unit: Unit, before: datetime, limit: int = 500) -> int:
    """Retention of cleared alarms; how many went."""
    ids = list(unit.session.scalars(select(Alarm.id).where(Alarm.cleared_at < before).limit(limit)))
    unit.session.execute(delete(Alarm).where(Alarm.id.in_(ids)))
    return len(ids)


def close_of_monitor(unit: Unit, tenant: int, monitor_id: int, now: datetime, by: str, limit: int = 500) -> int:
    """Clear what a monitor raised that is no more; how many."""
    query = select(Alarm.device_id, Alarm.cause).where(Alarm.monitor_id == monitor_id, Alarm.cleared_at.is_(None)).limit(limit)
    return clear_all(unit, [Clear(tenant, row.device_id, row.cause, now, by) for row in unit.connection.execute(query)])
