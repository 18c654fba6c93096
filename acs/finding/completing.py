"""What can come next in a query that is being typed: fields, operators, values that devices have, and the words between conditions."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from acs.db.skipping import different
from acs.db.tenancy import TenantId
from acs.devices.models import DeviceTag
from acs.finding import groups
from acs.finding.compiling import Compiler
from acs.finding.fields import Field, Kind, all_fields, field_named
from acs.finding.nodes import Op
from acs.finding.parsing import MAX_LENGTH
from acs.finding.tokens import QueryError, Token, Type, tokens
from acs.finding.values import OPS
from acs.finding.views import Proposal
from acs.provisioning.kinds import KINDS

MOST = 12
_AGES = ("15m ago", "1h ago", "1 day ago", "7 days ago", "30 days ago", "none")
_SPANS = ("5m", "15m", "1h", "1d")
_MEANING = {
    Op.EQ: "is", Op.NE: "is not", Op.LT: "less, older or before", Op.LE: "at most", Op.GT: "more, newer or after", Op.GE: "at least",
    Op.LIKE: "contains, or fits a pattern with *", Op.UNLIKE: "does not contain",
}  # fmt: skip
_PLAIN = frozenset(" \t()=!<>~,\"'“”„:")


def complete(session: Session, tenant: TenantId, text: str, at: int, now: datetime) -> tuple[Proposal, ...]:
    """Proposals for the place `at` in a query, the likely ones first; empty where nothing is known to follow."""
    text = text[:MAX_LENGTH]
    at = max(0, min(at, len(text)))
    before, fragment, start = _split(text[:at])
    field, wants = _expected(before)
    if wants == "condition":
        name, colon, rest = fragment.lstrip("-").partition(":")
        named = field_named(name) if colon else None
        if named is not None:
            return _values(session, tenant, named, rest, start + len(fragment) - len(rest), at, now)
        return _fields(fragment, start, at)
    if wants == "operator" and field is not None:
        fits = (op for op in Op if op in OPS[field.kind] and op.value.startswith(fragment))
        return tuple(Proposal(f"{op.value} ", _MEANING[op], start, at) for op in fits)
    if wants == "value" and field is not None:
        return _values(session, tenant, field, fragment, start, at, now)
    words = (("and ", "both"), ("or ", "either"))
    return tuple(Proposal(word, label, start, at) for word, label in words if word.startswith(fragment.lower()))


def _split(typed: str) -> tuple[list[Token], str, int]:
    """Tokens that are finished, and the word under the cursor with its beginning."""
    try:
        found = tokens(typed)[:-1]
    except QueryError as error:
        return tokens(typed[: error.at])[:-1], typed[error.at + 1 :], error.at
    if found and found[-1].type is Type.WORD and found[-1].at + found[-1].length == len(typed):
        return found[:-1], found[-1].text, found[-1].at
    return found, "", len(typed)


def _expected(before: list[Token]) -> tuple[Field | None, str]:
    """What the next word is, after these: a condition, an operator or value of a field, or a word between."""
    field: Field | None = None
    wants, listing = "condition", False
    for token in before:
        if wants == "value" and listing and token.type in (Type.COMMA, Type.OPEN):
            continue
        if token.type is Type.OPEN:
            listing, wants = wants in ("value",), wants if wants == "value" else "condition"
        elif token.type is Type.CLOSE:
            listing, wants = False, "between"
        elif (token.type is Type.COMMA and listing) or token.type is Type.OPERATOR:
            wants = "value"
        elif token.type is Type.WORD and token.text.lower() in ("and", "or", "not"):
            wants = "operator" if wants == "operator" else "condition"
        elif token.says("in") and wants == "operator":
            wants, listing = "value", True
        elif wants == "condition":
            field = field_named(token.text) if token.type is Type.WORD else None
            if token.type is Type.WORD and token.text.endswith(":"):
                field, wants = field_named(token.text.strip("-:")), "value"
            else:
                wants = "operator" if field is not None else "between"
        else:
            wants = "value" if wants == "value" and listing and token.type is Type.COMMA else "between"
    return field, wants


def _fields(fragment: str, start: int, at: int) -> tuple[Proposal, ...]:
    wanted = fragment.lower().lstrip("-")
    sign = "-" if fragment.startswith("-") else ""

    def rank(field: Field) -> int | None:
        names = (field.name, *field.aliases)
        if any(name.startswith(wanted) for name in names):
            return 0
        return 1 if any(wanted in name for name in names) or (len(wanted) > 2 and wanted in field.help.lower()) else None

    ranked = sorted((r, n, f) for n, f in enumerate(all_fields()) if (r := rank(f)) is not None)
    found = []
    for _rank, _number, field in ranked[:MOST]:
        colon = field.kind in (Kind.TAG, Kind.GROUP, Kind.OPERATION)
        name = next((a for a in field.aliases if a.startswith(wanted) and not field.name.startswith(wanted)), field.name)
        found.append(Proposal(f"{sign}{name}:" if colon else f"{name} ", f"{field.help}{f', {field.unit}' if field.unit else ''}", start, at))
    return tuple(found)


def _values(session: Session, tenant: TenantId, field: Field, fragment: str, start: int, at: int, now: datetime) -> tuple[Proposal, ...]:
    wanted = fragment.lower()
    fits = [value for value in _known(session, tenant, field, now) if value and wanted in value.lower()]
    fits.sort(key=lambda value: not value.lower().startswith(wanted))
    return tuple(Proposal(f"{_quoted(value, field)} ", field.name, start, at) for value in fits[:MOST])


def _known(session: Session, tenant: TenantId, field: Field, now: datetime) -> Iterable[str]:
    match field.kind:
        case Kind.WORD | Kind.VERSION:
            return Compiler(session, tenant, now).values(field.column) or ()
        case Kind.CHOICE | Kind.FLAG:
            return field.words
        case Kind.INSTANT:
            return _AGES
        case Kind.DURATION:
            return _SPANS
        case Kind.OPERATION:
            return ("any", *KINDS)
        case Kind.GROUP:
            return [group.name for group in groups.listed(session, tenant)]
        case Kind.TAG:
            return different(session, DeviceTag.tag, DeviceTag.tenant_id == tenant, 1000)
    return ()


def _quoted(value: str, field: Field) -> str:
    if field.kind in (Kind.INSTANT, Kind.DURATION) or not _PLAIN & set(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
