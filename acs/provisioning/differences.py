"""From what should hold and what is known to the shortest list of changes: rows that are too many, rows that are missing, values that differ.

Pure. configuring.py carries a plan out; rehearsal.py shows what it would send; a drift report is a plan nobody carries out.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from acs.cwmp.messages import ParameterValueStruct
from acs.provisioning.desired import Claim, Desired, KnownTree, WantedRow, WantedValue, Write
from acs.provisioning.procedures.writing import is_credential, same_value
from acs.provisioning.quirks import STANDARD, DeviceQuirks
from datamodels.check import is_secret

MASK = "•••"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not hold: what should stand there, what stands there (None: nothing is known), and for whom. Secrets masked."""

    path: str
    name: str
    wanted: str
    shown: str | None
    claim: Claim
    over: tuple[Claim, ...] = ()
    kind: str = "value"
    """ "value", "row" (missing) or "extra" (a row that must not be there)."""


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to add, and what is written into it: its keys first."""

    table: str
    cells: tuple[Write, ...]
    keys: int
    """How many of the cells tell the row from others."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done, in the order in which it is done. `gave_up` are differences that were tried before and did not stick."""

    deletes: tuple[str, ...] = ()
    adds: tuple[NewRow, ...] = ()
    values: tuple[ParameterValueStruct, ...] = ()
    differences: tuple[Difference, ...] = ()
    gave_up: tuple[tuple[Difference, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.deletes or self.adds or self.values)


def mark(path: str, value: str) -> str:
    """What stands for a value that was tried, without telling it."""
    return hashlib.sha256(f"{path}\0{value}".encode()).hexdigest()[:16]


@dataclass(slots=True)
class _Draft:
    deletes: list[str] = field(default_factory=list)
    adds: list[NewRow] = field(default_factory=list)
    values: dict[str, ParameterValueStruct] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    gave_up: list[tuple[Difference, str]] = field(default_factory=list)


def plan_of(
    desired: Desired, known: KnownTree, quirks: DeviceQuirks = STANDARD, marks: Mapping[str, Mapping[str, str]] | None = None
) -> Plan:
    """The changes that are missing. `marks`: what was tried before, by path: {"mark": of the value, "why": …}; it is not tried again."""
    draft = _Draft()
    for row in desired.rows:
        _plan_row(draft, row, known, quirks, marks or {})
    for value in desired.values:
        _plan_value(draft, value, known, quirks, marks or {})
    ordered = sorted(draft.values.values(), key=lambda v: _order(v, known))
    return Plan(tuple(draft.deletes), tuple(draft.adds), tuple(ordered), tuple(draft.differences), tuple(draft.gave_up))


def _order(value: ParameterValueStruct, known: KnownTree) -> tuple[int, int]:
    """What is turned off first, what is turned on last, so that nothing runs half set; credentials go apart anyway (writing.py)."""
    is_switch = value.name.endswith((".Enable", "Enabled")) and value.type == "boolean"
    on = value.value.strip().lower() in ("1", "true")
    return (2 if is_credential(value.name) else 1, (2 if on else 0) if is_switch else 1)


def _plan_value(draft: _Draft, value: WantedValue, known: KnownTree, quirks: DeviceQuirks, marks: Mapping[str, Mapping[str, str]]) -> None:
    shown = known.values.get(value.path)
    if shown is not None and holds(value.path, value.value, shown, value.type, quirks):
        return
    difference = Difference(
        value.path,
        value.name,
        masked(value.path, value.value),
        None if shown is None else masked(value.path, shown),
        value.claim,
        value.over,
    )
    why = given_up(value.path, value.value, quirks, marks)
    if why:
        draft.gave_up.append((difference, why))
        return
    draft.differences.append(difference)
    draft.values[value.path] = ParameterValueStruct(value.path, value.value, value.type)


def _plan_row(draft: _Draft, row: WantedRow, known: KnownTree, quirks: DeviceQuirks, marks: Mapping[str, Mapping[str, str]]) -> None:
    found = matching(row, known, quirks)
    label = _keys_in_words(row.keys)
    if row.absent:
        for path in found:
            draft.deletes.append(path)
            draft.differences.append(Difference(path, row.name, "", label, row.claim, row.over, "extra"))
        return
    if not found:
        difference = Difference(row.table, row.name, label, None, row.claim, row.over, "row")
        told = marks.get(row_mark(row.table, row.keys))
        if told is not None:
            draft.gave_up.append((difference, told.get("why", "")))
            return
        draft.differences.append(difference)
        draft.adds.append(NewRow(row.table, (*row.keys, *row.values), len(row.keys)))
        return
    for leaf, text, kind in row.values:
        _plan_value(draft, WantedValue(found[0] + leaf, text, kind, row.name, row.claim, row.over), known, quirks, marks)


def matching(row: WantedRow, known: KnownTree, quirks: DeviceQuirks) -> list[str]:
    """The rows of the table whose keys have these values, by number."""
    start = len(row.table)
    below = {p[start:].partition(".")[0] for p in (*known.values, *known.objects) if p.startswith(row.table) and len(p) > start}
    numbers = sorted((n for n in below if n.isdigit()), key=int)
    return [
        f"{row.table}{n}."
        for n in numbers
        if all(
            (shown := known.values.get(f"{row.table}{n}.{leaf}")) is not None and holds(f"{row.table}{n}.{leaf}", text, shown, kind, quirks)
            for leaf, text, kind in row.keys
        )
    ]


def holds(path: str, wanted: str, shown: str, kind: str, quirks: DeviceQuirks = STANDARD) -> bool:
    """Whether what the device shows is what is wanted, as it may normalise it (quirk K-42). A secret that it hides counts as kept once we
    wrote it: then what we wrote is what is known."""
    if same_value(wanted, shown, kind):
        return True
    known_form = quirks.of("normalised", path)
    return isinstance(known_form, str) and known_form == shown[:200] and _letters(wanted) == _letters(shown)


def _letters(text: str) -> list[str]:
    return sorted("".join(c for c in part.lower() if c.isalnum()) for part in text.split(","))


def given_up(path: str, value: str, quirks: DeviceQuirks, marks: Mapping[str, Mapping[str, str]]) -> str:
    """Why a value is not tried again; "" where it may be."""
    told = marks.get(path)
    if told is not None and told.get("mark") == mark(path, value):
        return told.get("why", "the device refused it")
    lost = quirks.of("not_kept", path)
    if isinstance(lost, Mapping) and not is_secret(path) and lost.get("wrote") == value[:200]:
        return f"the device does not keep it: written twice, it shows “{lost.get('shows', '')}”"
    return ""


def masked(path: str, value: str) -> str:
    return MASK if value and is_secret(path) else value


def touched(desired: Desired, known: KnownTree) -> ParameterValueStruct | None:
    """A value that holds already and can be written again, so that the device takes the ParameterKey; None where there is none."""
    for value in desired.values:
        if value.path in known.values and not is_credential(value.path) and not is_secret(value.path):
            return ParameterValueStruct(value.path, value.value, value.type)
    path = f"{known.root}.ManagementServer.PeriodicInformInterval"
    shown = known.values.get(path, "")
    return ParameterValueStruct(path, shown, "unsignedInt") if shown.isdigit() else None


def row_mark(table: str, keys: Sequence[Write]) -> str:
    """What a row that could not be made is remembered by: its table and its keys."""
    return table + _keys_in_words(keys)


def _keys_in_words(keys: Sequence[Write]) -> str:
    return ", ".join(f"{leaf} {masked(leaf, text)}" for leaf, text, _ in keys)
