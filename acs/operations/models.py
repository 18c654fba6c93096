"""Tables of operations and of the questions and answers of running sessions. Only this package knows them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, BigId, Instant, Json

_OPEN = text("state IN ('queued','running','waiting')")
_FAILED = text("state = 'failed'")
_HAS_IMAGE = text("image_id IS NOT NULL")


class Operation(Base):
    __tablename__ = "operation"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int]
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(40))
    args: Mapped[Any] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(12))
    phase: Mapped[str] = mapped_column(String(40), default="")
    memo: Mapped[Any] = mapped_column(Json, nullable=True)
    progress: Mapped[str] = mapped_column(String(200), default="")
    stations: Mapped[Any] = mapped_column(Json)
    priority: Mapped[int] = mapped_column(default=50)
    urgent: Mapped[bool] = mapped_column(Boolean, default=False)
    due_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    command_key: Mapped[str] = mapped_column(String(32), unique=True)
    sent: Mapped[bool] = mapped_column(Boolean, default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    cancel_wanted: Mapped[bool] = mapped_column(Boolean, default=False)
    result: Mapped[Any] = mapped_column(Json, nullable=True)
    error: Mapped[str] = mapped_column(Text, default="")
    fault: Mapped[Any] = mapped_column(Json, nullable=True)
    requested_by: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    image_id: Mapped[int | None] = mapped_column(ForeignKey("firmware_image.id"))

    __table_args__ = (
        Index("ix_operation_open", "device_id", "priority", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_operation_device_id_id", "device_id", "id"),
        Index("ix_operation_tenant_id_id", "tenant_id", "id"),
        Index("ix_operation_image_id", "image_id", "id", sqlite_where=_HAS_IMAGE, postgresql_where=_HAS_IMAGE),
        Index("ix_operation_failed", "tenant_id", "kind", "device_id", sqlite_where=_FAILED, postgresql_where=_FAILED),
        Index("ix_operation_expiry", "expires_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )


class Exchange(Base):
    """What the live session of a device has asked and been answered: what another worker needs to go on with it.

    Rows of one epoch go with the end of the session. Answers are stored masked: replay needs their shape, not their secrets.
    """

    __tablename__ = "exchange"

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int]
    operation_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(Instant)
    request: Mapped[str] = mapped_column(String(60))
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    answered: Mapped[bool] = mapped_column(Boolean, default=False)
