"""A query back as text: what reads back as the same query. Pure."""

from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network

from acs.finding.fields import Field, Kind
from acs.finding.nodes import Age, And, Compare, Literal, Node, Not, Nothing, Op, Or, Word
from acs.finding.parsing import parse_node
from acs.finding.views import Chip

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.*+/@-")
_RESERVED = frozenset({"and", "or", "not", "in", "none"})
_SPANS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_COLON = frozenset({Kind.TAG, Kind.GROUP, Kind.OPERATION})


def written(node: Node | None) -> str:
    """The query's text; a part of a larger one is put in parentheses where it needs them."""
    match node:
        case None:
            return ""
        case And(parts):
            return " and ".join(_part(part, Or) for part in parts)
        case Or(parts):
            return " or ".join(_part(part, And) for part in parts)
        case Not(part):
            return f"not {_part(part, (And, Or))}"
        case Word(text):
            return quoted(text)
        case _:
            return f"{node.field.name}{_middle(node)}{values_of(node)}"


def conjuncts(text: str) -> tuple[Node, ...]:
    """The conditions of a query that all have to hold, as it was written: what a list shows as chips."""
    node = parse_node(text)
    return () if node is None else node.parts if isinstance(node, And) else (node,)


def all_of(parts: tuple[Node, ...]) -> str:
    return written(And(parts)) if len(parts) > 1 else written(parts[0]) if parts else ""


def _part(node: Node, wrapped: type[Node] | tuple[type[Node], ...]) -> str:
    return f"({written(node)})" if isinstance(node, wrapped) else written(node)


def _middle(node: Compare) -> str:
    if node.field.kind in _COLON and node.op is Op.EQ and len(node.values) == 1:
        return ":"
    if len(node.values) > 1 and node.op in (Op.EQ, Op.NE):
        return " in " if node.op is Op.EQ else " not in "
    return f" {node.op.value} "


def values_of(node: Compare) -> str:
    shown = [_value(node.field, value) for value in node.values]
    return shown[0] if len(shown) == 1 else f"({', '.join(shown)})"


def _value(field: Field, value: Literal) -> str:
    match value:
        case Nothing():
            return "none"
        case bool():
            return "yes" if value else "no"
        case Age(before):
            return f"{_span(before)} ago" if before else "now"
        case datetime():
            return value.strftime("%Y-%m-%d") if value == value.replace(hour=0, minute=0, second=0, microsecond=0) else value.isoformat()
        case IPv4Network() | IPv6Network():
            return str(value)
        case int() | float():
            return _span(timedelta(seconds=value)) if field.kind is Kind.DURATION else f"{value:g}"
        case _:
            return quoted(value)


def _span(duration: timedelta) -> str:
    seconds = int(duration.total_seconds())
    unit, letter = next(((u, c) for u, c in _SPANS if seconds % u == 0), (1, "s"))
    return f"{seconds // unit}{letter}"


def quoted(text: str) -> str:
    """A value as one word: in quotes where it has a blank or a sign of the language."""
    if text and set(text) <= _PLAIN and text.lower() not in _RESERVED and not text.startswith("-"):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def chips(text: str) -> tuple[tuple[Chip, str], ...]:
    """The conditions that all have to hold, each with the query that is left without it."""
    parts = conjuncts(text)
    return tuple((_chip(part), all_of(parts[:n] + parts[n + 1 :])) for n, part in enumerate(parts))


def _chip(node: Node) -> Chip:
    if isinstance(node, Compare):
        middle = _middle(node).strip()
        return Chip(node.field.name, "" if middle == ":" else middle, values_of(node))
    return Chip("", "", written(node))
