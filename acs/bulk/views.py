"""What others see of deeds for many devices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from acs.devices.views import DeviceId
from acs.finding.views import Count


class Deed(StrEnum):
    TAG = "tag"
    UNTAG = "untag"
    JOIN = "join"
    LEAVE = "leave"
    OPERATION = "operation"


class BulkState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done: `subject` is the tag, the number of the group or the kind of operation; `args` are the operation's."""

    deed: Deed
    subject: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Selection:
    """For whom: the ticked devices, or whoever fits the query where there are none."""

    query: str = ""
    device_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """How many it is about, some of them, and why it cannot be done, if so."""

    count: Count
    sample: tuple[DeviceId, ...]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class BulkView:
    """How far it is. `operations` counts those that were asked by state; `refusals` are the first (device, why)."""

    id: int
    deed: Deed
    subject: str
    label: str
    query: str
    ticked: int
    state: BulkState
    expected: int
    done: int
    unchanged: int
    refused: int
    refusals: tuple[tuple[int, str], ...]
    operations: Mapping[str, int]
    reason: str
    error: str
    created_at: datetime
    created_by: str
    finished_at: datetime | None

    @property
    def looked_at(self) -> int:
        return self.done + self.unchanged + self.refused
