"""Two devices become one, and are taken apart again; aliases are entered and taken away (conformance A-102, quirk K-35).

Merging keeps history: every row of every table that belongs to the absorbed device goes to the survivor, which keeps its id, tags, note and
identity. What is a *state* (settings, login, versions) there can be one of only: that of the device that spoke last stays. The absorbed
identity becomes an alias. A merge is kept with what the absorbed device was; undoing it makes that device anew under its old id, gives
back the rows that went along, and says what it cannot: state that was overwritten, and what came in meanwhile stays with the survivor.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Any

from sqlalchemy import Table, UniqueConstraint, and_, delete, func, insert, select, update
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.cwmp.identity import Identity, split_username
from acs.db.base import Base
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices import alarms
from acs.devices.models import Device, DeviceAlias, DeviceCredential, DeviceEvent, DeviceMerge, DeviceTag
from acs.devices.service import get
from acs.devices.views import AliasView, DeviceId, IdentityView, MergePreview, MergeView
from acs.errors import Conflict, Invalid, NotFound, UnknownDevice

ROWS_GIVEN_BACK = 20_000
"""Rows per table whose numbers a merge keeps, so that it can be undone whole."""
_OPEN_STATES = ("queued", "running", "waiting")
_OWN = ("device", "device_alias", "device_merge")
_HEAD = (
    "manufacturer", "model", "hardware_version", "software_version", "root", "address", "wan_address", "connection_request_url", "parameter_key",
    "inform_interval_s", "last_inform_at", "last_boot_at", "last_bootstrap_at", "silent_at", "silent_told", "inform_values", "path_set_id",
    "sightings", "trust",
)  # fmt: skip
"""Columns of the head that tell of the box: those of the one that spoke last stay."""


# ---- looking -------------------------------------------------------------------------------------------------


def identity(session: Session, tenant: TenantId, device_id: int) -> IdentityView:
    """How a device proves who it is, what else it is called, what is suspicious."""
    device = _device(session, tenant, device_id)
    credential = session.get(DeviceCredential, device_id)
    seen = device.sightings or {}
    fingerprint, subject = seen.get("certificate") or ("", "")
    moved = seen.get("moved")
    same = select(Device.id, Device.key).where(
        Device.tenant_id == tenant, Device.serial_number == device.serial_number, Device.id != device_id
    )
    return IdentityView(
        seen.get("login", ""), fingerprint, subject, credential.username if credential else "",
        credential.changed_at if credential and (credential.secret or credential.next_secret) else None,
        bool(credential and credential.next_secret), credential.enrol_until if credential else None, seen.get("before", ""),
        datetime.fromisoformat(moved) if moved else None, seen.get("mac", ""), _aliases(session, device_id), _merges(session, device_id),
        alarms.listed(session, tenant, open_only=False, device_id=device_id),
        tuple((DeviceId(row.id), row.key) for row in session.execute(same.order_by(Device.id).limit(10))),
    )  # fmt: skip


def _aliases(session: Session, device_id: int) -> tuple[AliasView, ...]:
    rows = session.scalars(select(DeviceAlias).where(DeviceAlias.device_id == device_id).order_by(DeviceAlias.created_at, DeviceAlias.key))
    return tuple(
        AliasView(a.key, a.oui, a.product_class, a.serial_number, a.reason, a.created_at, a.created_by, a.last_seen_at) for a in rows
    )


def _merges(session: Session, device_id: int) -> tuple[MergeView, ...]:
    rows = session.scalars(select(DeviceMerge).where(DeviceMerge.device_id == device_id).order_by(DeviceMerge.id.desc()).limit(20))
    return tuple(
        MergeView(
            m.id, DeviceId(m.device_id), m.key, m.at, m.by, m.reason, m.undone_at, m.undone_by, m.document["counts"],
            not m.undone_at and all(len(m.document["moved"].get(name, ())) == count for name, count in m.document["counts"].items()),
        )
        for m in rows
    )  # fmt: skip


def _device(session: Session, tenant: TenantId, device_id: int) -> Device:
    device = session.get(Device, device_id)
    if device is None or device.tenant_id != tenant:
        raise UnknownDevice(f"There is no device {device_id}.")
    return device


# ---- aliases -------------------------------------------------------------------------------------------------


def add_alias(unit: Unit, actor: Actor, device_id: int, key: str, reason: str, now: datetime) -> None:
    """Let another identity lead to this device. Conflict if a device or another alias has it: then merge, or split first."""
    device, other = _device(unit.session, actor.tenant, device_id), _spelled(key)
    reason = reason.strip()[:300]
    if not reason:
        raise Invalid("Say why this is the same device.", "reason")
    if unit.session.scalar(select(Device.id).where(Device.key == other.key)) is not None:
        raise Conflict(f"There is a device {other.key}: merge the two instead.")
    if unit.session.get(DeviceAlias, str(other.key)) is not None:
        raise Conflict(f"{other.key} leads to a device already.")
    _enter(unit, actor, device, other, reason, now)
    audit.record(unit, actor, "device.add_alias", f"device:{device_id}", now, after={"alias": other.key, "reason": reason})
    unit.hint("device", id=device_id)


def _spelled(key: str) -> Identity:
    found = split_username(key.strip())
    if found is None or not found.serial_number:
        raise Invalid(f"{key!r} is not OUI-ProductClass-SerialNumber, nor OUI-SerialNumber.", "key")
    return found


def _enter(unit: Unit, actor: Actor, device: Device, other: Identity, reason: str, now: datetime) -> None:
    unit.session.add(
        DeviceAlias(
            key=str(other.key), tenant_id=device.tenant_id, device_id=device.id, oui=other.oui[:16], product_class=other.product_class[:64],
            serial_number=other.serial_number[:64], reason=reason, created_at=now, created_by=actor.name,
        )
    )  # fmt: skip


def split(unit: Unit, actor: Actor, device_id: int, key: str, now: datetime) -> None:
    """Take an alias away: what informs under it becomes a device of its own at its next contact, new, and admitted by the usual rules."""
    device = _device(unit.session, actor.tenant, device_id)
    alias = unit.session.get(DeviceAlias, key)
    if alias is None or alias.device_id != device.id:
        raise NotFound(f"Device {device.key} has no alias {key!r}.")
    unit.session.delete(alias)
    _told(unit, device, "split", f"{key} is a device of its own again", now)
    audit.record(unit, actor, "device.split", f"device:{device_id}", now, before={"alias": key, "reason": alias.reason})
    unit.hint("device", id=device_id)


def _told(unit: Unit, device: Device, code: str, detail: str, now: datetime) -> None:
    unit.session.add(DeviceEvent(tenant_id=device.tenant_id, device_id=device.id, at=now, code=code, detail=detail[:300]))


# ---- merging -------------------------------------------------------------------------------------------------


class _Goes(Enum):
    """What becomes of a table's rows of the absorbed device."""

    ALL = auto()
    """History: all go along."""
    FREE = auto()
    """One per device and something else: those go along whose place is free."""
    ONE_OF = auto()
    """State: that of the device that spoke last stays."""


