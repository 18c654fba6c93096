"""Tables of who may connect. Only this package knows them; workers hold what they need of it in memory (acs/server/login/entrance.py)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, BigId, Instant


class BlockRule(Base):
    """Keeps devices out, or holds them in quarantine. What is empty fits everything; all that is given must fit."""

    __tablename__ = "block_rule"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    network: Mapped[str] = mapped_column(String(64), default="")
    oui: Mapped[str] = mapped_column(String(16), default="")
    product_class: Mapped[str] = mapped_column(String(64), default="")
    serial_pattern: Mapped[str] = mapped_column(String(64), default="")
    firmware: Mapped[str] = mapped_column(String(64), default="")
    action: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(120))
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    hits: Mapped[int] = mapped_column(default=0)
    last_hit_at: Mapped[datetime | None] = mapped_column(Instant)


class CertificateRule(Base):
    """Whose a client certificate is, by its fingerprint or its subject: one device's, a model's, or nobody's any more."""

    __tablename__ = "certificate_rule"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    kind: Mapped[str] = mapped_column(String(12))
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    subject: Mapped[str] = mapped_column(String(300), default="")
    device_key: Mapped[str] = mapped_column(String(255), default="")
    oui: Mapped[str] = mapped_column(String(16), default="")
    product_class: Mapped[str] = mapped_column(String(64), default="")
    note: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(120))

    __table_args__ = (UniqueConstraint("tenant_id", "fingerprint", "subject"),)


class Refusal(Base):
    """Who was refused lately and why: repetitions are counted on one row. Written coalesced, every few seconds."""

    __tablename__ = "refusal"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int]
    address: Mapped[str] = mapped_column(String(64))
    claimed: Mapped[str] = mapped_column(String(255))
    reason: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(String(300), default="")
    count: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime] = mapped_column(Instant)
    last_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("tenant_id", "address", "claimed", "reason"),
        Index("ix_refusal_tenant_id_last_at", "tenant_id", "last_at", "id"),
    )
