"""What a model does against the letter of the standard, as knobs that procedures turn: `DeviceQuirks`, and which entries hold for a device.

An entry sets one knob (of one parameter, where the knob is about names) for a scope: OUI, product class and firmware, each left empty for
any. Of several that fit, a pinned one wins, then the most specific, then one set by hand; what was learned of the very device is more
specific than all that is not pinned, and counts only for the firmware it was learned on. Pure: tables and sessions are acs/quirks.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from datamodels import canonical
from datamodels.canonical import Correction, ValueType
from datamodels.scope import Firmware, Scope, exactly, firmware, version_key  # noqa: F401 - entries are about scopes: they come with them

MAX_NAMES = 200
"""Names one knob may hold for a device: beyond it the device is not odd but broken."""
_TYPES = (
    "string", "int", "unsignedInt", "long", "unsignedLong", "boolean", "dateTime", "base64", "base64Binary", "hexBinary", "decimal",
)  # fmt: skip

SCALES = ("0.0001", "0.001", "0.01", "0.1", "1", "10", "100", "1000", "10000", "tenth_microwatt_to_dbm")
"""What a device's number is multiplied with to be in our unit, or the one conversion that is no factor."""

Names = Mapping[str, Any]
_NONE: Names = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DeviceQuirks:
    """What holds for one device. The defaults are a device that follows the standard; `KNOBS` says what each is about."""

    read_batch: int = 100
    read_batch_fails: int = 0
    write_batch: int = 0
    boot_s: int = 0
    not_ready_s: int = 0
    root_names_refused: bool = False
    deep_names_refused: bool = False
    next_level_refused: bool = False
    lists_itself: bool = False
    partial_reads_refused: bool = False
    needs_restart: bool = False
    no_transfer_complete: bool = False
    second_boot: bool = False
    parameter_key_lost: bool = False
    instance_unusable: bool = False
    instances_reused: bool = False
    request_basic: bool = False
    request_https: bool = False
    udp_sorted: bool = False
    three_empties: bool = False
    files_http_only: bool = False
    files_need_name: bool = False
    files_exact_size: bool = False
    boolean_literal: str = ""
    time_form: str = ""
    refused_names: Names = field(default_factory=lambda: _NONE)
    not_kept: Names = field(default_factory=lambda: _NONE)
    normalised: Names = field(default_factory=lambda: _NONE)
    hidden: Names = field(default_factory=lambda: _NONE)
    types: Names = field(default_factory=lambda: _NONE)
    scales: Names = field(default_factory=lambda: _NONE)
    inverted: Names = field(default_factory=lambda: _NONE)

    def odd(self) -> dict[str, Any]:
        """Only what departs from the standard, by knob."""
        found = {name: getattr(self, name) for name in KNOBS}
        return {name: dict(v) if isinstance(v, Mapping) else v for name, v in found.items() if v != getattr(STANDARD, name)}

    def of(self, knob: str, path: str) -> Any:
        """What a knob about names says of this parameter; None where it says nothing. A `*` in a name stands for any instance."""
        names: Names = getattr(self, knob)
        if not names:
            return None
        if path in names:
            return names[path]
        return next((value for name, value in names.items() if "*" in name and _pattern(name).fullmatch(path)), None)


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(name).replace(r"\*", r"[^.]+"))


class Shape(StrEnum):
    """What a knob's value is."""

    FLAG = "flag"
    COUNT = "count"
    CHOICE = "choice"
    NAMES = "names"


@dataclass(frozen=True, slots=True)
class Knob:
    """What can be known of a model. `agree` is how what several devices showed becomes one value; `learned`: the engine finds it out
    itself; `used`: it changes what we do. Those that are not used are satisfied by whatever we do anyway, and kept to be told and played."""

    name: str
    shape: Shape
    cites: tuple[str, ...] = ()
    learned: bool = False
    used: bool = True
    low: int = 0
    high: int = 1000
    choices: tuple[str, ...] = ()
    agree: str = "last"
    meant: frozenset[ValueType] = frozenset()
    """The knob is about canonical names of these types, not about paths."""


