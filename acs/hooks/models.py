"""Tables of hooks: what a hook is called and how it fares, and every version of its code. Only this package knows them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, BigId, Instant, Json


class Hook(Base):
    __tablename__ = "hook"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    name: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(10))
    description: Mapped[str] = mapped_column(String(300), default="")
    sees_secrets: Mapped[bool] = mapped_column(Boolean, default=False)
    time_ms: Mapped[int]
    memory_mb: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    off_reason: Mapped[str] = mapped_column(String(300), default="")
    off_at: Mapped[datetime | None] = mapped_column(Instant)
    runs: Mapped[int] = mapped_column(BigInteger, default=0)
    failures: Mapped[int] = mapped_column(BigInteger, default=0)
    in_a_row: Mapped[int] = mapped_column(default=0)
    recent: Mapped[Any] = mapped_column(Json, default=list)
    """Of the last writes of outcomes: [runs, failures] each, the newest last."""
    last_error: Mapped[str] = mapped_column(String(500), default="")
    last_failed_at: Mapped[datetime | None] = mapped_column(Instant)
    last_run_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(120))

    __table_args__ = (UniqueConstraint("tenant_id", "name"),)


class HookVersion(Base):
    __tablename__ = "hook_version"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int]
    hook_id: Mapped[int] = mapped_column(ForeignKey("hook.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    code: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(120))
    published_at: Mapped[datetime | None] = mapped_column(Instant)
    published_by: Mapped[str] = mapped_column(String(120), default="")
    retired_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("hook_id", "number"),)
