"""Devices that do not speak in their own time: noted when they fall silent, told in bulk by a job, taken back when they come.

Silence is relative to the device's own interval (`silent_at` of its head row); a threshold may wait longer. Where more than a monitor's
`storm_percent` of its devices are silent at once, one alarm of the fleet says so instead of one each; single ones follow for who stays away.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from acs.db.bulk import upsert_rows
from acs.db.engine import Unit
from acs.devices.models import Device
from acs.monitoring import alarms
from acs.monitoring.alarms import Clear, Raise
from acs.monitoring.models import Alarm, Monitor, MonitorMember, Threshold, ThresholdState
from acs.monitoring.service import cause_of
from acs.monitoring.views import CONTACT, AlarmType, Severity

STORM_LEAST = 20
"""Fewer silent devices are never a storm, whatever their share."""
CALM = 0.5
"""Of the storm's share: below it the storm is over."""


def fell_silent(unit: Unit, device_ids: Sequence[int]) -> None:
    """Note devices that have just been found silent, for every monitor of the contact that has them. Nothing is told yet."""
    watched = unit.connection.execute(
        select(Threshold.id, Threshold.tenant_id, Monitor.id.label("monitor_id"), Monitor.selection)
        .join(Monitor, Monitor.id == Threshold.monitor_id)
        .where(Monitor.enabled, Monitor.parameter == CONTACT)
    ).all()
    if not watched or not device_ids:
        return
    devices = unit.connection.execute(select(Device.id, Device.tenant_id, Device.silent_at).where(Device.id.in_(list(device_ids)))).all()
    chosen = [row.monitor_id for row in watched if row.selection]
    members = select(MonitorMember.monitor_id, MonitorMember.device_id).where(
        MonitorMember.device_id.in_(list(device_ids)), MonitorMember.monitor_id.in_(chosen)
    )
    listed = {(row.monitor_id, row.device_id) for row in unit.connection.execute(members)} if chosen else set()
    rows = [
        {"device_id": d.id, "threshold_id": w.id, "tenant_id": d.tenant_id, "raised": False, "since": d.silent_at, "count": 1}
        for d in devices
        for w in watched
        if w.tenant_id == d.tenant_id and (not w.selection or (w.monitor_id, d.id) in listed) and d.silent_at is not None
    ]
    upsert_rows(
        unit.connection, ThresholdState, ("device_id", "threshold_id"), ("tenant_id", "raised", "since", "count"), rows, update_all=False
    )


def watched(session: Session) -> tuple[int, ...]:
    """Thresholds of silence, for the job that tells of it."""
    query = select(Threshold.id).join(Monitor, Monitor.id == Threshold.monitor_id).where(Monitor.enabled, Monitor.parameter == CONTACT)
    return tuple(session.scalars(query))


def take_back(unit: Unit, threshold_id: int, now: datetime, limit: int = 300) -> int:
    """Forget the silence of devices that came, and clear their alarms; how many."""
    query = (
        select(ThresholdState.device_id, ThresholdState.tenant_id, ThresholdState.raised, Threshold.monitor_id)
        .join(Threshold, Threshold.id == ThresholdState.threshold_id)
        .join(Device, Device.id == ThresholdState.device_id)
        .where(ThresholdState.threshold_id == threshold_id, Device.silent_at > now)
        .limit(limit)
    )
    rows = unit.connection.execute(query).all()
    if rows:
        ids = [row.device_id for row in rows]
        unit.connection.execute(
            delete(ThresholdState).where(ThresholdState.threshold_id == threshold_id, ThresholdState.device_id.in_(ids))
        )
        alarms.clear_all(unit, [Clear(row.tenant_id, row.device_id, cause_of(row.monitor_id), now) for row in rows if row.raised])
    return len(rows)


def tell(unit: Unit, threshold_id: int, now: datetime, limit: int = 200) -> int:
    """Raise the alarms of one threshold that are due, at most `limit`; how many. In a storm the fleet's one alarm is kept instead."""
    threshold = unit.session.get(Threshold, threshold_id)
    monitor = None if threshold is None else unit.session.get(Monitor, threshold.monitor_id)
    if threshold is None or monitor is None:
        return 0
    if _storm(unit, threshold, monitor, now):
        return 0
    ripe = ThresholdState.since <= now - timedelta(seconds=threshold.for_s)
    query = select(ThresholdState.device_id, ThresholdState.since, Device.last_inform_at, Device.inform_interval_s)
    query = query.join(Device, Device.id == ThresholdState.device_id).order_by(ThresholdState.since)
    rows = unit.connection.execute(
        query.where(ThresholdState.threshold_id == threshold_id, ThresholdState.raised.is_(False), ripe).limit(limit)
    ).all()
    raised = []
    for row in rows:
        last = _instant(row.last_inform_at)
        told = {"parameter": CONTACT, "direction": "silent", "interval_s": row.inform_interval_s, "observed": last, "at": now.isoformat()}
        problem = f"{monitor.name}: no contact since {last}, it speaks every {row.inform_interval_s or 86_400} s"
        raised.append(
            Raise(monitor.tenant_id, row.device_id, monitor.id, cause_of(monitor.id), Severity(threshold.severity), AlarmType(threshold.alarm_type),
                  threshold.probable_cause, problem, threshold.repair, told, now)
        )  # fmt: skip
    alarms.raise_all(unit, raised)
    states = [
        {"device_id": row.device_id, "threshold_id": threshold_id, "tenant_id": monitor.tenant_id, "raised": True, "since": row.since, "count": 1}
        for row in rows
    ]
    upsert_rows(unit.connection, ThresholdState, ("device_id", "threshold_id"), ("tenant_id", "raised", "since", "count"), states)
    return len(rows)


def _instant(at: datetime | None) -> str:
    return "never" if at is None else at.strftime("%Y-%m-%d %H:%M UTC")


def _storm(unit: Unit, threshold: Threshold, monitor: Monitor, now: datetime) -> bool:
    """Whether so many are silent that one alarm says it for all: raised, kept up to date, and cleared when it is over."""
    silent = unit.session.scalar(select(func.count()).select_from(ThresholdState).where(ThresholdState.threshold_id == threshold.id)) or 0
    cause = f"storm:{threshold.id}"
    is_open = unit.session.scalar(select(Alarm.id).where(Alarm.device_id.is_(None), Alarm.cause == cause, Alarm.cleared_at.is_(None))) is not None
    share = 100 * silent / max(monitor.members, silent, 1)
    edge = monitor.storm_percent * (CALM if is_open else 1)
    if silent < STORM_LEAST or share <= edge:
        if is_open:
            alarms.clear_all(unit, [Clear(monitor.tenant_id, None, cause, now)])
        return False
    if not is_open:
        crossed = {"parameter": CONTACT, "direction": "silent", "limit": monitor.storm_percent, "unit": "%", "observed": f"{share:.0f}", "at": now.isoformat()}
        problem = f"{monitor.name}: {silent} of {max(monitor.members, silent)} devices are silent ({share:.0f} %)"
        alarms.raise_all(unit, [Raise(monitor.tenant_id, None, monitor.id, cause, Severity.CRITICAL, AlarmType.COMMUNICATIONS, "communicationsSubsystemFailure",
                                      problem, "Look for a power cut or a fault of the network they share.", crossed, now)])  # fmt: skip
    return True