def _tables() -> list[tuple[Table, _Goes, tuple[str, ...]]]:
    """Every table with rows of devices, what becomes of them, and the columns that are unique together with the device."""
    found: list[tuple[Table, _Goes, tuple[str, ...]]] = []
    for name in sorted(Base.metadata.tables):
        table = Base.metadata.tables[name]
        if name in _OWN or "device_id" not in table.c:
            continue
        unique = [c for c in table.constraints if isinstance(c, UniqueConstraint) and "device_id" in c.columns]
        beside = tuple(column.name for c in unique[:1] for column in c.columns if column.name != "device_id")
        if "id" not in table.primary_key.columns:
            found.append((table, _Goes.ONE_OF, ()))
        else:
            found.append((table, _Goes.FREE if unique else _Goes.ALL, beside))
    return found


def _free(table: Table, beside: tuple[str, ...], absorbed_id: int, survivor_id: int) -> Any:
    """The condition for rows of the absorbed device whose place at the survivor is free."""
    there = table.alias()
    taken = select(there.c.id).where(there.c.device_id == survivor_id, *(there.c[name] == table.c[name] for name in beside))
    return and_(table.c.device_id == absorbed_id, ~taken.exists()) if beside else table.c.device_id == absorbed_id


def _count(session: Session, table: Table, which: Any) -> int:
    return session.scalar(select(func.count()).select_from(table).where(which)) or 0


def preview(session: Session, tenant: TenantId, survivor_id: int, absorbed_id: int, now: datetime) -> MergePreview:
    """What a merge would do; nothing is changed."""
    survivor, absorbed = _pair(session, tenant, survivor_id, absorbed_id)
    speaks = _spoke_last(survivor, absorbed)
    loser = absorbed if speaks else survivor
    moved, lost = {}, {}
    for table, goes, beside in _tables():
        if goes is _Goes.ONE_OF:
            lost[table.name] = _count(session, table, table.c.device_id == loser.id)
        else:
            moved[table.name] = _count(session, table, _free(table, beside, absorbed.id, survivor.id))
            lost[table.name] = _count(session, table, table.c.device_id == absorbed.id) - moved[table.name]
    operations = Base.metadata.tables.get("operation")
    cancelled = 0
    if operations is not None:
        query = select(func.count()).select_from(operations)
        cancelled = session.scalar(query.where(operations.c.device_id == absorbed.id, operations.c.state.in_(_OPEN_STATES))) or 0
    return MergePreview(
        get(session, tenant, survivor.id, now), get(session, tenant, absorbed.id, now), speaks, {n: c for n, c in moved.items() if c},
        {n: c for n, c in lost.items() if c}, cancelled,
    )  # fmt: skip


