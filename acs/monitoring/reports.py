"""Groups of devices in percentiles: how a monitor's newest readings are spread, kept by a job; and a report over any selection, computed on reading.

A report counts each device once, by its mean over the time; of a large group it looks at a sample of devices, evenly over their numbers, and
says so. Parameters of which nothing is kept are told by their newest readings.
"""

from array import array
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from acs.db.bulk import upsert_rows
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices.models import CanonicalValue, ParamName
from acs.errors import Invalid
from acs.monitoring import members, series
from acs.monitoring.figures import spread_of
from acs.monitoring.models import Monitor, MonitorMember, Spread
from acs.monitoring.seconds import second_of
from acs.monitoring.service import NUMERIC, can_watch
from acs.monitoring.views import CONTACT, Report, ReportLine, SpreadView
from datamodels import canonical
from datamodels.canonical import Health

DEVICES_MOST = 4_000
"""Devices a report looks at."""
PARAMETERS_MOST = 12
FRESH = timedelta(days=2)
"""Older readings say nothing of how a group is now."""
EVERY = timedelta(minutes=15)
LARGE, LARGE_EVERY = 200_000, timedelta(hours=1)
_CHUNK = 400


# ---- monitors ----------------------------------------------------------------------------------------------


def due(session: Session, now: datetime) -> tuple[int, ...]:
    """Monitors whose spread is to be looked at again."""
    newest = select(func.max(Spread.at)).where(Spread.monitor_id == Monitor.id).scalar_subquery()
    rows = session.execute(select(Monitor.id, Monitor.members, newest).where(Monitor.enabled, Monitor.parameter != CONTACT))
    return tuple(number for number, size, last in rows if last is None or now - last >= (LARGE_EVERY if size > LARGE else EVERY))


def look(session: Session, monitor_id: int, now: datetime) -> SpreadView | None:
    """How the newest readings of a monitor's devices are spread: one ordered walk along the index of its parameter."""
    monitor = session.get(Monitor, monitor_id)
    name_id = None if monitor is None else session.scalar(select(ParamName.id).where(ParamName.path == monitor.parameter))
    if monitor is None or name_id is None:
        return None
    query = select(CanonicalValue.number).where(
        CanonicalValue.name_id == name_id, CanonicalValue.number.is_not(None), CanonicalValue.tenant_id == monitor.tenant_id, CanonicalValue.at >= now - FRESH
    )  # fmt: skip
    if monitor.selection:
        query = query.join(MonitorMember, (MonitorMember.device_id == CanonicalValue.device_id) & (MonitorMember.monitor_id == monitor_id))
    ordered = array("d", session.scalars(query.order_by(CanonicalValue.number).execution_options(yield_per=5_000)))
    return spread_of(now, ordered)


def keep(unit: Unit, tenant: int, monitor_id: int, found: SpreadView) -> None:
    columns = ("tenant_id", "count", "mean", "low", "p5", "p25", "p50", "p75", "p95", "high", "bins")
    row = {name: getattr(found, name) for name in columns if name not in ("tenant_id", "bins")}
    row |= {"monitor_id": monitor_id, "tenant_id": tenant, "at": found.at, "bins": [list(each) for each in found.bins]}
    upsert_rows(unit.connection, Spread, ("monitor_id", "at"), columns, [row])


