"""The audit trail: one line for every write somebody or something caused, with before and after. Lines are only ever added.

Device telemetry (Informs, values read) is not audited: it has its own history. Secrets are masked before they get here, and once
more here. Written in the same transaction as the change it tells of.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from acs.db.base import Base, BigId, Instant, Json
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.secrets import MASK, is_secret_name

_SECRET_WORDS = ("password", "secret", "token", "passphrase")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who causes a change: a person (`user:anna`), a program (`token:noc`), or a part of ourselves (`system:onboarding`)."""

    name: str
    tenant: TenantId
    address: str = ""

    @classmethod
    def system(cls, part: str, tenant: TenantId) -> "Actor":
        return cls(f"system:{part}", tenant)


class AuditLine(Base):
    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    actor: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(64), default="")
    action: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(200))
    before: Mapped[Any] = mapped_column(Json, nullable=True)
    after: Mapped[Any] = mapped_column(Json, nullable=True)

    __table_args__ = (Index("ix_audit_subject_id", "subject", "id"),)


@dataclass(frozen=True, slots=True)
class AuditView:
    id: int
    at: datetime
    actor: str
    address: str
    action: str
    subject: str
    before: Any
    after: Any


def masked(value: Any) -> Any:
    """The value with everything struck out whose key names a secret: `password`, or a parameter path that ends in one."""
    if isinstance(value, dict):
        return {k: MASK if v and _names_secret(str(k)) else masked(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    return value


def _names_secret(key: str) -> bool:
    return any(word in key.lower() for word in _SECRET_WORDS) or is_secret_name(key)


def record(unit: Unit, actor: Actor, action: str, subject: str, now: datetime, before: Any = None, after: Any = None) -> None:
    """Add a line. `action` is a verb with its area ("device.reboot"), `subject` names the thing ("device:17")."""
    unit.session.add(
        AuditLine(
            tenant_id=actor.tenant, at=now, actor=actor.name, address=actor.address, action=action, subject=subject,
            before=masked(before), after=masked(after),
        )
    )  # fmt: skip


def lines(
    session: Session, tenant: TenantId, subject: str | None = None, before_id: int | None = None, limit: int = 50
) -> tuple[AuditView, ...]:
    """The newest lines first; `before_id` pages on."""
    query = select(AuditLine).where(AuditLine.tenant_id == tenant).order_by(AuditLine.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(AuditLine.subject == subject)
    if before_id is not None:
        query = query.where(AuditLine.id < before_id)
    return tuple(
        AuditView(row.id, row.at, row.actor, row.address, row.action, row.subject, row.before, row.after) for row in session.scalars(query)
    )
