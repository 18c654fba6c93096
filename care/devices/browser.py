"""The parameter browser's rows: a branch, a search over words, paths and values, and all that is known of one parameter. Pure.

Only what is open is sent: 5,000 rows cost what their open branches cost.
"""

from dataclasses import dataclass

from acs.devices.service import branch
from acs.devices.views import BranchView
from acs.secrets import MASK
from care.devices import limits, words
from care.devices.known import Known
from datamodels import canonical
from datamodels.check import is_secret
from datamodels.entry import Status
from datamodels.overlay import Overlaid
from datamodels.tree import words as path_words

SEARCH_MAX = 200
BRANCH_MAX = 500
_NAMING = ("Name", "SSID", "HostName", "Alias", "Description", "MACAddress", "Host")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the tree: an object, or a parameter as last known."""

    view: BranchView
    words: str
    hint: str
    """What an instance is called by the device: its Name, SSID, Alias …"""
    secret: bool

    @property
    def id(self) -> str:
        return "p-" + self.view.path.replace(".", "-")


@dataclass(frozen=True, slots=True)
class Branch:
    path: str
    rows: tuple[Row, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Detail:
    """All that is known of one parameter. `options` where the model lists its values."""

    row: Row
    type: str
    unit: str
    allowed: str
    description: str
    options: tuple[str, ...]
    known_to_model: bool
    model_writable: bool
    table: str
    since: str = ""
    """Of the model: "2.4"; "" where its file says none (all of TR-098)."""
    status: str = ""
    """deprecated or obsoleted; "" for what is current."""
    default: str | None = None
    write_once: bool = False
    command: bool = False
    named: tuple[tuple[str, str], ...] = ()
    """Canonical names that are read at this path, with their labels."""


@dataclass(frozen=True, slots=True)
class About:
    """What the model says of an object: the head of its branch."""

    path: str
    description: str
    can_add: bool
    fewest: int
    most: int | None
    since: str
    status: str
    is_table: bool


def rows(known: Known, path: str) -> Branch:
    found = branch(known.tree, path)
    return Branch(path, tuple(_row(known, view) for view in found[:BRANCH_MAX]), max(0, len(found) - BRANCH_MAX))


def search(known: Known, q: str) -> Branch:
    """Parameters whose path, words or value has every word of `q`; values of secrets are never looked at."""
    wanted = q.lower().split()
    found = []
    for path, stored in sorted(known.values.items()):
        text = f"{path} {path_words(path)} {stored.value if stored.value != MASK else ''}".lower()
        if all(part in text for part in wanted):
            found.append(path)
    views = [view for path in found[:SEARCH_MAX] if (view := _view(known, path)) is not None]
    return Branch("", tuple(_row(known, view) for view in views), max(0, len(found) - SEARCH_MAX))


def _view(known: Known, path: str) -> BranchView | None:
    above = path[: path.rstrip(".").rfind(".") + 1]
    narrow = type(known.tree)({p: s for p, s in ((path, known.values.get(path)),) if s is not None}, {})
    return next((view for view in branch(narrow, above) if view.path == path), None)


def _row(known: Known, view: BranchView) -> Row:
    if not view.is_object:
        return Row(view, path_words(view.path), "", is_secret(view.path))
    hint = ""
    if view.name.isdigit():
        hint = next((s.value for leaf in _NAMING if (s := known.values.get(view.path + leaf)) is not None and s.value and s.value != MASK), "")
    return Row(view, path_words(view.path) if not view.name.isdigit() else view.name, hint, False)


def detail(known: Known, path: str) -> Detail | None:
    """None where the device has no such parameter."""
    view = _view(known, path)
    if view is None:
        return None
    entry = known.model.lookup(path) if known.model is not None else None
    stored = known.values[path]
    named = _named(known, path)
    table = path[: path.rfind(".") + 1]
    if entry is None:
        return Detail(_row(known, view), stored.type, "", "", "", (), False, stored.writable is True, table, named=named)
    options = tuple(value.value for value in entry.enums if value.writable) if not entry.is_list else ()
    if entry.type == "boolean":
        options = ("true", "false")
    return Detail(
        _row(known, view), entry.type + (", list" if entry.is_list else ""), entry.units or "", limits.allowed(entry), entry.description, options,
        True, entry.writable, table, entry.since, _status(entry.status), entry.default, entry.write_once, entry.command, named,
    )  # fmt: skip


def about(known: Known, path: str) -> About | None:
    """None for what no model describes; the number of a row stands for any."""
    model = known.model
    entry = None if model is None or not path else model.lookup(path) or model.lookup(path + "{i}.")
    if entry is None or not entry.is_object:
        return None
    return About(
        path, entry.description, entry.creatable, entry.min_entries, entry.max_entries, entry.since, _status(entry.status), entry.is_table
    )


def overlays(known: Known) -> tuple[str, ...]:
    """Names of what was imported for such a device, beside the standard model."""
    return known.model.overlays if isinstance(known.model, Overlaid) else ()


def _status(status: Status) -> str:
    return "" if status is Status.CURRENT else str(status)


def _named(known: Known, path: str) -> tuple[tuple[str, str], ...]:
    if known.resolver is None:
        return ()
    found = known.resolver.all()
    return tuple((name, f"{words.full_label(name)} ({name})") for name in canonical.names() if name in found and found[name].path == path)


def trail(path: str) -> tuple[tuple[str, str], ...]:
    """The objects above a path, with their addresses: for the crumbs of a branch that stands alone."""
    parts = path.rstrip(".").split(".") if path else []
    return tuple((part, ".".join(parts[: i + 1]) + ".") for i, part in enumerate(parts))
