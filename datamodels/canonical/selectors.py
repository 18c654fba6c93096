"""Finds the rows of a device's tree that canonical names hang on: "the 2.4 GHz radio", "the internet connection".

A TreeIndex orders the flat paths of one device by object once; anchors are then found by the rules of the data files and
remembered. Everything a rule may test is in `_TESTS`; a new test is a line there and a word in the TOML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from datamodels.canonical.convert import is_true
from datamodels.canonical.shapes import Anchor, Condition, Rule
from datamodels.tree import template_of

Fields = Mapping[str, str]
_DEEPEST_STACK = 12
_NO_FIELDS: Fields = {}


class TreeIndex:
    """The tree of one device by object path ("Device.WiFi.Radio.1."), and the anchors found in it.

    `tree` maps full parameter paths to raw text and must not change while this is in use.
    """

    def __init__(self, tree: Mapping[str, str], root: str, anchors: Mapping[str, Anchor]) -> None:
        self.tree = tree
        self.root = root
        self.objects: dict[str, dict[str, str]] = {}
        self._anchors = anchors
        self._found: dict[str, str | None] = {}
        self._tables: dict[str, list[str]] = {}
        here: str | None = None
        below: dict[str, str] | None = None
        for path, raw in tree.items():
            parent, _, leaf = path.rpartition(".")
            if parent != here or below is None:  # parameters of an object mostly come together
                here, below = parent, self.objects.get(parent + ".")
                if below is None:
                    below = self._new_object(parent + ".")
            if leaf:
                below[leaf] = raw
        for path in self.objects:
            if path[-2:-1].isdigit() or path.endswith("]."):
                self._tables.setdefault(template_of(path), []).append(path)
        for rows in self._tables.values():
            rows.sort(key=_instances)

    def rows(self, table: str) -> tuple[str, ...]:
        """Object paths of a table's rows by instance number; `table` is a template, or has an {anchor} in front."""
        anchor, rest = split_anchor(table)
        if anchor is None:
            return tuple(self._tables.get(rest, ()))
        start = self.anchor(anchor)
        if start is None:
            return ()
        return tuple(path for path in self._tables.get(template_of(start) + rest, ()) if path.startswith(start))

    def anchor(self, name: str) -> str | None:
        """The object path of an anchor's row, None if this device has no such thing. KeyError for an unknown anchor."""
        if name not in self._found:
            self._found[name] = None  # an anchor that needs itself finds nothing
            for rule in self._anchors[name].rules:
                found = self.by_rule(rule)
                if found is not None:
                    self._found[name] = found
                    break
        return self._found[name]

    def path(self, anchor: str | None, rest: str) -> str | None:
        """The full path of a candidate; None when its anchor is not there."""
        if anchor is None:
            return rest
        start = self.anchor(anchor)
        return None if start is None else start + rest

    def referred(self, text: str) -> str | None:
        """The object a path-valued parameter names; tolerates a trailing dot and a missing root (K-36)."""
        bare = text.strip().strip(".")
        if not bare:
            return None
        for path in (bare + ".", f"{self.root}.{bare}."):
            if path in self.objects:
                return path
        return None

    def holds(self, any_of: tuple[tuple[Condition, ...], ...], row: str) -> bool:
        """Is one alternative true of this row? No alternatives: always."""
        fields = self.objects.get(row, _NO_FIELDS)
        return not any_of or any(all(_TESTS[each.test](self, row, fields, each) for each in together) for together in any_of)

    def would_choose(self, name: str, row: str) -> bool:
        """Does this row meet a table rule of the anchor, whether or not it is the first?"""
        template = template_of(row)
        return any(rule.table == template and rule.any_of and self.holds(rule.any_of, row) for rule in self._anchors[name].rules)

    def stack_below(self, row: str) -> Iterator[str]:
        """The row itself and all it stands on, nearest first, by LowerLayers (TR-181 §4.2)."""
        waiting: list[str] = [row]
        seen: set[str] = set()
        while waiting and len(seen) < _DEEPEST_STACK:
            here = waiting.pop(0)
            if here in seen:
                continue
            seen.add(here)
            yield here
            for item in self.objects.get(here, _NO_FIELDS).get("LowerLayers", "").split(","):
                below = self.referred(item)
                if below is not None:
                    waiting.append(below)

    def _new_object(self, path: str) -> dict[str, str]:
        """With its parents, so that a row is known even if only its sub-objects were reported."""
        created: dict[str, str] = {}
        self.objects[path] = created
        while True:
            path = path[:-1].rpartition(".")[0] + "."
            if path == "." or path in self.objects:
                return created
            self.objects[path] = {}

    def rules_of(self, name: str) -> tuple[Rule, ...]:
        return self._anchors[name].rules

    def by_rule(self, rule: Rule) -> str | None:
        """The row this rule alone would find."""
        if rule.named_by is not None:
            return self.referred(self.tree.get(rule.named_by, ""))
        if rule.below is not None:
            start = self.anchor(rule.below)
            return None if start is None else next((row for row in self.stack_below(start) if row.startswith(rule.kind)), None)
        if rule.same is not None:
            same = self.anchor(rule.same)
            return same if same is not None and rule.kind in same else None
        skipped = 1
        for row in self.rows(rule.table or ""):
            if self._is_sibling(rule, row) and self.holds(rule.any_of, row):
                if skipped < rule.nth:
                    skipped += 1
                    continue
                if rule.follow is None:
                    return row
                followed = self.referred(self.objects[row].get(rule.follow, ""))
                if followed is not None:
                    return followed
        return None

    def _is_sibling(self, rule: Rule, row: str) -> bool:
        if rule.sibling is None:
            return True
        other = self.anchor(rule.sibling)
        return other is not None and _instance(other) == _instance(row)