def _knobs() -> tuple[Knob, ...]:
    flag, count, choice, names = Shape.FLAG, Shape.COUNT, Shape.CHOICE, Shape.NAMES
    return (
        Knob("read_batch", count, ("K-50", "K-46"), learned=True, low=1, agree="least"),
        Knob("read_batch_fails", count, ("K-50", "K-46"), learned=True, agree="least"),
        Knob("refused_names", names, ("K-49", "K-53"), learned=True),
        Knob("root_names_refused", flag, ("K-45",), learned=True),
        Knob("deep_names_refused", flag, ("K-46",), learned=True),
        Knob("next_level_refused", flag, ("K-47",), learned=True),
        Knob("lists_itself", flag, ("R-8",), learned=True, used=False),
        Knob("partial_reads_refused", flag, ("R-7",), learned=True),
        Knob("write_batch", count, learned=True, agree="least"),
        Knob("not_kept", names, ("R-6",), learned=True),
        Knob("normalised", names, ("K-42",), learned=True),
        Knob("hidden", names, ("K-41",), learned=True),
        Knob("boolean_literal", choice, ("K-40",), learned=True, choices=("digits", "words")),
        Knob("types", names, ("K-38",), learned=True, choices=_TYPES),
        Knob("time_form", choice, ("K-37",), learned=True, choices=("utc", "offset", "local")),
        Knob("needs_restart", flag, ("R-5",), learned=True),
        Knob("parameter_key_lost", flag, ("K-58",), learned=True),
        Knob("instance_unusable", flag, ("K-59",), learned=True),
        Knob("instances_reused", flag, ("K-59",), used=False),
        Knob("boot_s", count, learned=True, high=86_400, agree="most"),
        Knob("not_ready_s", count, ("K-57",), learned=True, high=7200, agree="most"),
        Knob("no_transfer_complete", flag, ("K-61",), learned=True),
        Knob("second_boot", flag, ("K-62",), learned=True),
        Knob("files_http_only", flag, ("K-65",)),
        Knob("files_need_name", flag, ("K-65",)),
        Knob("files_exact_size", flag, ("K-65",), used=False),
        Knob("request_basic", flag, ("K-68",)),
        Knob("request_https", flag),
        Knob("udp_sorted", flag, ("K-72",)),
        Knob("scales", names, ("K-43",), choices=SCALES, meant=frozenset({ValueType.INT, ValueType.FLOAT})),
        Knob("inverted", names, ("K-44",), meant=frozenset({ValueType.BOOL})),
        Knob("three_empties", flag, ("K-17",), used=False),
    )


KNOBS: Mapping[str, Knob] = MappingProxyType({knob.name: knob for knob in _knobs()})


def checked(knob: str, item: str, value: Any) -> tuple[str, Any]:
    """(item, value) of an entry as it is kept. ValueError says what is wrong, in a sentence."""
    known = KNOBS.get(knob)
    if known is None:
        raise ValueError(f"There is no quirk {knob!r}; there are {', '.join(KNOBS)}.")
    item = item.strip()
    if known.shape is Shape.NAMES:
        if not re.fullmatch(r"[A-Za-z_*][^\s]{0,254}[^\s.]", item):
            raise ValueError(f"{knob} is about one parameter: name its full path, with * for any instance; {item[:80]!r} is none.")
        if known.meant and (item not in canonical.names() or canonical.describe(item).type not in known.meant):
            kinds = " or ".join(sorted(known.meant))
            raise ValueError(f"{knob} is about a canonical name of the type {kinds}, like optical.voltage_v; {item[:80]!r} is none.")
    elif item:
        raise ValueError(f"{knob} is about the device, not about one parameter; {item[:80]!r} does not belong to it.")
    match known.shape:
        case Shape.FLAG:
            if not isinstance(value, bool):
                raise ValueError(f"{knob} is true or false, not {value!r}.")
        case Shape.COUNT:
            if isinstance(value, bool) or not isinstance(value, int) or not known.low <= value <= known.high:
                raise ValueError(f"{knob} is a whole number from {known.low} to {known.high}, not {value!r}.")
        case Shape.CHOICE:
            if value not in known.choices:
                raise ValueError(f"{knob} is one of {', '.join(known.choices)}, not {value!r}.")
        case Shape.NAMES:
            if known.choices and value not in known.choices:
                raise ValueError(f"{knob} is one of {', '.join(known.choices)}, not {value!r}.")
            if not isinstance(value, str | int | bool | Mapping) or len(repr(value)) > 600:
                raise ValueError(f"{knob}: {repr(value)[:80]} cannot be kept.")
    return item, value


def agreed(knob: str, values: Iterable[Any]) -> Any:
    """One value for a model out of what its devices showed, oldest first."""
    shown = list(values)
    match KNOBS[knob].agree:
        case "least":
            return min(shown)
        case "most":
            return max(shown)
        case _:
            return shown[-1]


# ---- which entries hold ------------------------------------------------------------------------------------


