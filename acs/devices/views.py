"""What others see of devices: frozen, made for pages, the REST interface and procedures. No row of a table leaves this package."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from acs.db.tenancy import TenantId

DeviceId = NewType("DeviceId", int)


class Presence(StrEnum):
    """How a device stands towards us, relative to its own inform interval."""

    ONLINE = "online"
    SILENT = "silent"
    NEVER = "never"
    QUARANTINE = "quarantine"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device in a list."""

    id: DeviceId
    key: str
    serial_number: str
    manufacturer: str
    model: str
    product_class: str
    software_version: str
    address: str
    presence: Presence
    in_session: bool
    last_inform_at: datetime | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device's head."""

    id: DeviceId
    tenant: TenantId
    key: str
    oui: str
    product_class: str
    serial_number: str
    manufacturer: str
    model: str
    hardware_version: str
    software_version: str
    root: str
    trust: str
    presence: Presence
    in_session: bool
    address: str
    wan_address: str
    connection_request_url: str
    parameter_key: str
    inform_interval_s: int
    first_seen_at: datetime | None
    last_inform_at: datetime | None
    last_boot_at: datetime | None
    silent_at: datetime | None
    inform_count: int
    wake_at: datetime | None
    wake_result: str
    wake_detail: str
    has_tree: bool
    tags: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class ParameterView:
    """One parameter as last known; a secret's value is masked. `writable` None where nobody has asked the device yet."""

    path: str
    value: str
    type: str
    at: datetime
    origin: str
    writable: bool | None
    secret: bool


@dataclass(frozen=True, slots=True)
class BranchView:
    """One row of the tree browser: an object with its count of parameters below, or a parameter."""

    path: str
    name: str
    is_object: bool
    count: int
    can_add: bool
    can_delete: bool
    parameter: ParameterView | None


@dataclass(frozen=True, slots=True)
class EventView:
    """Something that happened. `data` is what the device told of it by a call of its own, as acs/devices/reports.py has it."""

    id: int
    at: datetime
    code: str
    detail: str
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RuleView:
    """An onboarding rule."""

    id: int
    name: str
    oui: str
    product_class: str
    serial_prefix: str
    network: str = ""


class AlarmState(StrEnum):
    """How an identity alarm stands: to be looked at, looked at, or known to be as it should."""

    OPEN = "open"
    SETTLED = "settled"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class AlarmView:
    """An identity alarm. `evidence` is what was seen, the newest last."""

    id: int
    device_id: DeviceId
    key: str
    serial_number: str
    kind: str
    state: AlarmState
    count: int
    first_at: datetime
    last_at: datetime
    evidence: tuple[Mapping[str, Any], ...]
    settled_at: datetime | None
    settled_by: str
    note: str


@dataclass(frozen=True, slots=True)
class AliasView:
    """Another identity of a device."""

    key: str
    oui: str
    product_class: str
    serial_number: str
    reason: str
    created_at: datetime
    created_by: str
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class MergeView:
    """Two devices that became one."""

    id: int
    device_id: DeviceId
    key: str
    at: datetime
    by: str
    reason: str
    undone_at: datetime | None
    undone_by: str
    moved: Mapping[str, int]
    """Rows that went along, by table."""
    whole: bool
    """Whether all of them can be given back."""


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What a merge would do. `survivor_speaks`: whose settings, login and versions stay, because it spoke last."""

    survivor: DeviceView
    absorbed: DeviceView
    survivor_speaks: bool
    moved: Mapping[str, int]
    lost: Mapping[str, int]
    cancelled: int
    """Open operations of the one that did not speak last."""


@dataclass(frozen=True, slots=True)
class IdentityView:
    """How a device proves who it is, what else it is called, and what is suspicious about it."""

    login: str
    certificate_fingerprint: str
    certificate_subject: str
    username: str
    secret_changed_at: datetime | None
    is_rotating: bool
    enrol_until: datetime | None
    previous_address: str
    moved_at: datetime | None
    mac: str
    aliases: tuple[AliasView, ...]
    merges: tuple[MergeView, ...]
    alarms: tuple[AlarmView, ...]
    siblings: tuple[tuple[DeviceId, str], ...]
    """Other devices of the same serial number."""
