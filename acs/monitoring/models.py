"""Tables of monitoring. Only this package knows them.

`monitor` says which canonical parameter is kept for which devices, `monitor_member` which devices those are now. `sample` holds what they told,
`sample_hour` and `sample_day` its roll-ups: on PostgreSQL three tables partitioned by time (partitions.py), on SQLite clustered by their key.
Their instants are whole seconds since 2020 (`Second`), and they have no foreign keys: a check per sample would cost more than the sample.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, BigId, Instant, Json
from acs.monitoring.seconds import Second

_OPEN, _DUE = text("cleared_at IS NULL"), text("next_at IS NOT NULL")


class Monitor(Base):
    """What is watched of whom. `selection` is a query of acs/finding, empty for every device; `every_s` 0 takes what comes by itself."""

    __tablename__ = "monitor"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    name: Mapped[str] = mapped_column(String(80))
    parameter: Mapped[str] = mapped_column(String(80))
    selection: Mapped[str] = mapped_column(Text, default="")
    every_s: Mapped[int] = mapped_column(default=0)
    wake: Mapped[bool] = mapped_column(Boolean, default=False)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    storm_percent: Mapped[int] = mapped_column(SmallInteger, default=10)
    members: Mapped[int] = mapped_column(default=0)
    members_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(120))
    updated_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("tenant_id", "name"),)


class Threshold(Base):
    """When a monitor raises an alarm, and at which value it clears again."""

    __tablename__ = "monitor_threshold"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int]
    monitor_id: Mapped[int] = mapped_column(ForeignKey("monitor.id", ondelete="CASCADE"), index=True)
    severity: Mapped[int] = mapped_column(SmallInteger)
    direction: Mapped[str] = mapped_column(String(8))
    limit: Mapped[float | None] = mapped_column(Float)
    clear: Mapped[float | None] = mapped_column(Float)
    word: Mapped[str] = mapped_column(String(64), default="")
    for_s: Mapped[int] = mapped_column(default=0)
    samples: Mapped[int] = mapped_column(default=1)
    alarm_type: Mapped[str] = mapped_column(String(32))
    probable_cause: Mapped[str] = mapped_column(String(60))
    repair: Mapped[str] = mapped_column(String(300), default="")


class MonitorMember(Base):
    """A device a monitor's selection fits, as of the last look. `next_at`: when it is read, where the monitor wants that."""

    __tablename__ = "monitor_member"

    monitor_id: Mapped[int] = mapped_column(ForeignKey("monitor.id", ondelete="CASCADE"), primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[int]
    next_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        Index("ix_monitor_member_device_id", "device_id"),
        Index("ix_monitor_member_due", "next_at", sqlite_where=_DUE, postgresql_where=_DUE),
    )


class ThresholdState(Base):
    """A device that is beyond a threshold: `raised`, or on the way there since `since` with `count` readings. No row: all is well."""

    __tablename__ = "threshold_state"

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    threshold_id: Mapped[int] = mapped_column(ForeignKey("monitor_threshold.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[int]
    raised: Mapped[bool] = mapped_column(Boolean)
    since: Mapped[datetime] = mapped_column(Instant)
    count: Mapped[int]

    __table_args__ = (Index("ix_threshold_state_threshold_id", "threshold_id", "raised", "since"),)


class Sample(Base):
    __tablename__ = "sample"

    device_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    value: Mapped[float] = mapped_column(Float)
    tenant_id: Mapped[int]
    name_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Second, primary_key=True)

    __table_args__ = ({"sqlite_with_rowid": False, "postgresql_partition_by": "RANGE (at)"},)


class _Rollup:
    device_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    low: Mapped[float] = mapped_column(Float)
    high: Mapped[float] = mapped_column(Float)
    total: Mapped[float] = mapped_column(Float)
    last: Mapped[float] = mapped_column(Float)
    tenant_id: Mapped[int]
    name_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Second, primary_key=True)
    count: Mapped[int]


class SampleHour(_Rollup, Base):
    __tablename__ = "sample_hour"
    __table_args__ = ({"sqlite_with_rowid": False, "postgresql_partition_by": "RANGE (at)"},)


class SampleDay(_Rollup, Base):
    __tablename__ = "sample_day"
    __table_args__ = ({"sqlite_with_rowid": False, "postgresql_partition_by": "RANGE (at)"},)


