"""The table of recorded sessions. A device's good sessions share a ring of slots, so nothing has to be pruned; failed ones add up."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, BigId, Instant


class SessionRecord(Base):
    __tablename__ = "session_record"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int]
    device_id: Mapped[int] = mapped_column(BigInteger)
    slot: Mapped[int]
    epoch: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(Instant)
    duration_ms: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(12))
    events: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(String(300), default="")
    messages: Mapped[int]
    size: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (UniqueConstraint("device_id", "slot"),)
