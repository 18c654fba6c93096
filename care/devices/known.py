"""What is known of one device's parameters, by canonical name: value, age, origin, health. No I/O; service.py loads the tree.

Secrets come in masked by acs.devices; what only the data models know to be secret is masked here once more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from acs.devices.service import Stored, Tree
from acs.devices.views import ParameterView
from acs.secrets import MASK
from care.devices import words
from datamodels import canonical
from datamodels.canonical import Correction, Health, Resolver, Value
from datamodels.check import is_secret
from datamodels.tree import ROOTS, Model, for_root


@dataclass(frozen=True, slots=True)
class Reading:
    """One canonical value of a device. A secret's value is the mask, or None where none is known."""

    name: str
    path: str
    value: Value
    unit: str
    at: datetime
    origin: str
    writable: bool
    secret: bool
    health: Health | None

    @property
    def label(self) -> str:
        return words.label(self.name)

    @property
    def text(self) -> str:
        return words.text_of(self.value, self.unit)

    @property
    def origin_words(self) -> str:
        return words.origin_words(self.origin)

    @property
    def state(self) -> str:
        """The state of a chip: ok, warn, bad, or "" without limits."""
        return {Health.GOOD: "ok", Health.WARN: "warn", Health.BAD: "bad"}[self.health] if self.health else ""


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A row of a canonical table, with the newest instant of its values."""

    path: str
    cells: Mapping[str, Any]
    at: datetime | None


class Known:
    """The parameters of one device as last known."""

    def __init__(
        self, tree: Tree, root: str, corrections: Mapping[str, Correction] = MappingProxyType({}), model: Model | None = None
    ) -> None:
        self.root = root
        self.model = model or (for_root(root) if root in ROOTS else None)
        self.values = {path: _masked(path, stored) for path, stored in tree.values.items()}
        self.tree = Tree(self.values, tree.objects)
        raw = {path: stored.value for path, stored in self.values.items()}
        self.resolver = Resolver(raw, root, corrections, self.model) if root in ROOTS else None

    def reading(self, name: str) -> Reading | None:
        """None where this device has no parameter for it."""
        resolved = self.resolver.get(name) if self.resolver is not None else None
        if resolved is None:
            return None
        stored = self.values.get(resolved.path)
        if stored is None:
            return None
        secret = canonical.describe(name).secret
        value = (MASK if resolved.raw else None) if secret else resolved.value
        return Reading(
            name, resolved.path, value, resolved.unit, stored.at, stored.origin, resolved.writable and stored.writable is not False, secret,
            canonical.judge(name, resolved.value),
        )  # fmt: skip

    def value(self, name: str) -> Any:
        found = self.reading(name)
        return None if found is None else found.value

    def readings(self, names: tuple[str, ...]) -> tuple[Reading, ...]:
        """Those of `names` that the device has."""
        return tuple(found for name in names if (found := self.reading(name)) is not None)

    def rows(self, table: str) -> tuple[KnownRow, ...]:
        if self.resolver is None:
            return ()
        rows = self.resolver.rows(table)
        newest = self._newest(tuple(row.path for row in rows))
        return tuple(KnownRow(row.path, row.values, newest.get(row.path)) for row in rows)

    def _newest(self, paths: tuple[str, ...]) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        if paths:
            depth = paths[0].count(".")
            wanted = set(paths)
            for path, stored in self.values.items():
                start = ".".join(path.split(".", depth)[:depth]) + "."
                if start in wanted and (start not in found or stored.at > found[start]):
                    found[start] = stored.at
        return found

    def parameters(self, prefix: str = "", q: str = "", after: str = "", limit: int = 200) -> tuple[ParameterView, ...]:
        """Parameters by path, below `prefix`, with `q` in path or value (any case); `after` pages on. Values of secrets are never searched."""
        needle = q.strip().lower()
        paths = sorted(
            path for path, s in self.values.items()
            if path.startswith(prefix) and path > after and (not needle or needle in path.lower() or (s.value != MASK and needle in s.value.lower()))
        )[:limit]  # fmt: skip
        values = self.values
        return tuple(
            ParameterView(p, values[p].value, values[p].type, values[p].at, values[p].origin, values[p].writable, is_secret(p)) for p in paths
        )

    @property
    def bands(self) -> tuple[str, ...]:
        """ "2g", "5g", "6g": those this device has a network or a radio for."""
        return tuple(band for band in words.BANDS if self.reading(f"wifi.{band}.ssid") or self.reading(f"wifi.{band}.channel"))


def _masked(path: str, stored: Stored) -> Stored:
    if stored.value and stored.value != MASK and is_secret(path):
        return Stored(MASK, stored.type, stored.at, stored.origin, stored.writable)
    return stored
