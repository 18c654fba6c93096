"""The quirk registry and what was learned."""

import sqlalchemy as sa
from alembic import op

from acs.db.base import Instant, Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quirk",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("oui", sa.String(length=16), nullable=False),
        sa.Column("product_class", sa.String(length=64), nullable=False),
        sa.Column("firmware", sa.String(length=80), nullable=False),
        sa.Column("knob", sa.String(length=40), nullable=False),
        sa.Column("item", sa.String(length=256), nullable=False),
        sa.Column("value", Json(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_quirk_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quirk")),
        sa.UniqueConstraint(
            "tenant_id",
            "oui",
            "product_class",
            "firmware",
            "knob",
            "item",
            name=op.f("uq_quirk_tenant_id_oui_product_class_firmware_knob_item"),
        ),
    )
    op.create_table(
        "quirk_seen",
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("knob", sa.String(length=40), nullable=False),
        sa.Column("item", sa.String(length=256), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("oui", sa.String(length=16), nullable=False),
        sa.Column("product_class", sa.String(length=64), nullable=False),
        sa.Column("firmware", sa.String(length=80), nullable=False),
        sa.Column("value", Json(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("asked", sa.String(length=300), nullable=False),
        sa.Column("answered", sa.String(length=300), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_quirk_seen_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device_id", "knob", "item", name=op.f("pk_quirk_seen")),
    )
    op.create_index("ix_quirk_seen_model", "quirk_seen", ["tenant_id", "oui", "product_class", "firmware", "knob"], unique=False)
    op.add_column("device", sa.Column("quirks", Json(), nullable=True))


def downgrade() -> None:
    op.drop_column("device", "quirks")
    op.drop_table("quirk_seen")
    op.drop_table("quirk")
