"""The newest reading of each indexed canonical parameter of a device."""

import sqlalchemy as sa
from alembic import op

from acs.db.base import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_IS_NUMBER, _IS_TEXT = sa.text("number IS NOT NULL"), sa.text("number IS NULL")


def upgrade() -> None:
    op.create_table(
        "canonical_value",
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name_id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Float(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_canonical_value_device_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["name_id"], ["param_name.id"], name=op.f("fk_canonical_value_name_id")),
        sa.PrimaryKeyConstraint("device_id", "name_id", name=op.f("pk_canonical_value")),
    )
    columns = ["name_id", "number", "device_id"]
    op.create_index("ix_canonical_value_number", "canonical_value", columns, sqlite_where=_IS_NUMBER, postgresql_where=_IS_NUMBER)
    columns = ["name_id", "text", "device_id"]
    op.create_index("ix_canonical_value_text", "canonical_value", columns, sqlite_where=_IS_TEXT, postgresql_where=_IS_TEXT)


def downgrade() -> None:
    op.drop_table("canonical_value")
