"""What others see of queries and groups: frozen, no row of a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from acs.devices.views import DeviceId
from acs.finding.heads import decide
from acs.finding.nodes import And, Compare, Node, leaves


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was read. Two of one text are equal; an empty one is fitted by every device."""

    text: str
    node: Node | None

    def on_head(self, facts: Mapping[str, Any]) -> bool | None:
        """Whether a device with these facts fits, as heads.py reads them; None where that takes the database."""
        return decide(self.node, facts)

    def fields(self) -> frozenset[str]:
        """Names of the fields it asks for."""
        return frozenset(leaf.field.name for leaf in leaves(self.node) if isinstance(leaf, Compare))

    def groups(self) -> frozenset[str]:
        """Names of the saved groups it asks for."""
        found = (leaf for leaf in leaves(self.node) if isinstance(leaf, Compare) and leaf.field.name == "group")
        return frozenset(str(value) for leaf in found for value in leaf.values)

    def and_also(self, other: "Query") -> "Query":
        """Devices that fit both."""
        if self.node is None or other.node is None:
            return self if other.node is None else other
        return Query(f"({self.text}) and ({other.text})", And((self.node, other.node)))


@dataclass(frozen=True, slots=True)
class Found:
    """A page of devices in the order asked for.

    `earlier` and `later` are cursors of the pages beside it, None where there is none. Not `is_whole`: the search stopped at its time before
    the page was full; `later` (or `earlier`, if it went that way) goes on from there.
    """

    ids: tuple[DeviceId, ...]
    earlier: str | None
    later: str | None
    is_whole: bool
    looked_at: int
    """How many candidates were looked at: what the page cost."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many devices fit. Not `is_exact`: an estimate, off by a fifth at most as a rule."""

    number: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """Devices by presence, model or version as last counted."""

    counts: Mapping[str, int]
    at: datetime | None

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class GroupView:
    """A saved group. `size` as counted at `counted_at`; None before the first count of a query."""

    id: int
    name: str
    is_static: bool
    query: str
    note: str
    size: int | None
    counted_at: datetime | None
    created_at: datetime
    created_by: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """What can come next in a query: `text` replaces what lies between `start` and `end`, `label` tells what it is."""

    text: str
    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Chip:
    """One condition of a query as people read it: "model", "=", "HG8245"; of anything but a comparison `value` has all of it."""

    field: str
    op: str
    value: str
