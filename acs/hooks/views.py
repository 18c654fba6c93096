"""What others see of hooks, their versions and their runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from acs.errors import HearthlineError


class HookKind(StrEnum):
    """What a hook answers: values that should stand on the device, or whether something is so of it."""

    VALUES = "values"
    VERDICT = "verdict"


class HookState(StrEnum):
    """`off` by a person, `failed` by itself because it failed too often."""

    ON = "on"
    OFF = "off"
    FAILED = "failed"


class VersionState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class Fault(StrEnum):
    """How a run ended that gave no answer. The last three say nothing about the hook's code."""

    SYNTAX = "syntax"
    THREW = "threw"
    TIME = "time"
    MEMORY = "memory"
    STACK = "stack"
    OUTPUT = "output"
    REFUSED = "refused"
    """Its answer is none that a device could be given."""
    KILLED = "killed"
    BUSY = "busy"
    OFF = "off"


class HookFailed(HearthlineError):
    """A hook gave no answer that can be used. `line` counts from 1; None where no line is to blame."""

    status = 422
    code = "hook_failed"

    def __init__(self, fault: Fault, told: str, line: int | None = None, logs: tuple[str, ...] = (), took_ms: float = 0) -> None:
        super().__init__(told if line is None else f"Line {line}: {told}")
        self.fault, self.told, self.line, self.logs, self.took_ms = fault, told, line, logs, took_ms


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may take: CPU time, memory of the engine, and bytes of its answer."""

    time_ms: int = 100
    memory_mb: int = 16
    output: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run gave: its answer out of JSON, lines it logged, and the time it took in milliseconds."""

    answer: Any
    logs: tuple[str, ...] = ()
    took_ms: float = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a hook of that kind says: whether it is so, why, and what it looked at."""

    ok: bool
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HookView:
    """A hook and how it fares. `published` is the number of the version that runs; None where there is none."""

    id: int
    name: str
    kind: HookKind
    description: str
    sees_secrets: bool
    limits: Limits
    state: HookState
    off_reason: str
    off_at: datetime | None
    published: int | None
    draft: int | None
    runs: int
    failures: int
    in_a_row: int
    last_error: str
    last_failed_at: datetime | None
    last_run_at: datetime | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of a hook's code. A draft may be changed; what was published once never is."""

    id: int
    number: int
    state: VersionState
    code: str
    note: str
    created_at: datetime
    created_by: str
    published_at: datetime | None
    published_by: str
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class Checked:
    """One value of an answer, as it would be written: `problem` says which rule it breaks, "" where none."""

    name: str
    value: Any
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a try on a stored device came to: the facts it was given, and either an answer or how it failed."""

    facts: Mapping[str, Any]
    values: tuple[Checked, ...] = ()
    verdict: Verdict | None = None
    fault: Fault | None = None
    told: str = ""
    line: int | None = None
    logs: tuple[str, ...] = ()
    took_ms: float = 0

    @property
    def is_good(self) -> bool:
        return self.fault is None and not any(each.problem for each in self.values)
