"""Is this text a legal value for this parameter, and if not, why, in words that can be shown to a person.

The fault codes are those a device would answer (TR-069 A.5.1): 9006 wrong type, 9007 bad value, 9008 not writable.
Facets follow TR-106 §A.2.8: alternatives of one kind are OR-ed; list items are checked one by one. Where a rule cannot be
judged (a pattern Python cannot read) the value is accepted: the device has the last word. Tests: tests/datamodels/test_check.py.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum
from functools import cache, lru_cache

from datamodels import library
from datamodels.entry import Entry, Range, Size
from datamodels.tree import INDEX_DIRECTORY, template_of


class Fault(IntEnum):
    """CPE fault codes of SetParameterValues that a value can earn."""

    WRONG_TYPE = 9006
    BAD_VALUE = 9007
    NOT_WRITABLE = 9008


class Rule(StrEnum):
    """Which rule a value breaks: what a screen says in its own language. `sentence` of a Problem is the English of it."""

    IS_OBJECT = "is_object"
    READ_ONLY = "read_only"
    WHOLE_NUMBER = "whole_number"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE_TIME = "date_time"
    HEX = "hex"
    BASE64 = "base64"
    SIZE = "size"
    RANGE = "range"
    REPORTED_ONLY = "reported_only"
    ENUM = "enum"
    FORM = "form"
    LIST_SIZE = "list_size"
    LIST_ITEMS = "list_items"


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` is the CWMP fault a device would answer with; `sentence` names the parameter, the rule and the value.

    The rest is the same for screens: `rule`, `name` of the parameter, `shown` as the value may be shown (None for a secret), `length` that
    was counted, and the facets the rule is made of: `sizes` or `ranges` (alternatives), `words` (an enumeration), `form` of a pattern.
    """

    code: Fault
    sentence: str
    rule: Rule = Rule.FORM
    name: str = ""
    shown: str | None = ""
    length: int | None = None
    unit: str = ""
    sizes: tuple[Size, ...] = ()
    ranges: tuple[Range, ...] = ()
    words: tuple[str, ...] = ()
    form: str = ""


_BOUNDS: dict[str, tuple[int, int]] = {
    "int": (-(2**31), 2**31 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "long": (-(2**63), 2**63 - 1),
    "unsignedLong": (0, 2**64 - 1),
}
_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_BOOLEANS = frozenset({"0", "1", "true", "false"})
_HEX = re.compile(r"([0-9A-Fa-f]{2})*")
# Year 0001 is CWMP's Unknown Time and, without a zone, time since boot (TR-106 §3.2): both legal.
_DATE_TIME = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?"
)
# Vendors may add values of their own to any enumeration (TR-106 §3.3).
_VENDOR_VALUE = re.compile(r"X_[0-9A-Za-z-]+_\S+")
_SHOWN = 80


def check(entry: Entry, text: str, *, writing: bool = True) -> Problem | None:
    """None if `text` is legal. With `writing` also access and values that are only ever reported are judged."""
    if entry.is_object:
        return Problem(Fault.NOT_WRITABLE, f"{entry.name} is an object and holds no value.", Rule.IS_OBJECT, entry.name)
    if writing and not entry.writable:
        return Problem(Fault.NOT_WRITABLE, f"{entry.name} is read only.", Rule.READ_ONLY, entry.name)
    if not entry.is_list:
        return _check_item(entry, text, writing)
    return _check_list(entry, text, writing)


def wire_type(entry: Entry) -> str:
    """The xsi:type to send: "xsd:unsignedInt"; a list is a string on the wire. ValueError for an object."""
    if entry.is_object:
        raise ValueError(f"{entry.template} is an object and has no type on the wire")
    return "xsd:string" if entry.is_list else f"xsd:{entry.type}"


def limits_in_words(entry: Entry) -> str:
    """ "1 to 255", "one of: Up, Down", "at most 32 characters"; "" where anything of the type goes. For hints beside a field."""
    rules = []
    if entry.enums:
        rules.append("one of: " + ", ".join(value.value for value in entry.enums if value.writable or not entry.writable))
    if entry.ranges:
        rules.append(_ranges_in_words(entry.ranges))
    if entry.sizes:
        rules.append(_sizes_in_words(entry.sizes, _unit_of_size(entry)))
    return "; ".join(rules)


def is_secret(path: str) -> bool:
    """Must the value at `path` be masked wherever it is shown, logged or exported?

    By the models' hidden and secured flags, and by name for everything else (vendor parameters above all).
    Errs on the side of masking. Cheap enough to ask for every value of a tree.
    """
    leaf = path.rpartition(".")[2]
    return _secret_by_name(leaf) or (leaf in _secret_leaves() and _secret_by_model(template_of(path)))


