"""Tables of the quirk registry. Only this package knows them.

`quirk` holds one knob per scope (OUI, product class, firmware; empty is any), `quirk_seen` what single devices showed: the evidence of
what was learned. What a device itself taught us rides on its head row (`device.quirks`), so that a session costs no look here.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, BigId, Instant, Json


class Quirk(Base):
    __tablename__ = "quirk"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    oui: Mapped[str] = mapped_column(String(16), default="")
    product_class: Mapped[str] = mapped_column(String(64), default="")
    firmware: Mapped[str] = mapped_column(String(80), default="")
    knob: Mapped[str] = mapped_column(String(40))
    item: Mapped[str] = mapped_column(String(256), default="")
    value: Mapped[Any] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(10))
    origin: Mapped[str] = mapped_column(String(10))
    pinned: Mapped[bool] = mapped_column(Boolean, default=False)
    author: Mapped[str] = mapped_column(String(120), default="")
    note: Mapped[str] = mapped_column(String(300), default="")
    devices: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("tenant_id", "oui", "product_class", "firmware", "knob", "item"),)


class QuirkSeen(Base):
    __tablename__ = "quirk_seen"

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    knob: Mapped[str] = mapped_column(String(40), primary_key=True)
    item: Mapped[str] = mapped_column(String(256), primary_key=True)
    tenant_id: Mapped[int]
    oui: Mapped[str] = mapped_column(String(16))
    product_class: Mapped[str] = mapped_column(String(64))
    firmware: Mapped[str] = mapped_column(String(80))
    value: Mapped[Any] = mapped_column(Json)
    count: Mapped[int]
    epoch: Mapped[int]
    asked: Mapped[str] = mapped_column(String(300))
    answered: Mapped[str] = mapped_column(String(300))
    first_at: Mapped[datetime] = mapped_column(Instant)
    last_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index("ix_quirk_seen_model", "tenant_id", "oui", "product_class", "firmware", "knob"),)
