"""Tables of the device store. Only this package knows them.

`device` is the head row that every Inform touches, kept narrow: what lists and rules use, the live session, and the last Inform's
values as one document. `param_base` holds a device's whole tree packed, `param_delta` what changed since, packed as well. `path_set` interns
the names: the second device of a kind shares the first one's. `canonical_value` is what lists look into.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Float, ForeignKey, Index, LargeBinary, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from acs.db.base import Base, BigId, Instant, Json

_TOLD = text("digest IS NOT NULL")
_ALARMED = text("alarm_severity > 0")
_NOT_ADMITTED = text("trust <> 'admitted'")
_FOUND_BY = (
    "model", "software_version", "manufacturer", "product_class", "hardware_version", "oui", "serial_number", "first_seen_at", "inform_interval_s",
    "silent_told",
)  # fmt: skip
"""Columns that lists are found and sorted by. None of them changes with a plain Inform: that would cost each one a write into every index."""
_IS_NUMBER, _IS_TEXT = text("number IS NOT NULL"), text("number IS NULL")


class Device(Base):
    __tablename__ = "device"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    key: Mapped[str] = mapped_column(String(255), unique=True)
    oui: Mapped[str] = mapped_column(String(16))
    product_class: Mapped[str] = mapped_column(String(64))
    serial_number: Mapped[str] = mapped_column(String(64), index=True)
    manufacturer: Mapped[str] = mapped_column(String(64), default="")
    model: Mapped[str] = mapped_column(String(64), default="")
    hardware_version: Mapped[str] = mapped_column(String(64), default="")
    software_version: Mapped[str] = mapped_column(String(64), default="")
    root: Mapped[str] = mapped_column(String(32), default="")
    trust: Mapped[str] = mapped_column(String(12))
    preregistered: Mapped[bool] = mapped_column(Boolean, default=False)
    address: Mapped[str] = mapped_column(String(64), default="")
    wan_address: Mapped[str] = mapped_column(String(64), default="")
    connection_request_url: Mapped[str] = mapped_column(String(256), default="")
    parameter_key: Mapped[str] = mapped_column(String(32), default="")
    inform_interval_s: Mapped[int] = mapped_column(default=0)
    first_seen_at: Mapped[datetime | None] = mapped_column(Instant)
    last_inform_at: Mapped[datetime | None] = mapped_column(Instant)
    last_boot_at: Mapped[datetime | None] = mapped_column(Instant)
    last_bootstrap_at: Mapped[datetime | None] = mapped_column(Instant)
    silent_at: Mapped[datetime | None] = mapped_column(Instant)
    silent_told: Mapped[bool] = mapped_column(Boolean, default=False)
    inform_count: Mapped[int] = mapped_column(default=0)
    inform_values: Mapped[Any] = mapped_column(Json, nullable=True)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    epoch: Mapped[int] = mapped_column(default=0)
    session_token: Mapped[str | None] = mapped_column(String(48))
    session_state: Mapped[Any] = mapped_column(Json, nullable=True)
    session_until: Mapped[datetime | None] = mapped_column(Instant)
    wake_at: Mapped[datetime | None] = mapped_column(Instant)
    wake_result: Mapped[str] = mapped_column(String(40), default="")
    wake_detail: Mapped[str] = mapped_column(String(200), default="")
    path_set_id: Mapped[int | None] = mapped_column(ForeignKey("path_set.id"))
    note: Mapped[str] = mapped_column(Text, default="")
    quirks: Mapped[Any] = mapped_column(Json, nullable=True)
    """What it taught us of itself, and by which firmware (acs/quirks)."""
    rpc_methods: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The firmware that was asked for its methods, a line feed, and their names between blanks."""
    sightings: Mapped[Any] = mapped_column(Json, nullable=True)
    """How it connected last, and its addresses before: acs/devices/sightings.py. Written only when it changes."""
    desired_key: Mapped[str | None] = mapped_column(String(32), default="", server_default="")
    """The ParameterKey it informs with while it is as it should be; "" where nothing is wanted of it, NULL: to be worked out anew (acs/desired)."""
    alarm_severity: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """The highest of its open alarms (acs/monitoring), 0 for none. Written only when it changes."""

    __table_args__ = (
        Index("ix_device_tenant_id_id", "tenant_id", "id"),
        Index("ix_device_tenant_id_model", "tenant_id", "model"),
        Index("ix_device_running", "tenant_id", "model", "software_version"),
        *(Index(f"ix_device_found_by_{name}", "tenant_id", name, "id") for name in _FOUND_BY),
        Index("ix_device_address", "address"),
        Index("ix_device_wan_address", "wan_address"),
        Index("ix_device_alarm_severity", "tenant_id", "alarm_severity", "id", sqlite_where=_ALARMED, postgresql_where=_ALARMED),
        Index("ix_device_not_admitted", "tenant_id", "trust", "id", sqlite_where=_NOT_ADMITTED, postgresql_where=_NOT_ADMITTED),
        Index("ix_device_trust", "trust", sqlite_where=text("trust = 'quarantine'"), postgresql_where=text("trust = 'quarantine'")),
    )