class State(StrEnum):
    """proposed: seen, not enough to be used; active: used; off: a person said no, learning does not turn it on again."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Entry:
    """One knob for one scope."""

    scope: Scope
    knob: str
    item: str
    value: Any
    state: State = State.ACTIVE
    pinned: bool = False
    by_hand: bool = False

    @property
    def rank(self) -> tuple[Any, ...]:
        return (self.pinned, *self.scope.rank, self.by_hand)


Own = Iterable[tuple[str, str, Any]]
"""What was learned of one device on the firmware it runs: (knob, item, value)."""


def fitting(entries: Iterable[Entry], oui: str, product_class: str, version: str) -> tuple[Entry, ...]:
    """Entries about such a device that say something: active ones and those turned off, the strongest last."""
    found = (e for e in entries if e.state is not State.PROPOSED and e.scope.fits(oui, product_class, version))
    return tuple(sorted(found, key=lambda entry: entry.rank))


def merged(entries: Iterable[Entry], own: Own = ()) -> DeviceQuirks:
    """What holds, of entries as `fitting` gives them. What a person turned off for the model is off for what the device taught us, too."""
    weak: dict[tuple[str, str], Any] = {}
    strong: dict[tuple[str, str], Any] = {}
    off: set[tuple[str, str]] = set()
    for entry in entries:
        key = (entry.knob, entry.item)
        if entry.state is State.OFF:
            off.add(key)
        else:
            (strong if entry.pinned else weak)[key] = entry.value
    taught = {(knob, item): value for knob, item, value in own if knob in KNOBS and (knob, item) not in off}
    given: dict[str, Any] = {}
    for (knob, item), value in {**weak, **taught, **strong}.items():
        if KNOBS[knob].shape is Shape.NAMES:
            given.setdefault(knob, {})[item] = value
        else:
            given[knob] = value
    return DeviceQuirks(**given) if given else STANDARD


STANDARD = DeviceQuirks()


def taught(quirks: DeviceQuirks, knob: str, item: str, value: Any) -> DeviceQuirks:
    """The quirks after one more observation; `value` None takes one back. The same object where it says nothing new."""
    if KNOBS[knob].shape is Shape.NAMES:
        names: Names = getattr(quirks, knob)
        if value is None:
            return _turned(quirks, knob, {k: v for k, v in names.items() if k != item}) if item in names else quirks
        if quirks.of(knob, item) == value or len(names) >= MAX_NAMES:
            return quirks
        return _turned(quirks, knob, {**names, item: value})
    new = getattr(STANDARD, knob) if value is None else value
    return quirks if getattr(quirks, knob) == new else _turned(quirks, knob, new)


def _turned(quirks: DeviceQuirks, knob: str, value: Any) -> DeviceQuirks:
    change: dict[str, Any] = {knob: value}
    return replace(quirks, **change)


# ---- what follows from them --------------------------------------------------------------------------------


def corrections(quirks: DeviceQuirks) -> dict[str, Correction]:
    """What the device means by its values where it departs from its data model, by canonical name (quirks K-43, K-44)."""
    scales = {
        name: Correction(convert=scale) if scale.isidentifier() else Correction(float(scale)) for name, scale in quirks.scales.items()
    }
    return scales | {name: Correction(inverted=True) for name in quirks.inverted}


def literal(kind: str, value: str, quirks: DeviceQuirks) -> str:
    """A value as the device wants it spelled (quirks K-37, K-40)."""
    if kind == "boolean" and quirks.boolean_literal:
        return boolean_as(quirks.boolean_literal, value)
    if kind == "dateTime" and quirks.time_form:
        return time_as(quirks.time_form, value)
    return value


def boolean_as(form: str, value: str) -> str:
    digit = {"1": "1", "true": "1", "0": "0", "false": "0"}.get(value.strip().lower())
    if digit is None:
        return value
    return digit if form == "digits" else {"1": "true", "0": "false"}[digit]


_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]00:?00)?")


def time_as(form: str, value: str) -> str:
    """A UTC instant as "…Z", "…+00:00" or without a zone; what is no such instant stays as it is."""
    found = _INSTANT.fullmatch(value.strip())
    return value if found is None else found[1] + {"utc": "Z", "offset": "+00:00", "local": ""}[form]


def file_url_problem(url: str, quirks: DeviceQuirks) -> str:
    """Why the device cannot fetch from there (quirk K-65); "" if nothing is known against it."""
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0].rpartition("@")[2]
    if quirks.files_http_only and scheme.lower() != "http":
        return f"This model fetches files over http only, and our files are at {scheme}://{host}."
    if quirks.files_need_name and (host.startswith("[") or re.fullmatch(r"[0-9.]+", host.partition(":")[0])):
        return f"This model fetches files from a host name only, and our files are at {host}."
    return ""
