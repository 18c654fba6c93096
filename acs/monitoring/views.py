"""What monitoring hands out: monitors with their thresholds, points of a series, alarms, spreads, and the fleet in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

CONTACT = "contact"
"""The parameter of a monitor that watches whether devices speak at all."""


class Severity(IntEnum):
    """perceivedSeverity of TMF642 and X.733, in the order of urgency. 0 is for heads: no alarm."""

    CLEARED = 0
    INDETERMINATE = 1
    WARNING = 2
    MINOR = 3
    MAJOR = 4
    CRITICAL = 5

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> "Severity":
        """KeyError for a word that is none."""
        return cls[word.upper()]


class AlarmType(StrEnum):
    COMMUNICATIONS = "communications"
    EQUIPMENT = "equipment"
    PROCESSING = "processing"
    QUALITY = "qualityOfService"
    ENVIRONMENTAL = "environmental"


class Direction(StrEnum):
    """Which side of the limit is bad. IS and IS_NOT compare words; SILENT is the device's own silence."""

    ABOVE = "above"
    BELOW = "below"
    IS = "is"
    IS_NOT = "is_not"
    SILENT = "silent"


class AlarmState(StrEnum):
    RAISED = "raised"
    CLEARED = "cleared"


class AckState(StrEnum):
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class ThresholdView:
    """`limit` raises, `clear` clears (hysteresis), in the unit of the parameter; `word` instead of both where words are compared."""

    id: int
    severity: Severity
    direction: Direction
    limit: float | None
    clear: float | None
    word: str
    for_s: int
    samples: int
    alarm_type: AlarmType
    probable_cause: str
    repair: str


@dataclass(frozen=True, slots=True)
class MonitorView:
    id: int
    name: str
    parameter: str
    selection: str
    every_s: int
    wake: bool
    enabled: bool
    storm_percent: int
    members: int
    members_at: datetime | None
    created_at: datetime
    created_by: str
    thresholds: tuple[ThresholdView, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """Readings of one instant or bucket: lowest, mean, highest, last, how many."""

    at: datetime
    low: float
    mean: float
    high: float
    last: float
    count: int


@dataclass(frozen=True, slots=True)
class Series:
    """Points oldest first. `step_s`: what lies usually between two; three times as much is a gap."""

    name: str
    since: datetime
    until: datetime
    step_s: int
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class AlarmNote:
    at: datetime
    by: str
    did: str
    text: str


@dataclass(frozen=True, slots=True)
class AlarmView:
    """An alarm in the words of TMF642. `severity` is what it was raised with; perceivedSeverity of a cleared one is "cleared"."""

    id: int
    device_id: int | None
    key: str
    serial_number: str
    monitor_id: int | None
    cause: str
    severity: Severity
    alarm_type: AlarmType
    probable_cause: str
    specific_problem: str
    repair: str
    crossed: Mapping[str, Any] | None
    count: int
    flapping: bool
    raised_at: datetime
    changed_at: datetime
    cleared_at: datetime | None
    cleared_by: str
    acked_at: datetime | None
    acked_by: str
    suppressed: bool
    notes: tuple[AlarmNote, ...]

    @property
    def state(self) -> AlarmState:
        return AlarmState.RAISED if self.cleared_at is None else AlarmState.CLEARED

    @property
    def ack_state(self) -> AckState:
        return AckState.UNACKNOWLEDGED if self.acked_at is None else AckState.ACKNOWLEDGED

    @property
    def perceived_severity(self) -> Severity:
        return self.severity if self.cleared_at is None else Severity.CLEARED


@dataclass(frozen=True, slots=True)
class SpreadView:
    """How values of many devices were spread at an instant. `bins`: (from, to, devices)."""

    at: datetime
    count: int
    mean: float
    low: float
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float
    high: float
    bins: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One parameter of a group: percentiles over devices, each counted by its mean. `basis` is "samples", or "newest" where nothing is kept.

    `good`, `warn`, `bad` are devices by the parameter's own limits, None where it has none.
    """

    parameter: str
    basis: str
    devices: int
    samples: int
    spread: SpreadView | None
    good: int | None
    warn: int | None
    bad: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """`looked_at` of `members`: a large group is looked at by a sample of its devices, evenly over their numbers."""

    selection: str
    since: datetime
    until: datetime
    members: int
    looked_at: int
    lines: tuple[ReportLine, ...]


@dataclass(frozen=True, slots=True)
class FleetView:
    """The last census. `models` and `versions`: (model, version or "", devices, of which online), the most frequent first."""

    at: datetime
    took_ms: int
    presence: Mapping[str, int]
    models: tuple[tuple[str, str, int, int], ...]
    versions: tuple[tuple[str, str, int, int], ...]
    operations: Mapping[str, int]
    alarms: Mapping[str, int]
    faults: tuple[tuple[str, int], ...]
    failed_sessions: int
    load: "LoadView"

    @property
    def total(self) -> int:
        return sum(self.presence.values())


@dataclass(frozen=True, slots=True)
class LoadView:
    """What the CWMP workers did lately, per second; `answer_ms` from Inform to answer, `cpu` in cores, `openness` of admission
    where it is the least: 3 for all, 0 for awaited devices alone."""

    at: datetime | None
    workers: int
    sessions_s: float
    informs_s: float
    failed_s: float
    put_off_s: float
    refused_s: float
    live: int
    openness: float
    answer_ms: float
    cpu: float


@dataclass(frozen=True, slots=True)
class FleetPoint:
    at: datetime
    total: int
    online: int
    silent: int
    operations: int
    alarms: int
    sessions_s: float
    informs_s: float
    failed_s: float
    put_off_s: float
