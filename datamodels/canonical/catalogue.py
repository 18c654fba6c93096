"""Reads `data/*.toml` into the catalogue of canonical parameters, tables, anchors and prefixes.

A file is one group of screens. `[each.X]` makes one copy of every anchor and parameter whose name has a `$` in it, with
`$key` replaced everywhere (the WiFi bands). Mistakes in the data are CatalogueErrors at load, so tests find them all.
How a file looks is explained in data/README.md.
"""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from datamodels import library
from datamodels.canonical.convert import CONVERSIONS
from datamodels.canonical.selectors import TESTS, split_anchor
from datamodels.canonical.shapes import (
    Anchor,
    Candidate,
    CanonicalParameter,
    Case,
    CellSource,
    Column,
    Condition,
    Limits,
    Rule,
    Table,
    ValueType,
)
from datamodels.overlay import Overlay, overlays
from datamodels.tree import ROOTS

DATA_DIRECTORY = Path(__file__).parent / "data"
GROUPS_FILE = "groups.toml"
_log = logging.getLogger(__name__)
Spec = dict[str, Any]
Grouped = TypeVar("Grouped", CanonicalParameter, Table)


class CatalogueError(ValueError):
    """A data file says something this code does not understand; the message names file and entry."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything canonical. `groups` are labels by name in the order of screens; `anchors` are per root; `prefixes`
    per root and group, templates with {i}."""

    groups: Mapping[str, str]
    parameters: Mapping[str, CanonicalParameter]
    tables: Mapping[str, Table]
    anchors: Mapping[str, Mapping[str, Anchor]]
    prefixes: Mapping[str, Mapping[str, tuple[str, ...]]]


@cache
def catalogue() -> Catalogue:
    """The catalogue of this installation with the paths that imported overlays add, read once per process and import."""
    found = shipped()
    for each in overlays():
        try:
            found = extended(found, each)
        except CatalogueError as error:  # written for another release
            _log.warning("overlay %s: its canonical paths are left out: %s", each.name, error)
    return found


@cache
def shipped() -> Catalogue:
    return read(DATA_DIRECTORY)


def extended(found: Catalogue, overlay: Overlay) -> Catalogue:
    """With the overlay's paths before those we ship, of names there are. CatalogueError names what is wrong."""
    parameters = dict(found.parameters)
    for spec in overlay.canonical:
        entry = {key: value for key, value in spec.items() if key != "name"}
        name = str(spec.get("name", ""))
        if name not in parameters:
            raise CatalogueError(f"{overlay.name}: there is no canonical parameter {name!r}")
        try:
            candidate = _candidate({}, entry)
        except (KeyError, TypeError, AttributeError) as error:
            raise CatalogueError(f"{overlay.name}: {name}: {error!r} is missing or of the wrong kind") from error
        known = parameters[name]
        listed = (candidate, *known.candidates.get(overlay.root, ()))
        parameters[name] = replace(known, candidates={**known.candidates, overlay.root: listed})
    made = replace(found, parameters=parameters)
    _check_anchors(made)
    return made


library.on_change(catalogue.cache_clear)


def read(directory: Path) -> Catalogue:
    """CatalogueError for a mistake in a file, for a name that stands twice and for an anchor nobody defined."""
    parameters: dict[str, CanonicalParameter] = {}
    tables: dict[str, Table] = {}
    anchors: dict[str, dict[str, Anchor]] = {root: {} for root in ROOTS}
    prefixes: dict[str, dict[str, tuple[str, ...]]] = {root: {} for root in ROOTS}
    for path in sorted(directory.glob("*.toml")):
        spec = tomllib.loads(path.read_text())
        try:
            for anchor in _copies(spec, spec.get("anchor", [])):
                for root in _roots(anchor):
                    _add(anchors[root], anchor["name"], _anchor(anchor))
            for parameter in _copies(spec, spec.get("parameter", [])):
                _add(parameters, parameter["name"], _parameter(spec, parameter))
            for table in spec.get("table", []):
                _add(tables, table["name"], _table(spec, table))
            for root in ROOTS:
                for group, paths in spec.get("prefixes", {}).get(root, {}).items():
                    _add(prefixes[root], group, tuple(paths))
        except (KeyError, TypeError, ValueError) as error:
            raise CatalogueError(f"{path.name}: {error}") from error
    groups = tomllib.loads((directory / GROUPS_FILE).read_text())["groups"]
    found = Catalogue(groups, _in_order(parameters, groups), _in_order(tables, groups), anchors, prefixes)
    _check_anchors(found)
    return found


