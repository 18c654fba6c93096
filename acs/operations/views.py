"""What others see of operations."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

OperationId = NewType("OperationId", int)


class OperationState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


OPEN = frozenset({OperationState.QUEUED, OperationState.RUNNING, OperationState.WAITING})

STATIONS = ("queued", "waking", "session", "device", "done")
"""The five stations a person sees an operation pass: since when it was in each is in `OperationView.stations`."""


@dataclass(frozen=True, slots=True)
class OperationView:
    """One operation. `stations` has the instant each station was reached; `result` is as the kind's procedure documents it."""

    id: OperationId
    device_id: int
    device_serial: str
    device_model: str
    kind: str
    label: str
    args: Mapping[str, Any]
    state: OperationState
    phase: str
    progress: str
    stations: Mapping[str, datetime]
    station: str
    priority: int
    due_at: datetime
    expires_at: datetime
    command_key: str
    attempts: int
    cancel_wanted: bool
    result: Mapping[str, Any]
    error: str
    fault: Mapping[str, Any] | None
    requested_by: str
    reason: str
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    usual_s: int
    wake_result: str
    wake_detail: str
    presence: str
    next_contact_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN
