"""All tables of the first release, and the default tenant."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from acs.db.base import Instant, Json

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "app_user",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("theme", sa.String(length=10), nullable=False),
        sa.Column("density", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_login_at", Instant(), nullable=True),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_user")),
        sa.UniqueConstraint("login", name=op.f("uq_app_user_login")),
    )
    op.create_index("ix_app_user_tenant_id_login", "app_user", ["tenant_id", "login"], unique=False)

    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("before", Json(), nullable=True),
        sa.Column("after", Json(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index("ix_audit_subject_id", "audit", ["subject", "id"], unique=False)

    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("args", Json(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("run_after", Instant(), nullable=False),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("progress", sa.String(length=200), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("key", name=op.f("uq_job_key")),
    )
    op.create_index("ix_job_state_run_after", "job", ["state", "run_after"], unique=False)

    op.create_table(
        "leader",
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_leader")),
    )
    op.create_table(
        "param_name",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=256), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_param_name")),
        sa.UniqueConstraint("path", name=op.f("uq_param_name_path")),
    )
    op.create_table(
        "path_set",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_path_set")),
        sa.UniqueConstraint("digest", name=op.f("uq_path_set_digest")),
    )
    op.create_table(
        "session_record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("events", sa.String(length=300), nullable=False),
        sa.Column("summary", sa.String(length=300), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_record")),
        sa.UniqueConstraint("device_id", "slot", name=op.f("uq_session_record_device_id_slot")),
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("name", name=op.f("uq_tenant_name")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_api_token_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index("ix_api_token_user_id", "api_token", ["user_id"], unique=False)

    op.create_table(
        "device",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("oui", sa.String(length=16), nullable=False),
        sa.Column("product_class", sa.String(length=64), nullable=False),
        sa.Column("serial_number", sa.String(length=64), nullable=False),
        sa.Column("manufacturer", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("hardware_version", sa.String(length=64), nullable=False),
        sa.Column("software_version", sa.String(length=64), nullable=False),
        sa.Column("root", sa.String(length=32), nullable=False),
        sa.Column("trust", sa.String(length=12), nullable=False),
        sa.Column("preregistered", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("wan_address", sa.String(length=64), nullable=False),
        sa.Column("connection_request_url", sa.String(length=256), nullable=False),
        sa.Column("parameter_key", sa.String(length=32), nullable=False),
        sa.Column("inform_interval_s", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", Instant(), nullable=True),
        sa.Column("last_inform_at", Instant(), nullable=True),
        sa.Column("last_boot_at", Instant(), nullable=True),
        sa.Column("last_bootstrap_at", Instant(), nullable=True),
        sa.Column("silent_at", Instant(), nullable=True),
        sa.Column("silent_told", sa.Boolean(), nullable=False),
        sa.Column("inform_count", sa.Integer(), nullable=False),
        sa.Column("inform_values", Json(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("session_token", sa.String(length=48), nullable=True),
        sa.Column("session_state", Json(), nullable=True),
        sa.Column("session_until", Instant(), nullable=True),
        sa.Column("wake_at", Instant(), nullable=True),
        sa.Column("wake_result", sa.String(length=40), nullable=False),
        sa.Column("wake_detail", sa.String(length=200), nullable=False),
        sa.Column("path_set_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["path_set_id"], ["path_set.id"], name=op.f("fk_device_path_set_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_device_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("key", name=op.f("uq_device_key")),
    )
    op.create_index("ix_device_address", "device", ["address"], unique=False)
    op.create_index("ix_device_serial_number", "device", ["serial_number"], unique=False)
    op.create_index("ix_device_tenant_id_id", "device", ["tenant_id", "id"], unique=False)
    op.create_index("ix_device_tenant_id_model", "device", ["tenant_id", "model"], unique=False)
    op.create_index("ix_device_tenant_id_software_version", "device", ["tenant_id", "software_version"], unique=False)
    op.create_index(
        "ix_device_trust",
        "device",
        ["trust"],
        unique=False,
        sqlite_where=sa.text("trust = 'quarantine'"),
        postgresql_where=sa.text("trust = 'quarantine'"),
    )
    op.create_index("ix_device_wan_address", "device", ["wan_address"], unique=False)

    op.create_table(
        "firmware_image",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("oui", sa.String(length=6), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("uploaded_at", Instant(), nullable=False),
        sa.Column("uploaded_by", sa.String(length=120), nullable=False),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_firmware_image_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firmware_image")),
        sa.UniqueConstraint("tenant_id", "sha256", "model", "version", name=op.f("uq_firmware_image_tenant_id_sha256_model_version")),
    )
    op.create_table(
        "onboarding_rule",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("oui", sa.String(length=6), nullable=False),
        sa.Column("product_class", sa.String(length=64), nullable=False),
        sa.Column("serial_prefix", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_onboarding_rule_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_onboarding_rule")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_onboarding_rule_tenant_id_name")),
    )
    op.create_table(
        "device_credential",
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("next_secret", sa.Text(), nullable=False),
        sa.Column("request_username", sa.String(length=255), nullable=False),
        sa.Column("request_secret", sa.Text(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_credential_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_credential")),
    )
    op.create_index("ix_device_credential_username", "device_credential", ["username"], unique=False)

    op.create_table(
        "device_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_event_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_event")),
    )
    op.create_index("ix_device_event_at", "device_event", ["at"], unique=False)
    op.create_index("ix_device_event_device_id_id", "device_event", ["device_id", "id"], unique=False)

    op.create_table(
        "device_file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("operation_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("software_version", sa.String(length=64), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_file_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_file")),
    )
    op.create_index("ix_device_file_device_id_id", "device_file", ["device_id", "id"], unique=False)
    op.create_index("ix_device_file_operation_id", "device_file", ["operation_id"], unique=False)

    op.create_table(
        "device_tag",
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tag", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_tag_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device_id", "tag", name=op.f("pk_device_tag")),
    )
    op.create_index("ix_device_tag_tag", "device_tag", ["tenant_id", "tag", "device_id"], unique=False)

    op.create_table(
        "exchange",
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("operation_id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("request", sa.String(length=60), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_exchange_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device_id", "epoch", "seq", name=op.f("pk_exchange")),
    )
    op.create_table(
        "operation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("args", Json(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("phase", sa.String(length=40), nullable=False),
        sa.Column("memo", Json(), nullable=True),
        sa.Column("progress", sa.String(length=200), nullable=False),
        sa.Column("stations", Json(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("command_key", sa.String(length=32), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cancel_wanted", sa.Boolean(), nullable=False),
        sa.Column("result", Json(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("fault", Json(), nullable=True),
        sa.Column("requested_by", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_operation_device_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["image_id"], ["firmware_image.id"], name=op.f("fk_operation_image_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation")),
        sa.UniqueConstraint("command_key", name=op.f("uq_operation_command_key")),
    )
    op.create_index("ix_operation_device_id_id", "operation", ["device_id", "id"], unique=False)
    op.create_index(
        "ix_operation_expiry",
        "operation",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued','running','waiting')"),
        postgresql_where=sa.text("state IN ('queued','running','waiting')"),
    )
    op.create_index(
        "ix_operation_open",
        "operation",
        ["device_id", "priority", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued','running','waiting')"),
        postgresql_where=sa.text("state IN ('queued','running','waiting')"),
    )
    op.create_index("ix_operation_tenant_id_id", "operation", ["tenant_id", "id"], unique=False)

    op.create_table(
        "param_base",
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("path_set_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("read_at", Instant(), nullable=False),
        sa.Column("origin", sa.String(length=40), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_param_base_device_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["path_set_id"], ["path_set.id"], name=op.f("fk_param_base_path_set_id")),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_param_base")),
    )
    op.create_table(
        "param_live",
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
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

    tenant = sa.table("tenant", sa.column("id", sa.Integer), sa.column("name", sa.String), sa.column("created_at", Instant()))
    op.bulk_insert(tenant, [{"id": 1, "name": "default", "created_at": datetime.now(UTC)}])


def downgrade() -> None:
    op.drop_index("ix_param_live_name_id_number", table_name="param_live")

    op.drop_table("param_live")
    op.drop_table("param_base")
    op.drop_index("ix_operation_tenant_id_id", table_name="operation")
    op.drop_index(
        "ix_operation_open",
        table_name="operation",
        sqlite_where=sa.text("state IN ('queued','running','waiting')"),
        postgresql_where=sa.text("state IN ('queued','running','waiting')"),
    )
    op.drop_index(
        "ix_operation_expiry",
        table_name="operation",
        sqlite_where=sa.text("state IN ('queued','running','waiting')"),
        postgresql_where=sa.text("state IN ('queued','running','waiting')"),
    )
    op.drop_index("ix_operation_device_id_id", table_name="operation")

    op.drop_table("operation")
    op.drop_table("exchange")
    op.drop_index("ix_device_tag_tag", table_name="device_tag")

    op.drop_table("device_tag")
    op.drop_index("ix_device_file_operation_id", table_name="device_file")
    op.drop_index("ix_device_file_device_id_id", table_name="device_file")

    op.drop_table("device_file")
    op.drop_index("ix_device_event_device_id_id", table_name="device_event")
    op.drop_index("ix_device_event_at", table_name="device_event")

    op.drop_table("device_event")
    op.drop_index("ix_device_credential_username", table_name="device_credential")

    op.drop_table("device_credential")
    op.drop_table("onboarding_rule")
    op.drop_table("firmware_image")
    op.drop_index("ix_device_wan_address", table_name="device")
    op.drop_index(
        "ix_device_trust",
        table_name="device",
        sqlite_where=sa.text("trust = 'quarantine'"),
        postgresql_where=sa.text("trust = 'quarantine'"),
    )
    op.drop_index("ix_device_tenant_id_software_version", table_name="device")
    op.drop_index("ix_device_tenant_id_model", table_name="device")
    op.drop_index("ix_device_tenant_id_id", table_name="device")
    op.drop_index("ix_device_serial_number", table_name="device")
    op.drop_index("ix_device_address", table_name="device")

    op.drop_table("device")
    op.drop_index("ix_api_token_user_id", table_name="api_token")

    op.drop_table("api_token")
    op.drop_table("tenant")
    op.drop_table("session_record")
    op.drop_table("path_set")
    op.drop_table("param_name")
    op.drop_table("leader")
    op.drop_index("ix_job_state_run_after", table_name="job")

    op.drop_table("job")
    op.drop_index("ix_audit_subject_id", table_name="audit")
    op.drop_index("ix_audit_at", table_name="audit")

    op.drop_table("audit")
    op.drop_index("ix_app_user_tenant_id_login", table_name="app_user")

    op.drop_table("app_user")
