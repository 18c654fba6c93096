"""Where a named value of a device comes from, in words: which path and row, by which rule, how its text was turned, how old it is.

The page of it hangs on the parameter browser; REST tells the same (care/api/devices.py). No secret passes: datamodels hands the texts over,
and here a secret's are masked before anything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from acs.errors import NotFound
from acs.secrets import MASK
from care.access import needs
from care.devices import words
from care.devices.blueprint import bp
from care.devices.known import Known
from care.devices.pages import look, page
from care.security.permissions import Permission
from datamodels import canonical
from datamodels.canonical import Explanation, Fate, Turn

FATES: Mapping[Fate, Any] = {
    Fate.TAKEN: _l("taken"),
    Fate.PASSED: _l("has a value, but one before it was taken"),
    Fate.EMPTY: _l("is empty"),
    Fate.UNREADABLE: _l("holds a text that is no reading"),
    Fate.OTHER_WORD: _l("holds a word that means something else"),
    Fate.NOT_THERE: _l("the device has no such parameter"),
    Fate.NO_ROW: _l("the device has no such row"),
}
_TURNS: Mapping[Turn, Any] = {
    Turn.SCALE: _l("times %(detail)s"),
    Turn.CONVERT: _l("converted by %(detail)s"),
    Turn.WORDS: _l("word %(detail)s"),
    Turn.INVERTED: _l("true and false are the other way round"),
    Turn.CONSTANT: _l("that it is there means %(detail)s"),
    Turn.GATHERED: _l("of all rows of %(detail)s"),
    Turn.CASES: _l("spelled by several parameters: %(detail)s"),
    Turn.CORRECTED: _l("what is known of the model says %(detail)s"),
}


@dataclass(frozen=True, slots=True)
class Way:
    """One path that was looked at. `row` and `rule` where it hangs on a row that was looked for."""

    template: str
    fate: str
    words: str
    path: str
    raw: str
    anchor: str
    row: str
    rule: int
    rules: int
    says: str


@dataclass(frozen=True, slots=True)
class Told:
    """An explanation for people. `raw` and `value` are the mask for a secret; `at` None where the device has no value."""

    name: str
    label: str
    unit: str
    type: str
    help: str
    value: Any
    text: str
    path: str
    raw: str
    writable: bool
    at: datetime | None
    origin: str
    turns: tuple[str, ...]
    ways: tuple[Way, ...]

    @property
    def known(self) -> bool:
        return bool(self.path)


def told(known: Known, name: str) -> Told:
    """NotFound for a name that is not canonical, and where nothing is known of the device yet."""
    if name not in canonical.names():
        raise NotFound(_("%(name)s is no canonical name.", name=name[:80]))
    if known.resolver is None:
        raise NotFound(_("Nothing is known of this device yet."))
    found = canonical.explain(known.resolver, name)
    secret, resolved = found.parameter.secret, found.resolved
    stored = known.values.get(resolved.path) if resolved is not None else None
    value = None if resolved is None else (MASK if resolved.raw else None) if secret else resolved.value
    return Told(
        name, words.full_label(name), found.parameter.unit, str(found.parameter.type), words.note(name), value,
        words.text_of(value, found.parameter.unit), resolved.path if resolved else "", _masked(resolved.raw if resolved else "", secret),
        resolved.writable if resolved else False, stored.at if stored else None, stored.origin if stored else "",
        tuple(_turn(turn, detail) for turn, detail in found.turns) if not secret else (), _ways(found, secret),
    )  # fmt: skip


def _ways(found: Explanation, secret: bool) -> tuple[Way, ...]:
    ways = []
    for step in found.steps:
        row = step.anchored
        ways.append(
            Way(
                step.template, str(step.fate), str(FATES[step.fate]), step.path or "", _masked(step.raw or "", secret), row.name if row else "",
                row.row if row else "", row.rule if row else 0, row.rules if row else 0, row.says if row else "",
            )
        )  # fmt: skip
    return tuple(ways)


def _masked(raw: str, secret: bool) -> str:
    return MASK if secret and raw else raw


def _turn(turn: Turn, detail: str) -> str:
    return str(_TURNS[turn]) % {"detail": detail} if "%" in str(_TURNS[turn]) else str(_TURNS[turn])


def offered(known: Known) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The names this device has a parameter for, by group: (group, ((name, label), …))."""
    if known.resolver is None:
        return ()
    have = known.resolver.all()
    return tuple(
        (words.group(group), names)
        for group in canonical.groups()
        if (names := tuple((name, words.full_label(name)) for name in canonical.names(group) if name in have))
    )


@bp.get("/<int:device_id>/parameters/explain")
@needs(Permission.VIEW_DEVICES)
def explain(device_id: int) -> str:
    """Why a named value is what it is."""
    found = look(device_id)
    name = request.args.get("name", "").strip()
    shown = told(found.known, name) if name else None
    return page(found, "parameters", "explain", told=shown, offered=offered(found.known), chosen=name)
