"""The door of monitoring: what is watched of whom, and `collect`, through which every reading passes in the group commit.

Beside it: series.py (charts), alarms.py, absence.py (silent devices), fleet.py (the fleet in numbers), reports.py (groups). Every change leaves an
audit line and a hint on which the workers read their books again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.orm import Session

from acs import audit, jobs
from acs.audit import Actor
from acs.db.bulk import upsert_rows
from acs.db.engine import Database, Unit
from acs.db.tenancy import TenantId
from acs.devices.canonicals import Reading, name_ids
from acs.errors import Conflict, Invalid, NotFound
from acs.finding import service as finding
from acs.monitoring import alarms, series
from acs.monitoring.alarms import Clear, Raise
from acs.monitoring.book import Limit, MonitorBook, Watch
from acs.monitoring.hysteresis import Crossing, Rule, step
from acs.monitoring.models import Monitor, MonitorMember, Threshold, ThresholdState
from acs.monitoring.views import CONTACT, AlarmType, Direction, MonitorView, Severity, ThresholdView
from datamodels import canonical
from datamodels.canonical import ValueType

MEMBERS_JOB = "monitoring.members"
NUMERIC = frozenset({ValueType.INT, ValueType.FLOAT, ValueType.BOOL, ValueType.ENUM})
"""Types whose readings make a series; words of an enum count by their place."""


# ---- in the group commit -----------------------------------------------------------------------------------


def load(database: Database) -> dict[int, dict[str, tuple[Watch, ...]]]:
    """What the workers keep in memory: enabled monitors by tenant and canonical name."""
    found: dict[int, dict[str, list[Watch]]] = defaultdict(lambda: defaultdict(list))
    with database.read() as session:
        rows = list(session.scalars(select(Monitor).where(Monitor.enabled, Monitor.parameter != CONTACT)))
        ids = name_ids(session.connection(), {row.parameter for row in rows}) if rows else {}
        limits = _limits(session, [row.id for row in rows])
        for row in rows:
            known = canonical.describe(row.parameter)
            watch = Watch(
                row.id, row.name, row.parameter, ids[row.parameter], not row.selection, known.words if known.type is ValueType.ENUM else (), known.unit,
                limits.get(row.id, ()),
            )  # fmt: skip
            found[row.tenant_id][row.parameter].append(watch)
    return {tenant: {name: tuple(watches) for name, watches in named.items()} for tenant, named in found.items()}


def _limits(session: Session, monitor_ids: Sequence[int]) -> dict[int, tuple[Limit, ...]]:
    found: dict[int, tuple[Limit, ...]] = {}
    for row in session.scalars(select(Threshold).where(Threshold.monitor_id.in_(monitor_ids)).order_by(Threshold.severity, Threshold.id)):
        rule = Rule(Direction(row.direction), row.limit, row.clear, row.word, row.for_s, row.samples)
        limit = Limit(row.id, rule, Severity(row.severity), AlarmType(row.alarm_type), row.probable_cause, row.repair)
        found[row.monitor_id] = (*found.get(row.monitor_id, ()), limit)
    return found


def collect(unit: Unit, readings: Iterable[Reading], book: MonitorBook) -> int:
    """Keep what of these readings is watched, and raise and clear what they mean; how many samples were kept.

    Nothing watched costs a look into a dict per reading. Else: one insert; one look at memberships if a monitor has a selection; one look at
    what is under way if one has thresholds, and writes where something changed.
    """
    watches = book.watches
    if not watches:
        return 0
    seen = [(watch, r) for r in readings for watch in watches.get(r.tenant, {}).get(r.name, ())]
    if not seen:
        return 0
    chosen = {r.device_id for watch, r in seen if not watch.everyone}
    members = _memberships(unit.connection, chosen) if chosen else frozenset()
    seen = [(watch, r) for watch, r in seen if watch.everyone or (watch.monitor_id, r.device_id) in members]
    rows = [
        {"device_id": r.device_id, "name_id": watch.name_id, "tenant_id": r.tenant, "at": r.at, "value": number}
        for watch, r in seen
        if (number := _number(watch, r)) is not None
    ]
    if rows:
        series.keep(unit.connection, rows)
    judged = [(watch, r) for watch, r in seen if watch.limits]
    if judged:
        _judge(unit, judged)
    return len(rows)


def _memberships(connection: Connection, device_ids: set[int]) -> frozenset[tuple[int, int]]:
    query = select(MonitorMember.monitor_id, MonitorMember.device_id).where(MonitorMember.device_id.in_(sorted(device_ids)))
    return frozenset((row.monitor_id, row.device_id) for row in connection.execute(query))


def _number(watch: Watch, r: Reading) -> float | None:
    if r.number is not None:
        return float(r.number)
    return float(watch.words.index(r.text)) if r.text in watch.words else None


def _judge(unit: Unit, judged: Sequence[tuple[Watch, Reading]]) -> None:
    connection = unit.connection
    ids = sorted({r.device_id for _, r in judged})
    query = select(ThresholdState.device_id, ThresholdState.threshold_id, ThresholdState.since, ThresholdState.count.label("times"), ThresholdState.raised)
    rows = connection.execute(query.where(ThresholdState.device_id.in_(ids)))
    before: dict[tuple[int, int], Crossing | None] = {(row.device_id, row.threshold_id): Crossing(row.since, row.times, row.raised) for row in rows}
    after = dict(before)
    changed: dict[tuple[int, int], tuple[Watch, Reading]] = {}
    for watch, r in judged:
        for limit in watch.limits:
            key = (r.device_id, limit.id)
            after[key], change = step(limit.rule, after.get(key), r.number, r.text, r.at)
            if change is not None:
                changed[watch.monitor_id, r.device_id] = (watch, r)
    _keep_states(unit, before, after, {r.device_id: r.tenant for _, r in judged})
    if changed:
        _tell(unit, changed.values(), after)


def _keep_states(
    unit: Unit, before: Mapping[tuple[int, int], Crossing | None], after: Mapping[tuple[int, int], Crossing | None], tenants: Mapping[int, int]
) -> None:
    rows = [
        {"device_id": key[0], "threshold_id": key[1], "tenant_id": tenants[key[0]], "raised": state.raised, "since": state.since, "count": state.count}
        for key, state in after.items()
        if state is not None and state != before.get(key)
    ]
    upsert_rows(unit.connection, ThresholdState, ("device_id", "threshold_id"), ("tenant_id", "raised", "since", "count"), rows)
    well: dict[int, list[int]] = defaultdict(list)
    for (device_id, threshold_id), state in after.items():
        if state is None and before.get((device_id, threshold_id)) is not None:
            well[threshold_id].append(device_id)
    for threshold_id, ids in well.items():
        unit.connection.execute(delete(ThresholdState).where(ThresholdState.threshold_id == threshold_id, ThresholdState.device_id.in_(ids)))


def _tell(unit: Unit, changed: Iterable[tuple[Watch, Reading]], states: Mapping[tuple[int, int], Crossing | None]) -> None:
    """The alarm of a device and monitor is as severe as the worst threshold that is crossed, and over when none is."""
    raised, cleared = [], []
    for watch, r in changed:
        crossed = [limit for limit in watch.limits if (state := states.get((r.device_id, limit.id))) is not None and state.raised]
        if not crossed:
            cleared.append(Clear(r.tenant, r.device_id, cause_of(watch.monitor_id), r.at))
            continue
        worst = max(crossed, key=lambda limit: limit.severity)
        told = {
            "parameter": watch.parameter, "direction": worst.rule.direction.value, "limit": worst.rule.limit, "word": worst.rule.word, "observed": r.text,
            "unit": watch.unit, "at": r.at.isoformat(),
        }  # fmt: skip
        raised.append(
            Raise(r.tenant, r.device_id, watch.monitor_id, cause_of(watch.monitor_id), worst.severity, worst.alarm_type, worst.probable_cause,
                  _problem(watch, worst, r), worst.repair, told, r.at)
        )  # fmt: skip
    alarms.raise_all(unit, raised)
    alarms.clear_all(unit, cleared)


def cause_of(monitor_id: int) -> str:
    return f"monitor:{monitor_id}"


def _problem(watch: Watch, limit: Limit, r: Reading) -> str:
    value = f"{r.text} {watch.unit}".strip()
    if limit.rule.direction in (Direction.IS, Direction.IS_NOT):
        return f"{watch.name}: {watch.parameter} is {value}"
    return f"{watch.name}: {watch.parameter} is {value}, {limit.rule.direction.value} {limit.rule.limit:g}"


# ---- looking -----------------------------------------------------------------------------------------------


def listed(session: Session, tenant: TenantId) -> tuple[MonitorView, ...]:
    """All monitors by name: there are tens of them."""
    rows = list(session.scalars(select(Monitor).where(Monitor.tenant_id == tenant).order_by(Monitor.name).limit(500)))
    found: dict[int, list[ThresholdView]] = defaultdict(list)
    for row in session.scalars(select(Threshold).where(Threshold.monitor_id.in_([r.id for r in rows])).order_by(Threshold.severity, Threshold.id)):
        found[row.monitor_id].append(_threshold(row))
    return tuple(_view(row, found[row.id]) for row in rows)


def get(session: Session, tenant: TenantId, monitor_id: int) -> MonitorView:
    row = _row(session, tenant, monitor_id)
    limits = session.scalars(select(Threshold).where(Threshold.monitor_id == monitor_id).order_by(Threshold.severity, Threshold.id))
    return _view(row, [_threshold(each) for each in limits])


def numbers(session: Session) -> tuple[int, ...]:
    """Monitors of every tenant, for jobs."""
    return tuple(session.scalars(select(Monitor.id).order_by(Monitor.id)))


def tenant_of(session: Session, monitor_id: int) -> int | None:
    return session.scalar(select(Monitor.tenant_id).where(Monitor.id == monitor_id))


def of_device(session: Session, tenant: TenantId, device_id: int) -> tuple[MonitorView, ...]:
    """The monitors that watch this device."""
    own = set(session.scalars(select(MonitorMember.monitor_id).where(MonitorMember.device_id == device_id)))
    return tuple(view for view in listed(session, tenant) if view.enabled and (view.id in own or not view.selection))


def _row(session: Session, tenant: TenantId, monitor_id: int) -> Monitor:
    row = session.get(Monitor, monitor_id)
    if row is None or row.tenant_id != tenant:
        raise NotFound(f"There is no monitor {monitor_id}.")
    return row


def _threshold(t: Threshold) -> ThresholdView:
    return ThresholdView(
        t.id, Severity(t.severity), Direction(t.direction), t.limit, t.clear, t.word, t.for_s, t.samples, AlarmType(t.alarm_type), t.probable_cause,
        t.repair,
    )  # fmt: skip


def _view(m: Monitor, limits: Sequence[ThresholdView]) -> MonitorView:
    return MonitorView(
        m.id, m.name, m.parameter, m.selection, m.every_s, m.wake, m.enabled, m.storm_percent, m.members, m.members_at, m.created_at, m.created_by,
        tuple(limits),
    )  # fmt: skip


# ---- changing ----------------------------------------------------------------------------------------------


def save(unit: Unit, actor: Actor, given: Mapping[str, Any], now: datetime, monitor_id: int | None = None) -> MonitorView:
    """Make a monitor, or change one: name, parameter, selection, every_s, wake, enabled, storm_percent, thresholds (mappings). Invalid names the field."""
    session = unit.session
    proper = _checked(given)
    same = select(Monitor.id).where(Monitor.tenant_id == actor.tenant, Monitor.name == proper["name"], Monitor.id != (monitor_id or 0))
    if session.scalar(same) is not None:
        raise Conflict(f"There is a monitor named {proper['name']!r} already.")
    before = None
    if monitor_id is None:
        row = Monitor(tenant_id=actor.tenant, created_at=now, created_by=actor.name, updated_at=now, **proper)
        session.add(row)
    else:
        row = _row(session, actor.tenant, monitor_id)
        before = _facts(get(session, actor.tenant, monitor_id))
        if row.parameter != proper["parameter"]:
            raise Invalid("The parameter of a monitor stays: make a new monitor for another one.", "parameter")
        for name, value in proper.items():
            setattr(row, name, value)
        row.updated_at = now
    session.flush()
    name_ids(unit.connection, {row.parameter})
    _keep_thresholds(unit, row, [_checked_threshold(each, row.parameter) for each in given.get("thresholds", ())], now, actor.name)
    session.flush()
    view = get(session, actor.tenant, row.id)
    audit.record(unit, actor, "monitor.change" if before else "monitor.add", f"monitor:{row.id}", now, before=before, after=_facts(view))
    jobs.enqueue(unit, actor.tenant, MEMBERS_JOB, {"monitor": row.id}, now, actor.name)
    unit.hint("monitors")
    return view


def remove(unit: Unit, actor: Actor, monitor_id: int, now: datetime) -> None:
    """Watch no more: its alarms are cleared, its samples stay until they are old."""
    view = get(unit.session, actor.tenant, monitor_id)
    while alarms.close_of_monitor(unit, actor.tenant, monitor_id, now, actor.name):
        pass
    unit.session.delete(_row(unit.session, actor.tenant, monitor_id))
    audit.record(unit, actor, "monitor.remove", f"monitor:{monitor_id}", now, before=_facts(view))
    unit.hint("monitors")


def _facts(view: MonitorView) -> dict[str, Any]:
    thresholds = [f"{t.severity.word} {t.direction.value} {t.word or t.limit}" for t in view.thresholds]
    return {
        "name": view.name, "parameter": view.parameter, "selection": view.selection, "every_s": view.every_s, "wake": view.wake, "enabled": view.enabled,
        "thresholds": thresholds,
    }  # fmt: skip


def _keep_thresholds(unit: Unit, monitor: Monitor, wanted: Sequence[dict[str, Any]], now: datetime, by: str) -> None:
    """Replace the thresholds; those that stay as they are keep their state. Alarms of what went are cleared, and raised anew by the next reading."""
    there = {row.id: row for row in unit.session.scalars(select(Threshold).where(Threshold.monitor_id == monitor.id))}
    kept: set[int] = set()
    for each in wanted:
        same = next((i for i, row in there.items() if i not in kept and all(getattr(row, name) == value for name, value in each.items())), None)
        if same is not None:
            kept.add(same)
        else:
            unit.session.add(Threshold(tenant_id=monitor.tenant_id, monitor_id=monitor.id, **each))
    for number, row in there.items():
        if number not in kept:
            unit.session.delete(row)
    if set(there) - kept or not monitor.enabled:
        unit.session.execute(delete(ThresholdState).where(ThresholdState.threshold_id.in_(list(there))))
        while alarms.close_of_monitor(unit, monitor.tenant_id, monitor.id, now, by):
            pass


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    name, parameter, selection = (str(given.get(field, "")).strip() for field in ("name", "parameter", "selection"))
    if not name or len(name) > 80:
        raise Invalid("A monitor needs a name of at most 80 signs.", "name")
    if parameter != CONTACT and not can_watch(parameter):
        raise Invalid(f"{parameter!r} cannot be watched: it is no indexed canonical parameter with numbers or words.", "parameter")
    if selection:
        finding.parse(selection)
    every_s, storm = int(given.get("every_s", 0)), int(given.get("storm_percent", 10))
    if every_s and not 60 <= every_s <= 7 * 86_400:
        raise Invalid(f"Values are read every 60 s to 7 days, or as they come (0); {every_s} s is neither.", "every_s")
    if not 1 <= storm <= 100:
        raise Invalid(f"A storm is 1 to 100 percent of a group, not {storm}.", "storm_percent")
    return {
        "name": name, "parameter": parameter, "selection": selection, "every_s": every_s, "wake": bool(given.get("wake", False)),
        "enabled": bool(given.get("enabled", True)), "storm_percent": storm,
    }  # fmt: skip


def can_watch(parameter: str) -> bool:
    """Whether readings of this canonical parameter arrive and make a series."""
    return parameter in canonical.names() and (known := canonical.describe(parameter)).indexed and known.type in NUMERIC


def _checked_threshold(given: Mapping[str, Any], parameter: str) -> dict[str, Any]:
    try:
        severity, direction = Severity.of(str(given.get("severity", ""))), Direction(given.get("direction", ""))
        alarm_type = AlarmType(given.get("alarm_type") or AlarmType.QUALITY)
        if severity is Severity.CLEARED:
            raise ValueError("cleared")
    except (KeyError, ValueError) as error:
        raise Invalid(f"A threshold has a severity, a direction and an alarm type: {error} is none.", "thresholds") from None
    limit, clear = _float(given.get("limit")), _float(given.get("clear"))
    word = str(given.get("word") or "").strip()[:64]
    for_s, samples = int(given.get("for_s") or 0), int(given.get("samples") or 1)
    if (direction is Direction.SILENT) != (parameter == CONTACT):
        raise Invalid("Silence is a threshold of the contact, and the only one it has.", "thresholds")
    if direction in (Direction.ABOVE, Direction.BELOW):
        if limit is None:
            raise Invalid("A limit is needed: a number in the unit of the parameter.", "thresholds")
        clear = limit if clear is None else clear
        if (clear > limit) if direction is Direction.ABOVE else (clear < limit):
            raise Invalid(f"It clears at {clear:g}, which is beyond its limit {limit:g}: it would never be raised for long.", "thresholds")
        word = ""
    elif direction is not Direction.SILENT and not word:
        raise Invalid("The word to compare with is needed.", "thresholds")
    if not (0 <= for_s <= 30 * 86_400 and 1 <= samples <= 1000):
        raise Invalid("An alarm waits for at most 30 days and for 1 to 1000 readings.", "thresholds")
    cause = str(given.get("probable_cause") or ("thresholdCrossed" if direction is not Direction.SILENT else "communicationsSubsystemFailure"))
    return {
        "severity": int(severity), "direction": direction.value, "limit": limit, "clear": clear, "word": word, "for_s": for_s, "samples": samples,
        "alarm_type": alarm_type.value, "probable_cause": cause[:60], "repair": str(given.get("repair") or "")[:300],
    }  # fmt: skip


def _float(given: Any) -> float | None:
    if given is None or given == "":
        return None
    try:
        return float(given)
    except (TypeError, ValueError):
        raise Invalid(f"{given!r} is no number.", "thresholds") from None
