"""A query answered from a head row alone, without a database: yes, no, or None where that takes one. Pure.

`facts` has attributes of acs.devices.models.Device by name, as many as are at hand; `tags` (a collection of names) and `readings` (canonical
name to value) are used where given; `now` is needed for ages and presence.
"""

from collections.abc import Mapping
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from acs.finding.fields import ALARMS, Field, Kind
from acs.finding.nodes import Age, And, Compare, Literal, Node, Not, Nothing, Op, Or, Word
from acs.finding.versions import compare_versions

Facts = Mapping[str, Any]
_SEARCHED = ("key", "address", "wan_address", "model", "software_version")


def decide(node: Node | None, facts: Facts) -> bool | None:
    """Whether a device with these facts fits; None where they do not say."""
    match node:
        case None:
            return True
        case Not(part):
            found = decide(part, facts)
            return None if found is None else not found
        case And(parts):
            return _all([decide(part, facts) for part in parts])
        case Or(parts):
            found = _all([_opposite(decide(part, facts)) for part in parts])
            return _opposite(found)
        case Word(text):
            return _word(text, facts)
        case _:
            return _compare(node, facts)


def _opposite(found: bool | None) -> bool | None:
    return None if found is None else not found


def _all(found: list[bool | None]) -> bool | None:
    if False in found:
        return False
    return None if None in found else True


def spellings(text: str) -> tuple[str, ...]:
    """How names of single devices are looked up: as written, in large letters, in small ones."""
    return tuple(dict.fromkeys((text, text.upper(), text.lower())))


def _word(text: str, facts: Facts) -> bool | None:
    known: list[bool | None] = [facts[name] == text if name in facts else None for name in _SEARCHED]
    known.append(any(facts["serial_number"].startswith(s) for s in spellings(text)) if "serial_number" in facts else None)
    known.append(text.lower() in facts["tags"] if "tags" in facts else None)
    return True if True in known else None if None in known else False


def _compare(node: Compare, facts: Facts) -> bool | None:
    field = node.field
    match field.kind:
        case Kind.TAG:
            return None if "tags" not in facts else _negated(node.op, any(v in facts["tags"] for v in node.values))
        case Kind.GROUP | Kind.OPERATION:
            return None
    if field.name == "presence":
        here = _presence(facts)
        return None if here is None else _negated(node.op, any(_equal(field, here, v) for v in node.values))
    if field.name == "alarm":
        severity = facts.get("alarm_severity")
        return None if severity is None else _negated(node.op, any(_equal(field, ALARMS[severity], v) for v in node.values))
    if field.reading:
        if "readings" not in facts:
            return None
        return test(node, facts["readings"].get(field.reading), None)
    if field.column not in facts:
        return None
    now = facts.get("now")
    if now is None and any(isinstance(v, Age) for v in node.values):
        return None
    return test(node, facts[field.column], now)


def _presence(facts: Facts) -> str | None:
    needed = {"trust", "last_inform_at", "silent_at", "now"}
    if not needed <= set(facts):
        return None
    if facts["trust"] != "admitted" and facts["trust"] != "quarantine":
        return "blocked"
    if facts["last_inform_at"] is None or facts["silent_at"] is None:
        return "never"
    if facts["trust"] == "quarantine":
        return "quarantine"
    return "online" if facts["silent_at"] > facts["now"] else "silent"


def _negated(op: Op, found: bool) -> bool:
    return not found if op in (Op.NE, Op.UNLIKE) else found


def test(node: Compare, value: Any, now: datetime | None) -> bool:
    """Whether one known value fits a comparison; None is a value that is not known."""
    field, op = node.field, node.op
    if field.kind in (Kind.NUMBER, Kind.DURATION) and not isinstance(value, int | float):
        value = None
    match op:
        case Op.EQ:
            return any(_equal(field, value, v) for v in node.values)
        case Op.NE:
            return _is_known(field, value, node.values) and not any(_equal(field, value, v) for v in node.values)
        case Op.LIKE | Op.UNLIKE:
            return _negated(op, value is not None and any(fits_pattern(str(value), str(v)) for v in node.values))
    if value is None or value == "":
        return False
    order = _order(field, value, node.values[0], now)
    return {Op.LT: order < 0, Op.LE: order <= 0, Op.GT: order > 0, Op.GE: order >= 0}[op]


def _is_known(field: Field, value: Any, wanted: tuple[Literal, ...]) -> bool:
    """What differs must be there where a reading, an instant or a number is meant; text that is missing differs from any text."""
    if any(isinstance(v, Nothing) for v in wanted):
        return True
    return value is not None or field.kind in (Kind.WORD, Kind.VERSION, Kind.NAME, Kind.ADDRESS)


def _equal(field: Field, value: Any, wanted: Literal) -> bool:
    if isinstance(wanted, Nothing):
        return value is None or value == ""
    if value is None:
        return False
    if isinstance(wanted, IPv4Network | IPv6Network):
        return _in_network(str(value), wanted)
    if isinstance(wanted, str):
        if field.kind is Kind.NAME:
            return fits_pattern(value, wanted) if "*" in wanted else value in spellings(wanted)
        return fits_pattern(str(value), wanted) if "*" in wanted else str(value).lower() == wanted.lower()
    return bool(value == wanted)


def _in_network(address: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        return ip_address(address) in network
    except ValueError:
        return False


def _order(field: Field, value: Any, wanted: Literal, now: datetime | None) -> int:
    if isinstance(wanted, Age):
        assert now is not None
        wanted = wanted.at(now)
    if field.kind is Kind.VERSION:
        return compare_versions(str(value), str(wanted))
    return int(value > wanted) - int(value < wanted)


def fits_pattern(value: str, pattern: str) -> bool:
    """Any case. With `*` for any characters the pattern is of the whole value; without, it stands anywhere in it."""
    value, pattern = value.lower(), pattern.lower()
    if "*" not in pattern:
        return pattern in value
    first, *rest = pattern.split("*")
    if not value.startswith(first):
        return False
    at, last = len(first), rest.pop()
    for part in rest:
        at = value.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return value.endswith(last) and len(value) - len(last) >= at
