"""Who is watched: the selection of each monitor as rows, brought up to date by a job a range of devices at a time; and whose reading is due.

A reading asks only whether its device has such a row. A monitor of every device needs none, unless it wants its values read.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, literal, select, update
from sqlalchemy.orm import Session

from acs.db.bulk import dialect_insert, update_rows
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices import store
from acs.devices.models import CanonicalValue, Device, ParamName
from acs.finding import service as finding
from acs.monitoring.models import Monitor, MonitorMember
from acs.monitoring.views import CONTACT
from acs.operations.sampling import Wanted, queue_reads
from acs.provisioning.plan import Trust
from datamodels.canonical import Resolver

RANGE = 2_000
"""Devices looked at in one transaction."""


def selected(session: Session, tenant: TenantId, selection: str, now: datetime) -> Select[Any]:
    """Ids of the admitted devices a selection fits; of all of them, if it is empty. Invalid for a selection that cannot be read."""
    query = finding.select_ids(session, tenant, finding.parse(selection), now) if selection else select(Device.id).where(Device.tenant_id == tenant)
    return query.where(Device.trust == Trust.ADMITTED.value)


def is_listed(monitor: Monitor) -> bool:
    """Whether the members of a monitor stand in rows."""
    return bool(monitor.enabled and (monitor.selection or (monitor.every_s and monitor.parameter != CONTACT)))


def refresh(unit: Unit, monitor_id: int, after: int, now: datetime) -> int | None:
    """Bring the members from number `after` on up to date, RANGE devices; the number to go on from, None at the end."""
    session = unit.session
    monitor = session.get(Monitor, monitor_id)
    if monitor is None:
        return None
    part = select(Device.id).where(Device.id > after).order_by(Device.id).limit(RANGE).subquery()
    last = session.scalar(select(func.max(part.c.id)))
    mine = MonitorMember.monitor_id == monitor_id
    if last is None or not is_listed(monitor):
        if not is_listed(monitor):
            session.execute(delete(MonitorMember).where(mine))
        _count(session, monitor, now)
        return None
    ids = selected(session, TenantId(monitor.tenant_id), monitor.selection, now).where(Device.id > after, Device.id <= last)
    here = (mine, MonitorMember.device_id > after, MonitorMember.device_id <= last)
    session.execute(delete(MonitorMember).where(*here, MonitorMember.device_id.not_in(ids)).execution_options(synchronize_session=False))
    chosen = ids.subquery()
    rows = select(literal(monitor_id), next(iter(chosen.c)), literal(monitor.tenant_id))
    if unit.connection.dialect.name != "postgresql":
        rows = rows.where(literal(1) == 1)  # SQLite reads ON CONFLICT after a bare SELECT as a join
    made = dialect_insert(unit.connection, MonitorMember).from_select(["monitor_id", "device_id", "tenant_id"], rows)
    session.execute(made.on_conflict_do_nothing())
    _plan(unit, monitor, after, last, now)
    return int(last)


def _count(session: Session, monitor: Monitor, now: datetime) -> None:
    if not monitor.enabled:
        monitor.members = 0
    elif is_listed(monitor):
        monitor.members = session.scalar(select(func.count()).select_from(MonitorMember).where(MonitorMember.monitor_id == monitor.id)) or 0
    else:
        monitor.members = session.scalar(select(func.count()).select_from(Device).where(Device.tenant_id == monitor.tenant_id)) or 0
    monitor.members_at = now


def _plan(unit: Unit, monitor: Monitor, after: int, last: int, now: datetime) -> None:
    """When new members are read first: spread over the monitor's interval by their numbers."""
    here = (MonitorMember.monitor_id == monitor.id, MonitorMember.device_id > after, MonitorMember.device_id <= last)
    if not monitor.every_s or monitor.parameter == CONTACT:
        unit.session.execute(update(MonitorMember).where(*here, MonitorMember.next_at.is_not(None)).values(next_at=None))
        return
    fresh = unit.session.scalars(select(MonitorMember.device_id).where(*here, MonitorMember.next_at.is_(None)))
    rows = [
        {"monitor_id": monitor.id, "device_id": device_id, "next_at": now + timedelta(seconds=device_id * 2_654_435_761 % monitor.every_s)}
        for device_id in fresh
    ]
    update_rows(unit.connection, MonitorMember, ("monitor_id", "device_id"), ("next_at",), rows)


# ---- reading what does not come by itself ------------------------------------------------------------------


class Due:
    """Members whose turn it is, and what is asked of them."""

    def __init__(self) -> None:
        self.later: list[dict[str, object]] = []
        self.reads: dict[int, Wanted] = {}


def due(session: Session, now: datetime, limit: int = 300) -> Due:
    """Whose reading is due: one that came lately by itself counts, a silent device is left alone, the others are asked. Nothing is written yet."""
    found = Due()
    rows = session.execute(
        select(MonitorMember.monitor_id, MonitorMember.device_id, Monitor.tenant_id, Monitor.parameter, Monitor.every_s, Monitor.wake,
               Device.silent_at, Device.trust, Device.root, Device.path_set_id, CanonicalValue.at.label("newest"))
        .join(Monitor, Monitor.id == MonitorMember.monitor_id).join(Device, Device.id == MonitorMember.device_id)
        .outerjoin(ParamName, ParamName.path == Monitor.parameter)
        .outerjoin(CanonicalValue, (CanonicalValue.device_id == MonitorMember.device_id) & (CanonicalValue.name_id == ParamName.id))
        .where(MonitorMember.next_at <= now, Monitor.enabled).order_by(MonitorMember.next_at).limit(limit)
    ).all()  # fmt: skip
    paths: dict[tuple[int, str, str], str | None] = {}
    for row in rows:
        every = timedelta(seconds=row.every_s)
        fresh = row.newest is not None and row.newest + every * 0.9 > now
        found.later.append({
            "monitor_id": row.monitor_id, "device_id": row.device_id, "next_at": max(row.newest + every, now + every / 10) if fresh else now + every,
        })  # fmt: skip
        heard = row.trust == Trust.ADMITTED and row.silent_at is not None and row.silent_at > now and row.path_set_id is not None
        if fresh or not heard:
            continue
        kind = (row.path_set_id, row.root, row.parameter)
        if kind not in paths:
            paths[kind] = _path(session, row.device_id, row.root, row.parameter)
        path = paths[kind]
        if path is not None:
            known = found.reads.get(row.device_id, Wanted(row.tenant_id, row.device_id, (), row.every_s, False))
            together = tuple(dict.fromkeys((*known.paths, path)))
            found.reads[row.device_id] = Wanted(row.tenant_id, row.device_id, together, min(known.within_s, row.every_s), known.wake or row.wake)
    return found


def _path(session: Session, device_id: int, root: str, parameter: str) -> str | None:
    """Where devices of one kind keep a parameter: looked up in one of their trees."""
    values = store.load_tree(session.connection(), device_id).values
    if not root or not values:
        return None
    resolved = Resolver({path: stored.value for path, stored in values.items()}, root).get(parameter)
    return None if resolved is None else resolved.path


def ask(unit: Unit, found: Due, now: datetime) -> int:
    """Queue the reads and note when their turn comes again; how many were queued."""
    rows: Sequence[dict[str, object]] = found.later
    update_rows(unit.connection, MonitorMember, ("monitor_id", "device_id"), ("next_at",), rows)
    return queue_reads(unit, list(found.reads.values()), now) if found.reads else 0