def _in_order(named: Mapping[str, Grouped], groups: Mapping[str, str]) -> dict[str, Grouped]:
    """By the order of groups, within a group by that of its file."""
    homeless = {each.group for each in named.values()} - set(groups)
    if homeless:
        raise CatalogueError(f"{GROUPS_FILE} does not name {', '.join(sorted(homeless))}")
    return {name: each for group in groups for name, each in named.items() if each.group == group}


def _add(into: dict[str, Any], name: str, item: object) -> None:
    if name in into:
        raise CatalogueError(f"{name} is defined twice")
    into[name] = item


def _roots(spec: Spec) -> tuple[str, ...]:
    root = spec.get("root")
    return tuple(ROOTS) if root is None else (root,)


def _copies(spec: Spec, entries: list[Spec]) -> Iterator[Spec]:
    """One per `[each]` where the name has a `$`; a copy keeps only the roots that its `each` allows."""
    for entry in entries:
        if "$" not in entry["name"]:
            yield entry
            continue
        for each in spec["each"].values():
            roots = each.get("roots", list(ROOTS))
            if entry.get("root", roots[0]) in roots:
                copied: Spec = _replaced(entry, {key: value for key, value in each.items() if key != "roots"})
                yield {key: value for key, value in copied.items() if key not in ROOTS or key in roots}


def _replaced(item: Any, values: Spec) -> Any:
    if isinstance(item, str):
        for key in sorted(values, key=len, reverse=True):
            item = item.replace(f"${key}", str(values[key]))
        return item
    if isinstance(item, list):
        return [_replaced(each, values) for each in item]
    if isinstance(item, dict):
        return {_replaced(key, values): _replaced(each, values) for key, each in item.items()}
    return item


def _anchor(spec: Spec) -> Anchor:
    return Anchor(spec["name"], tuple(_rule(rule) for rule in spec["rules"]))


def _rule(spec: Spec) -> Rule:
    known = {"table", "any", "sibling", "follow", "named_by", "below", "same", "kind", "nth"}
    _refuse_unknown(spec, known)
    others = {key: value for key, value in spec.items() if key not in ("any", "nth")}
    return Rule(any_of=_conditions(spec.get("any", [])), nth=int(spec.get("nth", 1)), **others)


def _conditions(alternatives: list[list[list[str]]]) -> tuple[tuple[Condition, ...], ...]:
    return tuple(tuple(_condition(*each) for each in together) for together in alternatives)


def _condition(leaf: str, test: str, *arguments: str) -> Condition:
    if test not in TESTS:
        raise CatalogueError(f"no test {test!r}; there are {', '.join(sorted(TESTS))}")
    lowered = tuple(str(each).lower() for each in arguments) if test == "is" else tuple(str(each) for each in arguments)
    return Condition(leaf, test, lowered)


def _parameter(spec: Spec, entry: Spec) -> CanonicalParameter:
    numbers = {"minimum", "maximum", "min_length", "max_length"}
    plain = {"unit", "writable", "secret", "indexed", "help", *numbers}
    _refuse_unknown(entry, {"name", "label", "type", "words", "limits", "both", *plain, *ROOTS})
    return CanonicalParameter(
        name=entry["name"],
        label=entry["label"],
        group=entry["name"].partition(".")[0],
        type=ValueType(entry["type"]),
        words=tuple(entry.get("words", ())),
        limits=Limits(**entry["limits"]) if "limits" in entry else None,
        candidates=_by_root(spec, entry),
        **{key: entry[key] for key in plain if key in entry},
    )


def _by_root(spec: Spec, entry: Spec) -> dict[str, tuple[Candidate, ...]]:
    """`both = "DeviceInfo.X"` stands for the same path below either root."""
    found: dict[str, tuple[Candidate, ...]] = {}
    for root in ROOTS:
        listed = entry[root] if root in entry else [f"{root}.{path}" for path in _listed(entry.get("both", []))]
        candidates = tuple(_candidate(spec, each) for each in _listed(listed))
        if candidates:
            found[root] = candidates
    return found


def _listed(item: Any) -> list[Any]:
    return item if isinstance(item, list) else [item]


