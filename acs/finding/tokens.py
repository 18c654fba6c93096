"""A query's text as tokens with their places. Pure."""

from dataclasses import dataclass
from enum import Enum, auto

from acs.errors import Invalid

OPERATORS = ("!=", "<=", ">=", "!~", "=", "<", ">", "~")
_ENDS = frozenset(" \t\r\n()=!<>~,\"'“”„")
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“"}


class QueryError(Invalid):
    """A query that cannot be read: what is wrong, where (`at`, `length`, counted from 0), and what was probably meant."""

    code = "bad_query"

    def __init__(self, message: str, text: str, at: int, length: int = 1, proposal: str = "") -> None:
        said = f"{message} (column {at + 1})" + (f": did you mean {proposal}?" if proposal else ".")
        super().__init__(said, "query")
        self.text = text
        self.at = at
        self.length = max(length, 1)
        self.proposal = proposal

    def caret(self) -> str:
        """Two lines: the query, and a mark under what is meant."""
        return f"{self.text}\n{' ' * self.at}{'^' * min(self.length, max(len(self.text) - self.at, 1))}"


class Type(Enum):
    WORD = auto()
    STRING = auto()
    OPERATOR = auto()
    OPEN = auto()
    CLOSE = auto()
    COMMA = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    type: Type
    text: str
    at: int
    length: int

    def says(self, word: str) -> bool:
        return self.type is Type.WORD and self.text.lower() == word


def tokens(text: str) -> list[Token]:
    """All tokens, and one END. QueryError for a quote that does not end."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        c = text[at]
        if c.isspace():
            at += 1
            continue
        if c in _QUOTES:
            token = _string(text, at)
        elif (operator := next((o for o in OPERATORS if text.startswith(o, at)), None)) is not None:
            token = Token(Type.OPERATOR, operator, at, len(operator))
        elif c in "(),":
            token = Token({"(": Type.OPEN, ")": Type.CLOSE, ",": Type.COMMA}[c], c, at, 1)
        else:
            end = at + 1
            while end < len(text) and text[end] not in _ENDS and not text[end].isspace():
                end += 1
            token = Token(Type.WORD, text[at:end], at, end - at)
        found.append(token)
        at = token.at + token.length
    found.append(Token(Type.END, "", len(text.rstrip()), 1))
    return found


def _string(text: str, at: int) -> Token:
    closing, end, said = _QUOTES[text[at]], at + 1, []
    while end < len(text):
        c = text[end]
        if c == "\\" and end + 1 < len(text):
            said.append(text[end + 1])
            end += 2
            continue
        if c == closing or (c == '"' and closing == "”"):
            return Token(Type.STRING, "".join(said), at, end + 1 - at)
        said.append(c)
        end += 1
    raise QueryError("A quote is opened here and not closed", text, at, len(text) - at)
