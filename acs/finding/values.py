"""What stands after an operator, read as its field wants it: numbers with units, ages, dates, networks, words. Pure.

Each reader takes the text of a value and gives a literal, or raises ValueError with a sentence that parsing.py puts the place to.
"""

import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

from acs.finding.fields import Field, Kind
from acs.finding.nodes import NOTHING, Age, Literal, Op
from acs.provisioning.kinds import KINDS

_SECONDS = {
    "s": 1, "sec": 1, "second": 1, "seconds": 1, "m": 60, "min": 60, "minute": 60, "minutes": 60, "h": 3600, "hour": 3600, "hours": 3600,
    "d": 86400, "day": 86400, "days": 86400, "w": 604800, "week": 604800, "weeks": 604800, "y": 31536000, "year": 31536000, "years": 31536000,
}  # fmt: skip
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(\D.*)?", re.I)
_PREFIX = {"k": 1e3, "m": 1e6, "g": 1e9}
_YES, _NO = frozenset({"yes", "true", "on", "1", "up"}), frozenset({"no", "false", "off", "0", "down"})
_LONGEST = timedelta(days=36500)
SPAN_UNITS = frozenset(_SECONDS)


class Unreadable(ValueError):
    """`proposal`: what was probably meant."""

    def __init__(self, said: str, proposal: str = "") -> None:
        super().__init__(said)
        self.proposal = proposal


def read_value(field: Field, op: Op, text: str, quoted: bool) -> Literal:
    """The literal. Unreadable for a value the field cannot have."""
    if not quoted and text.lower() == "none" and field.kind not in (Kind.TAG, Kind.GROUP, Kind.OPERATION):
        return NOTHING
    return _READERS[field.kind](field, op, text.strip() if not quoted else text)


def _text(field: Field, op: Op, text: str) -> Literal:
    if len(text) > 255:
        raise Unreadable(f"A value of {field.name} has at most 255 characters")
    return text


def _choice(field: Field, op: Op, text: str) -> Literal:
    if op in (Op.LIKE, Op.UNLIKE):
        return text
    found = next((word for word in field.words if word.lower() == text.lower()), None)
    if found is None:
        close = get_close_matches(text, field.words, 1, 0.5)
        shown = ", ".join(field.words[:12]) + (" …" if len(field.words) > 12 else "")
        raise Unreadable(f"{field.name} is one of {shown}, not “{text}”", close[0] if close else "")
    return found


def _flag(field: Field, op: Op, text: str) -> Literal:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise Unreadable(f"{field.name} is yes or no, not “{text}”")


def _number(field: Field, op: Op, text: str) -> Literal:
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise Unreadable(f"{field.name} is a number{_in_unit(field)}, not “{text}”")
    number, unit = float(found[1]), (found[2] or "").strip()
    if not unit or unit.lower() == field.unit.lower():
        return number
    factor = _factor(unit, field.unit)
    if factor is None:
        raise Unreadable(f"{field.name} is{_in_unit(field) or ' a number without unit'}, not in “{unit}”", f"{found[1]} {field.unit}".strip())
    return number * factor


def _in_unit(field: Field) -> str:
    return f" in {field.unit}" if field.unit else ""


def _factor(given: str, own: str) -> float | None:
    """How many of our unit one of the given is: 1h in s, 20M in kbit/s."""
    given, own = given.lower(), own.lower()
    if own in ("s", "min", "h") and given in _SECONDS:
        return _SECONDS[given] / _SECONDS[own]
    base, own_factor = (own[1:], _PREFIX[own[0]]) if own[:1] in _PREFIX and own[1:] else (own, 1.0)
    if given in (base, base.partition("/")[0]):
        return 1 / own_factor
    if given[:1] in _PREFIX and given[1:] in ("", base, base.partition("/")[0], "bps"):
        return _PREFIX[given[0]] / own_factor
    return None


