"""What is watched, as a worker keeps it in memory: whether a reading is of interest is a look into a dict, never a query.

Loaded when the worker starts and again when a hint says that monitors changed. A reload puts a whole new state in place of the old one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from acs.monitoring.hysteresis import Rule
from acs.monitoring.views import AlarmType, Severity


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold with what its alarm says."""

    id: int
    rule: Rule
    severity: Severity
    alarm_type: AlarmType
    probable_cause: str
    repair: str


@dataclass(frozen=True, slots=True)
class Watch:
    """One monitor. `everyone`: it has no selection, so that nobody need be looked up. `words` of an enum stand for their numbers."""

    monitor_id: int
    name: str
    parameter: str
    name_id: int
    everyone: bool
    words: tuple[str, ...]
    unit: str
    limits: tuple[Limit, ...]


Watches = Mapping[int, Mapping[str, tuple[Watch, ...]]]
"""By tenant and canonical name."""


class MonitorBook:
    def __init__(self) -> None:
        self._watches: Watches = {}

    def replace(self, watches: Watches) -> None:
        self._watches = watches

    @property
    def watches(self) -> Watches:
        return self._watches
