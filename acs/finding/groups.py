"""Saved groups: devices listed one by one, or whoever fits a query. Queries of others name them by `group:"name"`.

A group keeps its name for good: profiles, campaigns and other groups call it by that. Members come and go in chunks, one unit each;
the size of a static group is kept with every change, that of a query is counted on demand (`keep_size`, by a job).
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.db.bulk import upsert_rows
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices.models import Device
from acs.errors import Conflict, Invalid, NotFound
from acs.finding.compiling import Compiler
from acs.finding.models import DeviceGroup, DeviceGroupMember
from acs.finding.nodes import Compare, leaves
from acs.finding.parsing import parse_node
from acs.finding.views import GroupView

CHUNK = 1000
"""Members that are added or taken away in one unit at most."""


def listed(session: Session, tenant: TenantId) -> tuple[GroupView, ...]:
    rows = session.scalars(select(DeviceGroup).where(DeviceGroup.tenant_id == tenant).order_by(func.lower(DeviceGroup.name)).limit(1000))
    return tuple(_view(row) for row in rows)


def get(session: Session, tenant: TenantId, group_id: int) -> GroupView:
    return _view(_row(session, tenant, group_id))


def named(session: Session, tenant: TenantId, name: str) -> GroupView:
    """NotFound if there is none of this name."""
    row = session.scalar(select(DeviceGroup).where(DeviceGroup.tenant_id == tenant, DeviceGroup.name == name.strip()))
    if row is None:
        raise NotFound(f"There is no group “{name}”.")
    return _view(row)


def create(unit: Unit, actor: Actor, name: str, now: datetime, query: str | None = None, note: str = "") -> int:
    """A group of a query, or an empty static one where `query` is None. Invalid for a query that cannot be read or leads back here."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= 80 or any(c in name for c in "\"'“”„\\"):
        raise Invalid("A group has a name of 1 to 80 characters, without quotes.", "name")
    if unit.session.scalar(select(DeviceGroup.id).where(DeviceGroup.tenant_id == actor.tenant, DeviceGroup.name == name)) is not None:
        raise Conflict(f"There is a group “{name}” already.")
    is_static = query is None
    group = DeviceGroup(
        tenant_id=actor.tenant, name=name, is_static=is_static, query="", note=note.strip()[:300], size=0 if is_static else None,
        counted_at=now if is_static else None, created_at=now, created_by=actor.name, updated_at=now,
    )  # fmt: skip
    unit.session.add(group)
    unit.session.flush()
    if query is not None:
        group.query = _checked(unit.session, actor.tenant, name, query, now)
    audit.record(unit, actor, "group.create", f"group:{group.id}", now, after={"name": name, "query": group.query, "static": is_static})
    return group.id


def change(unit: Unit, actor: Actor, group_id: int, now: datetime, query: str | None = None, note: str | None = None) -> GroupView:
    """Another query or note; Conflict for the query of a static group."""
    group = _row(unit.session, actor.tenant, group_id)
    before = {"query": group.query, "note": group.note}
    if query is not None and query.strip() != group.query:
        if group.is_static:
            raise Conflict(f"Group “{group.name}” is a list of devices: it has no query.")
        group.query = _checked(unit.session, actor.tenant, group.name, query, now)
        group.size = group.counted_at = None
    if note is not None:
        group.note = note.strip()[:300]
    after = {"query": group.query, "note": group.note}
    if after != before:
        group.updated_at = now
        audit.record(unit, actor, "group.change", f"group:{group_id}", now, before=before, after=after)
    return _view(group)


def remove(unit: Unit, actor: Actor, group_id: int, now: datetime) -> None:
    """Conflict while another group is made of it. Its devices stay."""
    group = _row(unit.session, actor.tenant, group_id)
    users = [other.name for other in _query_groups(unit.session, actor.tenant) if group.name in _named_by(other.query)]
    if users:
        raise Conflict(f"Group “{group.name}” is part of “{users[0]}”: change that one first.")
    audit.record(unit, actor, "group.remove", f"group:{group_id}", now, before={"name": group.name, "query": group.query, "size": group.size})
    unit.session.delete(group)


