"""Saved groups, what is counted ahead, what is done to many devices, and the indexes by which devices are found.

None of the indexes is on a column that changes with an Inform: on PostgreSQL such an update would cease to be heap-only and write into every
index of the table. Who is silent is found by the mark the upkeep sets once (`silent_told`).
"""

import sqlalchemy as sa
from alembic import op

from acs.db.base import Instant, Json

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NOT_ADMITTED, _QUARANTINE, _FAILED = sa.text("trust <> 'admitted'"), sa.text("trust = 'quarantine'"), sa.text("state = 'failed'")
FOUND_BY = (
    "model", "software_version", "manufacturer", "product_class", "hardware_version", "oui", "serial_number", "first_seen_at", "inform_interval_s",
    "silent_told",
)  # fmt: skip


def upgrade() -> None:
    op.drop_index("ix_device_tenant_id_software_version", "device")
    for name in FOUND_BY:
        op.create_index(f"ix_device_found_by_{name}", "device", ["tenant_id", name, "id"])
    op.create_index("ix_device_not_admitted", "device", ["tenant_id", "trust", "id"], sqlite_where=_NOT_ADMITTED, postgresql_where=_NOT_ADMITTED)
    op.create_index("ix_operation_failed", "operation", ["tenant_id", "kind", "device_id"], sqlite_where=_FAILED, postgresql_where=_FAILED)
    op.create_table(
        "device_group",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("is_static", sa.Boolean(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("counted_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_device_group_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_group")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_device_group_tenant_id_name")),
    )
    op.create_table(
        "device_group_member",
        sa.Column("group_id", _ID, nullable=False),
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["device_group.id"], name=op.f("fk_device_group_member_group_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_group_member_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group_id", "device_id", name=op.f("pk_device_group_member")),
    )
    op.create_index("ix_device_group_member_device_id", "device_group_member", ["device_id"])
    op.create_table(
        "device_tally",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("facet", sa.String(length=24), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_device_tally_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "facet", "value", name=op.f("pk_device_tally")),
    )
    op.create_table(
        "bulk_action",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("deed", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("args", Json(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("device_ids", Json(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("after_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("done", "unchanged", "refused")),
        sa.Column("refusals", Json(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_bulk_action_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_action")),
    )
    op.create_index("ix_bulk_action_tenant_id_id", "bulk_action", ["tenant_id", "id"])
    op.create_table(
        "bulk_operation",
        sa.Column("action_id", _ID, nullable=False),
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("operation_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["bulk_action.id"], name=op.f("fk_bulk_operation_action_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_bulk_operation_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("action_id", "device_id", name=op.f("pk_bulk_operation")),
    )
    op.create_index("ix_bulk_operation_device_id", "bulk_operation", ["device_id"])


def downgrade() -> None:
    for name in ("bulk_operation", "bulk_action", "device_tally", "device_group_member", "device_group"):
        op.drop_table(name)
    op.drop_index("ix_operation_failed", "operation")
    op.drop_index("ix_device_not_admitted", "device")
    for name in FOUND_BY:
        op.drop_index(f"ix_device_found_by_{name}", "device")
    op.create_index("ix_device_tenant_id_software_version", "device", ["tenant_id", "software_version"])
