"""What tests cite with `feature`, `cwmp` and `quirk`, and the two pages made of it: `python -m tests.marks write`.

Tests are found by letting pytest collect them, so a mark on a module, a class or one case of many counts too. `check` compares the pages with what
would be written and names the marks whose id is on no list; tests/test_marks.py runs it.
"""

import contextlib
import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import conformance, features

ROOT = Path(__file__).parent.parent
ITEMS = ROOT / "tests" / "data" / "cwmp-items.txt"
KINDS = ("feature", "cwmp", "quirk")
_ITEM = re.compile(r"(cwmp|quirk) ([A-Z]-\d+) (ACS|CPE|both): (.+)")

Marks = dict[str, dict[str, set[str]]]
"""Kind of mark, then id, then the tests that carry it as path::name."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the conformance list. `binds` is "ACS", "CPE" or "both"."""

    kind: str
    id: str
    binds: str
    title: str


def items() -> tuple[Item, ...]:
    return tuple(Item(*found.groups()) for line in ITEMS.read_text().splitlines() if (found := _ITEM.fullmatch(line)))


class _Collector:
    def __init__(self) -> None:
        self.marks: Marks = {kind: defaultdict(set) for kind in KINDS}

    def pytest_collection_finish(self, session: Any) -> None:
        for item in session.items:
            name = re.sub(r"\[.*", "", item.nodeid, flags=re.S)
            for kind in KINDS:
                for mark in item.iter_markers(kind):
                    for number in mark.args:
                        self.marks[kind][number].add(name)


def collect() -> Marks:
    """What all tests are marked with. RuntimeError, with what pytest said, where a test file cannot be read."""
    collector, said = _Collector(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main(["--collect-only", "-q", "--rootdir", str(ROOT), str(ROOT / "tests")], plugins=[collector])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError(said.getvalue()[-4000:])
    return collector.marks


def unknown(marks: Marks, known: dict[str, set[str]]) -> list[str]:
    """Marks whose id is on no list, in sentences."""
    return [
        f"{test} is marked {kind}({number!r}), which is on no list"
        for kind in KINDS
        for number, tests in sorted(marks[kind].items())
        if number not in known[kind]
        for test in sorted(tests)
    ]


def known(rows: Iterable[features.Row], listed: Iterable[Item]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"feature": {row.id for row in rows}, "cwmp": set(), "quirk": set()}
    for item in listed:
        found[item.kind].add(item.id)
    return found


def main(arguments: list[str]) -> int:
    if arguments not in (["write"], ["check"]):
        sys.stderr.write("usage: python -m tests.marks write|check\n")
        return 2
    rows, listed, marks = features.asked(features.ASKED.read_text()), items(), collect()
    problems = unknown(marks, known(rows, listed))
    pages = {
        features.PAGE: features.page(rows, marks["feature"]),
        conformance.PAGE: conformance.page(listed, marks, conformance.notes(), problems),
    }
    for path, text in pages.items():
        if arguments == ["write"]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            problems.append(f"{path.relative_to(ROOT)} is out of date: run `make features` and commit it")
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
