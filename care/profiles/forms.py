"""The profile form: many lines of one kind, so plain fields and no form class. What was typed and a document, there and back.

Values keep their place: what acs/desired calls "settings.2.value" is the third line of the form.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from acs.desired.service import raw_text
from acs.errors import Invalid
from datamodels import canonical

BLANK, MOST = 2, 200
"""Empty lines beside the filled ones, and how many lines a form takes."""
Lines = list[dict[str, Any]]


def typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """A profile as services take it, out of the form. Invalid for a line of a row that is no "column = value"."""
    document = {
        "settings": _lines(form, "setting", ("name", "value", "hold")),
        "rows": [_row(row, n) for n, row in enumerate(_lines(form, "row", ("table", "keys", "values", "absent", "hold")))],
        "watches": _lines(form, "watch", ("name", "notification")),
        "firmware": form.get("firmware", ""),
        "inform_interval_s": form.get("inform_interval_s", ""),
        "hook": form.get("hook", ""),
        "self_heal": form.get("self_heal") == "yes",
    }
    return {
        "name": form.get("name", ""), "note": form.get("note", ""), "selection": form.get("selection", ""), "precedence": form.get("precedence", ""),
        "enabled": form.get("enabled") == "yes", "valid_from": _instant(form.get("valid_from", "")), "document": document,
        "reason": form.get("reason", ""),
    }  # fmt: skip


def _instant(text: str) -> str:
    """What a field of date and time gives: minutes, in UTC."""
    return f"{text}:00Z" if text and len(text) == 16 else text


def _lines(form: MultiDict[str, str], kind: str, columns: Sequence[str]) -> Lines:
    """The lines whose first column says something, in order."""
    lists = {column: form.getlist(f"{kind}-{column}")[:MOST] for column in columns}
    first = lists[columns[0]]
    return [
        {column: lists[column][n] if n < len(lists[column]) else "" for column in columns} for n, value in enumerate(first) if value.strip()
    ]


def _row(line: Mapping[str, Any], n: int) -> dict[str, Any]:
    cells = {part: _cells(line[part], f"rows.{n}.{part}") for part in ("keys", "values")}
    return {"table": line["table"], **cells, "absent": line["absent"] == "absent", "hold": line["hold"]}


def _cells(text: str, field: str) -> dict[str, str]:
    cells = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        column, equals, value = line.partition("=")
        if not equals or not column.strip():
            raise Invalid(f"{line.strip()[:60]!r} is not of the form: column = value.", field)
        cells[column.strip()] = value.strip()
    return cells


# ---- showing -------------------------------------------------------------------------------------------------


def of_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """The lines of the form for a document."""
    rows = [
        {**row, "absent": "absent" if row["absent"] else "", **{part: _told(row[part]) for part in ("keys", "values")}} for row in document["rows"]
    ]
    settings = [{**one, "value": raw_text(one["value"])} for one in document["settings"]]
    return {**document, "settings": settings, "rows": rows, "watches": list(document["watches"])}


def as_typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """The lines as they were typed, to be shown again."""
    return {
        "settings": _lines(form, "setting", ("name", "value", "hold")), "rows": _lines(form, "row", ("table", "keys", "values", "absent", "hold")),
        "watches": _lines(form, "watch", ("name", "notification")), "firmware": form.get("firmware", ""),
        "inform_interval_s": form.get("inform_interval_s", ""), "hook": form.get("hook", ""), "self_heal": form.get("self_heal") == "yes",
    }  # fmt: skip


def padded(lines: Mapping[str, Any], blank: int) -> dict[str, Any]:
    """The lines with empty ones behind them."""
    empty = {
        "settings": ({"name": "", "value": "", "hold": ""}, blank), "rows": ({"table": "", "keys": "", "values": "", "absent": "", "hold": ""}, 1),
        "watches": ({"name": "", "notification": "1"}, 1),
    }  # fmt: skip
    return {**lines, **{kind: [*lines[kind], *[line] * count] for kind, (line, count) in empty.items()}}


def _told(cells: Mapping[str, Any]) -> str:
    return "\n".join(f"{column} = {raw_text(value)}" for column, value in cells.items())


def field_minutes(at: datetime | None) -> str:
    """An instant as a field of date and time wants it, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") if at is not None else ""


def names() -> list[tuple[str, str]]:
    """Canonical names that can be set, with what they are called: proposals of the fields."""
    return [(name, canonical.describe(name).label) for name in canonical.names() if canonical.describe(name).writable]
