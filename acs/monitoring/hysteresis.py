"""When a threshold is crossed, and when that is over: one step per reading, no clock, no table.

A reading beyond `limit` counts towards an alarm; the alarm is raised once `samples` readings in a row were beyond it and the first of them is
`for_s` seconds old. It clears with the first reading that is back at `clear`, which lies on the good side of `limit`: in between nothing
changes. Readings that are older than the state say nothing. Tests: tests/acs/monitoring/test_hysteresis.py.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from acs.monitoring.views import Direction


@dataclass(frozen=True, slots=True)
class Rule:
    direction: Direction
    limit: float | None = None
    clear: float | None = None
    word: str = ""
    for_s: int = 0
    samples: int = 1


@dataclass(frozen=True, slots=True)
class Crossing:
    """A device beyond a threshold: since when, by how many readings, and whether it was raised."""

    since: datetime
    count: int
    raised: bool


class Change(Enum):
    RAISED = auto()
    CLEARED = auto()


def is_beyond(rule: Rule, number: float | None, text: str) -> bool:
    match rule.direction:
        case Direction.ABOVE:
            return number is not None and rule.limit is not None and number > rule.limit
        case Direction.BELOW:
            return number is not None and rule.limit is not None and number < rule.limit
        case Direction.IS:
            return text == rule.word
        case Direction.IS_NOT:
            return text not in ("", rule.word)
        case Direction.SILENT:
            return False


def is_back(rule: Rule, number: float | None, text: str) -> bool:
    """Whether a reading is well enough to clear. A number that is missing clears nothing."""
    clear = rule.limit if rule.clear is None else rule.clear
    match rule.direction:
        case Direction.ABOVE:
            return number is not None and clear is not None and number <= clear
        case Direction.BELOW:
            return number is not None and clear is not None and number >= clear
        case _:
            return text != "" and not is_beyond(rule, number, text)


def step(rule: Rule, state: Crossing | None, number: float | None, text: str, at: datetime) -> tuple[Crossing | None, Change | None]:
    """The state after a reading, and what changed. None is the state of a device that is well."""
    if state is not None and at < state.since:
        return state, None
    if state is None or not state.raised:
        if not is_beyond(rule, number, text):
            return None, None
        since, count = (at, 1) if state is None else (state.since, state.count + 1)
        ripe = count >= rule.samples and at - since >= timedelta(seconds=rule.for_s)
        return Crossing(since, count, ripe), Change.RAISED if ripe else None
    if is_back(rule, number, text):
        return None, Change.CLEARED
    return state, None
