"""What should hold on one device: profiles and what people set by hand become wanted values, each with who wants it and over whom.

A profile is data: settings by canonical name or raw path, rows that must exist (found by the values of their keys, never by number), values to
be watched, a firmware. Of two that claim one parameter the stronger wins: what is enforced, then what a person wrote on this very device, then
the higher precedence, then the newer profile. What is `initial` is written to a new or reset device only: from then on it is the customer's.

Pure: acs/desired finds the profiles that fit and the tree; differences.py makes the plan. Tests: tests/acs/provisioning/test_desired.py.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from acs.provisioning.spreading import inform_time
from datamodels import canonical
from datamodels.canonical import Correction, Resolver, Value, ValueType
from datamodels.canonical.cells import to_cell
from datamodels.check import check, wire_type
from datamodels.tree import ROOTS, Model, for_root, template_of

KEY_PREFIX = "hl-"
"""How a ParameterKey of ours begins; with the digest it has 31 characters of the 32 it may have."""
MOST_INSTANCES = 64
"""Parameters that one path with a `*` may name."""


class Hold(StrEnum):
    """How firmly a profile wants a value. initial: on a new or reset device only; keep: always, but what a person wrote on this device
    wins; enforce: over everybody."""

    INITIAL = "initial"
    KEEP = "keep"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Setting:
    """One value. `name` is canonical ("wifi.2g.channel") or a path with its root, where `*` stands for every instance the device has."""

    name: str
    value: Value
    hold: Hold = Hold.KEEP

    @property
    def is_path(self) -> bool:
        return self.name.partition(".")[0] in ROOTS


@dataclass(frozen=True, slots=True)
class RowSetting:
    """A row that must be there, or with `absent` must not. `table` is canonical ("nat.port_mappings") or a path that ends in a dot.

    `keys` tell the row from others, by column or leaf; `values` are what else it holds.
    """

    table: str
    keys: Mapping[str, Value]
    values: Mapping[str, Value] = field(default_factory=dict)
    absent: bool = False
    hold: Hold = Hold.KEEP

    @property
    def is_path(self) -> bool:
        return self.table.partition(".")[0] in ROOTS


@dataclass(frozen=True, slots=True)
class Watch:
    """A value to be told of when it changes: notification 0 off, 1 with the next contact, 2 at once."""

    name: str
    notification: int


@dataclass(frozen=True, slots=True)
class Profile:
    """What one profile wants of the devices it is for."""

    id: int
    name: str
    version: int
    precedence: int = 0
    settings: tuple[Setting, ...] = ()
    rows: tuple[RowSetting, ...] = ()
    watches: tuple[Watch, ...] = ()
    firmware: str = ""
    inform_interval_s: int = 0
    hook: str = ""


@dataclass(frozen=True, slots=True)
class Personal:
    """A value that a person, or a program in a person's name, wrote on this very device."""

    path: str
    value: str
    type: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class KnownTree:
    """What is known of the device's parameters, secrets in clear. `objects` end in a dot; `read_only` are paths the device said so of."""

    root: str
    values: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    objects: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()

    def with_values(self, values: Iterable[tuple[str, str, str]]) -> "KnownTree":
        """The tree with newer values: (path, text, type) each."""
        got = list(values)
        types = {**self.types, **{path: kind for path, _, kind in got if kind}}
        return replace(self, values={**self.values, **{path: text for path, text, _ in got}}, types=types)


@dataclass(frozen=True, slots=True)
class Claim:
    """Who wants something, and what, as people read it. `profile` 0 is a person (`title` says who)."""

    profile: int
    title: str
    version: int
    precedence: int
    hold: Hold
    text: str
    at: datetime | None = None

    @property
    def is_personal(self) -> bool:
        return self.profile == 0

    @property
    def rank(self) -> tuple[int, int, int]:
        return (2 if self.hold is Hold.ENFORCE else 1 if self.is_personal else 0, self.precedence, self.profile)


Write = tuple[str, str, str]
"""(path, text, type) as in SetParameterValues; the type without its prefix."""


@dataclass(frozen=True, slots=True)
class WantedValue:
    """One parameter: what should stand there, for whom, and over whom."""

    path: str
    value: str
    type: str
    name: str
    claim: Claim
    over: tuple[Claim, ...] = ()

    @property
    def write(self) -> Write:
        return self.path, self.value, self.type


