"""Reads canonical values out of one device's tree: `Resolver(tree, root).get("wifi.2g.channel")`.

The tree is indexed once per Resolver; a page asks it for as many names and tables as it shows. No I/O, no database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from datamodels import library
from datamodels.canonical.catalogue import catalogue
from datamodels.canonical.convert import case_word, from_raw
from datamodels.canonical.selectors import TreeIndex
from datamodels.canonical.shapes import Candidate, CanonicalParameter, CellSource, Column, Correction, Resolved, Row, Table, Value
from datamodels.tree import ROOTS, Model, for_root


class Resolver:
    """The canonical view of one device. `tree` maps full paths to raw text and must not change meanwhile. `corrections` by canonical name
    hold for reading and writing; cells of tables have none. `model` is the device's own where overlays are about it (overlay.model_of).

    KeyError for a root that is neither Device nor InternetGatewayDevice, and for names that are not canonical.
    """

    def __init__(
        self, tree: Mapping[str, str], root: str, corrections: Mapping[str, Correction] = MappingProxyType({}), model: Model | None = None
    ) -> None:
        library.refresh()
        self.root = known_root(root)
        self.model = model or for_root(self.root)
        self.corrections = corrections
        self.tree = tree
        self.index = TreeIndex(tree, self.root, catalogue().anchors[self.root])

    def get(self, name: str) -> Resolved | None:
        """None where this device has no parameter for it."""
        parameter = described(name)
        unmapped: Resolved | None = None
        for candidate, path in self.existing(parameter):
            raw, value = self.reading_of(parameter, candidate, path)
            if raw is None:
                continue
            resolved = Resolved(name, path, raw, value, parameter.unit, parameter.writable and is_writable(candidate, path, self.model))
            if value is not None and value not in ("", ()):
                return resolved
            unmapped = unmapped or resolved  # an empty first choice gives way to a filled second
        return unmapped

    def reading_of(self, parameter: CanonicalParameter, candidate: Candidate, path: str) -> tuple[str | None, Value]:
        """The text of a candidate that stands in the tree, and what it means; no text where its word is about something else."""
        raw = self._raw(candidate, path)
        if raw is None or (candidate.only and raw.strip().lower() not in candidate.words):
            return None, None
        return raw, case_word(candidate, path, self.tree) if candidate.cases else from_raw(parameter, candidate, raw)

    def all(self) -> dict[str, Resolved]:
        """Every canonical name this device has a parameter for."""
        found = ((name, self.get(name)) for name in catalogue().parameters)
        return {name: resolved for name, resolved in found if resolved is not None}

    def rows(self, table: str) -> tuple[Row, ...]:
        """The rows of a canonical table by instance number. KeyError if there is no such table."""
        known = described_table(table)
        columns = {column.name: column for column in known.columns}
        cells = known.cells.get(self.root, {})
        return tuple(
            Row(path, {name: self._cell(column, cells.get(name, ()), path) for name, column in columns.items()})
            for template in known.rows.get(self.root, ())
            for path in self.index.rows(template)
        )

    def existing(self, parameter: CanonicalParameter) -> Iterator[tuple[Candidate, str]]:
        """The candidates that stand in this tree, with their paths, best first."""
        correction = self.corrections.get(parameter.name)
        for known in parameter.candidates.get(self.root, ()):
            candidate = known if correction is None else correction.of(known)
            path = self.place_of(candidate)
            if path is not None:
                yield candidate, path

    def place_of(self, candidate: Candidate) -> str | None:
        """Where this candidate stands in the tree."""
        if candidate.gather is not None:
            rows = self._gathered(candidate)
            return rows[0] + candidate.rest if rows else None
        path = self.index.path(candidate.anchor, candidate.rest)
        return path if path is not None and path in self.tree else None

    def _raw(self, candidate: Candidate, path: str) -> str | None:
        if candidate.gather is None:
            return self.tree[path]
        texts = (self.tree.get(row + candidate.rest, "") for row in self._gathered(candidate))
        return ",".join(dict.fromkeys(text for text in texts if text))

    def _gathered(self, candidate: Candidate) -> tuple[str, ...]:
        rows = self.index.rows(candidate.gather or "")
        return tuple(row for row in rows if row + candidate.rest in self.tree and self.index.holds(candidate.gather_any_of, row))

    def _cell(self, column: Column, sources: tuple[CellSource, ...], row: str) -> Value:
        for source in sources:
            value = self._from_source(column, source, row)
            if value is not None and value != "":
                return value
        return None

    def _from_source(self, column: Column, source: CellSource, row: str) -> Value:
        here: str | None = row
        for _ in range(source.up):
            here = _owner(here or "")
        for leaf in source.follow:
            here = self.index.referred(self.index.objects.get(here or "", {}).get(leaf, "").partition(",")[0])
        if here is None:
            return None
        if source.candidate is None:
            return next((word for word, anchor in source.by_anchor.items() if self.index.would_choose(anchor, here)), None)
        raw = self.tree.get(here + source.candidate.rest)
        return None if raw is None else from_raw(column, source.candidate, raw)


def resolve(tree: Mapping[str, str], root: str, name: str) -> Resolved | None:
    """One canonical value. For more than one, keep a Resolver: it indexes the tree only once."""
    return Resolver(tree, root).get(name)


def described(name: str) -> CanonicalParameter:
    """KeyError naming it, if it is not canonical."""
    found = catalogue().parameters.get(name)
    if found is None:
        raise KeyError(f"no canonical parameter {name!r}")
    return found


def described_table(name: str) -> Table:
    """KeyError naming it and what there is, if it is not canonical."""
    found = catalogue().tables.get(name)
    if found is None:
        raise KeyError(f"no canonical table {name!r}; there are {', '.join(catalogue().tables)}")
    return found


def known_root(root: str) -> str:
    """Without a trailing dot. KeyError naming it, if it is none of ours."""
    bare = root.removesuffix(".")
    if bare not in ROOTS:
        raise KeyError(f"no canonical parameters for the root {root!r}; known are {', '.join(ROOTS)}")
    return bare


def is_writable(candidate: Candidate, path: str, model: Model) -> bool:
    """By the data model; a vendor parameter is writable if its data file gives the type to write."""
    if candidate.constant is not None or candidate.gather is not None:
        return False
    entry = model.lookup(path)
    return candidate.wire is not None if entry is None else entry.writable


def _owner(path: str) -> str:
    """The row or object that holds this row: AccessPoint.1. for AccessPoint.1.AssociatedDevice.3."""
    return path[:-1].rpartition(".")[0].rpartition(".")[0] + "."