def _candidate(spec: Spec, entry: Spec | str) -> Candidate:
    if isinstance(entry, str):
        entry = {"path": entry}
    simple = {"scale", "only", "inverted", "constant", "wire", "convert"}
    _refuse_unknown(entry, {"path", "map", "write", "null", "gather", "any", "cases", "also", "allowed_from", *simple})
    if entry.get("convert", CONVERSIONS[0]) not in CONVERSIONS:
        raise CatalogueError(f"no conversion {entry['convert']!r}; there are {', '.join(CONVERSIONS)}")
    anchor, rest = split_anchor(entry["path"])
    words = {str(raw).lower(): word for raw, word in entry.get("map", {}).items()}
    raws: dict[str, str] = {}
    for raw, word in entry.get("map", {}).items():
        raws.setdefault(word, raw)
    return Candidate(
        anchor=anchor,
        rest=rest,
        words=words,
        raws=raws | entry.get("write", {}),
        null=tuple(entry.get("null", ())),
        gather=entry.get("gather"),
        gather_any_of=_conditions(entry.get("any", [])),
        cases=tuple(_case(each) for each in spec["cases"][entry["cases"]]) if "cases" in entry else (),
        also=tuple((*split_anchor(path), raw) for path, raw in entry.get("also", {}).items()),
        allowed_from=split_anchor(entry["allowed_from"]) if "allowed_from" in entry else None,
        **{key: entry[key] for key in simple if key in entry},
    )


def _case(spec: Spec) -> Case:
    when = {leaf: tuple(str(each).lower() for each in _listed(values)) for leaf, values in spec["when"].items()}
    return Case(spec["word"], when, spec.get("set", {}))


def _table(spec: Spec, entry: Spec) -> Table:
    columns = tuple(
        Column(each["name"], each["label"], ValueType(each["type"]), each.get("unit", ""), tuple(each.get("words", ())))
        for each in entry["column"]
    )
    sources = {root: entry[root] for root in ROOTS if root in entry}
    unknown = {name for source in sources.values() for name in source["cells"]} - {column.name for column in columns}
    if unknown:
        raise CatalogueError(f"{entry['name']} has cells without a column: {', '.join(sorted(unknown))}")
    return Table(
        name=entry["name"],
        label=entry["label"],
        group=entry["name"].partition(".")[0],
        columns=columns,
        rows={root: tuple(_listed(source["rows"])) for root, source in sources.items()},
        cells={
            root: {name: tuple(_cell(spec, each) for each in _listed(cell)) for name, cell in source["cells"].items()}
            for root, source in sources.items()
        },
    )


def _cell(spec: Spec, entry: Spec | str) -> CellSource:
    if isinstance(entry, str):
        return CellSource(_candidate(spec, entry))
    walk = {"up", "follow", "by_anchor"}
    rest = {key: value for key, value in entry.items() if key not in walk}
    return CellSource(
        candidate=_candidate(spec, rest) if rest else None,
        up=entry.get("up", 0),
        follow=tuple(entry.get("follow", ())),
        by_anchor=entry.get("by_anchor", {}),
    )


def _refuse_unknown(spec: Spec, known: set[str]) -> None:
    unknown = set(spec) - known
    if unknown:
        raise CatalogueError(f"{spec.get('name', spec)} has unknown keys: {', '.join(sorted(unknown))}")


def _check_anchors(found: Catalogue) -> None:
    for root, anchors in found.anchors.items():
        used = {name for anchor in anchors.values() for rule in anchor.rules for name in _names_in(rule)}
        for parameter in found.parameters.values():
            used |= {name for each in parameter.candidates.get(root, ()) for name in _names_of(each)}
        cells = [cell for table in found.tables.values() for cells in table.cells.get(root, {}).values() for cell in cells]
        used |= {name for cell in cells for name in cell.by_anchor.values()}
        missing = used - set(anchors)
        if missing:
            raise CatalogueError(f"anchors used but not defined for {root}: {', '.join(sorted(missing))}")


def _names_in(rule: Rule) -> set[str]:
    table_anchor = split_anchor(rule.table)[0] if rule.table else None
    return {name for name in (*_names_tested(rule.any_of), table_anchor, rule.below, rule.same, rule.sibling) if name}


def _names_of(candidate: Candidate) -> set[str]:
    beside = (anchor for anchor, _, _ in candidate.also)
    allowed = candidate.allowed_from[0] if candidate.allowed_from else None
    return {name for name in (candidate.anchor, allowed, *beside, *_names_tested(candidate.gather_any_of)) if name}


def _names_tested(any_of: tuple[tuple[Condition, ...], ...]) -> set[str]:
    return {each.arguments[0] for together in any_of for each in together if each.test in {"refers", "other_than", "holds"}}
