"""Text to a query, with errors that name the place and a proposal. Pure.

    query  = and { "or" and }              and = one { ["and"] one }         one = ["not"] ( "(" query ")" | comparison | word )
    comparison = field op value | field ["not"] "in" ( "(" value { "," value } ")" | network ) | field:value

Two conditions side by side are joined by `and`; a word alone searches as the box of the top bar does.
"""

from difflib import get_close_matches
from functools import lru_cache

from acs.finding.fields import Field, Kind, by_name, field_named
from acs.finding.nodes import And, Compare, Literal, Node, Not, Nothing, Op, Or, Word
from acs.finding.tokens import QueryError, Token, Type, tokens
from acs.finding.values import OPS, SPAN_UNITS, Unreadable, is_unit_of, read_value
from datamodels import canonical

MAX_LENGTH = 2000
MAX_DEPTH = 20
MAX_CONDITIONS = 100
MAX_VALUES = 500
_WORDS = frozenset({"and", "or", "not", "in"})


@lru_cache(maxsize=2048)
def parse_node(text: str) -> Node | None:
    """The conditions of a query; None for an empty one, which every device fits. QueryError (an Invalid)."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"A query has at most {MAX_LENGTH} characters, this has {len(text)}", text, MAX_LENGTH)
    if "\x00" in text:
        raise QueryError("A query has no zero characters", text, text.index("\x00"))
    return _Reader(text).whole()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.at = 0
        self.depth = 0
        self.count = 0

    # ---- moving ----

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        if token.type is not Type.END:
            self.at += 1
        return token

    def took(self, word: str) -> bool:
        if self.next.says(word):
            self.at += 1
            return True
        return False

    def wrong(self, said: str, token: Token, proposal: str = "") -> QueryError:
        return QueryError(said, self.text, token.at, token.length, proposal)

    # ---- the grammar ----

    def whole(self) -> Node | None:
        if self.next.type is Type.END:
            return None
        found = self.either()
        if self.next.type is Type.CLOSE:
            raise self.wrong("This parenthesis was never opened", self.next)
        if self.next.type is not Type.END:
            raise self.wrong(f"“{self.next.text}” is not expected here", self.next)
        return found

    def either(self) -> Node:
        parts = [self.both()]
        while self.took("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self) -> Node:
        parts = [self.one()]
        while True:
            if self.took("and") or (self.next.type in (Type.WORD, Type.STRING, Type.OPEN) and not self.next.says("or")):
                parts.append(self.one())
            else:
                return parts[0] if len(parts) == 1 else And(tuple(parts))

    def one(self) -> Node:
        token = self.next
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.wrong(f"Conditions are nested more than {MAX_DEPTH} deep", token)
        try:
            if self.took("not"):
                return Not(self.one())
            if token.type is Type.OPEN:
                return self.group()
            return self.condition()
        finally:
            self.depth -= 1

    def group(self) -> Node:
        opened = self.take()
        found = self.either()
        if self.next.type is not Type.CLOSE:
            raise self.wrong("This parenthesis is opened and not closed", opened)
        self.take()
        return found

    def condition(self) -> Node:
        token = self.take()
        self.count += 1
        if self.count > MAX_CONDITIONS:
            raise self.wrong(f"A query has at most {MAX_CONDITIONS} conditions", token)
        if token.type is Type.STRING:
            return Word(token.text)
        if token.type is Type.END:
            raise self.wrong("A condition is missing at the end", token)
        if token.type is not Type.WORD:
            raise self.wrong(f"A condition cannot begin with “{token.text}”", token)
        if token.text.lower() in _WORDS:
            raise self.wrong(f"A condition is expected, not “{token.text}”", token)
        if self.next.type is Type.OPERATOR or self.next.says("in") or (self.next.says("not") and self.tokens[self.at + 1].says("in")):
            return self.comparison(token)
        return self.colon(token)

    def comparison(self, name: Token) -> Node:
        field = self.field(name)
        if self.next.type is Type.OPERATOR:
            token = self.take()
            op = Op(token.text)
            self.check_op(field, op, token)
            if self.next.type is Type.OPEN and op in (Op.EQ, Op.NE, Op.LIKE, Op.UNLIKE):
                return Compare(field, op, self.listed(field, op))
            return Compare(field, op, (self.value(field, op),))
        negated = self.took("not")
        token = self.take()
        op = Op.NE if negated else Op.EQ
        self.check_op(field, op, token)
        if self.next.type is Type.OPEN:
            return Compare(field, op, self.listed(field, op))
        if field.kind is Kind.ADDRESS:
            return Compare(field, op, (self.value(field, op),))
        raise self.wrong("After “in” stands a list", self.next, f"{name.text} in ({self.next.text or '…'})")

    def colon(self, token: Token) -> Node:
        """`tag:vip`, `-tag:vip`, `group:"canaries"`, or a word to search for."""
        text, negated = token.text, False
        if text.startswith("-") and ":" in text:
            text, negated = text[1:], True
        name, colon, rest = text.partition(":")
        field = field_named(name) if colon else None
        if field is None:
            if colon and name.isidentifier() and (close := _close(name)):
                raise QueryError(f"There is no field “{name}”", self.text, token.at + negated, len(name), close)
            return Word(token.text)
        if rest:
            at = token.at + negated + len(name) + 1
            value = self.read(field, Op.EQ, rest, False, Token(Type.WORD, rest, at, len(rest)))
            found: Node = Compare(field, Op.EQ, (value,))
        elif self.next.type is Type.OPEN:
            found = Compare(field, Op.EQ, self.listed(field, Op.EQ))
        else:
            found = Compare(field, Op.EQ, (self.value(field, Op.EQ),))
        return Not(found) if negated else found

    # ---- parts ----

    def field(self, token: Token) -> Field:
        found = field_named(token.text)
        if found is None:
            if token.text in canonical.names():
                raise self.wrong(f"{token.text} is read of each device, but not kept for lists", token)
            raise self.wrong(f"There is no field “{token.text}”", token, _close(token.text))
        return found

    def check_op(self, field: Field, op: Op, token: Token) -> None:
        if op not in OPS[field.kind]:
            fits = " ".join(each for each in Op if each in OPS[field.kind])
            raise self.wrong(f"{field.name} is not compared by {op.value}, but by {fits}", token)

    def listed(self, field: Field, op: Op) -> tuple[Literal, ...]:
        opened = self.take()
        found = [self.value(field, op)]
        while self.next.type is Type.COMMA:
            self.take()
            found.append(self.value(field, op))
        if self.next.type is not Type.CLOSE:
            raise self.wrong("This list is opened and not closed", opened)
        self.take()
        if len(found) > MAX_VALUES:
            raise self.wrong(f"A list has at most {MAX_VALUES} values, this has {len(found)}", opened)
        return tuple(found)

    def value(self, field: Field, op: Op) -> Literal:
        token = self.take()
        if token.type is Type.END:
            raise self.wrong(f"A value of {field.name} is missing", token)
        if token.type not in (Type.WORD, Type.STRING):
            raise self.wrong(f"A value of {field.name} is expected, not “{token.text}”", token)
        text, length = token.text, token.length
        if token.type is Type.WORD:
            for more in self.more_of_value(field):
                text, length = f"{text} {more.text}", more.at + more.length - token.at
        return self.read(field, op, text, token.type is Type.STRING, Token(token.type, text, token.at, length))

    def more_of_value(self, field: Field) -> list[Token]:
        """Words that belong to the value before them: units, and what ends an age."""
        found: list[Token] = []
        while self.next.type is Type.WORD and self.tokens[self.at + 1].type is not Type.OPERATOR:
            word = self.next.text.lower()
            if (field.kind is Kind.INSTANT and (word == "ago" or word in SPAN_UNITS)) or (not found and is_unit_of(field, word)):
                found.append(self.take())
            else:
                break
        return found

    def read(self, field: Field, op: Op, text: str, quoted: bool, token: Token) -> Literal:
        try:
            found = read_value(field, op, text, quoted)
        except Unreadable as error:
            raise self.wrong(str(error), token, error.proposal) from None
        if isinstance(found, Nothing) and op not in (Op.EQ, Op.NE):
            raise self.wrong("“none” is compared by = and != only", token)
        return found


def _close(name: str) -> str:
    """The field that was probably meant."""
    lowered = name.lower()
    found = get_close_matches(lowered, by_name(), 1, 0.6)
    if not found:
        found = [each for each in by_name() if each.endswith(f".{lowered}")][:1]
    return found[0] if found else ""
