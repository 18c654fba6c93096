"""Samples: kept in bulk, rolled up by the hour and the day, read as the points of a chart, dropped when old.

The newest days are read from the samples themselves, what is older from roll-ups; a day is rolled up once, after it is over, a range of devices
at a time. Sum and count of the roll-ups are those of the samples.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.orm import Session

from acs.db.base import Base
from acs.db.bulk import table_of, upsert_rows
from acs.db.engine import Unit
from acs.db.tenancy import DEFAULT_TENANT, TenantId
from acs.devices.models import Device, ParamName
from acs.monitoring import partitions
from acs.monitoring.figures import step_of
from acs.monitoring.models import Mark, Sample, SampleDay, SampleHour
from acs.monitoring.seconds import instant_of, second_of
from acs.monitoring.views import Point, Series
from datamodels import canonical

DAY, HOUR = 86_400, 3_600
POINTS = 700
"""Points of a chart, about as many as it has pixels."""
RAW_SPAN = timedelta(days=2)
SAMPLE_SPAN = timedelta(days=8)
"""Charts up to this long are made of samples, folded to POINTS."""
HOUR_SPAN = timedelta(days=100)
LATE = timedelta(minutes=10)
"""How long after its end a day is rolled up: readings are stored as they come."""
_ROLLUP = "rollup"
LEVELS: tuple[type[Base], ...] = (Sample, SampleHour, SampleDay)
"""Samples and their roll-ups, from the finest."""


def keep(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Store samples (device_id, name_id, tenant_id, at, value) in one statement; of two of one second the later counts."""
    upsert_rows(connection, Sample, ("device_id", "name_id", "at"), ("tenant_id", "value"), rows)


# ---- reading -----------------------------------------------------------------------------------------------


def of_device(session: Session, tenant: TenantId, device_id: int, name: str, since: datetime, until: datetime) -> Series:
    """A parameter of a device over time, at most about POINTS points. What lies before the device was first seen is another one's."""
    first = session.scalar(select(Device.first_seen_at).where(Device.id == device_id, Device.tenant_id == tenant))
    name_id = session.scalar(select(ParamName.id).where(ParamName.path == name))
    span = until - since
    if first is None or name_id is None:
        return Series(name, since, until, 60, ())
    begin = max(since, first - timedelta(seconds=1))
    model, bucket_s = _source(span)
    found = _points(session, model, device_id, name_id, begin, until, bucket_s)
    if model is not Sample:
        rolled = rolled_until(session)
        known = [point for point in found if rolled is None or point.at < rolled]
        rest = _points(session, Sample, device_id, name_id, max(begin, rolled or begin), until, bucket_s)
        found = [*known, *rest]
    return Series(name, since, until, step_of(found, max(bucket_s, 60)), tuple(found))


def names_of(session: Session, tenant: TenantId, device_id: int) -> tuple[str, ...]:
    """Parameters of which a device has samples or roll-ups, in the order of screens: a look at the beginning of each."""
    first = session.scalar(select(Device.first_seen_at).where(Device.id == device_id, Device.tenant_id == tenant))
    if first is None:
        return ()
    ids: set[int] = set()
    for model in (Sample, SampleDay):
        c = table_of(model).c
        last = -1
        while (found := session.scalar(select(func.min(c.name_id)).where(c.device_id == device_id, c.name_id > last))) is not None:
            ids.add(found)
            last = found
    known = set(session.scalars(select(ParamName.path).where(ParamName.id.in_(sorted(ids)))))
    return tuple(name for name in canonical.names() if name in known)


def _source(span: timedelta) -> tuple[type[Base], int]:
    """Where a chart of this length is read from, and how many seconds make a point (0: each sample)."""
    if span <= RAW_SPAN:
        return Sample, 0
    whole = int(span.total_seconds() / POINTS)
    if span <= SAMPLE_SPAN:
        return Sample, max(60, whole - whole % 60)
    if span <= HOUR_SPAN:
        return SampleHour, max(HOUR, whole - whole % HOUR)
    return SampleDay, max(DAY, whole - whole % DAY)


def _points(session: Session, model: type[Base], device_id: int, name_id: int, since: datetime, until: datetime, bucket_s: int) -> list[Point]:
    """Each sample, or with `bucket_s` what lies in so many seconds as one point at their beginning."""
    given = {"device": device_id, "name": name_id, "since": second_of(since), "until": second_of(until), "bucket": max(bucket_s, 1)}
    rows = session.execute(text(_fold(model)), given)
    return [Point(instant_of(slot), low, total / count, high, last, count) for slot, count, low, high, total, last in rows]


_WHERE = "FROM {table} WHERE device_id = :device AND name_id = :name AND at >= :since AND at < :until GROUP BY 1"
_LAST = "SELECT slot, n, low, high, total, (SELECT {last} FROM {table} s WHERE device_id = :device AND name_id = :name AND s.at = newest) FROM g ORDER BY slot"
_OF_SAMPLES = "WITH g AS (SELECT at - at % :bucket AS slot, count(*) AS n, min(value) AS low, max(value) AS high, sum(value) AS total, max(at) AS newest "
_OF_ROLLUPS = "WITH g AS (SELECT at - at % :bucket AS slot, sum(count) AS n, min(low) AS low, max(high) AS high, sum(total) AS total, max(at) AS newest "


