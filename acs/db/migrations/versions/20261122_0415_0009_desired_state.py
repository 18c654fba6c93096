"""Desired state: profiles with their versions, how each device stands to them, reports, and what people set by hand."""

import sqlalchemy as sa
from alembic import op

from acs.db.base import Instant, Json

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _id(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def upgrade() -> None:
    op.add_column("device", sa.Column("desired_key", sa.String(length=32), server_default="", nullable=True))
    op.create_table(
        "desired_profile",
        _id("id"),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("precedence", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("valid_from", Instant(), nullable=True),
        sa.Column("in_force", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", Json(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("changed_by", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_desired_profile_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desired_profile")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_desired_profile_tenant_id_name")),
    )
    op.create_table(
        "desired_version",
        _id("profile_id"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["desired_profile.id"], name=op.f("fk_desired_version_profile_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("profile_id", "version", name=op.f("pk_desired_version")),
    )
    op.create_table(
        "desired_device",
        _id("device_id"),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("profiles", sa.String(length=300), nullable=False),
        sa.Column("drift", sa.Integer(), nullable=False),
        sa.Column("marks", Json(), nullable=True),
        sa.Column("key_lost", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.Column("marked_at", Instant(), nullable=True),
        sa.Column("configured_at", Instant(), nullable=True),
        sa.Column("checked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_desired_device_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_desired_device")),
    )
    asks = sa.text("state IN ('pending','drift','failed')")
    columns = ["tenant_id", "state", "device_id"]
    op.create_index("ix_desired_device_asks", "desired_device", columns, sqlite_where=asks, postgresql_where=asks)
    op.create_table(
        "desired_report",
        _id("id"),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        _id("with_profile", nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("checked", sa.Integer(), nullable=False),
        _id("after_id"),
        sa.Column("counts", Json(), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("repaired_at", Instant(), nullable=True),
        sa.Column("repaired_by", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desired_report")),
    )
    op.create_index("ix_desired_report_tenant_id_id", "desired_report", ["tenant_id", "id"])
    op.create_table(
        "desired_line",
        _id("report_id"),
        _id("device_id"),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["desired_report.id"], name=op.f("fk_desired_line_report_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_desired_line_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("report_id", "device_id", name=op.f("pk_desired_line")),
    )
    op.create_index("ix_desired_line_device_id", "desired_line", ["device_id"])
    op.create_table(
        "personal_value",
        _id("device_id"),
        sa.Column("path", sa.String(length=256), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        _id("operation_id"),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_personal_value_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device_id", "path", name=op.f("pk_personal_value")),
    )


def downgrade() -> None:
    for table in ("personal_value", "desired_line", "desired_report", "desired_device", "desired_version", "desired_profile"):
        op.drop_table(table)
    op.drop_column("device", "desired_key")