def _check_item(entry: Entry, text: str, writing: bool) -> Problem | None:
    wrong = _TYPES[entry.type](entry.type, text)
    shown = _shown(entry, text)
    if wrong is not None:
        rule, words, bounds = wrong
        sentence = f"{entry.name} must be {words}; {shown} is not."
        return Problem(Fault.WRONG_TYPE, sentence, rule, entry.name, _open(entry, text), ranges=bounds)
    if entry.sizes and not _size_fits(entry.sizes, _length(entry.type, text)):
        length, unit = _length(entry.type, text), _unit_of_size(entry)
        sentence = f"{entry.name} must have {_sizes_in_words(entry.sizes, unit)}; {shown} has {length}."
        return Problem(Fault.BAD_VALUE, sentence, Rule.SIZE, entry.name, _open(entry, text), length, unit, entry.sizes)
    if entry.ranges and entry.type in {*_BOUNDS, "decimal"}:
        number = Decimal(text.strip())
        if not any(_in_range(number, each) for each in entry.ranges):
            sentence = f"{entry.name} must be {_ranges_in_words(entry.ranges)}; {_out_of(number, text, entry.ranges)}."
            return Problem(Fault.BAD_VALUE, sentence, Rule.RANGE, entry.name, _open(entry, text), ranges=entry.ranges)
    return _check_words(entry, text, writing)


def _check_words(entry: Entry, text: str, writing: bool) -> Problem | None:
    """Enumerations and patterns. A parameter may have both: then either may fit (TR-181 QoS class filters)."""
    if not entry.enums and not entry.patterns:
        return None
    known = {value.value: value.writable for value in entry.enums}
    allowed = tuple(value for value, writable in known.items() if writable or not writing)
    if text in known:
        if writing and not known[text]:
            sentence = f"{entry.name} can report {_shown(entry, text)} but not be set to it."
            return Problem(Fault.BAD_VALUE, sentence, Rule.REPORTED_ONLY, entry.name, _open(entry, text), words=allowed)
        return None
    if entry.enums and _VENDOR_VALUE.fullmatch(text):
        return None
    if entry.patterns and any(_matches(pattern, text) for pattern in entry.patterns):
        return None
    if entry.enums:
        sentence = f"{entry.name} must be one of {', '.join(allowed)}; {_shown(entry, text)} is none of them."
        return Problem(Fault.BAD_VALUE, sentence, Rule.ENUM, entry.name, _open(entry, text), words=allowed)
    form = entry.syntax.data_type or " or ".join(pattern for pattern in entry.patterns if pattern)
    sentence = f"{entry.name} must have the form {form}; {_shown(entry, text)} has not."
    return Problem(Fault.BAD_VALUE, sentence, Rule.FORM, entry.name, _open(entry, text), form=form)


def _check_list(entry: Entry, text: str, writing: bool) -> Problem | None:
    syntax = entry.syntax
    if syntax.list_sizes and not _size_fits(syntax.list_sizes, len(text)):
        rule = _sizes_in_words(syntax.list_sizes, "characters")
        sentence = f"{entry.name} must have {rule} in all; {_shown(entry, text)} has {len(text)}."
        return Problem(Fault.BAD_VALUE, sentence, Rule.LIST_SIZE, entry.name, _open(entry, text), len(text), "characters", syntax.list_sizes)
    items = items_of(text)
    if syntax.list_items is not None and not _size_fits((syntax.list_items,), len(items)):
        counts = (syntax.list_items,)
        sentence = f"{entry.name} must have {_sizes_in_words(counts, 'items')}; {_shown(entry, text)} has {len(items)}."
        return Problem(Fault.BAD_VALUE, sentence, Rule.LIST_ITEMS, entry.name, _open(entry, text), len(items), "items", counts)
    if "[" in text:  # nested lists: their items have no facets of their own
        return None
    for item in items:
        problem = _check_item(entry, item, writing)
        if problem is not None:
            return problem
    return None


def items_of(text: str) -> list[str]:
    """The items of a comma-separated list; blanks round a comma belong to the comma, an empty text is an empty list."""
    return [item.strip() for item in text.split(",")] if text.strip() else []


_Wrong = tuple[Rule, str, tuple[Range, ...]]
"""Which rule of its type a text breaks, in words, and the bounds that the type has."""


def _whole_number(type_: str, text: str) -> _Wrong | None:
    low, high = _BOUNDS[type_]
    if _WHOLE.fullmatch(text.strip()) is None:
        return Rule.WHOLE_NUMBER, "a whole number", ()
    if low <= int(text) <= high:
        return None
    return Rule.WHOLE_NUMBER, f"a whole number from {low} to {high}", (Range(str(low), str(high)),)


def _number(_type: str, text: str) -> _Wrong | None:
    return None if _DECIMAL.fullmatch(text.strip()) else (Rule.NUMBER, "a number", ())


def _boolean(_type: str, text: str) -> _Wrong | None:
    return None if text.strip() in _BOOLEANS else (Rule.BOOLEAN, "true or false", ())


def _date_time(_type: str, text: str) -> _Wrong | None:
    return None if _DATE_TIME.fullmatch(text.strip()) else (Rule.DATE_TIME, "a date and time such as 2024-05-31T08:00:00Z", ())