def _pair(session: Session, tenant: TenantId, survivor_id: int, absorbed_id: int) -> tuple[Device, Device]:
    if survivor_id == absorbed_id:
        raise Invalid("A device cannot be merged with itself.", "other")
    return _device(session, tenant, survivor_id), _device(session, tenant, absorbed_id)


def _spoke_last(survivor: Device, absorbed: Device) -> bool:
    if survivor.last_inform_at is None or absorbed.last_inform_at is None:
        return absorbed.last_inform_at is None
    return survivor.last_inform_at >= absorbed.last_inform_at


def merge(unit: Unit, actor: Actor, survivor_id: int, absorbed_id: int, reason: str, now: datetime) -> int:
    """Make the two one; the number of the merge. Conflict while one of them is in a session."""
    session = unit.session
    survivor, absorbed = _pair(session, actor.tenant, survivor_id, absorbed_id)
    reason = reason.strip()[:300]
    if not reason:
        raise Invalid("Say why these are one device.", "reason")
    for device in (survivor, absorbed):
        if device.session_token is not None and device.session_until is not None and device.session_until > now:
            raise Conflict(f"Device {device.key} is in a session: try again in a moment.")
    speaks = _spoke_last(survivor, absorbed)
    document: dict[str, Any] = {
        "head": _document(absorbed),
        "survivor_before": _document(survivor),
        "speaks": speaks,
        "moved": {},
        "counts": {},
    }
    document["tags"] = list(session.scalars(select(DeviceTag.tag).where(DeviceTag.device_id == absorbed.id)))
    credentials = {d.id: session.get(DeviceCredential, d.id) for d in (survivor, absorbed)}
    document["credential"], document["survivor_credential"] = (_document(credentials[d.id]) for d in (absorbed, survivor))
    session.flush()
    _close_open(unit, absorbed.id, now)
    for table, goes, beside in _tables():
        if goes is not _Goes.ONE_OF:
            along = _free(table, beside, absorbed.id, survivor.id)
            ids = list(session.scalars(select(table.c.id).where(along).order_by(table.c.id)))
            if ids:
                document["counts"][table.name], document["moved"][table.name] = len(ids), ids[:ROWS_GIVEN_BACK]
                _give(session, table, ids, absorbed.id, survivor.id)
            session.execute(delete(table).where(table.c.device_id == absorbed.id))
        elif not speaks and table.name != "device_tag":
            session.execute(delete(table).where(table.c.device_id == survivor.id))
            session.execute(update(table).where(table.c.device_id == absorbed.id).values(device_id=survivor.id))
    if not speaks:
        for name in _HEAD:
            setattr(survivor, name, getattr(absorbed, name))
    survivor.inform_count += absorbed.inform_count
    survivor.epoch = max(survivor.epoch, absorbed.epoch) + 1
    firsts = [at for at in (survivor.first_seen_at, absorbed.first_seen_at) if at is not None]
    survivor.first_seen_at = min(firsts) if firsts else None
    session.execute(update(DeviceAlias).where(DeviceAlias.device_id == absorbed.id).values(device_id=survivor.id))
    session.execute(update(DeviceMerge).where(DeviceMerge.device_id == absorbed.id).values(device_id=survivor.id))
    key, other = absorbed.key, Identity(absorbed.oui, absorbed.product_class, absorbed.serial_number)
    session.expire_all()
    session.execute(delete(Device).where(Device.id == absorbed_id))
    survivor = _device(session, actor.tenant, survivor_id)
    unit.session.add(
        DeviceAlias(
            key=key, tenant_id=survivor.tenant_id, device_id=survivor.id, oui=other.oui, product_class=other.product_class,
            serial_number=other.serial_number, reason=reason, created_at=now, created_by=actor.name,
        )
    )  # fmt: skip
    row = DeviceMerge(
        tenant_id=survivor.tenant_id, device_id=survivor.id, key=key, at=now, by=actor.name, reason=reason, document=document, undone_by=""
    )
    session.add(row)
    _told(unit, survivor, "merged", f"{key} is this device too: {reason}", now)
    _due(session, survivor)
    session.flush()
    for subject in (f"device:{survivor_id}", f"device:{absorbed_id}"):
        audit.record(
            unit, actor, "device.merge", subject, now, before={"survivor": survivor.key, "absorbed": key},
            after={"merge": row.id, "reason": reason, "moved": document["counts"], "state_of": survivor.key if speaks else key},
        )  # fmt: skip
    unit.hint("device", id=survivor_id)
    return row.id


