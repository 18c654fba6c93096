"""The device store at scale: kinds, deltas as documents instead of rows, the newest reading of each indexed canonical parameter."""

import json
import zlib
from datetime import UTC, datetime, timedelta
from itertools import groupby

import sqlalchemy as sa
from alembic import op

from acs.db.base import Instant, Json

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_IS_NUMBER, _IS_TEXT = sa.text("number IS NOT NULL"), sa.text("number IS NULL")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "canonical_value",
        sa.Column("device_id", _BIG, nullable=False),
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
    op.create_table(
        "device_kind",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("oui", sa.String(length=16), nullable=False),
        sa.Column("product_class", sa.String(length=64), nullable=False),
        sa.Column("software_version", sa.String(length=64), nullable=False),
        sa.Column("root", sa.String(length=32), nullable=False),
        sa.Column("path_set_id", _BIG, nullable=False),
        sa.Column("deciding", Json(), nullable=False),
        sa.Column("learned_at", Instant(), nullable=False),
        sa.Column("learned_from", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_device_kind_tenant_id")),
        sa.ForeignKeyConstraint(["path_set_id"], ["path_set.id"], name=op.f("fk_device_kind_path_set_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_kind")),
        sa.UniqueConstraint(
            "tenant_id", "oui", "product_class", "software_version", name=op.f("uq_device_kind_tenant_id_oui_product_class_software_version")
        ),
    )
    op.create_table(
        "param_delta",
        sa.Column("device_id", _BIG, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_param_delta_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_param_delta")),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Room on each page for the next version of a row that every Inform writes: it stays out of the indexes then (HOT).
        op.execute("ALTER TABLE device SET (fillfactor = 50)")
        op.execute("ALTER TABLE session_record SET (fillfactor = 70)")
    _pack_live_rows()
    op.drop_index("ix_param_live_name_id_number", table_name="param_live")
    op.drop_table("param_live")
    op.execute("DELETE FROM param_name")


_LETTERS = {
    "string": "s", "int": "i", "unsignedInt": "u", "long": "l", "unsignedLong": "U", "boolean": "b", "dateTime": "t", "base64Binary": "B",
    "base64": "B", "hexBinary": "h", "decimal": "d",
}  # fmt: skip


def _pack_live_rows() -> None:
    """Rows of one device become one document, as acs/devices/packing.py writes it at this revision."""
    connection = op.get_bind()
    live = sa.table("param_live", *(sa.column(name) for name in ("device_id", "name_id", "tenant_id", "value", "type", "origin")), sa.column("at", Instant()))
    names = sa.table("param_name", sa.column("id"), sa.column("path"))
    delta = sa.table("param_delta", sa.column("device_id"), sa.column("tenant_id"), sa.column("packed", sa.LargeBinary()))
    wanted = (
        sa.select(live.c.device_id, live.c.tenant_id, names.c.path, live.c.value, live.c.type, live.c.at, live.c.origin)
        .join_from(live, names, names.c.id == live.c.name_id)
        .order_by(live.c.device_id, names.c.path)
    )
    epoch, tick = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
    for (device_id, tenant), of_it in groupby(connection.execute(wanted).fetchall(), key=lambda row: (row.device_id, row.tenant_id)):
        rows = list(of_it)
        runs = [[place, (row.at - epoch) // tick, row.origin] for place, row in enumerate(rows)]
        beside = [[row.path, _LETTERS.get(row.type, "s"), None] for row in rows]
        text = json.dumps([runs, beside]) + "\n" + "\0".join(row.value for row in rows)
        connection.execute(delta.insert(), {"device_id": device_id, "tenant_id": tenant, "packed": zlib.compress(text.encode(), 1)})


def downgrade() -> None:
    """Values that lay beside the base are read anew; everything else stays."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE device RESET (fillfactor)")
        op.execute("ALTER TABLE session_record RESET (fillfactor)")
    op.drop_table("canonical_value")
    op.drop_table("device_kind")
    op.drop_table("param_delta")
    op.execute("DELETE FROM param_name")
    op.create_table(
        "param_live",
        sa.Column("device_id", _BIG, nullable=False),
        sa.Column("name_id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Float(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("origin", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_param_live_device_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["name_id"], ["param_name.id"], name=op.f("fk_param_live_name_id")),
        sa.PrimaryKeyConstraint("device_id", "name_id", name=op.f("pk_param_live")),
    )
    op.create_index("ix_param_live_name_id_number", "param_live", ["name_id", "number"], unique=False)
