"""The parameter browser's rows: a branch, a search over words, paths and values, and all that is known of one parameter. Pure.

Only what is open is sent: 5,000 rows cost what their open branches cost.
"""

from dataclasses import dataclass

from acs.devices.service import branch
from acs.devices.views import BranchView
from acs.secrets import MASK
from care.devices.known import Known
from datamodels.check import is_secret, limits_in_words
from datamodels.tree import for_root
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
    entry = for_root(known.root).lookup(path) if known.resolver is not None else None
    stored = known.values[path]
    table = path[: path.rfind(".") + 1]
    if entry is None:
        return Detail(_row(known, view), stored.type, "", "", "", (), False, stored.writable is True, table)
    options = tuple(value.value for value in entry.enums if value.writable) if not entry.is_list else ()
    if entry.type == "boolean":
        options = ("true", "false")
    return Detail(
        _row(known, view), entry.type + (", list" if entry.is_list else ""), entry.units or "", limits_in_words(entry), entry.description, options,
        True, entry.writable, table,
    )  # fmt: skip


def trail(path: str) -> tuple[tuple[str, str], ...]:
    """The objects above a path, with their addresses: for the crumbs of a branch that stands alone."""
    parts = path.rstrip(".").split(".") if path else []
    return tuple((part, ".".join(parts[: i + 1]) + ".") for i, part in enumerate(parts))
