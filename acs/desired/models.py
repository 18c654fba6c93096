"""Tables of the desired state. Only this package knows them; the key a device should carry is on its head row (acs/devices)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, BigId, Instant, Json

_ASKS = text("state IN ('pending','drift','failed')")


class DesiredProfile(Base):
    """A profile as it is now. `document` has what it wants, secrets sealed (documents.py); `in_force` once `valid_from` has come."""

    __tablename__ = "desired_profile"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    name: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(String(300), default="")
    selection: Mapped[str] = mapped_column(Text, default="")
    precedence: Mapped[int] = mapped_column(default=0)
    enabled: Mapped[bool] = mapped_column(Boolean)
    valid_from: Mapped[datetime | None] = mapped_column(Instant)
    in_force: Mapped[bool] = mapped_column(Boolean, default=False)
    version: Mapped[int] = mapped_column(default=1)
    document: Mapped[Any] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(120))
    changed_at: Mapped[datetime] = mapped_column(Instant)
    changed_by: Mapped[str] = mapped_column(String(120))

    __table_args__ = (UniqueConstraint("tenant_id", "name"),)


class DesiredVersion(Base):
    """A profile as it was: never changed. `content` is all that people set, with the document."""

    __tablename__ = "desired_version"

    profile_id: Mapped[int] = mapped_column(ForeignKey("desired_profile.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int]
    content: Mapped[Any] = mapped_column(Json)
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(String(300), default="")


class DesiredDevice(Base):
    """How a device stands to its profiles; no row where none fits. `profiles` are their ids between commas, one before and one after.

    `marks` are values that did not stick, by path; `key_lost` how often it came back without the key it had been given.
    """

    __tablename__ = "desired_device"

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[int]
    state: Mapped[str] = mapped_column(String(12))
    key: Mapped[str] = mapped_column(String(32), default="")
    profiles: Mapped[str] = mapped_column(String(300), default="")
    drift: Mapped[int] = mapped_column(default=0)
    marks: Mapped[Any] = mapped_column(Json, nullable=True)
    key_lost: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(300), default="")
    marked_at: Mapped[datetime | None] = mapped_column(Instant)
    configured_at: Mapped[datetime | None] = mapped_column(Instant)
    checked_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index("ix_desired_device_asks", "tenant_id", "state", "device_id", sqlite_where=_ASKS, postgresql_where=_ASKS),)


class DesiredReport(Base):
    """A dry run or drift report over a selection: who asked, how far it is, what it counted. `after_id` is where the job goes on."""

    __tablename__ = "desired_report"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int]
    selection: Mapped[str] = mapped_column(Text)
    with_profile: Mapped[int | None] = mapped_column(BigId)
    """A profile that is not in force, taken as if it were."""
    state: Mapped[str] = mapped_column(String(10))
    total: Mapped[int | None] = mapped_column()
    checked: Mapped[int] = mapped_column(default=0)
    after_id: Mapped[int] = mapped_column(BigId, default=0)
    counts: Mapped[Any] = mapped_column(Json)
    error: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(120))
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    repaired_at: Mapped[datetime | None] = mapped_column(Instant)
    repaired_by: Mapped[str] = mapped_column(String(120), default="")

    __table_args__ = (Index("ix_desired_report_tenant_id_id", "tenant_id", "id"),)


class DesiredLine(Base):
    """A device of a report at which something does not hold. `packed`: differences and messages, secrets masked (reports.py)."""

    __tablename__ = "desired_line"

    report_id: Mapped[int] = mapped_column(ForeignKey("desired_report.id", ondelete="CASCADE"), primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[int]
    state: Mapped[str] = mapped_column(String(12))
    changes: Mapped[int]
    packed: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index("ix_desired_line_device_id", "device_id"),)
