"""The parameters of one simulated device: a shared tree (profile.py) and the little that differs.

Values, rows and their numbers; no faults and no RPC here, those are rpc.py's. Instance numbers are never given twice (K-1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from datamodels.entry import Entry, Status
from simulators.facts import Facts
from simulators.living import parse
from simulators.profile import Base, Leaf, Shape, base_of, default_text, objects_below, parameters_of, sort_key


class Tree:
    """`changed` holds the texts that differ from the shared tree, `added` the leaves of rows that the shared tree has not."""

    def __init__(self, facts: Facts, padding: int = 0) -> None:
        shape = Shape(len(facts.hosts), len(facts.on_link("2")), len(facts.on_link("5")))
        self.base: Base = base_of(facts.profile.name, shape, padding)
        self.facts = facts
        self.changed: dict[str, str] = {}
        self.added: dict[str, Leaf] = {}
        self.added_objects: dict[str, bool] = {}
        self.removed: set[str] = set()
        self.last_number: dict[str, int] = {}

    @property
    def root(self) -> str:
        return self.base.root + "."

    # ---- looking -------------------------------------------------------------------------------------------------

    def leaf(self, path: str) -> Leaf | None:
        found = self.added.get(path)
        if found is None:
            found = self.base.leaves.get(path)
            if found is not None and self.removed and self._is_removed(path):
                return None
        return found

    def is_object(self, path: str) -> bool:
        return path in self.added_objects or (path in self.base.objects and not self._is_removed(path))

    def may_add_or_delete(self, path: str) -> bool:
        return self.added_objects.get(path, self.base.objects.get(path, False))

    def _is_removed(self, path: str) -> bool:
        return any(path.startswith(row) for row in self.removed)

    def under(self, prefix: str) -> list[str]:
        """Parameters below an object, in tree order; the empty prefix is the whole tree."""
        found = self.base.under(prefix)
        if self.removed:
            found = tuple(path for path in found if not self._is_removed(path))
        extra = [path for path in self.added if path.startswith(prefix)]
        return sorted((*found, *extra), key=sort_key) if extra else list(found)

    def objects_under(self, prefix: str) -> list[str]:
        """Objects below and including `prefix`, in tree order."""
        found = [path for path in self.base.objects if path.startswith(prefix) and not self._is_removed(path)]
        extra = [path for path in self.added_objects if path.startswith(prefix)]
        return sorted((*found, *extra), key=sort_key) if extra else found

    def matching(self, pattern: str) -> list[str]:
        """Parameters a path names, with `*` for any instance; a partial path names all below it (conformance D-65, K-30)."""
        if "*" not in pattern:
            return self.under(pattern) if pattern.endswith(".") else [pattern] if self.leaf(pattern) else []
        found = _pattern(pattern, r".*" if pattern.endswith(".") else "")
        return [path for path in self.under(pattern.partition("*")[0]) if found.fullmatch(path)]

    def matching_objects(self, pattern: str) -> list[str]:
        """Objects a path with a trailing dot names, with `*` for any instance."""
        if "*" not in pattern:
            return [pattern] if self.is_object(pattern) else []
        return [path for path in self.objects_under(pattern.partition("*")[0]) if _pattern(pattern).fullmatch(path)]

    def rows(self, table: str) -> list[int]:
        depth = table.count(".")
        numbers = {
            int(part)
            for path in self._rows_of(table)
            if path.count(".") == depth + 1 and (part := path[len(table) : -1]).isdigit()
        }  # fmt: skip
        return sorted(numbers)

    def _rows_of(self, table: str) -> Iterator[str]:
        for path in (*self.base.below(table), *(path for path in self.added_objects if path.startswith(table))):
            if path in self.added_objects or not self._is_removed(path):
                yield path

    # ---- values --------------------------------------------------------------------------------------------------

    def value(self, path: str) -> str:
        """The text as the device knows it; KeyError for a path it has not."""
        text = self.changed.get(path)
        if text is not None:
            return text
        leaf = self.leaf(path)
        if leaf is None:
            raise KeyError(path)
        return leaf.living.text(self.facts, self) if leaf.living is not None else leaf.text

    def shown(self, path: str) -> str:
        """The text as CWMP may read it: hidden and secured ones are empty (conformance C-47)."""
        leaf = self.leaf(path)
        if leaf is not None and (leaf.entry.hidden or leaf.entry.secured):
            return ""
        return self.value(path)

    def put(self, path: str, text: str) -> None:
        """Set without any rule. KeyError for a path that does not exist."""
        if self.leaf(path) is None:
            raise KeyError(path)
        self.changed[path] = text

    # ---- rows ----------------------------------------------------------------------------------------------------

    def add_row(self, table: str, number: int | None = None) -> int:
        """A row with the model's creation defaults and its sub-objects; sub-tables are empty (C-77, C-78)."""
        number = self.next_number(table) if number is None else number
        self.last_number[table] = max(number, self.last_number.get(table, 0))
        row = f"{table}{number}."
        self.removed.discard(row)
        self._build(row, number, self.may_add_or_delete(table))
        return number

    def next_number(self, table: str) -> int:
        return max(self.last_number.get(table, 0), *self._numbers_of_base(table), 0) + 1

    def _numbers_of_base(self, table: str) -> list[int]:
        parts = (path[len(table) : -1] for path in self.base.below(table))
        return [int(part) for part in parts if part.isdigit()] or [0]

    def _build(self, path: str, number: int, may: bool) -> None:
        self.added_objects[path] = may
        for entry in parameters_of(self.base.root, path):
            if entry.status is Status.CURRENT:
                self.added[path + entry.name] = _fresh(entry, path, number)
        for entry in objects_below(self.base.root, path):
            if entry.status is not Status.CURRENT:
                continue
            if entry.is_table:
                table = path + entry.name + "."
                self.added_objects[table] = entry.creatable
                count = path + (entry.num_entries_parameter or "")
                if count in self.added:
                    self.added[count] = Leaf(self.added[count].entry, "0", parse(f"=rows {table}"))
            else:
                self._build(path + entry.name + ".", 0, False)

    def delete_row(self, row: str) -> None:
        table, number = row.rstrip(".").rpartition(".")[0] + ".", int(row.rstrip(".").rpartition(".")[2])
        self.last_number[table] = max(number, self.last_number.get(table, 0))
        if row in self.base.objects:
            self.removed.add(row)
        for known in (self.added, self.added_objects, self.changed):
            for path in [path for path in known if path.startswith(row)]:
                del known[path]
        self._blank_references(row.rstrip("."))

    def _blank_references(self, target: str) -> None:
        """References to what is gone become empty, or lose that item (conformance C-81, B-64)."""
        for path in self.under(self.root):
            leaf = self.leaf(path)
            if leaf is None or not leaf.entry.syntax.is_path:
                continue
            text = self.value(path)
            if target in text:
                kept = [item for item in text.split(",") if item.strip() != target and not item.strip().startswith(target + ".")]
                self.changed[path] = ",".join(kept)

    def empty_table(self, table: str) -> None:
        """Take all rows away and start numbering at 1 again: for result tables, whose rows are not configuration."""
        for number in self.rows(table):
            self.delete_row(f"{table}{number}.")
        self.last_number.pop(table, None)

    def factory_reset(self) -> None:
        for known in (self.changed, self.added, self.added_objects, self.removed, self.last_number):
            known.clear()

    # ---- keeping -------------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        rows = [path for path in self.added_objects if path.rstrip(".").rpartition(".")[2].isdigit()]
        return {"values": dict(self.changed), "rows": rows, "removed": sorted(self.removed), "numbers": dict(self.last_number)}

    def from_json(self, kept: dict[str, Any]) -> None:
        self.factory_reset()
        for row in sorted(kept.get("rows", []), key=sort_key):
            table, _, number = row.rstrip(".").rpartition(".")
            if self.is_object(table + "."):
                self.add_row(table + ".", int(number))
        self.removed = {row for row in kept.get("removed", []) if row in self.base.objects}
        self.changed = {path: text for path, text in kept.get("values", {}).items() if self.leaf(path) is not None}
        self.last_number = {table: int(number) for table, number in kept.get("numbers", {}).items()}


@lru_cache(256)
def _pattern(path: str, ends: str = "") -> re.Pattern[str]:
    return re.compile(re.escape(path).replace(r"\*", r"\d+") + ends)


def _fresh(entry: Entry, path: str, number: int) -> Leaf:
    if entry.name == "Alias":
        return Leaf(entry, f"cpe-{number}")
    if entry.name == "Status" and any(value.value == "Disabled" for value in entry.enums):
        return Leaf(entry, "", parse("=status Enabled Disabled" if _says(entry, "Enabled") else "=status Up Disabled", number, path))
    return Leaf(entry, default_text(entry))


def _says(entry: Entry, word: str) -> bool:
    return any(value.value == word for value in entry.enums)