def split_anchor(text: str) -> tuple[str | None, str]:
    """ "{radio.2g}.Channel" -> ("radio.2g", "Channel"); a path without anchor comes back as it is."""
    if not text.startswith("{"):
        return None, text
    anchor, _, rest = text[1:].partition("}")
    return anchor, rest.removeprefix(".")


def _instance(row: str) -> str:
    return row[:-1].rpartition(".")[2]


def _instances(row: str) -> tuple[tuple[int, str], ...]:
    """Numbers in their order, aliases after them."""
    return tuple((int(part), "") if part.isdigit() else (1 << 32, part) for part in row.split("."))


def _is(_index: TreeIndex, _row: str, fields: Fields, test: Condition) -> bool:
    return fields.get(test.leaf, "").strip().lower() in test.arguments


def _has(_index: TreeIndex, _row: str, fields: Fields, test: Condition) -> bool:
    return test.leaf in fields


def _matches(_index: TreeIndex, _row: str, fields: Fields, test: Condition) -> bool:
    return re.search(test.arguments[0], fields.get(test.leaf, ""), re.IGNORECASE) is not None


def _between(_index: TreeIndex, _row: str, fields: Fields, test: Condition) -> bool:
    """The first number in the text: Channel "6", PossibleChannels "1-13"."""
    found = re.match(r"\s*(\d+)", fields.get(test.leaf, ""))
    return found is not None and int(test.arguments[0]) <= int(found.group(1)) <= int(test.arguments[1])


def _true(_index: TreeIndex, _row: str, fields: Fields, test: Condition) -> bool:
    return is_true(fields.get(test.leaf, ""))


def _refers(index: TreeIndex, _row: str, fields: Fields, test: Condition) -> bool:
    wanted = index.anchor(test.arguments[0])
    return wanted is not None and any(index.referred(item) == wanted for item in fields.get(test.leaf, "").split(","))


def _upstream(index: TreeIndex, row: str, _fields: Fields, _test: Condition) -> bool:
    """It stands on an interface towards the network. DSL lines and PON interfaces always do."""
    return any(is_true(index.objects[each].get("Upstream", "")) for each in index.stack_below(row))


def _other_than(index: TreeIndex, row: str, _fields: Fields, test: Condition) -> bool:
    return index.anchor(test.arguments[0]) != row


def _holds(index: TreeIndex, row: str, _fields: Fields, test: Condition) -> bool:
    """The anchor's row lies inside this one: the WANDevice of the connection in use."""
    return (index.anchor(test.arguments[0]) or "").startswith(row)


def _has_object(index: TreeIndex, row: str, _fields: Fields, test: Condition) -> bool:
    return f"{row}{test.leaf}." in index.objects


_TESTS: dict[str, Callable[[TreeIndex, str, Fields, Condition], bool]] = {
    "is": _is,
    "has": _has,
    "matches": _matches,
    "between": _between,
    "true": _true,
    "refers": _refers,
    "upstream": _upstream,
    "other_than": _other_than,
    "holds": _holds,
    "has_object": _has_object,
}
TESTS = frozenset(_TESTS)
