"""Campaigns: what they do and how, their waves, members and samples, and what a tenant decided for them."""

import sqlalchemy as sa
from alembic import op

from acs.db.base import Instant, Json

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AWAKE = sa.text("tick_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("reason", Json(), nullable=True),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("spared", sa.Text(), nullable=False),
        sa.Column("spared_ids", Json(), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("args", Json(), nullable=False),
        sa.Column("plan", Json(), nullable=False),
        sa.Column("frozen_to", _ID, nullable=False),
        sa.Column("frozen_at", Instant(), nullable=True),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("models", Json(), nullable=True),
        sa.Column("wave", sa.SmallInteger(), nullable=False),
        sa.Column("issue_at", Instant(), nullable=True),
        sa.Column("reasons", Json(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=True),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("asked_person", sa.String(length=120), nullable=False),
        sa.Column("approved_at", Instant(), nullable=True),
        sa.Column("approved_by", sa.String(length=120), nullable=False),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("until", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("tick_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_campaign_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_campaign_tenant_id_name")),
    )
    op.create_index("ix_campaign_tenant_id_id", "campaign", ["tenant_id", "id"])
    op.create_index("ix_campaign_tick_at", "campaign", ["tick_at"], sqlite_where=_AWAKE, postgresql_where=_AWAKE)
    op.create_table(
        "campaign_wave",
        sa.Column("campaign_id", _ID, nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("tally", Json(), nullable=False),
        sa.Column("gauges", Json(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=True),
        sa.Column("passed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_wave_campaign_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("campaign_id", "number", name=op.f("pk_campaign_wave")),
    )
    op.create_table(
        "campaign_member",
        sa.Column("campaign_id", _ID, nullable=False),
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("wave", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("look_at", Instant(), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("operation_id", _ID, nullable=True),
        sa.Column("steps", sa.SmallInteger(), nullable=False),
        sa.Column("touched", sa.Boolean(), nullable=False),
        sa.Column("before", Json(), nullable=True),
        sa.Column("after", Json(), nullable=True),
        sa.Column("measured", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("issued_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("event_mark", _ID, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_member_campaign_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_campaign_member_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("campaign_id", "device_id", name=op.f("pk_campaign_member")),
    )
    op.create_index("ix_campaign_member_due", "campaign_member", ["campaign_id", "state", "wave", "look_at", "device_id"])
    op.create_index("ix_campaign_member_model", "campaign_member", ["campaign_id", "model", "device_id"])
    op.create_index("ix_campaign_member_device_id", "campaign_member", ["device_id", "campaign_id"])
    op.create_table(
        "campaign_sample",
        sa.Column("campaign_id", _ID, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("finished", sa.Integer(), nullable=False),
        sa.Column("shares", Json(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_sample_campaign_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("campaign_id", "at", name=op.f("pk_campaign_sample")),
    )
    op.create_table(
        "campaign_settings",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("approve_above", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_campaign_settings_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_campaign_settings")),
    )


def downgrade() -> None:
    for table in ("campaign_settings", "campaign_sample", "campaign_member", "campaign_wave", "campaign"):
        op.drop_table(table)
