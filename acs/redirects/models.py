"""The table of redirects. Only this package knows it."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, BigId, Instant


class Redirect(Base):
    """Devices with a tag, or of a model, are sent on to another ACS whenever they inform, as long as the row is there."""

    __tablename__ = "redirect"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    tag: Mapped[str] = mapped_column(String(40), default="")
    model: Mapped[str] = mapped_column(String(64), default="")
    url: Mapped[str] = mapped_column(String(256))
    reason: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(120))
