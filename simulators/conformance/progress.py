"""What a run says while it goes: a bar that is written over on a terminal, a line per case elsewhere.

Tests: tests/simulators/conformance/test_progress.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TextIO

from simulators.conformance.case import Result, Verdict

_COLOURS = {Verdict.PASSED: "32", Verdict.WARNING: "33", Verdict.FAILED: "31", Verdict.SKIPPED: "90"}
WIDTH = 30


@dataclass
class Progress:
    """`quiet` says nothing of what passed or was skipped; on a terminal those only move the bar."""

    out: TextIO
    is_terminal: bool
    quiet: bool = False
    found: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))

    def tell(self, result: Result, done: int, total: int) -> None:
        self.found[result.verdict] += 1
        is_news = result.verdict in (Verdict.FAILED, Verdict.WARNING)
        if self.is_terminal:
            self._clear()
            if is_news:
                self.out.write(f"\x1b[{_COLOURS[result.verdict]}m{result.verdict.value:8}\x1b[0m {result.case.id}: {result.reason}\n")
            self.out.write(self._bar(done, total, result.case.id))
        elif is_news or not self.quiet:
            told = f": {result.reason}" if result.reason else ""
            self.out.write(f"{result.verdict.value:8} {result.case.id}{told}\n")
        self.out.flush()

    def end(self) -> None:
        if self.is_terminal:
            self._clear()
        self.out.write(", ".join(f"{count} {verdict.value}" for verdict, count in self.found.items()) + "\n")
        self.out.flush()

    def _clear(self) -> None:
        self.out.write("\r\x1b[K")

    def _bar(self, done: int, total: int, at: str) -> str:
        full = WIDTH * done // max(total, 1)
        bad = f", {self.found[Verdict.FAILED]} failed" if self.found[Verdict.FAILED] else ""
        return f"{'█' * full}{'░' * (WIDTH - full)} {done}/{total}{bad}  {at[:40]}"
