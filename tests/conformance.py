"""The page that says, for each item of the conformance list, which tests hold it or why none has to. Written by tests/marks.py.

Reasons are in tests/data/conformance-notes.toml, by kind and id. What has neither test nor reason is OPEN; a reason for an item that a test
holds is a problem too: one of the two is not true any more.
"""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.marks import Item, Marks

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "conformance.md"
NOTES = ROOT / "tests" / "data" / "conformance-notes.toml"
SHOWN = 4
"""Tests named per item; the rest are counted."""

SECTIONS = {
    "cwmp A": "A. Transport and session", "cwmp B": "B. SOAP and XML", "cwmp C": "C. RPC methods", "cwmp D": "D. Inform", "cwmp E": "E. Fault codes",
    "cwmp F": "F. Connection request", "cwmp G": "G. Diagnostics", "cwmp H": "H. Parameter paths", "cwmp I": "I. Firmware, backup, logs",
    "cwmp J": "J. Security", "cwmp K": "K. Addressing, discovery, notification", "cwmp L": "L. Example exchanges", "cwmp X": "X. Where sources disagree",
    "quirk K": "Quirks of devices in the field", "quirk R": "Lessons from other clients",
}  # fmt: skip

Notes = dict[tuple[str, str], str]
"""Why an item needs no test, by kind and id."""


def notes() -> Notes:
    written = tomllib.loads(NOTES.read_text())
    return {(kind, number): reason for kind, reasons in written.items() for number, reason in reasons.items()}


def page(items: Iterable["Item"], marks: "Marks", reasons: Notes, problems: list[str]) -> str:
    """The page; what does not fit together is added to `problems` in sentences."""
    items = tuple(items)
    known = {(item.kind, item.id) for item in items}
    problems += [f"{NOTES.name} names {kind} {number}, which is on no list" for kind, number in sorted(reasons.keys() - known)]
    held = [item for item in items if marks[item.kind].get(item.id)]
    for item in held:
        if (item.kind, item.id) in reasons:
            problems.append(f"{item.kind} {item.id} is held by a test and has a reason for having none in {NOTES.name}")
    waived = [item for item in items if (item.kind, item.id) in reasons]
    is_open = len(items) - len(held) - len(waived)
    lines = [
        "# Conformance",
        "",
        "Written by `make features` from the marks of the tests; do not edit. Items are those of the project's CWMP check list and of its list of",
        "device quirks; *binds* says whether the ACS, the CPE (our simulator) or both have to keep an item.",
        "",
        f"{len(items)} items: {len(held)} held by tests, {len(waived)} with a reason, {is_open} open.",
    ]
    section = ""
    for item in sorted(items, key=_order):
        headline = SECTIONS[f"{item.kind} {item.id[0]}"]
        if headline != section:
            section = headline
            lines += ["", f"## {section}", "", "| item | binds | about | held by |", "|---|---|---|---|"]
        lines.append(f"| {item.id} | {item.binds} | {item.title} | {_held_by(item, marks, reasons)} |")
    return "\n".join(lines) + "\n"


def _order(item: "Item") -> tuple[str, str, int]:
    letter, _, number = item.id.partition("-")
    return item.kind, letter, int(number)


def _held_by(item: "Item", marks: "Marks", reasons: Notes) -> str:
    tests = sorted(marks[item.kind].get(item.id, ()))
    if not tests:
        reason = reasons.get((item.kind, item.id))
        return f"no test: {reason}" if reason else "**OPEN**"
    named = [f"`{re.sub('^tests/', '', name)}`" for name in tests[:SHOWN]]
    return "<br>".join(named + ([f"and {len(tests) - SHOWN} more"] if len(tests) > SHOWN else []))
