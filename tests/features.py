"""The page that says which tests show which row of docs/features-asked.md. Written by tests/marks.py."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
ASKED = ROOT / "docs" / "features-asked.md"
PAGE = ROOT / "docs" / "features.md"
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


def asked(text: str) -> tuple[Row, ...]:
    rows, section = [], ""
    for line in text.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif found := _ROW.match(line):
            cells = [cell.strip() for cell in found[2].split(" | ")]
            rows.append(Row(found[1], section, cells[0], cells[-1]))
    return tuple(rows)


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