class DeviceCredential(Base):
    """How a device logs in to us and we to it. Secrets are sealed by the vault."""

    __tablename__ = "device_credential"

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[int]
    username: Mapped[str] = mapped_column(String(255), index=True)
    secret: Mapped[str] = mapped_column(Text, default="")
    next_secret: Mapped[str] = mapped_column(Text, default="")
    request_username: Mapped[str] = mapped_column(String(255), default="")
    request_secret: Mapped[str] = mapped_column(Text, default="")
    changed_at: Mapped[datetime | None] = mapped_column(Instant)
    enrol_until: Mapped[datetime | None] = mapped_column(Instant)
    """We sent a factory reset: until then it may come back with the onboarding secret (conformance C-144)."""

    __table_args__ = (Index("ix_device_credential_changed_at", "changed_at"),)


class DeviceAlias(Base):
    """Another identity that leads to the same device: a replaced board, an OUI that changed with the firmware (quirk K-35)."""

    __tablename__ = "device_alias"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    tenant_id: Mapped[int]
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), index=True)
    oui: Mapped[str] = mapped_column(String(16))
    product_class: Mapped[str] = mapped_column(String(64))
    serial_number: Mapped[str] = mapped_column(String(64), index=True)
    reason: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(120))
    last_seen_at: Mapped[datetime | None] = mapped_column(Instant)


class DeviceMerge(Base):
    """Two devices became one: what the absorbed one was, so that it can be taken apart again."""

    __tablename__ = "device_merge"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int]
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(String(300), default="")
    document: Mapped[Any] = mapped_column(Json)
    undone_at: Mapped[datetime | None] = mapped_column(Instant)
    undone_by: Mapped[str] = mapped_column(String(120), default="")


class IdentityAlarm(Base):
    """Signs that two boxes use one identity (conformance J-4). One row per device and kind; a person settles it."""

    __tablename__ = "identity_alarm"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int]
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(12))
    count: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime] = mapped_column(Instant)
    last_at: Mapped[datetime] = mapped_column(Instant)
    evidence: Mapped[Any] = mapped_column(Json)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_by: Mapped[str] = mapped_column(String(120), default="")
    note: Mapped[str] = mapped_column(String(300), default="")

    __table_args__ = (UniqueConstraint("device_id", "kind"), Index("ix_identity_alarm_tenant_id_state", "tenant_id", "state", "id"))


class DeviceTag(Base):
    __tablename__ = "device_tag"

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(40), primary_key=True)
    tenant_id: Mapped[int]

    __table_args__ = (Index("ix_device_tag_tag", "tenant_id", "tag", "device_id"),)


class DeviceEvent(Base):
    """What happened to a device, newest last. A plain periodic contact leaves no row: the head row says when it was."""

    __tablename__ = "device_event"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int]
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    code: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(String(300), default="")
    data: Mapped[Any] = mapped_column(Json, nullable=True)
    digest: Mapped[str | None] = mapped_column(String(64))
    """Of what the device reported by a call of its own: told again, it is the same event."""

    __table_args__ = (
        Index("ix_device_event_device_id_id", "device_id", "id"),
        Index("ix_device_event_digest", "device_id", "digest", unique=True, sqlite_where=_TOLD, postgresql_where=_TOLD),
    )


class OnboardingRule(Base):
    """Lets an unknown device in that proved the onboarding secret: by its OUI, product class, network, and the beginning or pattern of its serial."""

    __tablename__ = "onboarding_rule"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    name: Mapped[str] = mapped_column(String(80))
    oui: Mapped[str] = mapped_column(String(6), default="")
    product_class: Mapped[str] = mapped_column(String(64), default="")
    serial_prefix: Mapped[str] = mapped_column(String(64), default="")
    network: Mapped[str] = mapped_column(String(64), default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("tenant_id", "name"),)


class PathSet(Base):
    """The names, types and writable flags of one kind of tree, in order: never changed once stored, found again by its hash."""

    __tablename__ = "path_set"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    count: Mapped[int]
    packed: Mapped[bytes] = mapped_column(LargeBinary)