def _give(session: Session, table: Table, ids: Sequence[int], giver: int, taker: int) -> None:
    for part in (ids[i : i + 500] for i in range(0, len(ids), 500)):
        session.execute(update(table).where(table.c.id.in_(part), table.c.device_id == giver).values(device_id=taker))


def _document(row: Any) -> dict[str, Any] | None:
    """A row as JSON can keep it; sealed secrets stay sealed."""
    if row is None:
        return None
    values = {column.key: getattr(row, column.key) for column in row.__table__.columns}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _revived(model: type[Base], document: dict[str, Any]) -> dict[str, Any]:
    """The other way; columns that are newer than the document keep their defaults."""
    columns = {column.key: column for column in model.__table__.columns}
    given = {}
    for name, value in document.items():
        if name in columns:
            is_instant = type(columns[name].type).__name__ == "Instant" and isinstance(value, str)
            given[name] = datetime.fromisoformat(value) if is_instant else value
    return given


def _close_open(unit: Unit, absorbed_id: int, now: datetime) -> None:
    """What was asked of the absorbed identity is cancelled: nobody knows which of the boxes was meant."""
    operations = Base.metadata.tables.get("operation")
    if operations is None:
        return
    unit.session.execute(
        update(operations)
        .where(operations.c.device_id == absorbed_id, operations.c.state.in_(_OPEN_STATES))
        .values(state="cancelled", finished_at=now, updated_at=now, error="The device was merged into another one.")
    )


def _due(session: Session, device: Device) -> None:
    operations = Base.metadata.tables.get("operation")
    if operations is not None:
        device.due_at = session.scalar(
            select(func.min(operations.c.due_at)).where(operations.c.device_id == device.id, operations.c.state.in_(_OPEN_STATES))
        )


def undo(unit: Unit, actor: Actor, merge_id: int, now: datetime) -> DeviceId:
    """Take a merge apart again: the absorbed device is there anew under its old number, with the rows that went along.

    Settings that were overwritten are not brought back; both are read anew at their next contact. Conflict where its identity is taken.
    """
    session = unit.session
    row = session.get(DeviceMerge, merge_id)
    if row is None or row.tenant_id != actor.tenant:
        raise NotFound(f"There is no merge {merge_id}.")
    if row.undone_at is not None:
        raise Conflict(f"Merge {merge_id} was undone already.")
    if session.scalar(select(Device.id).where(Device.key == row.key)) is not None:
        raise Conflict(f"There is a device {row.key} again: remove it first.")
    document = row.document
    head = _revived(Device, document["head"])
    head |= {"session_token": None, "session_state": None, "session_until": None, "due_at": None, "path_set_id": None}
    if session.get(Device, head["id"]) is not None:
        raise Conflict(f"The number {head['id']} of the absorbed device is in use.")
    survivor = _device(session, actor.tenant, row.device_id)
    session.execute(delete(DeviceAlias).where(DeviceAlias.key == row.key))
    session.execute(insert(Device).values(**head))
    absorbed_id = DeviceId(head["id"])
    session.add_all(DeviceTag(device_id=absorbed_id, tag=tag, tenant_id=survivor.tenant_id) for tag in document["tags"])
    if not document["speaks"]:
        session.execute(delete(DeviceCredential).where(DeviceCredential.device_id == survivor.id))
        if document["survivor_credential"]:
            session.add(DeviceCredential(**_revived(DeviceCredential, document["survivor_credential"])))
        before = _revived(Device, document["survivor_before"])
        for name in _HEAD:
            setattr(survivor, name, before[name] if name != "path_set_id" else None)
        for table, goes, _ in _tables():
            if goes is _Goes.ONE_OF and table.name not in ("device_tag", "device_credential"):
                session.execute(delete(table).where(table.c.device_id == survivor.id))
    if document["credential"]:
        session.flush()
        session.add(DeviceCredential(**_revived(DeviceCredential, document["credential"])))
    survivor.epoch += 1
    survivor.inform_count = max(0, survivor.inform_count - int(document["head"]["inform_count"]))
    session.flush()
    for name, ids in document["moved"].items():
        if name in Base.metadata.tables:
            _give(session, Base.metadata.tables[name], ids, survivor.id, absorbed_id)
    row.undone_at, row.undone_by = now, actor.name
    _told(unit, survivor, "split", f"{row.key} is a device of its own again", now)
    session.flush()
    _due(session, survivor)
    for subject in (f"device:{survivor.id}", f"device:{absorbed_id}"):
        audit.record(
            unit, actor, "device.undo_merge", subject, now, before={"merge": merge_id}, after={"device": absorbed_id, "key": row.key}
        )
    unit.hint("device", id=survivor.id)
    unit.hint("device", id=absorbed_id)
    return absorbed_id
