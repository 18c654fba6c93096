"""What others see of the quirk registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from acs.provisioning.quirks import DeviceQuirks


@dataclass(frozen=True, slots=True)
class QuirkView:
    """One knob for one scope. `devices`: how many showed it. `origin` is hand, learned, import or seed."""

    id: int
    oui: str
    product_class: str
    firmware: str
    knob: str
    item: str
    value: Any
    state: str
    origin: str
    pinned: bool
    author: str
    note: str
    devices: int
    created_at: datetime
    updated_at: datetime

    @property
    def scope(self) -> tuple[str, str, str]:
        return (self.oui, self.product_class, self.firmware)


@dataclass(frozen=True, slots=True)
class SeenView:
    """What one device showed: the evidence. `epoch` is its session's, `record_id` the session record's if it is still kept."""

    device_id: int
    serial_number: str
    firmware: str
    knob: str
    item: str
    value: Any
    count: int
    epoch: int
    asked: str
    answered: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceKnows:
    """What holds for a device: the knobs, the entries of the registry that fit it, and what it taught us itself."""

    quirks: DeviceQuirks
    entries: tuple[QuirkView, ...]
    own: tuple[SeenView, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of an import before it is done. `what` is new, same or differs; then `before` is what stands there."""

    what: str
    entry: Mapping[str, Any]
    before: QuirkView | None = None