def history(session: Session, tenant: TenantId, monitor_id: int, since: datetime, until: datetime, points: int = 500) -> tuple[SpreadView, ...]:
    """How the spread of a monitor went, oldest first, thinned evenly to about `points`."""
    query = select(Spread).where(Spread.monitor_id == monitor_id, Spread.tenant_id == tenant, Spread.at >= since, Spread.at < until).order_by(Spread.at)
    rows = list(session.scalars(query.limit(10_000)))
    every = max(1, len(rows) // points)
    return tuple(_view(row) for row in rows[:: -every][::-1])


def _view(s: Spread) -> SpreadView:
    bins = tuple((low, high, count) for low, high, count in s.bins)
    return SpreadView(s.at, s.count, s.mean, s.low, s.p5, s.p25, s.p50, s.p75, s.p95, s.high, bins)


# ---- any group ---------------------------------------------------------------------------------------------


def report(
    session: Session, tenant: TenantId, selection: str, parameters: Sequence[str], since: datetime, until: datetime, now: datetime
) -> Report:
    """Percentiles over the devices of a selection. Invalid for a selection or parameter that cannot be read."""
    wanted = list(dict.fromkeys(parameters))
    wrong = next((name for name in wanted if not can_watch(name)), None)
    if wrong is not None:
        raise Invalid(f"{wrong!r} has no readings to report: it is no indexed canonical parameter with numbers or words.", "parameters")
    if not 1 <= len(wanted) <= PARAMETERS_MOST:
        raise Invalid(f"A report has 1 to {PARAMETERS_MOST} parameters, not {len(wanted)}.", "parameters")
    if until <= since:
        raise Invalid("A report ends after it begins.", "until")
    ids, total = _devices(session, tenant, selection, now)
    names = {row.path: row.id for row in session.execute(select(ParamName.path, ParamName.id).where(ParamName.path.in_(wanted)))}
    kept = _means(session, ids, list(names.values()), since, until)
    newest = _newest(session, ids, [names[name] for name in wanted if name in names and not kept.get(names[name])], since)
    lines = tuple(_line(name, kept.get(names.get(name, -1), []), newest.get(names.get(name, -1), []), until) for name in wanted)
    return Report(selection, since, until, total, len(ids), lines)


def _devices(session: Session, tenant: TenantId, selection: str, now: datetime) -> tuple[list[int], int]:
    """Ids of the devices looked at, and how many the selection has."""
    chosen = members.selected(session, tenant, selection, now).order_by(None).subquery()
    column = next(iter(chosen.c))
    total = session.scalar(select(func.count()).select_from(chosen)) or 0
    every = -(-total // DEVICES_MOST)
    query = select(column).order_by(column)
    if every > 1:
        query = select(column).where(column % every == 0).order_by(column)
    return list(session.scalars(query.limit(DEVICES_MOST))), total


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[i : i + _CHUNK] for i in range(0, len(ids), _CHUNK))


def _means(session: Session, ids: Sequence[int], names: Sequence[int], since: datetime, until: datetime) -> dict[int, list[tuple[float, int]]]:
    """(mean, samples) per device by name: out of roll-ups as far as they go, out of samples from there on."""
    sums: dict[tuple[int, int], list[float]] = {}
    if not ids or not names:
        return {}
    rolled = series.rolled_until(session)
    short = until - since <= timedelta(days=2)
    edge = since if rolled is None or short else min(max(rolled, since), until)
    listed_names = ",".join(str(int(name)) for name in names)
    for part in _parts(ids):
        numbers = ",".join(str(int(number)) for number in part)
        where = f"FROM {{table}} WHERE device_id IN ({numbers}) AND name_id IN ({listed_names}) AND at >= :a AND at < :b GROUP BY device_id, name_id"
        for table, columns, a, b in (("sample_hour", "sum(total), sum(count)", since, edge), ("sample", "sum(value), count(*)", edge, until)):
            if a >= b:
                continue
            query = text(f"SELECT device_id, name_id, {columns} " + where.format(table=table))
            for device_id, name_id, total, number in session.execute(query, {"a": second_of(a), "b": second_of(b)}):
                known = sums.setdefault((device_id, name_id), [0.0, 0.0])
                known[0] += total
                known[1] += float(number)
    found: dict[int, list[tuple[float, int]]] = {}
    for (_, name_id), (total, number) in sums.items():
        found.setdefault(name_id, []).append((total / number, int(number)))
    return found


def _newest(session: Session, ids: Sequence[int], names: Sequence[int], since: datetime) -> dict[int, list[tuple[float, int]]]:
    found: dict[int, list[tuple[float, int]]] = {}
    if not names:
        return found
    for part in _parts(ids):
        query = select(CanonicalValue.name_id, CanonicalValue.number).where(
            CanonicalValue.device_id.in_(part), CanonicalValue.name_id.in_(names), CanonicalValue.number.is_not(None), CanonicalValue.at >= since
        )  # fmt: skip
        for name_id, number in session.execute(query):
            found.setdefault(name_id, []).append((float(number or 0), 1))
    return found


def _line(name: str, kept: Sequence[tuple[float, int]], newest: Sequence[tuple[float, int]], until: datetime) -> ReportLine:
    values = kept or newest
    ordered = sorted(value for value, _ in values)
    limits = canonical.describe(name).limits
    judged = None if limits is None else [limits.judge(value) for value in ordered]
    good, warn, bad = (None if judged is None else judged.count(health) for health in (Health.GOOD, Health.WARN, Health.BAD))
    return ReportLine(name, "samples" if kept else "newest", len(ordered), sum(n for _, n in values), spread_of(until, ordered), good, warn, bad)


def parameters() -> tuple[str, ...]:
    """Canonical names of which there can be a report."""
    return tuple(name for name in canonical.names() if (known := canonical.describe(name)).indexed and known.type in NUMERIC)


def delete_old(unit: Unit, before: datetime, limit: int = 500) -> int:
    """Retention of spreads; how many went."""
    rows = list(unit.session.execute(select(Spread.monitor_id, Spread.at).where(Spread.at < before).limit(limit)))
    by_monitor: dict[int, list[datetime]] = {}
    for monitor_id, at in rows:
        by_monitor.setdefault(monitor_id, []).append(at)
    for monitor_id, instants in by_monitor.items():
        unit.session.execute(delete(Spread).where(Spread.monitor_id == monitor_id, Spread.at.in_(instants)))
    return len(rows)

