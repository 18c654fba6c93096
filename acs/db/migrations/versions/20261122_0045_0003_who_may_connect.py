"""Block lists, aliases of identities, certificates and rotation of secrets."""

import sqlalchemy as sa
from alembic import op

from acs.db.base import Instant, Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("device", sa.Column("sightings", Json(), nullable=True))
    op.add_column("device_credential", sa.Column("enrol_until", Instant(), nullable=True))
    op.create_index("ix_device_credential_changed_at", "device_credential", ["changed_at"])
    op.add_column("onboarding_rule", sa.Column("network", sa.String(64), server_default="", nullable=False))

    op.create_table(
        "device_alias",
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("oui", sa.String(16), nullable=False),
        sa.Column("product_class", sa.String(64), nullable=False),
        sa.Column("serial_number", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_alias_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_device_alias")),
    )
    op.create_index("ix_device_alias_device_id", "device_alias", ["device_id"])
    op.create_index("ix_device_alias_serial_number", "device_alias", ["serial_number"])

    op.create_table(
        "device_merge",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(120), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("document", Json(), nullable=False),
        sa.Column("undone_at", Instant(), nullable=True),
        sa.Column("undone_by", sa.String(120), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_merge_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_merge")),
    )
    op.create_index("ix_device_merge_device_id", "device_merge", ["device_id"])

    op.create_table(
        "identity_alarm",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("evidence", Json(), nullable=False),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.Column("settled_by", sa.String(120), nullable=False),
        sa.Column("note", sa.String(300), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_identity_alarm_device_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_alarm")),
        sa.UniqueConstraint("device_id", "kind", name=op.f("uq_identity_alarm_device_id_kind")),
    )
    op.create_index("ix_identity_alarm_tenant_id_state", "identity_alarm", ["tenant_id", "state", "id"])

    op.create_table(
        "block_rule",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("network", sa.String(64), nullable=False),
        sa.Column("oui", sa.String(16), nullable=False),
        sa.Column("product_class", sa.String(64), nullable=False),
        sa.Column("serial_pattern", sa.String(64), nullable=False),
        sa.Column("firmware", sa.String(64), nullable=False),
        sa.Column("action", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("last_hit_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_block_rule_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block_rule")),
    )

    op.create_table(
        "certificate_rule",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("device_key", sa.String(255), nullable=False),
        sa.Column("oui", sa.String(16), nullable=False),
        sa.Column("product_class", sa.String(64), nullable=False),
        sa.Column("note", sa.String(300), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_certificate_rule_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_rule")),
        sa.UniqueConstraint("tenant_id", "fingerprint", "subject", name=op.f("uq_certificate_rule_tenant_id_fingerprint_subject")),
    )

    op.create_table(
        "refusal",
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("claimed", sa.String(255), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("detail", sa.String(300), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusal")),
        sa.UniqueConstraint("tenant_id", "address", "claimed", "reason", name=op.f("uq_refusal_tenant_id_address_claimed_reason")),
    )
    op.create_index("ix_refusal_tenant_id_last_at", "refusal", ["tenant_id", "last_at", "id"])


def downgrade() -> None:
    for table in ("refusal", "certificate_rule", "block_rule", "identity_alarm", "device_merge", "device_alias"):
        op.drop_table(table)
    op.drop_column("onboarding_rule", "network")
    op.drop_index("ix_device_credential_changed_at", "device_credential")
    op.drop_column("device_credential", "enrol_until")
    op.drop_column("device", "sightings")