class Mark(Base):
    """How far a job of monitoring has come, over restarts."""

    __tablename__ = "monitoring_mark"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    tenant_id: Mapped[int]
    at: Mapped[datetime | None] = mapped_column(Instant)
    number: Mapped[int] = mapped_column(BigInteger, default=0)


class Spread(Base):
    """How the newest readings of a monitor's devices were spread at an instant: percentiles, and a histogram."""

    __tablename__ = "monitor_spread"

    monitor_id: Mapped[int] = mapped_column(ForeignKey("monitor.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    tenant_id: Mapped[int]
    count: Mapped[int]
    mean: Mapped[float] = mapped_column(Float)
    low: Mapped[float] = mapped_column(Float)
    p5: Mapped[float] = mapped_column(Float)
    p25: Mapped[float] = mapped_column(Float)
    p50: Mapped[float] = mapped_column(Float)
    p75: Mapped[float] = mapped_column(Float)
    p95: Mapped[float] = mapped_column(Float)
    high: Mapped[float] = mapped_column(Float)
    bins: Mapped[Any] = mapped_column(Json)


class Alarm(Base):
    """An alarm as TMF642 has it. One open row per device and cause; `device_id` empty for the fleet's own. `clear_at`: flapping, cleared then."""

    __tablename__ = "alarm"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int]
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"))
    monitor_id: Mapped[int | None] = mapped_column(ForeignKey("monitor.id", ondelete="SET NULL"))
    cause: Mapped[str] = mapped_column(String(60))
    severity: Mapped[int] = mapped_column(SmallInteger)
    alarm_type: Mapped[str] = mapped_column(String(32))
    probable_cause: Mapped[str] = mapped_column(String(60))
    specific_problem: Mapped[str] = mapped_column(String(300))
    repair: Mapped[str] = mapped_column(String(300), default="")
    crossed: Mapped[Any] = mapped_column(Json, nullable=True)
    count: Mapped[int] = mapped_column(default=1)
    flaps: Mapped[int] = mapped_column(default=0)
    raised_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)
    cleared_at: Mapped[datetime | None] = mapped_column(Instant)
    cleared_by: Mapped[str] = mapped_column(String(120), default="")
    clear_at: Mapped[datetime | None] = mapped_column(Instant)
    acked_at: Mapped[datetime | None] = mapped_column(Instant)
    acked_by: Mapped[str] = mapped_column(String(120), default="")
    suppressed: Mapped[bool] = mapped_column(Boolean, default=False)
    notes: Mapped[Any] = mapped_column(Json, nullable=True)

    __table_args__ = (
        Index("ix_alarm_one_open", "device_id", "cause", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_alarm_open", "tenant_id", "severity", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_alarm_cause", "cause", "device_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_alarm_tenant_id_id", "tenant_id", "id"),
        Index("ix_alarm_device_id_id", "device_id", "id"),
        Index("ix_alarm_cleared_at", "cleared_at"),
    )


class WorkerLoad(Base):
    """What one CWMP worker did in a slot of time: counts, not rates."""

    __tablename__ = "worker_load"

    at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    worker: Mapped[str] = mapped_column(String(40), primary_key=True)
    tenant_id: Mapped[int]
    span_s: Mapped[float] = mapped_column(Float)
    sessions: Mapped[int]
    failed: Mapped[int]
    informs: Mapped[int]
    refused: Mapped[int]
    put_off: Mapped[int]
    live: Mapped[int]
    openness: Mapped[float] = mapped_column(Float)
    answer_ms: Mapped[float] = mapped_column(Float)
    cpu_ms: Mapped[float] = mapped_column(Float)


class FleetMinute(Base):
    """The fleet in numbers at an instant, for the charts of the dashboard. Older ones are thinned to one an hour."""

    __tablename__ = "fleet_minute"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    total: Mapped[int]
    online: Mapped[int]
    silent: Mapped[int]
    quarantine: Mapped[int]
    operations: Mapped[int]
    alarms: Mapped[int]
    span_s: Mapped[float] = mapped_column(Float)
    sessions: Mapped[int]
    failed: Mapped[int]
    informs: Mapped[int]
    put_off: Mapped[int]
    refused: Mapped[int]

    __table_args__ = (Index("ix_fleet_minute_at", "at"),)


class FleetNow(Base):
    """The last census of a tenant: one document, replaced every minute."""

    __tablename__ = "fleet_now"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant)
    took_ms: Mapped[int]
    document: Mapped[Any] = mapped_column(Json)
