"""`python -m tests.features`: the page that says which tests show which row of docs/features-asked.md.

Tests carry `@pytest.mark.feature("U-13")`; they are found by letting pytest collect them, so a mark on a module or a class counts too.
Run by `make features`; tests/test_features.py fails while docs/features.md is not what this prints.
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

ROOT = Path(__file__).parent.parent
ASKED = ROOT / "docs" / "features-asked.md"
PAGE = ROOT / "docs" / "features.md"
ITEMS = ROOT / "tests" / "data" / "cwmp-items.txt"
MARKS = ("feature", "cwmp", "quirk")
_ROW = re.compile(r"\| ([A-Z]-\d+) \|(.*)\|$")
_ASKS_NOTHING = re.compile(r"(?:Context|None|Vendor service)\b")


@dataclass(frozen=True, slots=True)
class Row:
    """One capability. `section` is its family's headline."""

    id: str
    section: str
    capability: str
    must_do: str

    @property
    def asks_nothing(self) -> bool:
        return _ASKS_NOTHING.match(self.must_do) is not None


Marks = dict[str, dict[str, set[str]]]
"""Kind of mark, then id, then the tests that carry it as path::name."""


def asked(text: str) -> tuple[Row, ...]:
    rows, section = [], ""
    for line in text.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif found := _ROW.match(line):
            cells = [cell.strip() for cell in found[2].split(" | ")]
            rows.append(Row(found[1], section, cells[0], cells[-1]))
    return tuple(rows)


def known_items() -> dict[str, set[str]]:
    """The ids that `cwmp` and `quirk` marks may name."""
    known: dict[str, set[str]] = {"cwmp": set(), "quirk": set()}
    for line in ITEMS.read_text().splitlines():
        if line and not line.startswith("#"):
            kind, _, item = line.partition(" ")
            known[kind].add(item)
    return known


class _Collector:
    def __init__(self) -> None:
        self.marks: Marks = {kind: defaultdict(set) for kind in MARKS}

    def pytest_collection_finish(self, session: Any) -> None:
        for item in session.items:
            name = re.sub(r"\[.*", "", item.nodeid, flags=re.S)
            for kind in MARKS:
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


def page(rows: Iterable[Row], shown: dict[str, set[str]]) -> str:
    rows = tuple(rows)
    wanted = [row for row in rows if not row.asks_nothing]
    lines = [
        "# What is shown by tests",
        "",
        "Written by `make features` from the marks of the tests; do not edit. What each row asks for is in [features-asked.md](features-asked.md).",
        "",
        f"{sum(row.id in shown for row in wanted)} of {len(wanted)} rows are shown by at least one test.",
    ]
    section = ""
    for row in rows:
        if row.section != section:
            section = row.section
            lines += ["", f"## {section}", "", "| id | capability | tests |", "|---|---|---|"]
        tests = "<br>".join(f"`{name}`" for name in sorted(shown.get(row.id, ())))
        lines.append(f"| {row.id} | {row.capability} | {tests or ('asks for nothing' if row.asks_nothing else 'not yet')} |")
    return "\n".join(lines) + "\n"


def unknown(marks: Marks, rows: Iterable[Row]) -> list[str]:
    """Marks whose id is on no list, in sentences."""
    known = {"feature": {row.id for row in rows}, **known_items()}
    return [
        f"{test} is marked {kind}({number!r}), which is on no list"
        for kind in MARKS
        for number, tests in sorted(marks[kind].items())
        if number not in known[kind]
        for test in sorted(tests)
    ]


def main() -> int:
    """Print the page; 1 if a mark names what does not exist."""
    rows = asked(ASKED.read_text())
    marks = collect()
    sys.stdout.write(page(rows, marks["feature"]))
    problems = unknown(marks, rows)
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
