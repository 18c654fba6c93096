"""What devices report of their own: autonomous transfers, software modules, requests. What they can be asked for, and who is sent elsewhere."""

import sqlalchemy as sa
from alembic import op

from acs.db.base import Instant, Json

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device", sa.Column("rpc_methods", sa.Text(), nullable=False, server_default=""))
    op.add_column("device_event", sa.Column("data", Json(), nullable=True))
    op.add_column("device_event", sa.Column("digest", sa.String(64), nullable=True))
    told = sa.text("digest IS NOT NULL")
    op.create_index(
        "ix_device_event_digest", "device_event", ["device_id", "digest"], unique=True, sqlite_where=told, postgresql_where=told
    )
    op.create_table(
        "redirect",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(40), nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("url", sa.String(256), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_redirect_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redirect")),
    )


def downgrade() -> None:
    op.drop_table("redirect")
    op.drop_index("ix_device_event_digest", "device_event")
    op.drop_column("device_event", "digest")
    op.drop_column("device_event", "data")
    op.drop_column("device", "rpc_methods")