def _hex(_type: str, text: str) -> _Wrong | None:
    return None if _HEX.fullmatch(text.strip()) else (Rule.HEX, "an even number of hexadecimal digits", ())


def _base64(_type: str, text: str) -> _Wrong | None:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return Rule.BASE64, "base64", ()
    return None


def _any(_type: str, _text: str) -> _Wrong | None:
    return None


_TYPES: dict[str, Callable[[str, str], _Wrong | None]] = {
    **dict.fromkeys(_BOUNDS, _whole_number),
    "decimal": _number,
    "boolean": _boolean,
    "dateTime": _date_time,
    "hexBinary": _hex,
    "base64": _base64,
    "string": _any,
}


def _length(type_: str, text: str) -> int:
    if type_ == "hexBinary":
        return len(text.strip()) // 2
    if type_ == "base64":
        return len(base64.b64decode("".join(text.split())))
    return len(text)


def _size_fits(sizes: Iterable[Size], length: int) -> bool:
    return any(size.minimum <= length and (size.maximum is None or length <= size.maximum) for size in sizes)


def _in_range(number: Decimal, limits: Range) -> bool:
    low = None if limits.minimum is None else Decimal(limits.minimum)
    if low is not None and number < low:
        return False
    if limits.maximum is not None and number > Decimal(limits.maximum):
        return False
    return limits.step is None or (number - (low or 0)) % Decimal(limits.step) == 0


def _out_of(number: Decimal, text: str, ranges: Iterable[Range]) -> str:
    lows = [Decimal(each.minimum) for each in ranges if each.minimum is not None]
    highs = [Decimal(each.maximum) for each in ranges if each.maximum is not None]
    if lows and number < min(lows):
        return f"{text.strip()} is below"
    if highs and number > max(highs):
        return f"{text.strip()} is above"
    return f"{text.strip()} is not"


def _ranges_in_words(ranges: Iterable[Range]) -> str:
    return " or ".join(_range_in_words(each) for each in ranges)


def _range_in_words(limits: Range) -> str:
    step = f" in steps of {limits.step}" if limits.step not in {None, "1"} else ""
    if limits.minimum == limits.maximum:
        return str(limits.minimum)
    if limits.maximum is None:
        return f"{limits.minimum} or more{step}"
    if limits.minimum is None:
        return f"{limits.maximum} or less{step}"
    return f"{limits.minimum} to {limits.maximum}{step}"


def _sizes_in_words(sizes: Iterable[Size], unit: str) -> str:
    return " or ".join(_size_in_words(each, unit) for each in sizes)


def _size_in_words(size: Size, unit: str) -> str:
    if size.maximum is None:
        return f"at least {size.minimum} {unit}"
    if size.minimum == size.maximum:
        return f"exactly {size.maximum} {unit}"
    return f"{size.minimum} to {size.maximum} {unit}" if size.minimum else f"at most {size.maximum} {unit}"


def _unit_of_size(entry: Entry) -> str:
    return "bytes" if entry.type in {"hexBinary", "base64"} else "characters"


def _shown(entry: Entry, text: str) -> str:
    if is_secret(entry.template):
        return "the value given"
    if not text:
        return "an empty value"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _open(entry: Entry, text: str) -> str | None:
    """The value as a screen may show it: None for a secret."""
    return None if is_secret(entry.template) else text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _matches(pattern: str, text: str) -> bool:
    compiled = _regex(pattern)
    return compiled is None or compiled.fullmatch(text) is not None


@cache
def _regex(pattern: str) -> re.Pattern[str] | None:
    """XML Schema regular expressions differ: ^ and $ are ordinary characters, \\i \\c and class subtraction unknown to Python."""
    if re.search(r"\\[icIC]|-\[|\\p\{", pattern):
        return None
    escaped = re.sub(r"(?<!\\)(?<!\[)([\^$])", r"\\\1", pattern)
    try:
        return re.compile(escaped, re.ASCII)
    except re.error:
        return None


_SECRET_NAME = re.compile(
    r"(password|passwd|passphrase|pre_?shared_?key|wep_?key|secret|private_?key|encryption_?key|authentication_?key|psk|pwd)\d*$",
    re.IGNORECASE,
)


@lru_cache(maxsize=16384)
def _secret_by_name(leaf: str) -> bool:
    return _SECRET_NAME.search(leaf) is not None


@cache
def _secret_templates() -> frozenset[str]:
    return frozenset((INDEX_DIRECTORY / "secret-paths.txt").read_text().split()) | library.secret_templates()


@cache
def _secret_leaves() -> frozenset[str]:
    return frozenset(template.rpartition(".")[2] for template in _secret_templates())


@lru_cache(maxsize=4096)
def _secret_by_model(template: str) -> bool:
    """Service models are stored without their mount: VoiceService.{i}.… stands for Device.Services.VoiceService.{i}.…"""
    below_services = template.partition(".Services.")[2]
    return template in _secret_templates() or below_services in _secret_templates()


for _remembered in (_secret_templates, _secret_leaves, _secret_by_model):
    library.on_change(_remembered.cache_clear)