def is_unit_of(field: Field, word: str) -> bool:
    """Whether a word after a number is its unit: `rx_power < -27 dBm`, `uptime > 3 days`."""
    if field.kind is Kind.DURATION:
        return word.lower() in SPAN_UNITS
    return field.kind is Kind.NUMBER and bool(word) and (word.lower() == field.unit.lower() or _factor(word, field.unit) is not None)


def span(text: str) -> timedelta | None:
    """ "1h", "1h30m", "2 days" as a duration; None for anything else."""
    joined = text.lower().replace(" ", "")
    parts = _SPAN.findall(joined)
    if not parts or "".join(a + b for a, b in parts) != joined or any(unit not in _SECONDS for _n, unit in parts):
        return None
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    return min(timedelta(seconds=min(seconds, 1e10)), _LONGEST)


def _duration(field: Field, op: Op, text: str) -> Literal:
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return float(text)
    found = span(text)
    if found is None:
        raise Unreadable(f"{field.name} is a duration such as 15m or 1h, not “{text}”")
    return found.total_seconds()


def _instant(field: Field, op: Op, text: str) -> Literal:
    lowered = " ".join(text.lower().split())
    if lowered == "now":
        return Age(timedelta(0))
    if lowered.endswith(" ago") and (found := span(lowered[:-4])) is not None:
        return Age(found)
    if span(lowered) is not None:
        raise Unreadable(f"{field.name} is an instant: an age ends with “ago”", f"{text} ago")
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Unreadable(f"{field.name} is an instant such as 1h ago, now, 2026-11-01 or 2026-11-01T18:30, not “{text}”") from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _address(field: Field, op: Op, text: str) -> Literal:
    if "/" not in text:
        return _text(field, op, text)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise Unreadable(f"“{text}” is no network such as 192.0.2.0/24") from None
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen % 16 and network.prefixlen != 128:
        raise Unreadable("IPv6 networks are found by whole groups: /16, /32, /48, /64 …", f"{text.partition('/')[0]}/{network.prefixlen // 16 * 16}")
    return network


def _tag(field: Field, op: Op, text: str) -> Literal:
    return _text(field, op, text.strip().lower())


def _operation(field: Field, op: Op, text: str) -> Literal:
    if text.lower() == "any":
        return "any"
    if text not in KINDS:
        close = get_close_matches(text, KINDS, 1, 0.5)
        raise Unreadable(f"There is no operation “{text}”", close[0] if close else "")
    return text


_READERS: dict[Kind, Callable[[Field, Op, str], Literal]] = {
    Kind.WORD: _text, Kind.VERSION: _text, Kind.NAME: _text, Kind.TEXT: _text, Kind.ADDRESS: _address, Kind.CHOICE: _choice, Kind.FLAG: _flag,
    Kind.NUMBER: _number, Kind.DURATION: _duration, Kind.INSTANT: _instant, Kind.TAG: _tag, Kind.GROUP: _text, Kind.OPERATION: _operation,
}  # fmt: skip

_EQUALITY = frozenset({Op.EQ, Op.NE})
_WITH_LIKE = _EQUALITY | {Op.LIKE, Op.UNLIKE}
OPS: dict[Kind, frozenset[Op]] = {
    Kind.WORD: _WITH_LIKE, Kind.VERSION: frozenset(Op), Kind.NAME: _WITH_LIKE, Kind.TEXT: _WITH_LIKE, Kind.ADDRESS: _WITH_LIKE,
    Kind.CHOICE: _WITH_LIKE, Kind.FLAG: _EQUALITY, Kind.NUMBER: frozenset(Op) - {Op.LIKE, Op.UNLIKE},
    Kind.DURATION: frozenset(Op) - {Op.LIKE, Op.UNLIKE}, Kind.INSTANT: frozenset({Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ, Op.NE}),
    Kind.TAG: _EQUALITY, Kind.GROUP: _EQUALITY, Kind.OPERATION: _EQUALITY,
}  # fmt: skip
"""Which operators a kind of field takes."""
