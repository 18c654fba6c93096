"""Signs of health of devices, read for a chunk of them in a few statements: restarts, silence, alarms, readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from acs.cwmp.events import BOOT
from acs.devices.models import CanonicalValue, Device, DeviceEvent, ParamName

ZONE = "time.zone"


@dataclass(frozen=True, slots=True)
class Head:
    """`is_offline`: silent for longer than its own interval allows."""

    is_offline: bool
    alarm_severity: int
    last_bootstrap_at: datetime | None


def heads(session: Session, ids: Sequence[int], now: datetime) -> dict[int, Head]:
    columns = (Device.id, Device.last_inform_at, Device.silent_at, Device.alarm_severity, Device.last_bootstrap_at)
    rows = session.execute(select(*columns).where(Device.id.in_(list(ids))))
    return {
        row.id: Head(row.last_inform_at is None or row.silent_at is None or row.silent_at <= now, row.alarm_severity, row.last_bootstrap_at)
        for row in rows
    }


def boot_times(session: Session, ids: Sequence[int], after_id: int) -> dict[int, list[datetime]]:
    """When each started, of events newer than `after_id`."""
    found: dict[int, list[datetime]] = {}
    query = select(DeviceEvent.device_id, DeviceEvent.at).where(
        DeviceEvent.device_id.in_(list(ids)), DeviceEvent.id > after_id, DeviceEvent.code == BOOT
    )
    for device_id, at in session.execute(query):
        found.setdefault(device_id, []).append(at)
    return found


def newest_event(session: Session) -> int:
    return session.scalar(select(func.max(DeviceEvent.id))) or 0


def readings(session: Session, ids: Sequence[int], names: Sequence[str], since: datetime | None = None) -> dict[int, dict[str, float]]:
    """Numbers of canonical readings by device and name; with `since` only those told after it."""
    if not names or not ids:
        return {}
    query = (
        select(CanonicalValue.device_id, ParamName.path, CanonicalValue.number)
        .join(ParamName, ParamName.id == CanonicalValue.name_id)
        .where(CanonicalValue.device_id.in_(list(ids)), ParamName.path.in_(list(names)), CanonicalValue.number.is_not(None))
    )
    if since is not None:
        query = query.where(CanonicalValue.at > since)
    found: dict[int, dict[str, float]] = {}
    for device_id, name, number in session.execute(query):
        if number is not None:
            found.setdefault(device_id, {})[name] = number
    return found


def zones(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """What each device says its time zone is."""
    query = (
        select(CanonicalValue.device_id, CanonicalValue.text)
        .join(ParamName, ParamName.id == CanonicalValue.name_id)
        .where(CanonicalValue.device_id.in_(list(ids)), ParamName.path == ZONE)
    )
    return {row.device_id: row.text for row in session.execute(query)}
