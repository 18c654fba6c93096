"""The table of sessions the bench measures: what is played, and what is wanted of it. Data only; run.py plays it.

Tests: tests/simulators/bench/test_cases.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Asked(StrEnum):
    """What is queued for every device before its sessions are measured."""

    NOTHING = ""
    READ = "read"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class Case:
    """`goal_ms` is CPU of all server processes and the database for one session; `peer_ms` that of the best open peer, without its database.

    `sessions` and `devices` are of one run at full size. `fresh`: every run has devices nobody has seen, of a kind that is known.
    """

    name: str
    says: str
    goal_ms: float
    peer_ms: float
    sessions: int
    devices: int
    params: int = 100
    event: str = "2 PERIODIC"
    asked: Asked = Asked.NOTHING
    fresh: bool = False


CASES = (
    Case("bootstrap", "bootstrap of a new device of a known kind", 2.0, 16.3, 1000, 1000, event="0 BOOTSTRAP,1 BOOT", fresh=True),
    Case("periodic", "periodic, nothing due", 0.6, 6.0, 6000, 500),
    Case("periodic-3000", "periodic, 3,000 values stored", 0.6, 73.5, 6000, 200, params=3000),
    Case("read", "read of 97 values queued beforehand, known device", 1.8, 26.7, 1000, 1000, asked=Asked.READ),
    Case("refresh", "full refresh of 3,000 parameters", 25.0, 404.0, 200, 200, params=3000, asked=Asked.REFRESH),
)
"""In the order in which they are played: later ones use what earlier ones have stored."""

READ_VALUES = 97
"""Values of one read."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is played: `share` of each case's sessions and devices, `runs` of it, `settle_s` before CPU is read for the last time."""

    share: float
    runs: int
    settle_s: float

    def of(self, count: int) -> int:
        return max(20, round(count * self.share))


FULL = Size(1.0, 5, 30.0)
QUICK = Size(0.2, 1, 5.0)


def case_of(name: str) -> Case:
    """KeyError for a name that is none."""
    return {case.name: case for case in CASES}[name]
