"""What a case is: a script with a number, a group, what it cites and a verdict. cases/ holds them, runner.py runs them.

    @case("Session_Shape", "A-50", "A-55", title="A session with nothing to do ends with 204")
    async def minimal(cpe: WireCpe) -> None:
        '''Informs, posts empty, and answers what it is asked until the ACS has nothing more to do.'''
        await cpe.informs()
        await cpe.finishes()

`check` fails a case, `cpe.should` only warns. Tests: tests/simulators/conformance/test_case.py.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

Script = Callable[[Any], Awaitable[None]]


class Verdict(StrEnum):
    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class CaseFailed(AssertionError):
    """The ACS did what it must not, or not what it must."""


class CaseSkipped(Exception):
    """The case does not apply; the text says why."""


def check(holds: object, otherwise: str) -> None:
    """Fail the case unless it holds."""
    if not holds:
        raise CaseFailed(otherwise)


def fail(why: str) -> NoReturn:
    raise CaseFailed(why)


def skip(why: str) -> NoReturn:
    raise CaseSkipped(why)


@dataclass(frozen=True, slots=True)
class Case:
    """`cites` are items of the CWMP conformance list, quirks (K-n, R-n), and that list's own items K as cwmp:K-n.

    `needs` are what the driver must be able to let the ACS do; `wait_s` is added to the time limit of a case that waits on purpose.
    """

    id: str
    group: str
    title: str
    does: str
    cites: tuple[str, ...]
    script: Script
    needs: frozenset[str] = frozenset()
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript: milliseconds since the case began, who spoke (">" us, "<" the ACS, "" the suite), what in short, and bytes."""

    ms: int
    who: str
    what: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    case: Case
    verdict: Verdict
    reason: str
    seconds: float
    transcript: tuple[Line, ...] = ()
    warnings: tuple[str, ...] = field(default=())


CASES: dict[str, Case] = {}


def case(
    group: str, *cites: str, title: str, needs: str = "", wait_s: float = 0.0, does: str = "", name: str = ""
) -> Callable[[Script], Script]:
    """Register a script. Its docstring says what it does; its name and group make the id."""

    def register(script: Script) -> Script:
        told = " ".join((does or script.__doc__ or "").split())
        key = f"{group}/{name or script.__name__.strip('_').replace('_', '-')}"
        if not told or key in CASES:
            raise ValueError(f"case {key}: " + ("registered twice" if told else "does not say what it does"))
        CASES[key] = Case(key, group, title, told, cites, script, frozenset(needs.split()), wait_s)
        return script

    return register


_SECRETS = (
    re.compile(r"(<Name>[^<]*(?:Password|Passphrase|PreSharedKey|WEPKey|Secret)[^<]*</Name>\s*<Value[^>]*>)[^<]+", re.I),
    re.compile(r"(<Password>)[^<]+", re.I),
    re.compile(r"(^(?:Authorization|WWW-Authenticate):\s*\S+\s)[^\r\n]+", re.I | re.M),
    re.compile(r"((?:Set-)?Cookie:\s*[^=\r\n]*=)[^;\r\n]+", re.I),
)


def masked(text: str) -> str:
    """Without passwords, credentials and session cookies."""
    for pattern in _SECRETS:
        text = pattern.sub(r"\1•••", text)
    return text
