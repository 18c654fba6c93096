"""Tables of campaigns. Only this package knows them.

A member row is the truth about one device of a campaign: it changes in the transaction that asks the operation, so that a worker that dies
anywhere asks nothing twice. Counts are kept with the wave, under the lock of the campaign's row: nothing counts a million members.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, BigId, Instant, Json

_AWAKE = text("tick_at IS NOT NULL")


class Campaign(Base):
    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    name: Mapped[str] = mapped_column(String(120))
    note: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(12))
    stage: Mapped[str] = mapped_column(String(12), default="")
    """Where a paused campaign goes on: canary or running."""
    reason: Mapped[Any] = mapped_column(Json, nullable=True)
    """Why it stands or ended: facts of the rule that stopped it, or who did (views.Reason)."""
    selection: Mapped[str] = mapped_column(Text)
    spared: Mapped[str] = mapped_column(Text, default="")
    """Devices to leave out, as a selection."""
    spared_ids: Mapped[Any] = mapped_column(Json, nullable=True)
    action: Mapped[str] = mapped_column(String(40))
    args: Mapped[Any] = mapped_column(Json)
    plan: Mapped[Any] = mapped_column(Json)
    frozen_to: Mapped[int] = mapped_column(BigId, default=0)
    """The last device the list was frozen to."""
    frozen_at: Mapped[datetime | None] = mapped_column(Instant)
    members: Mapped[int] = mapped_column(default=0)
    models: Mapped[Any] = mapped_column(Json, nullable=True)
    """Members by model, while canaries are chosen."""
    wave: Mapped[int] = mapped_column(SmallInteger, default=0)
    issue_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the next device may be begun: the rate."""
    reasons: Mapped[Any] = mapped_column(Json, nullable=True)
    """How often each failure was told."""
    asked_at: Mapped[datetime | None] = mapped_column(Instant)
    asked_by: Mapped[str] = mapped_column(String(120), default="")
    asked_person: Mapped[str] = mapped_column(String(120), default="")
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    approved_by: Mapped[str] = mapped_column(String(120), default="")
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    until: Mapped[datetime | None] = mapped_column(Instant)
    """Members that did not come by then are given up."""
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    tick_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the engine looks again; None: nothing to do."""
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(120))
    updated_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        Index("ix_campaign_tenant_id_id", "tenant_id", "id"),
        Index("ix_campaign_tick_at", "tick_at", sqlite_where=_AWAKE, postgresql_where=_AWAKE),
        UniqueConstraint("tenant_id", "name"),
    )


class CampaignWave(Base):
    """Wave 0 is the canary. `tally`: members by state; `gauges`: of each gate what was measured."""

    __tablename__ = "campaign_wave"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    tenant_id: Mapped[int]
    tally: Mapped[Any] = mapped_column(Json)
    gauges: Mapped[Any] = mapped_column(Json)
    opened_at: Mapped[datetime | None] = mapped_column(Instant)
    passed_at: Mapped[datetime | None] = mapped_column(Instant)


class CampaignMember(Base):
    __tablename__ = "campaign_member"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[int]
    wave: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(12))
    look_at: Mapped[datetime] = mapped_column(Instant)
    """When it is looked at again; what that means depends on its state."""
    model: Mapped[str] = mapped_column(String(64), default="")
    operation_id: Mapped[int | None] = mapped_column(BigId)
    steps: Mapped[int] = mapped_column(SmallInteger, default=0)
    """How many operations were asked of it for the action."""
    touched: Mapped[bool] = mapped_column(default=False)
    """Whether the action came to it: what a rollback has to take back."""
    before: Mapped[Any] = mapped_column(Json, nullable=True)
    after: Mapped[Any] = mapped_column(Json, nullable=True)
    measured: Mapped[int] = mapped_column(default=0)
    """Bits of the gates that have a figure of it."""
    bad: Mapped[int] = mapped_column(default=0)
    """Bits of the gates it is on the wrong side of."""
    reason: Mapped[str] = mapped_column(String(200), default="")
    issued_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    event_mark: Mapped[int] = mapped_column(BigId, default=0)
    """The newest event of any device when it was begun: what counts is later."""

    __table_args__ = (
        Index("ix_campaign_member_due", "campaign_id", "state", "wave", "look_at", "device_id"),
        Index("ix_campaign_member_model", "campaign_id", "model", "device_id"),
        Index("ix_campaign_member_device_id", "device_id", "campaign_id"),
    )


class CampaignSample(Base):
    """How a campaign stood at an instant: what the page draws."""

    __tablename__ = "campaign_sample"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    tenant_id: Mapped[int]
    finished: Mapped[int]
    shares: Mapped[Any] = mapped_column(Json)
    """Per cent of bad devices for each gate, failures first; null where nothing is measured."""


class CampaignSettings(Base):
    """What a tenant has decided for its campaigns."""

    __tablename__ = "campaign_settings"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    zone: Mapped[str] = mapped_column(String(64), default="UTC")
    approve_above: Mapped[int | None] = mapped_column()
