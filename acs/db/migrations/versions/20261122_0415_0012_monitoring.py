"""Monitors with their samples, roll-ups, thresholds and alarms; the fleet in numbers.

On PostgreSQL the three tables of samples are partitioned by time. Their partitions live in a schema of their own, so that they stand in
nobody's way; a default one takes what comes before acs/monitoring/partitions.py has made the first.
"""

import sqlalchemy as sa
from alembic import op

from acs.db.base import Instant, Json

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_OPEN, _DUE, _ALARMED = sa.text("cleared_at IS NULL"), sa.text("next_at IS NOT NULL"), sa.text("alarm_severity > 0")
_PARTITIONED = ("sample", "sample_hour", "sample_day")


def upgrade() -> None:
    op.create_table(
        "fleet_minute",
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("online", sa.Integer(), nullable=False),
        sa.Column("silent", sa.Integer(), nullable=False),
        sa.Column("quarantine", sa.Integer(), nullable=False),
        sa.Column("operations", sa.Integer(), nullable=False),
        sa.Column("alarms", sa.Integer(), nullable=False),
        sa.Column("span_s", sa.Float(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("informs", sa.Integer(), nullable=False),
        sa.Column("put_off", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "at", name=op.f("pk_fleet_minute")),
    )
    op.create_index("ix_fleet_minute_at", "fleet_minute", ["at"], unique=False)
    op.create_table(
        "fleet_now",
        sa.Column("tenant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("document", Json(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_fleet_now")),
    )
    op.create_table(
        "monitoring_mark",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_monitoring_mark")),
    )
    op.create_table(
        "sample",
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "name_id", "at", name=op.f("pk_sample")),
        postgresql_partition_by="RANGE (at)",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sample_day",
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.Column("last", sa.Float(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "name_id", "at", name=op.f("pk_sample_day")),
        postgresql_partition_by="RANGE (at)",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sample_hour",
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.Column("last", sa.Float(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "name_id", "at", name=op.f("pk_sample_hour")),
        postgresql_partition_by="RANGE (at)",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "worker_load",
        sa.Column("at", Instant(), nullable=False),
        sa.Column("worker", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("span_s", sa.Float(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("informs", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("put_off", sa.Integer(), nullable=False),
        sa.Column("live", sa.Integer(), nullable=False),
        sa.Column("openness", sa.Float(), nullable=False),
        sa.Column("answer_ms", sa.Float(), nullable=False),
        sa.Column("cpu_ms", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("at", "worker", name=op.f("pk_worker_load")),
    )
    op.create_table(
        "monitor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("parameter", sa.String(length=80), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("every_s", sa.Integer(), nullable=False),
        sa.Column("wake", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("storm_percent", sa.SmallInteger(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("members_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_monitor_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitor")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_monitor_tenant_id_name")),
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("monitor_id", sa.Integer(), nullable=True),
        sa.Column("cause", sa.String(length=60), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("alarm_type", sa.String(length=32), nullable=False),
        sa.Column("probable_cause", sa.String(length=60), nullable=False),
        sa.Column("specific_problem", sa.String(length=300), nullable=False),
        sa.Column("repair", sa.String(length=300), nullable=False),
        sa.Column("crossed", Json(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("flaps", sa.Integer(), nullable=False),
        sa.Column("raised_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("cleared_at", Instant(), nullable=True),
        sa.Column("cleared_by", sa.String(length=120), nullable=False),
        sa.Column("clear_at", Instant(), nullable=True),
        sa.Column("acked_at", Instant(), nullable=True),
        sa.Column("acked_by", sa.String(length=120), nullable=False),
        sa.Column("suppressed", sa.Boolean(), nullable=False),
        sa.Column("notes", Json(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_alarm_device_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["monitor_id"], ["monitor.id"], name=op.f("fk_alarm_monitor_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    op.create_index("ix_alarm_cause", "alarm", ["cause", "device_id"], unique=False, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_alarm_cleared_at", "alarm", ["cleared_at"], unique=False)
    op.create_index("ix_alarm_device_id_id", "alarm", ["device_id", "id"], unique=False)
    op.create_index("ix_alarm_one_open", "alarm", ["device_id", "cause"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_alarm_open", "alarm", ["tenant_id", "severity", "id"], unique=False, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_alarm_tenant_id_id", "alarm", ["tenant_id", "id"], unique=False)
    op.create_table(
        "monitor_member",
        sa.Column("monitor_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("next_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_monitor_member_device_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["monitor_id"], ["monitor.id"], name=op.f("fk_monitor_member_monitor_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("monitor_id", "device_id", name=op.f("pk_monitor_member")),
    )
    op.create_index("ix_monitor_member_device_id", "monitor_member", ["device_id"], unique=False)
    op.create_index("ix_monitor_member_due", "monitor_member", ["next_at"], unique=False, sqlite_where=_DUE, postgresql_where=_DUE)
    op.create_table(
        "monitor_spread",
        sa.Column("monitor_id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("mean", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("p5", sa.Float(), nullable=False),
        sa.Column("p25", sa.Float(), nullable=False),
        sa.Column("p50", sa.Float(), nullable=False),
        sa.Column("p75", sa.Float(), nullable=False),
        sa.Column("p95", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("bins", Json(), nullable=False),
        sa.ForeignKeyConstraint(["monitor_id"], ["monitor.id"], name=op.f("fk_monitor_spread_monitor_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("monitor_id", "at", name=op.f("pk_monitor_spread")),
    )
    op.create_table(
        "monitor_threshold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("monitor_id", sa.Integer(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("limit", sa.Float(), nullable=True),
        sa.Column("clear", sa.Float(), nullable=True),
        sa.Column("word", sa.String(length=64), nullable=False),
        sa.Column("for_s", sa.Integer(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("alarm_type", sa.String(length=32), nullable=False),
        sa.Column("probable_cause", sa.String(length=60), nullable=False),
        sa.Column("repair", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["monitor_id"], ["monitor.id"], name=op.f("fk_monitor_threshold_monitor_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitor_threshold")),
    )
    op.create_index(op.f("ix_monitor_threshold_monitor_id"), "monitor_threshold", ["monitor_id"], unique=False)
    op.create_table(
        "threshold_state",
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("threshold_id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("raised", sa.Boolean(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_threshold_state_device_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["threshold_id"], ["monitor_threshold.id"], name=op.f("fk_threshold_state_threshold_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("device_id", "threshold_id", name=op.f("pk_threshold_state")),
    )
    op.create_index("ix_threshold_state_threshold_id", "threshold_state", ["threshold_id", "raised", "since"], unique=False)
    op.add_column("device", sa.Column("alarm_severity", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_index(
        "ix_device_alarm_severity",
        "device",
        ["tenant_id", "alarm_severity", "id"],
        unique=False,
        sqlite_where=_ALARMED,
        postgresql_where=_ALARMED,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SCHEMA IF NOT EXISTS series")
        for table in _PARTITIONED:
            op.execute(f"CREATE TABLE series.{table}_rest PARTITION OF {table} DEFAULT")


def downgrade() -> None:
    op.drop_index("ix_device_alarm_severity", "device")
    op.drop_column("device", "alarm_severity")
    op.drop_table("threshold_state")
    op.drop_table("monitor_threshold")
    op.drop_table("monitor_spread")
    op.drop_table("monitor_member")
    op.drop_table("alarm")
    op.drop_table("monitor")
    op.drop_table("worker_load")
    op.drop_table("sample_hour")
    op.drop_table("sample_day")
    op.drop_table("sample")
    op.drop_table("monitoring_mark")
    op.drop_table("fleet_now")
    op.drop_table("fleet_minute")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SCHEMA IF EXISTS series")
