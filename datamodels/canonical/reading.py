"""How the canonical values of one kind of device are read, found once and used for all of them.

`plan_of(tree, root)` resolves a whole tree and remembers what that took: which paths the values come from, and which values decided that (the
radio whose band says 5 GHz). For another device with the same names the plan holds as long as it `fits` its deciding values; then
`read` costs a few microseconds a name, and no tree is indexed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from datamodels.canonical.catalogue import catalogue
from datamodels.canonical.convert import case_word, from_raw
from datamodels.canonical.resolver import Resolver
from datamodels.canonical.shapes import Candidate, CanonicalParameter, Value

Chosen = tuple[CanonicalParameter, tuple[tuple[Candidate, str], ...]]


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """`paths`: all leaves any canonical value of the tree comes from, deciding ones included. `deciding`: path to the text it had, None where it
    was looked for and not there. `chosen`: by canonical name the paths it is read from, best first."""

    paths: tuple[str, ...]
    deciding: Mapping[str, str | None]
    chosen: Mapping[str, Chosen]
    indexed: frozenset[str]
    """Names of what lists look into."""
    indexed_paths: frozenset[str]

    def decides_by(self, tree: Mapping[str, str]) -> bool:
        """Whether `tree` has all values that decide: else `fits` cannot tell."""
        return all(text is None or path in tree for path, text in self.deciding.items())

    def fits(self, tree: Mapping[str, str]) -> bool:
        """Whether the deciding values of a device are those the plan was made by."""
        return all(tree.get(path) == text for path, text in self.deciding.items())

    def names_in(self, paths: Collection[str], names: Collection[str]) -> list[str]:
        """Those of `names` that are read from `paths`, as far as their best source is among them."""
        return [name for name in names if name in self.chosen and self.chosen[name][1][0][1] in paths]

    def read(self, tree: Mapping[str, str], names: Collection[str]) -> Iterator[tuple[CanonicalParameter, Value]]:
        """Those of `names` that have a value in `tree`, raw texts by path."""
        for name in names:
            if name not in self.chosen:
                continue
            parameter, candidates = self.chosen[name]
            for candidate, path in candidates:
                raw = tree.get(path)
                if raw is None or (candidate.only and raw.strip().lower() not in candidate.words):
                    continue
                value = case_word(candidate, path, tree) if candidate.cases else from_raw(parameter, candidate, raw)
                if value is not None and value not in ("", ()):
                    yield parameter, value
                    break


def plan_of(tree: Mapping[str, str], root: str) -> ReadingPlan:
    """The plan of a device by its whole tree. KeyError for an unknown root."""
    looked: dict[str, str | None] = {}
    resolver = Resolver(tree, root)
    index = resolver.index
    for row, fields in list(index.objects.items()):
        index.objects[row] = _Watched(fields, row, looked)
    index.tree = _WatchedTree(tree, looked)
    chosen: dict[str, Chosen] = {}
    paths: dict[str, None] = {}
    for parameter in catalogue().parameters.values():
        candidates = tuple((candidate, path) for candidate, path in resolver.existing(parameter))
        for candidate, path in candidates:
            paths[path] = None
            if candidate.gather is not None:
                paths.update({row + candidate.rest: None for row in index.rows(candidate.gather) if row + candidate.rest in tree})
            parent = path[: path.rindex(".") + 1]
            paths.update({parent + leaf: None for case in candidate.cases for leaf in case.when if parent + leaf in tree})
        if plain := tuple(each for each in candidates if each[0].gather is None):
            chosen[parameter.name] = parameter, plain
    paths.update({path: None for path, text in looked.items() if text is not None})
    indexed = frozenset(name for name, (parameter, _) in chosen.items() if parameter.indexed)
    indexed_paths = frozenset(path for name in indexed for _, path in chosen[name][1])
    return ReadingPlan(tuple(paths), dict(looked), chosen, indexed, indexed_paths)


class _Watched(dict[str, str]):
    """The fields of one object; notes which of them are asked for."""

    __slots__ = ("_looked", "_row")

    def __init__(self, fields: Mapping[str, str], row: str, looked: dict[str, str | None]) -> None:
        super().__init__(fields)
        self._row, self._looked = row, looked

    def get(self, leaf: str, default: Any = None) -> Any:
        found = super().get(leaf)
        self._looked[self._row + leaf] = found
        return default if found is None else found

    def __getitem__(self, leaf: str) -> str:
        found = super().__getitem__(leaf)
        self._looked[self._row + leaf] = found
        return found

    def __contains__(self, leaf: object) -> bool:
        return self.get(str(leaf)) is not None


class _WatchedTree(dict[str, str]):
    """A whole tree that notes which paths an anchor's rule asks for by name."""

    __slots__ = ("_looked",)

    def __init__(self, tree: Mapping[str, str], looked: dict[str, str | None]) -> None:
        super().__init__(tree)
        self._looked = looked

    def get(self, path: str, default: Any = None) -> Any:
        found = super().get(path)
        self._looked[path] = found
        return default if found is None else found
