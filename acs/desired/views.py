"""What others see of the desired state: frozen, no row of a table, secrets struck out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from acs.operations.personal import PersonalView
from acs.provisioning.desired import Cannot, Claim, Desired, LeftAlone, WantedRow, WantedValue
from acs.provisioning.differences import Difference, Plan

__all__ = [
    "Cannot", "Claim", "Desired", "DeviceStanding", "Difference", "Examination", "LeftAlone", "LineView", "PersonalView", "Plan", "ProfileView", "ReportState",
    "ReportView", "Standing", "SwapLine", "SwapPreview", "VersionView", "WantedRow", "WantedValue",
]  # fmt: skip


class Standing(StrEnum):
    """How a device stands to its profiles. pending: it will be brought to them at its next contact; failed: it took nothing; partial: it
    took what it takes, and some did not stick; none: no profile fits it."""

    IN_STEP = "in_step"
    PENDING = "pending"
    DRIFT = "drift"
    PARTIAL = "partial"
    FAILED = "failed"
    NONE = "none"


class ReportState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ProfileView:
    """A profile; `document` as documents.py says, secrets struck out. `in_force`: enabled, and its time has come."""

    id: int
    name: str
    note: str
    selection: str
    precedence: int
    enabled: bool
    valid_from: datetime | None
    in_force: bool
    version: int
    document: Mapping[str, Any]
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class VersionView:
    version: int
    at: datetime
    by: str
    reason: str
    content: Mapping[str, Any]
    changes: tuple[Mapping[str, str], ...] = ()
    """Against the version before."""


@dataclass(frozen=True, slots=True)
class DeviceStanding:
    """What is kept of how a device stands."""

    device_id: int
    state: Standing
    key: str
    profiles: tuple[int, ...]
    drift: int
    marks: Mapping[str, Mapping[str, str]]
    error: str
    marked_at: datetime | None
    configured_at: datetime | None
    checked_at: datetime | None
    key_lost: int = 0


@dataclass(frozen=True, slots=True)
class Examination:
    """One device looked at now: what should hold, what does not, and what would be sent. Messages are XML, secrets struck out."""

    device_id: int
    serial_number: str
    model: str
    state: Standing
    desired: Desired
    plan: Plan
    messages: tuple[tuple[str, str], ...]
    """(name, XML) in order."""
    ages: Mapping[str, datetime]
    """Since when the shown values are known, by path."""
    shown: Mapping[str, str]
    profiles: Mapping[int, str]
    standing: DeviceStanding | None
    parameter_key: str
    firmware: str
    """What it runs."""


@dataclass(frozen=True, slots=True)
class ReportView:
    id: int
    selection: str
    with_profile: int | None
    state: ReportState
    total: int | None
    checked: int
    counts: Mapping[str, int]
    error: str
    created_at: datetime
    created_by: str
    finished_at: datetime | None
    repaired_at: datetime | None
    repaired_by: str


@dataclass(frozen=True, slots=True)
class LineView:
    """One device of a report: differences as dicts of path, name, wanted, shown, winner, over, kind; messages as (name, XML)."""

    device_id: int
    serial_number: str
    model: str
    state: Standing
    changes: int
    differences: tuple[Mapping[str, Any], ...]
    gave_up: tuple[Mapping[str, Any], ...]
    cannot: tuple[Mapping[str, str], ...]
    messages: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SwapLine:
    """One setting of the old device and what becomes of it. `why`: it cannot be given to the new one. Secrets struck out."""

    name: str
    label: str
    old: str
    new: str
    why: str = ""
    same: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class SwapPreview:
    """What the successor would be given: writes and rows as they would be asked for, and lines for people."""

    old_id: int
    new_id: int
    old_name: str
    new_name: str
    lines: tuple[SwapLine, ...]
    tags: tuple[str, ...] = ()

    @property
    def restorable(self) -> tuple[SwapLine, ...]:
        return tuple(line for line in self.lines if not line.why and not line.same)
