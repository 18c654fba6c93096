"""How each device was reached, and what reaches it."""

import sqlalchemy as sa
from alembic import op

from acs.db.base import BigId, Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_reach",
        sa.Column("device_id", BigId, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("udp_address", sa.String(length=64), nullable=False),
        sa.Column("udp_at", Instant(), nullable=True),
        sa.Column("udp_ts", BigId, nullable=False),
        sa.Column("stun_username", sa.String(length=32), nullable=True),
        sa.Column("stun_secret", sa.Text(), nullable=False),
        sa.Column("xmpp_username", sa.String(length=128), nullable=False),
        sa.Column("xmpp_secret", sa.Text(), nullable=False),
        sa.Column("xmpp_account_at", Instant(), nullable=True),
        sa.Column("login_refused_at", Instant(), nullable=True),
        sa.Column("login_rewrite_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_reach_device_id_device"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_reach")),
        sa.UniqueConstraint("stun_username", name=op.f("uq_device_reach_stun_username")),
    )
    op.create_table(
        "reach_attempt",
        sa.Column("id", BigId, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("device_id", BigId, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("result", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("came_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_reach_attempt_device_id_device"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reach_attempt")),
    )
    op.create_index("ix_reach_attempt_device_id_id", "reach_attempt", ["device_id", "id"])
    op.create_index(op.f("ix_reach_attempt_at"), "reach_attempt", ["at"])
    op.create_table(
        "reach_watch",
        sa.Column("device_id", BigId, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("set_id", BigId, nullable=False),
        sa.Column("back_id", BigId, nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_reach_watch_device_id_device"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_reach_watch")),
    )
    op.create_index(op.f("ix_reach_watch_until"), "reach_watch", ["until"])


def downgrade() -> None:
    op.drop_table("reach_watch")
    op.drop_table("reach_attempt")
    op.drop_table("device_reach")
