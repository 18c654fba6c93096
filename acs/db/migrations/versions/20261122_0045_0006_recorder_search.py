"""What sessions are searched by: their faults, their methods, and when they were if there is anything to find in them."""

import sqlalchemy as sa
from alembic import op

from acs.db.base import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NOTABLE = sa.text("notable_at IS NOT NULL")
_FAULTS = sa.text("faults <> ''")
_BAD = sa.text("outcome <> 'ok'")


def upgrade() -> None:
    op.add_column("session_record", sa.Column("faults", sa.String(length=200), nullable=False, server_default=""))
    op.add_column("session_record", sa.Column("rpcs", sa.String(length=400), nullable=False, server_default=""))
    op.add_column("session_record", sa.Column("notable_at", Instant(), nullable=True))
    op.execute("UPDATE session_record SET notable_at = started_at WHERE outcome <> 'ok' OR events <> '2 PERIODIC' OR summary <> ''")
    columns = ["tenant_id", "notable_at", "id", "device_id", "outcome", "events", "rpcs"]
    op.create_index("ix_session_record_notable", "session_record", columns, sqlite_where=_NOTABLE, postgresql_where=_NOTABLE)
    columns = ["tenant_id", "notable_at", "id", "faults"]
    op.create_index("ix_session_record_faults", "session_record", columns, sqlite_where=_FAULTS, postgresql_where=_FAULTS)
    columns = ["tenant_id", "notable_at", "id"]
    op.create_index("ix_session_record_bad", "session_record", columns, sqlite_where=_BAD, postgresql_where=_BAD)


def downgrade() -> None:
    for name in ("bad", "faults", "notable"):
        op.drop_index(f"ix_session_record_{name}", table_name="session_record")
    for name in ("notable_at", "rpcs", "faults"):
        op.drop_column("session_record", name)
