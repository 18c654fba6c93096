"""A line of the audit trail as the page shows it: what changed from what to what, key by key."""

import json
from dataclasses import dataclass
from typing import Any

from acs.audit import AuditView


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class LineRow:
    line: AuditView
    changes: tuple[Change, ...]


def line_row(line: AuditView) -> LineRow:
    """Only what differs is listed; a value that is not a set of names is one nameless change."""
    before, after = line.before, line.after
    if not isinstance(before, dict | None) or not isinstance(after, dict | None):
        return LineRow(line, (Change("", _text(before), _text(after)),))
    before, after = before or {}, after or {}
    names = list(dict.fromkeys([*before, *after]))
    return LineRow(line, tuple(Change(str(n), _text(before.get(n)), _text(after.get(n))) for n in names if before.get(n) != after.get(n)))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
