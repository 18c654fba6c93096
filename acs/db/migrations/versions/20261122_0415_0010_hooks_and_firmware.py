"""Hooks with their versions; what firmware images fit, from which versions, and which devices run what."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from acs.db.base import Instant, Json

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("firmware_image", sa.Column("vendor", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("firmware_image", sa.Column("models", Json(), nullable=False, server_default="[]"))
    op.add_column("firmware_image", sa.Column("hardware", Json(), nullable=False, server_default="[]"))
    op.add_column("firmware_image", sa.Column("query", sa.Text(), nullable=False, server_default=""))
    op.add_column("firmware_image", sa.Column("from_versions", sa.String(length=300), nullable=False, server_default=""))
    op.add_column("firmware_image", sa.Column("state", sa.String(length=10), nullable=False, server_default="released"))
    op.add_column("firmware_image", sa.Column("released_at", Instant(), nullable=True))
    op.add_column("firmware_image", sa.Column("released_by", sa.String(length=120), nullable=False, server_default=""))
    op.execute("UPDATE firmware_image SET state = 'withdrawn' WHERE withdrawn_at IS NOT NULL")
    op.execute("UPDATE firmware_image SET released_at = uploaded_at, released_by = uploaded_by")
    op.create_table(
        "firmware_census",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("software_version", sa.String(length=64), nullable=False),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.Column("counted_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "model", "software_version", name=op.f("pk_firmware_census")),
    )
    op.create_index("ix_operation_image_id", "operation", ["image_id", "id"], unique=False, **_where("image_id IS NOT NULL"))
    op.create_index("ix_device_running", "device", ["tenant_id", "model", "software_version"], unique=False)
    op.create_table(
        "hook",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("description", sa.String(length=300), nullable=False),
        sa.Column("sees_secrets", sa.Boolean(), nullable=False),
        sa.Column("time_ms", sa.Integer(), nullable=False),
        sa.Column("memory_mb", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("off_reason", sa.String(length=300), nullable=False),
        sa.Column("off_at", Instant(), nullable=True),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("in_a_row", sa.Integer(), nullable=False),
        sa.Column("recent", Json(), nullable=False),
        sa.Column("last_error", sa.String(length=500), nullable=False),
        sa.Column("last_failed_at", Instant(), nullable=True),
        sa.Column("last_run_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_hook_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_hook_tenant_id_name")),
    )
    op.create_table(
        "hook_version",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("hook_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("published_at", Instant(), nullable=True),
        sa.Column("published_by", sa.String(length=120), nullable=False),
        sa.Column("retired_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["hook_id"], ["hook.id"], name=op.f("fk_hook_version_hook_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_version")),
        sa.UniqueConstraint("hook_id", "number", name=op.f("uq_hook_version_hook_id_number")),
    )


def downgrade() -> None:
    op.drop_table("hook_version")
    op.drop_table("hook")
    op.drop_index("ix_device_running", table_name="device")
    op.drop_index("ix_operation_image_id", table_name="operation", **_where("image_id IS NOT NULL"))
    op.drop_table("firmware_census")
    for name in ("released_by", "released_at", "state", "from_versions", "query", "hardware", "models", "vendor"):
        op.drop_column("firmware_image", name)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
