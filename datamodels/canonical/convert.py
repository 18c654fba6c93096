"""Between the text a device stores and the value it means: numbers with scales, booleans in all their spellings, words.

Tolerant when reading (K-40, K-42, K-43), strict when writing. Knows single values only, no tree.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping
from enum import StrEnum

from datamodels.canonical.shapes import Candidate, CanonicalParameter, Column, Value, ValueType
from datamodels.check import Problem

CONVERSIONS = (
    "country", "tenth_microwatt_to_dbm", "ont_received_dbm", "ont_launched_dbm", "ont_celsius", "ont_volts", "ont_milliamperes",
)  # fmt: skip
_TRUE = frozenset({"1", "true", "yes", "on", "enabled", "enable", "up"})
_FALSE = frozenset({"0", "false", "no", "off", "disabled", "disable", "down"})
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_MAC = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}")
_DIGITS = 3
_COUNTRY_LENGTH = 3
"""RegulatoryDomain is a country and one more character, a blank for "anywhere" (TR-181 Device.WiFi.Radio.{i}.)."""


def is_true(text: str) -> bool:
    return text.strip().lower() in _TRUE


def from_raw(kind: CanonicalParameter | Column, source: Candidate, raw: str) -> Value:
    """None where `raw` means no reading or cannot be read as this type; an unknown enum word stays as the device wrote it."""
    text = raw.strip()
    if text in source.null:
        return None
    if source.constant is not None:
        return source.constant
    match kind.type:
        case ValueType.INT | ValueType.FLOAT:
            return _number(kind.type, source, text)
        case ValueType.BOOL:
            return _boolean(source, text)
        case ValueType.ENUM:
            return source.words.get(text.lower(), text) if text or "" in source.words else None
        case ValueType.LIST:
            return tuple(item.strip() for item in text.split(",") if item.strip())
        case ValueType.MAC:
            return text.upper().replace("-", ":") or None
        case _:
            return text


def to_raw_text(parameter: CanonicalParameter, source: Candidate, value: Value) -> str:
    """The text to write. ValueError naming the canonical name, the value and the rule it breaks."""
    match parameter.type:
        case ValueType.INT | ValueType.FLOAT:
            return _number_text(parameter, source, value)
        case ValueType.BOOL:
            if not isinstance(value, bool):
                raise refused(parameter, value, "true or false", Demand.BOOLEAN)
            word = "true" if value is not source.inverted else "false"
            return source.raws.get(word, word)
        case ValueType.ENUM:
            return _word_text(parameter, source, value)
        case ValueType.LIST:
            if isinstance(value, str) or not isinstance(value, tuple | list):
                raise refused(parameter, value, "a list", Demand.LIST)
            return ",".join(value)
        case _:
            return _text(parameter, source, value)


class Demand(StrEnum):
    """What a canonical value must be and is not: for screens that say it in their own language."""

    BOOLEAN = "boolean"
    LIST = "list"
    WHOLE_NUMBER = "whole_number"
    NUMBER = "number"
    RANGE = "range"
    ONE_OF = "one_of"
    ONE_OF_HERE = "one_of_here"
    TEXT = "text"
    LONGER = "longer"
    SHORTER = "shorter"
    MAC = "mac"
    ADDRESS = "address"
    READ_ONLY = "read_only"
    READ_ONLY_HERE = "read_only_here"
    ABSENT = "absent"
    MODEL = "model"


class Refused(ValueError):
    """A canonical value that cannot be written. The text is English; `demand` and the rest say the same for screens.

    `shown` is the value as it may be shown, None for a secret; `detail` what belongs to the demand: the words, the path; `low` and `high`
    bounds; `problem` the rule of the data model.
    """

    def __init__(
        self, message: str, demand: Demand, shown: str | None = None, detail: str = "", low: float | None = None, high: float | None = None,
        problem: Problem | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.demand, self.shown, self.detail, self.low, self.high, self.problem = demand, shown, detail, low, high, problem


def refused(
    parameter: CanonicalParameter, value: object, rule: str, demand: Demand, detail: str = "", low: float | None = None, high: float | None = None
) -> Refused:
    shown = "the value given" if parameter.secret else repr(value)
    return Refused(f"{parameter.name} must be {rule}; {shown} is not.", demand, None if parameter.secret else str(value), detail, low, high)


def _number(type_: ValueType, source: Candidate, text: str) -> Value:
    found = _NUMBER.match(text)  # "-21.5 dBm" and "45 C" are numbers too
    if found is None:
        return None
    number = _converted(source.convert, float(found.group())) * (source.scale or 1)
    return round(number) if type_ is ValueType.INT else round(number, _DIGITS)


def _converted(convert: str | None, number: float) -> float:
    """Units that go by the size of the number: one firmware family reports them one way on one board and another on the next (K-43).

    Powers in 0.1 µW or dBm: what a receiver gets is below 1 mW, so never above 0 dBm; what a laser sends is 0.5 to 7 dBm, in 0.1 µW
    thousands. Temperatures in °C or 1/256 °C, supplies in V, mV or 0.1 mV, laser currents in mA or 2 µA (ITU-T G.984.3, SFF-8472).
    The bounds between them are guesses that leave room on both sides.
    """
    match convert:
        case "tenth_microwatt_to_dbm" | "ont_received_dbm":
            return number if number < 0 else _dbm(number)
        case "ont_launched_dbm":
            return _dbm(number) if number > 100 else number
        case "ont_celsius":
            return number / 256 if abs(number) > 200 else number
        case "ont_volts":
            return number / 10_000 if number > 10_000 else number / 1000 if number > 100 else number
        case "ont_milliamperes":
            return number * 0.002 if number > 500 else number
        case _:
            return number


def _dbm(tenth_microwatts: float) -> float:
    return 10 * math.log10(tenth_microwatts / 10_000) if tenth_microwatts > 0 else -40.0


def _boolean(source: Candidate, text: str) -> Value:
    word = text.lower()
    if source.words:
        mapped = source.words.get(word)
        return None if mapped is None else (mapped == "true") is not source.inverted
    if word in _TRUE:
        return not source.inverted
    return source.inverted if word in _FALSE else None


def _number_text(parameter: CanonicalParameter, source: Candidate, value: Value) -> str:
    whole = parameter.type is ValueType.INT
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise refused(parameter, value, "a whole number" if whole else "a number", Demand.WHOLE_NUMBER if whole else Demand.NUMBER)
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise refused(parameter, value, _range_in_words(low, high), Demand.RANGE, "", low, high)
    raw = value / (source.scale or 1)
    return str(round(raw)) if source.scale or whole else repr(raw)


def _range_in_words(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"


def _word_text(parameter: CanonicalParameter, source: Candidate, value: Value) -> str:
    if value not in parameter.words:
        raise refused(parameter, value, "one of " + ", ".join(parameter.words), Demand.ONE_OF, ", ".join(parameter.words))
    if source.cases or not source.words:
        return str(value)
    if str(value) not in source.raws:
        raise refused(parameter, value, "one of " + ", ".join(source.raws) + " on this device", Demand.ONE_OF_HERE, ", ".join(source.raws))
    return source.raws[str(value)]


def _text(parameter: CanonicalParameter, source: Candidate, value: Value) -> str:
    if not isinstance(value, str):
        raise refused(parameter, value, "a text", Demand.TEXT)
    if parameter.min_length is not None and len(value) < parameter.min_length:
        raise refused(parameter, value, f"at least {parameter.min_length} characters long", Demand.LONGER, "", parameter.min_length)
    if parameter.max_length is not None and len(value) > parameter.max_length:
        raise refused(parameter, value, f"at most {parameter.max_length} characters long", Demand.SHORTER, "", None, parameter.max_length)
    if parameter.type is ValueType.MAC and _MAC.fullmatch(value.upper()) is None:
        raise refused(parameter, value, "a MAC address such as 00:11:22:AA:BB:CC", Demand.MAC)
    if parameter.type is ValueType.IP and value and not _is_address(value):
        raise refused(parameter, value, "an IP address", Demand.ADDRESS)
    return value.upper().ljust(_COUNTRY_LENGTH) if source.convert == "country" else value


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def case_word(candidate: Candidate, path: str, tree: Mapping[str, str]) -> str:
    """The first case that fits all its parameters; the raw text where none does."""
    parent = path[: path.rindex(".") + 1]
    for case in candidate.cases:
        if all(tree.get(parent + leaf, "").strip().lower() in values for leaf, values in case.when.items()):
            return case.word
    return tree[path]