class DeviceKind(Base):
    """One firmware of one model, learned from a device that was read whole: acs/devices/kinds.py."""

    __tablename__ = "device_kind"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    oui: Mapped[str] = mapped_column(String(16))
    product_class: Mapped[str] = mapped_column(String(64))
    software_version: Mapped[str] = mapped_column(String(64))
    root: Mapped[str] = mapped_column(String(32))
    path_set_id: Mapped[int] = mapped_column(ForeignKey("path_set.id"))
    deciding: Mapped[Any] = mapped_column(Json)
    """Path to value of what decides where canonical parameters lie; null where it was looked for and not there."""
    learned_at: Mapped[datetime] = mapped_column(Instant)
    learned_from: Mapped[int] = mapped_column(BigId)

    __table_args__ = (UniqueConstraint("tenant_id", "oui", "product_class", "software_version"),)


class ParamBase(Base):
    __tablename__ = "param_base"

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[int]
    path_set_id: Mapped[int] = mapped_column(ForeignKey("path_set.id"))
    read_at: Mapped[datetime] = mapped_column(Instant)
    origin: Mapped[str] = mapped_column(String(40))
    packed: Mapped[bytes] = mapped_column(LargeBinary)


class ParamName(Base):
    """Interned canonical names: those of readings that lists look into."""

    __tablename__ = "param_name"

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(String(256), unique=True)


class ParamDelta(Base):
    """What was read or written since the base was: a few values with their names, packed. Gone when they are folded into the base."""

    __tablename__ = "param_delta"

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[int]
    packed: Mapped[bytes] = mapped_column(LargeBinary)


class CanonicalValue(Base):
    """The newest reading of each indexed canonical parameter of a device: what lists, groups and thresholds look into.

    A row is in one of the two indexes: by its number where it is one, else by its text.
    """

    __tablename__ = "canonical_value"

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    name_id: Mapped[int] = mapped_column(ForeignKey("param_name.id"), primary_key=True)
    tenant_id: Mapped[int]
    text: Mapped[str] = mapped_column(String(64))
    number: Mapped[float | None] = mapped_column(Float)
    at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        Index("ix_canonical_value_number", "name_id", "number", "device_id", sqlite_where=_IS_NUMBER, postgresql_where=_IS_NUMBER),
        Index("ix_canonical_value_text", "name_id", "text", "device_id", sqlite_where=_IS_TEXT, postgresql_where=_IS_TEXT),
    )


class DeviceReach(Base):
    """What is known of the ways to a device beside its call address: its STUN binding and login, its XMPP account, whether it refuses our login.

    `udp_ts` is the last timestamp sent in a UDP request: the next one is larger, after a restart too (conformance F-42).
    """

    __tablename__ = "device_reach"

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[int]
    udp_address: Mapped[str] = mapped_column(String(64), default="")
    udp_at: Mapped[datetime | None] = mapped_column(Instant)
    udp_ts: Mapped[int] = mapped_column(BigId, default=0)
    stun_username: Mapped[str | None] = mapped_column(String(32), unique=True)
    stun_secret: Mapped[str] = mapped_column(Text, default="")
    xmpp_username: Mapped[str] = mapped_column(String(128), default="")
    xmpp_secret: Mapped[str] = mapped_column(Text, default="")
    xmpp_account_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the XMPP server had the account made by us."""
    login_refused_at: Mapped[datetime | None] = mapped_column(Instant)
    login_rewrite_id: Mapped[int | None] = mapped_column(BigId)
    """The operation that rewrites the request login: one per refusal, until a call is answered again."""


class ReachAttempt(Base):
    """One try to wake a device. `came_at`: when it informed afterwards; only that is success (conformance F-15)."""

    __tablename__ = "reach_attempt"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int]
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    method: Mapped[str] = mapped_column(String(8))
    result: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(String(200), default="")
    latency_ms: Mapped[int | None] = mapped_column()
    came_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index("ix_reach_attempt_device_id_id", "device_id", "id"),)


class ReachWatch(Base):
    """Somebody looks at a device that nothing wakes: it speaks often until `until`, then its own interval is put back, after a crash too."""

    __tablename__ = "reach_watch"

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[int]
    since: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime] = mapped_column(Instant, index=True)
    by: Mapped[str] = mapped_column(String(120))
    set_id: Mapped[int] = mapped_column(BigId)
    back_id: Mapped[int | None] = mapped_column(BigId)
