"""The table of recorded sessions. A device's good sessions share a ring of slots, so nothing has to be pruned; failed ones add up.

`faults` and `rpcs` are lists for searching, ",9003,9005," and ",Download,Reboot,"; both are empty for a plain contact. `notable_at` is
`started_at` of every session in which there is anything to find, and NULL for plain contacts, which therefore touch no index but their own key.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, BigId, Instant

_NOTABLE, _FAULTS, _BAD = text("notable_at IS NOT NULL"), text("faults <> ''"), text("outcome <> 'ok'")


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
    faults: Mapped[str] = mapped_column(String(200), default="", server_default="")
    rpcs: Mapped[str] = mapped_column(String(400), default="", server_default="")
    notable_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("device_id", "slot"),
        Index(
            "ix_session_record_notable", "tenant_id", "notable_at", "id", "device_id", "outcome", "events", "rpcs",
            sqlite_where=_NOTABLE, postgresql_where=_NOTABLE,
        ),
        Index("ix_session_record_faults", "tenant_id", "notable_at", "id", "faults", sqlite_where=_FAULTS, postgresql_where=_FAULTS),
        Index("ix_session_record_bad", "tenant_id", "notable_at", "id", sqlite_where=_BAD, postgresql_where=_BAD),
    )  # fmt: skip