def _fold(model: type[Base]) -> str:
    begin, last = (_OF_SAMPLES, "value") if model is Sample else (_OF_ROLLUPS, "last")
    return (begin + _WHERE + ") " + _LAST).format(table=table_of(model).name, last=last)


# ---- roll-ups ----------------------------------------------------------------------------------------------


def rolled_until(session: Session) -> datetime | None:
    """Until when the roll-ups are complete; None before the first."""
    row = session.get(Mark, _ROLLUP)
    return None if row is None else row.at


def roll_up(unit: Unit, now: datetime, samples: int = 4000) -> bool:
    """One step of rolling up days that are over: devices with about so many samples, into hours and days. False when there is nothing more to do."""
    state = unit.session.get(Mark, _ROLLUP)
    if state is None:
        oldest = unit.session.scalar(select(func.min(Sample.at)))
        if oldest is None:
            return False
        state = Mark(name=_ROLLUP, tenant_id=DEFAULT_TENANT, at=_day_of(oldest), number=0)
        unit.session.add(state)
    assert state.at is not None
    day = state.at
    if now < day + timedelta(days=1) + LATE:
        return False
    bounds = {"since": second_of(day), "until": second_of(day + timedelta(days=1)), "after": state.number}
    last = unit.connection.scalar(text(_CHUNK), {**bounds, "most": samples})
    if last is None:
        state.at, state.number = day + timedelta(days=1), 0
        return True
    for model, span in ((SampleHour, HOUR), (SampleDay, DAY)):
        unit.connection.execute(text(_ROLL.format(table=table_of(model).name)), {**bounds, "last": last, "span": span})
    state.number = int(last)
    return True


def _day_of(at: datetime) -> datetime:
    return partitions.begin_of(Sample, at)


_CHUNK = (
    "SELECT max(device_id) FROM (SELECT device_id FROM sample WHERE device_id > :after AND at >= :since AND at < :until "
    "ORDER BY device_id LIMIT :most) AS chunk"
)
_ROLL = (
    "WITH g AS (SELECT device_id, name_id, tenant_id, at - at % :span AS slot, count(*) AS n, min(value) AS low, max(value) AS high, "
    "sum(value) AS total, max(at) AS newest FROM sample WHERE device_id > :after AND device_id <= :last AND at >= :since AND at < :until "
    "GROUP BY 1, 2, 3, 4) "
    "INSERT INTO {table} (device_id, name_id, tenant_id, at, count, low, high, total, last) "
    "SELECT g.device_id, g.name_id, g.tenant_id, slot, n, low, high, total, s.value FROM g "
    "JOIN sample s ON s.device_id = g.device_id AND s.name_id = g.name_id AND s.at = newest WHERE true "
    "ON CONFLICT (device_id, name_id, at) DO UPDATE SET count = excluded.count, low = excluded.low, high = excluded.high, "
    "total = excluded.total, last = excluded.last"
)


def mark(session: Session, name: str) -> int:
    """How far a job has come: the number it left behind, 0 at first."""
    row = session.get(Mark, name)
    return 0 if row is None else row.number


def set_mark(unit: Unit, name: str, number: int) -> None:
    row = unit.session.get(Mark, name)
    if row is None:
        unit.session.add(Mark(name=name, tenant_id=DEFAULT_TENANT, at=None, number=number))
    else:
        row.number = number


# ---- retention ---------------------------------------------------------------------------------------------


def drop_old(unit: Unit, model: type[Base], before: datetime, devices: int = 10) -> bool:
    """One step of dropping what is of older days: whole partitions on PostgreSQL, a range of devices on SQLite. False when all is done.

    Samples of days that are not rolled up yet stay.
    """
    if model is Sample:
        rolled = rolled_until(unit.session)
        if rolled is None:
            return False
        before = min(before, rolled)
    before = _day_of(before)
    if unit.connection.dialect.name == "postgresql":
        return partitions.drop_before(unit, model, before) > 0
    name = f"old {table_of(model).name}"
    state = unit.session.get(Mark, name)
    if state is None:
        state = Mark(name=name, tenant_id=DEFAULT_TENANT, at=None, number=0)
        unit.session.add(state)
    if state.at is not None and state.at >= before:
        return False
    c = table_of(model).c
    part = select(c.device_id).distinct().where(c.device_id > state.number).order_by(c.device_id).limit(devices).subquery()
    last = unit.connection.scalar(select(func.max(part.c.device_id)))
    if last is None:
        state.at, state.number = before, 0
        return False
    unit.connection.execute(delete(table_of(model)).where(c.device_id > state.number, c.device_id <= last, c.at < before))
    state.number = int(last)
    return True