@dataclass(frozen=True, slots=True)
class WantedRow:
    """A row by its keys. `keys` and `values` are (leaf, text, type)."""

    table: str
    keys: tuple[Write, ...]
    values: tuple[Write, ...]
    absent: bool
    name: str
    claim: Claim
    over: tuple[Claim, ...] = ()

    @property
    def identity(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        return self.table, tuple(sorted((leaf, text) for leaf, text, _ in self.keys))


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A parameter that a profile would set, and does not: a person's own value stands there, or it was set once and is the customer's now."""

    path: str
    name: str
    claim: Claim
    over: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Cannot:
    """What a profile wants and this device cannot be given, and why."""

    name: str
    why: str
    claim: Claim


@dataclass(frozen=True)
class Desired:
    """All that should hold. `digest` is a keyed hash: secrets are part of what it is made of."""

    profiles: tuple[tuple[int, int], ...] = ()
    values: tuple[WantedValue, ...] = ()
    rows: tuple[WantedRow, ...] = ()
    watches: tuple[tuple[str, int, Claim], ...] = ()
    firmware: str = ""
    firmware_claim: Claim | None = None
    left: tuple[LeftAlone, ...] = ()
    cannot: tuple[Cannot, ...] = ()
    digest: Callable[[bytes], str] | None = field(default=None, compare=False, repr=False)
    fixed_key: str = ""
    """The key of a copy whose secrets were struck out for people."""

    @property
    def is_empty(self) -> bool:
        """No profile fits the device: nothing is wanted of it."""
        return not self.profiles

    @cached_property
    def key(self) -> str:
        """The ParameterKey that says that all this was written; "" where nothing is wanted.

        What is only initial, and what a person wrote and is put back after a reset, is not part of it: it is not held.
        """
        if self.fixed_key or self.is_empty or self.digest is None:
            return self.fixed_key
        held = [v.write for v in self.values if v.claim.hold is not Hold.INITIAL and not v.claim.is_personal]
        rows = [[r.table, r.keys, r.values, r.absent] for r in self.rows if r.claim.hold is not Hold.INITIAL]
        told = json.dumps([sorted(held), sorted(rows, key=repr), sorted(w[:2] for w in self.watches)], ensure_ascii=False)
        return KEY_PREFIX + self.digest(told.encode())[:28]

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(v.path for v in self.values)


# ---- putting together ----------------------------------------------------------------------------------------


def wanted_of(
    profiles: Sequence[Profile],
    known: KnownTree,
    personal: Iterable[Personal] = (),
    *,
    digest: Callable[[bytes], str],
    corrections: Mapping[str, Correction] | None = None,
    fresh: bool = False,
    reset_at: datetime | None = None,
    model: Model | None = None,
) -> Desired:
    """What these profiles, all of which fit the device, want of it. `model` is the device's own, where a maker's overlay is about it.

    `fresh`: it was not configured since it was new or reset, so that initial values count. `reset_at`: what a person wrote before then is
    gone from the device and is wanted again.
    """
    if not profiles:
        return Desired()
    resolver = Resolver(known.values, known.root, corrections or {}, model) if known.root in ROOTS else None
    claims: dict[str, list[WantedValue]] = {}
    rows: dict[Any, list[WantedRow]] = {}
    watches: dict[str, tuple[str, int, Claim]] = {}
    cannot: list[Cannot] = []
    for profile in sorted(profiles, key=lambda p: (p.precedence, p.id)):
        for setting in (*_interval(profile, known), *profile.settings):
            found, why = _values(profile, setting, known, resolver)
            for value in found:
                claims.setdefault(value.path, []).append(value)
            if why:
                cannot.append(Cannot(setting.name, why, _claim(profile, setting.hold, _text(setting))))
        for row in profile.rows:
            made, why = _row(profile, row, known, resolver)
            if made is not None:
                rows.setdefault(made.identity, []).append(made)
            elif why:
                cannot.append(Cannot(row.table, why, _claim(profile, row.hold, row_text(row))))
        for watch in profile.watches:
            path = _watched(watch.name, known, resolver)
            claim = _claim(profile, Hold.KEEP, str(watch.notification))
            if path:
                watches[path] = (path, watch.notification, claim)
            else:
                cannot.append(Cannot(watch.name, "the device has no parameter for it", claim))
    own = {p.path: p for p in personal}
    values, left = [], []
    for path, claimed in claims.items():
        won, untouched = _winner(claimed, own.get(path), fresh, reset_at)
        if won is not None:
            values.append(won)
        if untouched is not None:
            left.append(untouched)
    wanted_rows = [_row_winner(claimed) for claimed in rows.values()]
    firmware = next((p for p in sorted(profiles, key=lambda p: (-p.precedence, -p.id)) if p.firmware), None)
    return Desired(
        tuple(sorted((p.id, p.version) for p in profiles)), tuple(values),
        tuple(r for r in wanted_rows if r.claim.hold is not Hold.INITIAL or fresh), tuple(watches.values()),
        firmware.firmware if firmware else "", _claim(firmware, Hold.KEEP, firmware.firmware) if firmware else None, tuple(left), tuple(cannot),
        digest,
    )  # fmt: skip


def _interval(profile: Profile, known: KnownTree) -> tuple[Setting, ...]:
    """How often the device speaks, and when: at a place of its own in the interval, where it has a parameter for that."""
    if not profile.inform_interval_s:
        return ()
    server = f"{known.root}.ManagementServer."
    often = Setting(server + "PeriodicInformEnable", True), Setting(server + "PeriodicInformInterval", profile.inform_interval_s)
    time = inform_time(known.values.get(f"{known.root}.DeviceInfo.SerialNumber", ""), profile.inform_interval_s)
    return (*often, Setting(server + "PeriodicInformTime", time)) if time and server + "PeriodicInformTime" in known.values else often


def _claim(profile: Profile, hold: Hold, text: str) -> Claim:
    return Claim(profile.id, profile.name, profile.version, profile.precedence, hold, text)


def _winner(
    claimed: Sequence[WantedValue], own: Personal | None, fresh: bool, reset_at: datetime | None
) -> tuple[WantedValue | None, LeftAlone | None]:
    """Who of those that want one parameter gets it; or why it is left alone."""
    ranked = sorted(claimed, key=lambda value: value.claim.rank, reverse=True)
    best, rest = ranked[0], tuple(v.claim for v in ranked[1:])
    if own is not None:
        by = own.by.partition(":")[2] or own.by
        mine = Claim(0, by, 0, 0, Hold.KEEP, own.value, own.at)
        if mine.rank > best.claim.rank:
            over = tuple(v.claim for v in ranked)
            if reset_at is not None and own.at < reset_at:
                return WantedValue(own.path, own.value, own.type or best.type, best.name, mine, over), None
            return None, LeftAlone(own.path, best.name, mine, over)
        rest = tuple(sorted((*rest, mine), key=lambda claim: claim.rank, reverse=True))
    if best.claim.hold is Hold.INITIAL and not fresh:
        return None, LeftAlone(best.path, best.name, best.claim, rest)
    return replace(best, over=rest), None


def _row_winner(claimed: Sequence[WantedRow]) -> WantedRow:
    ranked = sorted(claimed, key=lambda row: row.claim.rank, reverse=True)
    return replace(ranked[0], over=tuple(row.claim for row in ranked[1:]))


# ---- one setting ---------------------------------------------------------------------------------------------


def _values(profile: Profile, setting: Setting, known: KnownTree, resolver: Resolver | None) -> tuple[list[WantedValue], str]:
    """The parameters a setting is about on this device, and why there is none."""
    claim = _claim(profile, setting.hold, _text(setting))
    if setting.is_path:
        if setting.name.partition(".")[0] != known.root:
            return [], ""  # written for devices of the other root
        return _raw(setting, known, claim, resolver.model if resolver is not None else None)
    if resolver is None:
        return [], "nothing is known of the device's parameters yet"
    try:
        writes = canonical.to_raw(resolver, setting.name, _proper(setting.name, setting.value))
    except (KeyError, ValueError) as error:
        return [], str(error.args[0])
    return [WantedValue(path, text, kind.removeprefix("xsd:"), setting.name, claim) for path, text, kind in writes], ""


def _raw(setting: Setting, known: KnownTree, claim: Claim, model: Model | None = None) -> tuple[list[WantedValue], str]:
    paths = [setting.name]
    if "*" in setting.name:
        template = template_of(setting.name)
        paths = sorted(path for path in known.values if _below(path, setting.name) and template_of(path) == template)[:MOST_INSTANCES]
        if not paths:
            return [], "the device has no such parameter"
    found = []
    for path in paths:
        text = raw_text(setting.value)
        problem, kind = checked_path(path, text, model)
        if problem:
            return [], problem
        if path not in known.values and known.values:
            return [], f"the device has no parameter {path}"
        if path in known.read_only:
            return [], f"the device says that {path} is read only"
        found.append(WantedValue(path, text, kind or known.types.get(path) or "string", "", claim))
    return found, ""


def _below(path: str, pattern: str) -> bool:
    """Whether a path fits a pattern with `*` for instances."""
    parts, wanted = path.split("."), pattern.split(".")
    return len(parts) == len(wanted) and all(w in ("*", p) for p, w in zip(parts, wanted, strict=True))


def checked_path(path: str, text: str, model: Model | None = None) -> tuple[str, str]:
    """("", type) for a value the data model allows; else the rule it breaks. A path of a vendor's own is taken as it is, without a type."""
    root = path.partition(".")[0]
    entry = (model or for_root(root)).lookup(path) if root in ROOTS else None
    if entry is None:
        return "", ""
    problem = check(entry, text)
    return (problem.sentence, "") if problem is not None else ("", wire_type(entry).removeprefix("xsd:"))


def raw_text(value: Value) -> str:
    """A value of a raw path as its text."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return ",".join(value) if isinstance(value, tuple | list) else "" if value is None else str(value)


def _proper(name: str, value: Value) -> Value:
    """A value out of JSON as the canonical type wants it: lists are tuples there."""
    return tuple(value) if isinstance(value, list) and canonical.describe(name).type is ValueType.LIST else value


def _text(setting: Setting) -> str:
    return raw_text(setting.value)


def _watched(name: str, known: KnownTree, resolver: Resolver | None) -> str:
    if name.partition(".")[0] in ROOTS:
        return name if name.startswith(known.root + ".") and (name in known.values or name in known.objects or not known.values) else ""
    if resolver is None:
        return ""
    found = resolver.get(name)
    return found.path if found is not None else ""


# ---- one row -------------------------------------------------------------------------------------------------


def row_text(row: RowSetting) -> str:
    return ", ".join(f"{name} {raw_text(value)}" for name, value in {**row.keys, **row.values}.items())


def _row(profile: Profile, row: RowSetting, known: KnownTree, resolver: Resolver | None) -> tuple[WantedRow | None, str]:
    claim = _claim(profile, row.hold, row_text(row))
    if row.is_path:
        if row.table.partition(".")[0] != known.root:
            return None, ""
        table, name = row.table, ""
        if known.objects and table not in known.objects and not any(o.startswith(table) for o in known.objects):
            return None, f"the device has no table {table}"
    else:
        if resolver is None:
            return None, "nothing is known of the device's parameters yet"
        found = table_of(row.table, known, resolver)
        if found is None:
            return None, "the device has no such table"
        table, name = found, row.table
    keys: list[Write] = []
    values: list[Write] = []
    for given, out in ((row.keys, keys), (row.values, values)):
        for column, value in given.items():
            made, why = _cell(row, table, column, value, known.root)
            if made is None:
                return None, why
            out.append(made)
    return WantedRow(table, tuple(keys), tuple(values), row.absent, name, claim), ""


def _cell(row: RowSetting, table: str, column: str, value: Value, root: str) -> tuple[Write | None, str]:
    """(leaf, text, type) of one column."""
    if row.is_path:
        leaf, text = column, raw_text(value)
    else:
        try:
            leaf, text = to_cell(row.table, column, value, root)
        except (KeyError, ValueError) as error:
            return None, str(error.args[0])
    problem, kind = checked_path(f"{table}1.{leaf}", text)
    return (None, problem) if problem else ((leaf, text, kind or "string"), "")


def table_of(name: str, known: KnownTree, resolver: Resolver) -> str | None:
    """The object a canonical table's rows are added to on this device: where it has rows, else that of the connection that is in use."""
    templates = canonical.describe_table(name).rows.get(known.root, ())
    for template in templates:
        rows = resolver.index.rows(template)
        if rows:
            return rows[0].rstrip(".").rpartition(".")[0] + "."
    wan = resolver.get("wan.ip_address")
    homes = [t.removesuffix("{i}.") for t in templates]
    found = [o for o in sorted(known.objects) if template_of(o) in homes]
    near = [o for o in found if wan is not None and o.startswith(wan.path.rpartition(".")[0] + ".")]
    return next(iter(near or found), None)
