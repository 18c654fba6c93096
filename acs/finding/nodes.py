"""What a query is once it is read: a tree of frozen conditions. No I/O; times are kept relative until somebody says what time it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from acs.finding.fields import Field


class Op(StrEnum):
    """How a field is compared. A list of values stands for any of them; with NE for none of them."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    LIKE = "~"
    UNLIKE = "!~"


ORDERED = frozenset({Op.LT, Op.LE, Op.GT, Op.GE})
OPPOSITE = {Op.EQ: Op.NE, Op.NE: Op.EQ, Op.LIKE: Op.UNLIKE, Op.UNLIKE: Op.LIKE}


@dataclass(frozen=True, slots=True)
class Age:
    """An instant relative to now; negative `before` would be in the future and is not written."""

    before: timedelta

    def at(self, now: datetime) -> datetime:
        return now - self.before


@dataclass(frozen=True, slots=True)
class Nothing:
    """`none`: no value is known."""


NOTHING = Nothing()
Literal = str | float | bool | Age | datetime | IPv4Network | IPv6Network | Nothing


@dataclass(frozen=True, slots=True)
class Compare:
    """One field against values. A comparison with what is not known is false, so `not` of it is true."""

    field: Field
    op: Op
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word: the beginning of a serial number, or a whole key, address, model, version or tag."""

    text: str


@dataclass(frozen=True, slots=True)
class Not:
    part: "Node"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Node", ...]


Node = Compare | Word | Not | And | Or


def leaves(node: Node | None) -> Iterator[Compare | Word]:
    match node:
        case None:
            return
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case _:
            yield node


def without_not(node: Node, negated: bool = False) -> Node:
    """The same condition with every `not` directly before a comparison or word: what can be looked up is then seen at once."""
    match node:
        case Not(part):
            return without_not(part, not negated)
        case And(parts):
            inner = tuple(without_not(part, negated) for part in parts)
            return Or(inner) if negated else And(inner)
        case Or(parts):
            inner = tuple(without_not(part, negated) for part in parts)
            return And(inner) if negated else Or(inner)
        case _:
            return Not(node) if negated else node
