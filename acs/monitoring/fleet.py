"""The fleet in numbers: a census by a job, a range of devices at a time, kept as one document and a row of a chart. No page counts devices.

The census reads head rows by their numbers, 10,000 at once, and rests at least 30 times as long as it took: a million devices cost a few per cent
of one core. Pages read the document.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, func, select
from sqlalchemy.orm import Session

from acs.db.bulk import upsert_rows
from acs.db.engine import Unit
from acs.db.tenancy import Tenant, TenantId
from acs.devices.models import Device
from acs.monitoring.models import Alarm, FleetMinute, FleetNow, WorkerLoad
from acs.monitoring.views import FleetPoint, FleetView, LoadView, Severity
from acs.operations.models import Operation
from acs.operations.views import OPEN
from acs.provisioning.plan import Trust
from acs.recorder.models import SessionRecord

RANGE = 10_000
REST = 30
"""Times what a census took lie between two."""
KINDS_KEPT = 40
LATELY = timedelta(seconds=60)
FAULTS_LATELY = timedelta(hours=24)
FAULTS_READ = 5_000
THIN_AFTER = timedelta(days=3)


@dataclass
class Count:
    """One tenant while it is counted."""

    presence: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    models_online: Counter[str] = field(default_factory=Counter)
    versions: Counter[tuple[str, str]] = field(default_factory=Counter)
    versions_online: Counter[tuple[str, str]] = field(default_factory=Counter)


def is_due(session: Session, now: datetime) -> bool:
    last = session.execute(select(FleetNow.at, FleetNow.took_ms).order_by(FleetNow.at.desc()).limit(1)).first()
    return last is None or now >= last.at + timedelta(milliseconds=REST * last.took_ms)


def ranges(session: Session) -> Iterator[tuple[int, int]]:
    """(after, up to) of numbers that cover all devices."""
    high = session.scalar(select(func.max(Device.id))) or 0
    return ((after, after + RANGE) for after in range(0, high, RANGE))


def count(session: Session, counts: dict[int, Count], part: tuple[int, int], now: datetime) -> None:
    """Add the devices of a range to the counts of their tenants."""
    presence = case(
        (Device.last_inform_at.is_(None), "never"), (Device.trust != Trust.ADMITTED.value, Device.trust), (Device.silent_at > now, "online"), else_="silent"
    ).label("presence")  # fmt: skip
    kind = (Device.tenant_id, Device.model, Device.software_version)
    query = select(presence, *kind, func.count()).where(Device.id > part[0], Device.id <= part[1]).group_by("presence", *kind)
    for is_now, tenant, model, version, number in session.execute(query):
        own = counts[tenant]
        own.presence[is_now] += number
        own.models[model] += number
        own.versions[model, version] += number
        if is_now == "online":
            own.models_online[model] += number
            own.versions_online[model, version] += number


def new_counts(session: Session) -> dict[int, Count]:
    """An empty count for each tenant."""
    counts: dict[int, Count] = defaultdict(Count)
    for tenant in session.scalars(select(Tenant.id)):
        counts[tenant] = Count()
    return counts


def document(session: Session, tenant: int, counted: Count, now: datetime) -> dict[str, Any]:
    """The census of a tenant with what is open of it, as `keep` stores it."""
    is_open = Operation.state.in_([s.value for s in OPEN])
    open_ones = select(Operation.state, func.count()).where(Operation.tenant_id == tenant, is_open).group_by(Operation.state)
    raised = select(Alarm.severity, func.count()).where(Alarm.tenant_id == tenant, Alarm.cleared_at.is_(None), Alarm.suppressed.is_(False))
    faults, failed = _faults(session, tenant, now)
    return {
        "presence": dict(counted.presence),
        "models": [[model, "", number, counted.models_online[model]] for model, number in counted.models.most_common(KINDS_KEPT)],
        "versions": [[*kind, number, counted.versions_online[kind]] for kind, number in counted.versions.most_common(KINDS_KEPT)],
        "operations": {row[0]: row[1] for row in session.execute(open_ones)},
        "alarms": {Severity(severity).word: number for severity, number in session.execute(raised.group_by(Alarm.severity))},
        "faults": faults.most_common(12), "failed": failed,
    }  # fmt: skip


def _faults(session: Session, tenant: int, now: datetime) -> tuple[Counter[str], int]:
    """Fault codes of the last day, and how many sessions ended badly in it: out of the newest FAULTS_READ."""
    since = SessionRecord.notable_at >= now - FAULTS_LATELY
    told: Counter[str] = Counter()
    rows = select(SessionRecord.faults).where(SessionRecord.tenant_id == tenant, since, SessionRecord.faults != "").order_by(SessionRecord.notable_at.desc())
    for faults in session.scalars(rows.limit(FAULTS_READ)):
        told.update(set(faults.strip(",").split(",")))
    bad = select(SessionRecord.id).where(SessionRecord.tenant_id == tenant, since, SessionRecord.outcome != "ok").limit(FAULTS_READ).subquery()
    return told, session.scalar(select(func.count()).select_from(bad)) or 0


def keep(unit: Unit, tenant: int, told: dict[str, Any], now: datetime, took_ms: int) -> None:
    """Store a census: the document, and its row for the charts."""
    census = {"tenant_id": tenant, "at": now, "took_ms": took_ms, "document": told}
    upsert_rows(unit.connection, FleetNow, ("tenant_id",), ("at", "took_ms", "document"), [census])
    columns = (WorkerLoad.sessions, WorkerLoad.failed, WorkerLoad.informs, WorkerLoad.put_off, WorkerLoad.refused)
    last = unit.session.scalar(select(func.max(FleetMinute.at)).where(FleetMinute.tenant_id == tenant))
    since = max(last or now - LATELY, now - timedelta(hours=1))
    of_tenant = (WorkerLoad.tenant_id == tenant, WorkerLoad.at > since, WorkerLoad.at <= now)
    sums = unit.connection.execute(select(*(func.coalesce(func.sum(column), 0) for column in columns)).where(*of_tenant)).one()
    presence = told["presence"]
    row = {
        "tenant_id": tenant, "at": now, "total": sum(presence.values()), "online": presence.get("online", 0), "silent": presence.get("silent", 0),
        "quarantine": presence.get("quarantine", 0), "operations": sum(told["operations"].values()), "alarms": sum(told["alarms"].values()),
        "span_s": max((now - since).total_seconds(), 1.0), "sessions": int(sums[0]), "failed": int(sums[1]), "informs": int(sums[2]), "put_off": int(sums[3]),
        "refused": int(sums[4]),
    }  # fmt: skip
    upsert_rows(unit.connection, FleetMinute, ("tenant_id", "at"), tuple(name for name in row if name not in ("tenant_id", "at")), [row])
    unit.hint("fleet", id=tenant)


# ---- looking -----------------------------------------------------------------------------------------------


def now_of(session: Session, tenant: TenantId, now: datetime) -> FleetView | None:
    """The last census with the load of the last minute; None before the first."""
    row = session.get(FleetNow, tenant)
    if row is None:
        return None
    d = row.document
    models, versions = (tuple((m, v, n, o) for m, v, n, o in d[name]) for name in ("models", "versions"))
    return FleetView(
        row.at, row.took_ms, d["presence"], models, versions, d["operations"], d["alarms"], tuple((code, n) for code, n in d["faults"]), d["failed"],
        load_of(session, tenant, now),
    )  # fmt: skip


def load_of(session: Session, tenant: TenantId, now: datetime) -> LoadView:
    """What the workers did in the last minute, per second."""
    rows = list(session.scalars(select(WorkerLoad).where(WorkerLoad.at > now - LATELY, WorkerLoad.at <= now, WorkerLoad.tenant_id == tenant)))
    spans: dict[str, float] = defaultdict(float)
    newest: dict[str, WorkerLoad] = {}
    for row in sorted(rows, key=lambda row: row.at):
        spans[row.worker] += row.span_s
        newest[row.worker] = row
    span = max(spans.values(), default=0.0)

    def rate(name: str) -> float:
        return float(sum(getattr(row, name) for row in rows) / span) if span else 0.0

    informs = sum(row.informs for row in rows)
    answer = sum(row.answer_ms * row.informs for row in rows) / informs if informs else 0.0
    return LoadView(
        max((row.at for row in rows), default=None), len(newest), rate("sessions"), rate("informs"), rate("failed"), rate("put_off"), rate("refused"),
        sum(row.live for row in newest.values()), min((row.openness for row in newest.values()), default=0.0), answer, rate("cpu_ms") / 1000,
    )  # fmt: skip


def history(session: Session, tenant: TenantId, since: datetime, until: datetime, points: int = 500) -> tuple[FleetPoint, ...]:
    """Rows of the chart, thinned evenly to about `points`."""
    query = select(FleetMinute).where(FleetMinute.tenant_id == tenant, FleetMinute.at >= since, FleetMinute.at < until).order_by(FleetMinute.at)
    rows = list(session.scalars(query.limit(20_000)))
    every = max(1, len(rows) // points)
    return tuple(
        FleetPoint(
            r.at, r.total, r.online, r.silent, r.operations, r.alarms, r.sessions / r.span_s, r.informs / r.span_s, r.failed / r.span_s,
            r.put_off / r.span_s,
        )
        for r in rows[::every]
    )  # fmt: skip


# ---- retention ---------------------------------------------------------------------------------------------


def thin_out(unit: Unit, now: datetime, limit: int = 500) -> int:
    """Of rows older than THIN_AFTER the first of each hour stays, of loads none; how many went."""
    query = select(FleetMinute.tenant_id, FleetMinute.at).where(FleetMinute.at < now - THIN_AFTER)
    old = list(unit.connection.execute(query.order_by(FleetMinute.tenant_id, FleetMinute.at).limit(60_000)))
    kept: set[tuple[int, str]] = set()
    gone: dict[int, list[datetime]] = defaultdict(list)
    for tenant, at in old:
        hour = (tenant, at.strftime("%Y%m%d%H"))
        if hour in kept:
            gone[tenant].append(at)
        kept.add(hour)
    number = 0
    for tenant, instants in gone.items():
        part = instants[: limit - number]
        unit.connection.execute(delete(FleetMinute).where(FleetMinute.tenant_id == tenant, FleetMinute.at.in_(part)))
        number += len(part)
    edge = unit.session.scalar(select(WorkerLoad.at).where(WorkerLoad.at < now - THIN_AFTER).order_by(WorkerLoad.at).offset(limit).limit(1))
    before = edge if edge is not None else now - THIN_AFTER
    number += unit.connection.execute(delete(WorkerLoad).where(WorkerLoad.at < before)).rowcount
    return number
