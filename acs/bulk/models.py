"""Tables of what is done to many devices. Only this package knows them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, BigId, Instant, Json


class BulkAction(Base):
    """A deed and for whom. A job goes through the devices by id; `after_id` is the last one it was done for."""

    __tablename__ = "bulk_action"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    deed: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(80))
    """The tag, the number of the group, or the kind of the operation."""
    args: Mapped[Any] = mapped_column(Json, default=dict)
    query: Mapped[str] = mapped_column(Text, default="")
    device_ids: Mapped[Any] = mapped_column(Json, nullable=True)
    """Devices that were ticked; None where the query says who."""
    state: Mapped[str] = mapped_column(String(10))
    expected: Mapped[int]
    after_id: Mapped[int] = mapped_column(BigId, default=0)
    done: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[Any] = mapped_column(Json, default=list)
    reason: Mapped[str] = mapped_column(String(300), default="")
    error: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(64), default="")
    finished_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index("ix_bulk_action_tenant_id_id", "tenant_id", "id"),)


class BulkOperation(Base):
    """The operation that was asked of a device."""

    __tablename__ = "bulk_operation"

    action_id: Mapped[int] = mapped_column(ForeignKey("bulk_action.id", ondelete="CASCADE"), primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[int]
    operation_id: Mapped[int] = mapped_column(BigId)

    __table_args__ = (Index("ix_bulk_operation_device_id", "device_id"),)
