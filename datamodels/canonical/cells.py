"""From a column of a canonical table to the leaf and text of a row on the wire: what a new row is made of. Reading rows is resolver.py's."""

from __future__ import annotations

from datamodels.canonical.convert import is_true, to_raw_text
from datamodels.canonical.resolver import described_table, known_root
from datamodels.canonical.shapes import Candidate, CanonicalParameter, Column, Value, ValueType


def to_cell(table: str, column: str, value: Value, root: str) -> tuple[str, str]:
    """(leaf, text) that give a row of `table` this value, as `("ExternalPort", "8080")`.

    KeyError for an unknown table, column or root; ValueError naming the column, the value and the rule, also where the root has no leaf for it.
    """
    known = described_table(table)
    found = next((each for each in known.columns if each.name == column), None)
    if found is None:
        raise KeyError(f"{table} has no column {column!r}; there are {', '.join(each.name for each in known.columns)}")
    candidate = _writable(table, column, root)
    as_parameter = CanonicalParameter(f"{table}.{column}", found.label, known.group, found.type, found.unit, found.words, writable=True)
    return candidate.rest, to_raw_text(as_parameter, candidate, typed(found, value))


def writable_columns(table: str, root: str) -> tuple[str, ...]:
    """Columns that stand in the row itself on this root, so that they can be written."""
    cells = described_table(table).cells.get(known_root(root), {})
    return tuple(column for column in cells if _candidate(cells[column]) is not None)


def typed(column: Column, value: Value) -> Value:
    """The value as its column's type wants it: numbers and words that come as text, as forms and files give them."""
    if isinstance(value, str):
        if column.type is ValueType.INT and value.strip().lstrip("+-").isdigit():
            return int(value)
        if column.type is ValueType.BOOL and value.strip():
            return is_true(value)
    return value


def _writable(table: str, column: str, root: str) -> Candidate:
    found = _candidate(described_table(table).cells.get(known_root(root), {}).get(column, ()))
    if found is None:
        raise ValueError(f"{table}.{column} cannot be set below {root}.")
    return found


def _candidate(sources: tuple[object, ...]) -> Candidate | None:
    for source in sources:
        candidate: Candidate | None = getattr(source, "candidate", None)
        walks = getattr(source, "up", 0) or getattr(source, "follow", ())
        if candidate is not None and candidate.anchor is None and not walks and candidate.constant is None:
            return candidate
    return None