def add_members(unit: Unit, actor: Actor, group_id: int, device_ids: Iterable[int], now: datetime) -> int:
    """At most CHUNK devices into a static group; how many were not in it before. Devices of another tenant are left out."""
    group, ids = _static(unit.session, actor.tenant, group_id), _chunk(device_ids)
    own = set(unit.session.scalars(select(Device.id).where(Device.tenant_id == actor.tenant, Device.id.in_(ids))))
    here = set(unit.session.scalars(select(DeviceGroupMember.device_id).where(DeviceGroupMember.group_id == group_id, DeviceGroupMember.device_id.in_(ids))))
    fresh = sorted(own - here)
    rows = [{"group_id": group_id, "device_id": each, "tenant_id": actor.tenant} for each in fresh]
    upsert_rows(unit.connection, DeviceGroupMember, ("group_id", "device_id"), ("tenant_id",), rows, update_all=False)
    _resized(unit, actor, group, len(fresh), "group.add_devices", fresh, now)
    return len(fresh)


def remove_members(unit: Unit, actor: Actor, group_id: int, device_ids: Iterable[int], now: datetime) -> int:
    """At most CHUNK devices out of a static group; how many were in it."""
    group, ids = _static(unit.session, actor.tenant, group_id), _chunk(device_ids)
    of_group = (DeviceGroupMember.group_id == group_id, DeviceGroupMember.device_id.in_(ids))
    gone = sorted(unit.session.scalars(select(DeviceGroupMember.device_id).where(*of_group)))
    unit.session.execute(delete(DeviceGroupMember).where(*of_group))
    _resized(unit, actor, group, -len(gone), "group.remove_devices", gone, now)
    return len(gone)


def keep_size(unit: Unit, tenant: TenantId, group_id: int, size: int, now: datetime) -> None:
    """What a job counted."""
    group = _row(unit.session, tenant, group_id)
    group.size, group.counted_at = size, now


def _resized(unit: Unit, actor: Actor, group: DeviceGroup, by: int, action: str, ids: list[int], now: datetime) -> None:
    if not by:
        return
    group.size, group.counted_at, group.updated_at = max((group.size or 0) + by, 0), now, now
    audit.record(unit, actor, action, f"group:{group.id}", now, after={"name": group.name, "devices": len(ids), "first": ids[:20]})


def _chunk(device_ids: Iterable[int]) -> list[int]:
    ids = sorted(set(device_ids))
    if len(ids) > CHUNK:
        raise Invalid(f"At most {CHUNK} devices at once, not {len(ids)}.", "devices")
    return ids


def _static(session: Session, tenant: TenantId, group_id: int) -> DeviceGroup:
    group = _row(session, tenant, group_id)
    if not group.is_static:
        raise Conflict(f"Group “{group.name}” is made by its query: devices are not put into it by hand.")
    return group


def _checked(session: Session, tenant: TenantId, name: str, query: str, now: datetime) -> str:
    """The query, if it can be read, knows its groups and does not lead back to this one."""
    text = query.strip()
    node = parse_node(text)
    if node is None:
        raise Invalid("A group of a query needs one: an empty query is every device.", "query")
    if name in _named_by(text):
        raise Invalid(f"Group “{name}” leads back to itself.", "query")
    Compiler(session, tenant, now, within=name).condition(node)
    return text


def _named_by(query: str) -> set[str]:
    found = (leaf for leaf in leaves(parse_node(query)) if isinstance(leaf, Compare) and leaf.field.name == "group")
    return {str(value) for leaf in found for value in leaf.values}


def _query_groups(session: Session, tenant: TenantId) -> list[DeviceGroup]:
    return list(session.scalars(select(DeviceGroup).where(DeviceGroup.tenant_id == tenant, DeviceGroup.is_static.is_(False))))


def _row(session: Session, tenant: TenantId, group_id: int) -> DeviceGroup:
    group = session.get(DeviceGroup, group_id)
    if group is None or group.tenant_id != tenant:
        raise NotFound(f"There is no group {group_id}.")
    return group


def _view(row: DeviceGroup) -> GroupView:
    return GroupView(
        row.id, row.name, row.is_static, row.query, row.note, row.size, row.counted_at, row.created_at, row.created_by, row.updated_at
    )
