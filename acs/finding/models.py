"""Tables of saved groups and of what is counted ahead. Only this package knows them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, BigId, Instant


class DeviceGroup(Base):
    """A group of devices with a name: listed one by one (`query` empty, `is_static`), or whoever fits a query."""

    __tablename__ = "device_group"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    name: Mapped[str] = mapped_column(String(80))
    is_static: Mapped[bool]
    query: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(String(300), default="")
    size: Mapped[int | None] = mapped_column()
    """Of a static group kept with every change; of a query as counted at `counted_at`."""
    counted_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(120))
    updated_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("tenant_id", "name"),)


class DeviceGroupMember(Base):
    """A device in a static group, in order of devices: paging through a group is one walk along its key."""

    __tablename__ = "device_group_member"

    group_id: Mapped[int] = mapped_column(ForeignKey("device_group.id", ondelete="CASCADE"), primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[int]

    __table_args__ = (Index("ix_device_group_member_device_id", "device_id"),)


class DeviceTally(Base):
    """How many devices there are by some quality, counted by a job: lists show it instead of counting."""

    __tablename__ = "device_tally"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    facet: Mapped[str] = mapped_column(String(24), primary_key=True)
    value: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    at: Mapped[datetime] = mapped_column(Instant)
