"""A query as SQL, in two forms: a condition on one head row, and the places where its devices can be looked up.

`Compiler.condition` asks each device at hand: readings, tags and groups by scalar subqueries over primary keys, so that neither database
turns the question round and gathers half a million rows to compare fifty with. `Compiler.sources` says which indexes lead to a superset
of the devices; seeking.py chooses among them by how much they hold. Nothing here reads all head rows.

Columns with few values in a fleet (model, versions …) are first asked which values there are, by skipping through their index; what fits is
then a list of values: capitals, patterns and the order of versions cost no scan.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Select,
    UnaryExpression,
    and_,
    case,
    column,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    table,
    true,
)  # fmt: skip
from sqlalchemy.orm import Session
from sqlalchemy.sql.operators import custom_op

from acs.db.skipping import different
from acs.db.tenancy import TenantId
from acs.devices.models import CanonicalValue, Device, DeviceTag, ParamName
from acs.errors import Invalid
from acs.finding.fields import Field, Kind
from acs.finding.heads import spellings, test
from acs.finding.models import DeviceGroup, DeviceGroupMember
from acs.finding.nodes import ORDERED, Age, And, Compare, Literal, Node, Not, Nothing, Op, Or, Word, without_not
from acs.finding.parsing import parse_node
from acs.provisioning.plan import Trust

MAX_DISTINCT = 3000
"""Different values of a column that few devices differ in; a fleet with more is asked row by row."""
MAX_GROUP_DEPTH = 8
_TOP = "\U0010ffff"
T = TypeVar("T")
_SHARED = frozenset({Kind.WORD, Kind.VERSION})
_OPERATION = table("operation", column("device_id"), column("tenant_id"), column("kind"), column("state"))
"""Operations are a layer above; a query only asks whether there is one."""
_OPEN: ColumnElement[bool] = literal_column("state IN ('queued','running','waiting')")
_FAILED: ColumnElement[bool] = literal_column("state = 'failed'")
_ALARMED: ColumnElement[bool] = literal_column("alarm_severity > 0")
_NOT_ADMITTED: ColumnElement[bool] = literal_column("trust <> 'admitted'")
"""As the partial indexes say it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Ids of devices from one index. `in_order`: by id without sorting, so that a page can begin anywhere."""

    ids: Select[Any]
    id: ColumnElement[int]
    in_order: bool = False


class Compiler:
    """For one query at one time. Values of columns and ids of names are asked once. `within`: the group whose query this is."""

    def __init__(self, session: Session, tenant: TenantId, now: datetime, within: str = "") -> None:
        self.session = session
        self.tenant = tenant
        self.now = now
        self.is_sqlite = session.get_bind().dialect.name == "sqlite"
        self._values: dict[str, list[Any] | None] = {}
        self._names: dict[str, int | None] = {}
        self._groups: dict[str, DeviceGroup] = {}
        self._path: list[str] = [within] if within else []

    # ---- a condition on one device ---------------------------------------------------------------------------

    def condition(self, node: Node | None) -> ColumnElement[bool]:
        """True or false of every head row, never NULL."""
        match node:
            case None:
                return true()
            case Not(part):
                return not_(self.condition(part))
            case And(parts):
                return and_(*(self.condition(part) for part in parts))
            case Or(parts):
                return or_(*(self.condition(part) for part in parts))
            case Word(text):
                return self._word(text)
            case _:
                return self._compare(node)

    def col(self, name: str) -> ColumnElement[Any]:
        """A head column that SQLite is not to look up by: seeking.py has chosen the way already."""
        plain = getattr(Device, name).expression
        if not self.is_sqlite:
            return plain
        return UnaryExpression(plain, operator=custom_op("+"), type_=plain.type)

    def _word(self, text: str) -> ColumnElement[bool]:
        whole = (self.col(name) == text for name in ("key", "address", "wan_address", "model", "software_version"))
        return or_(_starts(self.col("serial_number"), spellings(text)), *whole, self._has_tag((text.lower(),)))

    def _compare(self, node: Compare) -> ColumnElement[bool]:
        match node.field.kind:
            case Kind.TAG:
                return _either(node.op, self._has_tag(tuple(str(v) for v in node.values)))
            case Kind.GROUP:
                return _either(node.op, or_(*(self._in_group(str(v)) for v in node.values)))
            case Kind.OPERATION:
                return _either(node.op, self._has_operation(node))
        if node.field.name == "presence":
            wanted = [word for word in node.field.words if any(_means(word, v, node.op) for v in node.values)]
            return _either(node.op, or_(false(), *(self._presence(word) for word in wanted)))
        if node.field.name == "alarm":
            return _either(node.op, self.col("alarm_severity").in_(_severities(node)))
        if node.field.reading:
            return self._reading(node)
        if node.field.kind in _SHARED or node.field.name == "root":
            return self._shared(node)
        return self._column(node)

    def _has_tag(self, tags: tuple[str, ...]) -> ColumnElement[bool]:
        found = select(literal(1)).where(DeviceTag.device_id == Device.id, DeviceTag.tag.in_(tags)).limit(1)
        return func.coalesce(found.correlate(Device).scalar_subquery(), 0) == 1

    def _has_operation(self, node: Compare) -> ColumnElement[bool]:
        kinds = [str(v) for v in node.values]
        found = select(literal(1)).select_from(_OPERATION).where(_OPERATION.c.device_id == Device.id)
        found = found.where(_OPEN if node.field.name == "operation" else _FAILED)
        if "any" not in kinds:
            found = found.where(_OPERATION.c.kind.in_(kinds))
        return func.coalesce(found.limit(1).correlate(Device).scalar_subquery(), 0) == 1

    def _presence(self, word: str) -> ColumnElement[bool]:
        trust, last = self.col("trust"), Device.last_inform_at
        spoke = and_(last.is_not(None), Device.silent_at.is_not(None))
        awake = func.coalesce(Device.silent_at > self.now, false())
        match word:
            case "online":
                return and_(trust == Trust.ADMITTED, last.is_not(None), awake)
            case "silent":
                return and_(trust == Trust.ADMITTED, spoke, not_(awake))
            case "never":
                return and_(trust != Trust.BLOCKED, or_(last.is_(None), Device.silent_at.is_(None)))
            case "quarantine":
                return and_(trust == Trust.QUARANTINE, spoke)
            case _:
                return trust == Trust.BLOCKED

    def _column(self, node: Compare) -> ColumnElement[bool]:
        at, op = self.col(node.field.column), node.op
        if op in ORDERED:
            return func.coalesce(_ordered(at, op, self.instant(node.values[0])), false())
        if op in (Op.LIKE, Op.UNLIKE):
            return _either(op, or_(*(_fits(at, str(v)) for v in node.values)))
        found = func.coalesce(or_(*(self._equals(node.field, at, v) for v in node.values)), false())
        if op is Op.EQ:
            return found
        needs_value = node.field.kind in (Kind.INSTANT,) and not any(isinstance(v, Nothing) for v in node.values)
        return and_(at.is_not(None), not_(found)) if needs_value else not_(found)

    def _equals(self, field: Field, at: ColumnElement[Any], value: Literal) -> ColumnElement[bool]:
        match value:
            case Nothing():
                return at.is_(None) if field.kind in (Kind.INSTANT, Kind.NUMBER, Kind.DURATION, Kind.FLAG) else at == ""
            case IPv4Network() | IPv6Network():
                parts = prefixes(value)
                whole = [each for each, is_whole in parts if is_whole]
                return or_(at.in_(whole) if whole else false(), _starts(at, [each for each, is_whole in parts if not is_whole]))
            case str() if field.kind is Kind.NAME and "*" not in value:
                return at.in_(spellings(value))
            case str() if "*" in value:
                return _fits(at, value)
            case str() if field.kind is Kind.ADDRESS:
                return at.in_(spellings(value))
            case _:
                return at == self.instant(value)

    def instant(self, value: Literal) -> Any:
        return value.at(self.now) if isinstance(value, Age) else value

    def _shared(self, node: Compare) -> ColumnElement[bool]:
        """A column of few values: by the list of those that fit."""
        fitting = self.fitting(node)
        if fitting is not None:
            return self.col(node.field.column).in_(fitting) if fitting else false()
        at, op = self.col(node.field.column), node.op
        if op in ORDERED:
            raise Invalid(f"{node.field.name} has more than {MAX_DISTINCT} different values here: it cannot be put in order.", "query")
        patterns = [str(v) if op in (Op.LIKE, Op.UNLIKE) or "*" in str(v) else None for v in node.values]
        found = or_(*(
            _fits(at, p) if p is not None else at == "" if isinstance(v, Nothing) else func.lower(at) == str(v).lower()
            for p, v in zip(patterns, node.values, strict=True)
        ))  # fmt: skip
        return _either(op, found)

    def _reading(self, node: Compare) -> ColumnElement[bool]:
        name_id = self.name_id(node.field.reading)
        is_none = [isinstance(v, Nothing) for v in node.values]
        if name_id is None:
            return true() if (any(is_none) and node.op is Op.EQ) or node.op is Op.UNLIKE else false()
        here = and_(CanonicalValue.device_id == Device.id, CanonicalValue.name_id == name_id)
        if node.op is Op.UNLIKE:
            return not_(self._reading(Compare(node.field, Op.LIKE, node.values)))
        if any(is_none):
            known = func.coalesce(select(literal(1)).where(here).correlate(Device).scalar_subquery(), 0) == 1
            return not_(known) if node.op is Op.EQ else known
        fits = case((self._value_fits(node), 1), else_=0)
        return func.coalesce(select(fits).where(here).correlate(Device).scalar_subquery(), 0) == 1

    def _value_fits(self, node: Compare) -> ColumnElement[bool]:
        """The comparison on a row of canonical_value."""
        op, field = node.op, node.field
        if field.kind in (Kind.NUMBER, Kind.FLAG):
            numbers = [float(v) for v in node.values if isinstance(v, int | float)]
            if op in ORDERED:
                return func.coalesce(_ordered(CanonicalValue.number, op, numbers[0]), false())
            same = func.coalesce(CanonicalValue.number.in_(numbers), false())
            return not_(same) if op is Op.NE else same
        texts = [str(v) for v in node.values]
        if op is Op.LIKE:
            return or_(*(_fits(CanonicalValue.text, each) for each in texts))
        exact = [each for each in texts if "*" not in each]
        patterns = [_fits(CanonicalValue.text, each) for each in texts if "*" in each]
        found = or_(func.lower(CanonicalValue.text).in_([each.lower() for each in exact]), *patterns)
        return not_(found) if op is Op.NE else found

    # ---- groups ----------------------------------------------------------------------------------------------

    def group(self, name: str) -> DeviceGroup:
        """The saved group. NotFound if there is none of this name."""
        if name not in self._groups:
            found = self.session.scalar(select(DeviceGroup).where(DeviceGroup.tenant_id == self.tenant, DeviceGroup.name == name))
            if found is None:
                raise Invalid(f"There is no group “{name}”.", "query")
            self._groups[name] = found
        return self._groups[name]

    def _in_group(self, name: str) -> ColumnElement[bool]:
        group = self.group(name)
        if group.is_static:
            member = select(literal(1)).where(DeviceGroupMember.group_id == group.id, DeviceGroupMember.device_id == Device.id)
            return func.coalesce(member.correlate(Device).scalar_subquery(), 0) == 1
        return self._inside(group, self.condition)

    def _inside(self, group: DeviceGroup, then: Callable[[Node | None], T]) -> T:
        """Go on with the query of a group. Invalid for one that leads back to itself."""
        if group.name in self._path:
            raise Invalid(f"Group “{group.name}” leads back to itself: {' → '.join([*self._path, group.name])}.", "query")
        if len(self._path) >= MAX_GROUP_DEPTH:
            raise Invalid(f"Groups of groups go {MAX_GROUP_DEPTH} deep at most.", "query")
        self._path.append(group.name)
        try:
            return then(parse_node(group.query))
        finally:
            self._path.pop()

    # ---- what is asked of the database first ------------------------------------------------------------------

    def name_id(self, reading: str) -> int | None:
        if reading not in self._names:
            self._names[reading] = self.session.scalar(select(ParamName.id).where(ParamName.path == reading))
        return self._names[reading]

    def values(self, name: str) -> list[Any] | None:
        """Different values of a head column in this tenant, skipping from one to the next by its index; None if there are too many."""
        if name not in self._values:
            found = different(self.session, getattr(Device, name), Device.tenant_id == self.tenant, MAX_DISTINCT + 1)
            self._values[name] = None if len(found) > MAX_DISTINCT else found
        return self._values[name]

    def fitting(self, node: Compare) -> list[Any] | None:
        """Which values of its column fit a comparison."""
        known = self.values(node.field.column)
        return None if known is None else [value for value in known if test(node, value, self.now)]

    def within_bounds(self, ids: Any, at: Any, node: Compare) -> Any:
        """A walk along a column, between the least and the greatest value that a comparison with it leaves."""
        if any(isinstance(v, Nothing) for v in node.values):
            return ids
        if node.field.kind in _SHARED:
            fitting = self.fitting(node)
            return ids if fitting is None else ids.where(at >= min(fitting), at <= max(fitting)) if fitting else ids.where(false())
        return ids.where(_ordered(at, node.op, self.instant(node.values[0]))) if node.op in ORDERED else ids

    # ---- where to look ---------------------------------------------------------------------------------------

    def sources(self, node: Node | None) -> list[list[Source]]:
        """Ways to a superset of the devices that fit, each a union of sources. None of them where only looking at all rows helps."""
        return [] if node is None else self._ways(without_not(node))

    def _ways(self, node: Node) -> list[list[Source]]:
        match node:
            case And(parts):
                return [way for part in parts for way in self._ways(part)]
            case Or(parts):
                return self._union([self._ways(part) for part in parts])
            case Not(Compare(field, op, values)) if op in (Op.NE, Op.UNLIKE) and field.kind is not Kind.GROUP:
                return self._leaf(Compare(field, Op.EQ if op is Op.NE else Op.LIKE, values))
            case Not(Compare(field, op, values)) if field.kind in _SHARED and (known := self.values(field.column)) is not None:
                return [self._heads(field.column, [v for v in known if not test(Compare(field, op, values), v, self.now)])]
            case Not():
                return []
            case Word(text):
                return [self._word_sources(text)]
            case _:
                return self._leaf(node)

    def _union(self, ways: list[list[list[Source]]]) -> list[list[Source]]:
        """One way to all of several conditions, if each has one. Of several ways to one condition the first counts."""
        if not all(ways):
            return []
        return [[source for way in ways for source in way[0]]]

    def _leaf(self, node: Compare) -> list[list[Source]]:
        field, op = node.field, node.op
        if any(isinstance(v, Nothing) for v in node.values) and field.kind not in _SHARED:
            return [[self._device(Device.first_seen_at.is_(None))]] if field.name == "first_seen" and op is Op.EQ else []
        if field.kind is Kind.GROUP and op is Op.EQ:
            return self._union([self._group_ways(str(v)) for v in node.values])
        if field.kind is Kind.TAG and op is Op.EQ:
            return [[self._tag(str(v)) for v in node.values]]
        if field.kind is Kind.OPERATION and op is Op.EQ:
            return [[self._operations(node)]]
        if field.reading:
            return self._readings(node)
        if field.kind in _SHARED:
            fitting = self.fitting(node)
            return [] if fitting is None else [self._heads(field.column, fitting)]
        match field.name:
            case "alarm" if op is Op.EQ and 0 not in (wanted := _severities(node)):
                return [[self._device(and_(_ALARMED, Device.alarm_severity.in_(wanted)))]]
            case "presence" | "trust" if op is Op.EQ:
                ways = [self._standing(str(v)) for v in node.values]
                return [] if None in ways else [[source for source in ways if source is not None]]
            case "serial" | "key" | "address" | "wan_address" if op is Op.EQ:
                return self._names_of(field, node.values)
            case "serial" if op is Op.LIKE and all(_is_beginning(str(v)) for v in node.values):
                return self._names_of(field, node.values)
            case "last_inform" if op in (Op.LT, Op.LE):
                return self._long_silent(self.instant(node.values[0]))
            case "first_seen" if op in ORDERED:
                return [[self._device(_ordered(Device.first_seen_at, op, self.instant(node.values[0])))]]
            case "inform_interval":
                known = self.values("inform_interval_s")
                return [] if known is None else [self._heads("inform_interval_s", [v for v in known if test(node, v, self.now)])]
        return []

    def _device(self, where: ColumnElement[bool], in_order: bool = False) -> Source:
        return Source(select(Device.id).where(Device.tenant_id == self.tenant, where), Device.id.expression, in_order)

    def _device_by(self, name: str, where: ColumnElement[bool]) -> Source:
        """By a column whose index does not begin with the tenant: SQLite must not take one that does."""
        tenant = Device.tenant_id if name == "serial_number" else self.col("tenant_id")
        return Source(select(Device.id).where(tenant == self.tenant, where), Device.id.expression)

    def _heads(self, name: str, values: list[Any]) -> list[Source]:
        at = getattr(Device, name)
        return [self._device(at == values[0], in_order=True)] if len(values) == 1 else [self._device(at.in_(values) if values else false())]

    def _names_of(self, field: Field, values: tuple[Literal, ...]) -> list[list[Source]]:
        at = getattr(Device, field.column)
        found: list[Source] = []
        for value in values:
            if isinstance(value, IPv4Network | IPv6Network):
                parts = prefixes(value)
                whole = [each for each, is_whole in parts if is_whole]
                found += [self._device_by(field.column, _begins(at, each)) for each, is_whole in parts if not is_whole]
                found += [self._device_by(field.column, at.in_(whole))] if whole else []
            elif "*" in str(value):
                if not _is_beginning(str(value)):
                    return []
                found += [self._device_by(field.column, _begins(at, each)) for each in spellings(str(value)[:-1])]
            else:
                found.append(self._device_by(field.column, at.in_(spellings(str(value)))))
        return [found]

    def _word_sources(self, text: str) -> list[Source]:
        found = [self._device(_begins(Device.serial_number.expression, each)) for each in spellings(text)]
        found += [self._device_by(name, getattr(Device, name) == text) for name in ("key", "address", "wan_address")]
        found += [self._device(getattr(Device, name) == text) for name in ("model", "software_version")]
        return [*found, self._tag(text.lower())]

    def _tag(self, tag: str) -> Source:
        return Source(select(DeviceTag.device_id).where(DeviceTag.tenant_id == self.tenant, DeviceTag.tag == tag), DeviceTag.device_id.expression, True)

    def _operations(self, node: Compare) -> Source:
        kinds, at = [str(v) for v in node.values], _OPERATION.c.device_id
        found = select(at).where(_OPERATION.c.tenant_id == self.tenant, _OPEN if node.field.name == "operation" else _FAILED)
        return Source(found if "any" in kinds else found.where(_OPERATION.c.kind.in_(kinds)), at)

    def _standing(self, word: str) -> Source | None:
        """By presence or trust. Who is silent was told so within a minute by the upkeep, and no longer from the moment it speaks."""
        match word:
            case "silent":
                return self._device(Device.silent_told.is_(True), in_order=True)
            case "online":
                return self._device(Device.silent_told.is_(False), in_order=True)
            case "never":
                return self._device(Device.first_seen_at.is_(None))
            case "quarantine" | "blocked":
                return self._device(and_(_NOT_ADMITTED, Device.trust == word), in_order=True)
        return None

    def _long_silent(self, at: datetime) -> list[list[Source]]:
        """Who has not spoken since an instant is either silent, or speaks so seldom that it need not have."""
        known = self.values("inform_interval_s")
        if known is None:
            return []
        from_s = (self.now - at - timedelta(seconds=60)).total_seconds() / 1.5 - 60
        seldom = [v for v in known if (v or 86_400) >= from_s]
        sources = [self._device(Device.silent_told.is_(True)), self._device(_NOT_ADMITTED)]  # who is not let in is not told silent
        return [[*sources, self._device(Device.inform_interval_s.in_(seldom))] if seldom else sources]

    def _readings(self, node: Compare) -> list[list[Source]]:
        if node.op in (Op.NE, Op.UNLIKE, Op.LIKE):
            return []
        name_id = self.name_id(node.field.reading)
        if name_id is None:
            return [[self._device(false())]]
        found = select(CanonicalValue.device_id).where(CanonicalValue.name_id == name_id)
        at = CanonicalValue.device_id.expression
        if node.field.kind in (Kind.NUMBER, Kind.FLAG):
            numbers = [float(v) for v in node.values if isinstance(v, int | float)]
            where = _ordered(CanonicalValue.number, node.op, numbers[0]) if node.op in ORDERED else CanonicalValue.number.in_(numbers)
            return [[Source(found.where(CanonicalValue.number.is_not(None), where), at)]]
        if any("*" in str(v) for v in node.values):
            return []
        written = tuple(dict.fromkeys(each for v in node.values for each in spellings(str(v))))
        if node.field.kind is Kind.TEXT:
            return []  # letters of any case: only where the words are known are they found by the index
        return [[Source(found.where(CanonicalValue.number.is_(None), CanonicalValue.text.in_(written)), at)]]

    def _group_ways(self, name: str) -> list[list[Source]]:
        group = self.group(name)
        if group.is_static:
            at = DeviceGroupMember.device_id
            return [[Source(select(at).where(DeviceGroupMember.group_id == group.id), at.expression, True)]]
        return self._inside(group, self.sources)


# ---- parts -------------------------------------------------------------------------------------------------------


def _either(op: Op, found: ColumnElement[bool]) -> ColumnElement[bool]:
    return not_(found) if op in (Op.NE, Op.UNLIKE) else found


def _severities(node: Compare) -> list[int]:
    return [number for number, word in enumerate(node.field.words) if any(_means(word, v, node.op) for v in node.values)]


def _means(word: str, value: Literal, op: Op) -> bool:
    return str(value).lower() in word if op in (Op.LIKE, Op.UNLIKE) else word == value


def _ordered(at: ColumnElement[Any] | Any, op: Op, value: Any) -> ColumnElement[bool]:
    match op:
        case Op.LT:
            return at < value
        case Op.LE:
            return at <= value
        case Op.GT:
            return at > value
        case _:
            return at >= value


def _begins(at: Any, text: str) -> ColumnElement[bool]:
    """A beginning as a range of the index: LIKE has no case on SQLite and no index there."""
    return and_(at >= text, at < text + _TOP)


def _starts(at: Any, texts: Sequence[str]) -> ColumnElement[bool]:
    """The same for a row at hand: exact in every collation."""
    by_length: dict[int, list[str]] = {}
    for text in texts:
        by_length.setdefault(len(text), []).append(text)
    return or_(false(), *(func.substr(at, 1, length).in_(each) for length, each in by_length.items()))


def _is_beginning(pattern: str) -> bool:
    return pattern.endswith("*") and pattern.count("*") == 1 and len(pattern) > 1


def _fits(at: Any, pattern: str) -> ColumnElement[bool]:
    """As heads.fits_pattern: any case, `*` for any characters, without it anywhere."""
    escaped = pattern.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    wanted = escaped.replace("*", "%") if "*" in pattern else f"%{escaped}%"
    return func.lower(at).like(wanted, escape="\\")


def prefixes(network: IPv4Network | IPv6Network) -> list[tuple[str, bool]]:
    """Beginnings of the texts of all addresses of a network, or whole addresses (True)."""
    if network.prefixlen == network.max_prefixlen:
        return [(str(network.network_address), True)]
    if isinstance(network, IPv4Network):
        octets, bits = network.network_address.packed, network.prefixlen
        if bits == 0:
            return [("", False)]
        full, last = bits // 8, bits % 8
        known = [str(octet) for octet in octets[:full]]
        if not last:
            return [(".".join(known) + ".", False)]
        spread = range(octets[full], octets[full] + 2 ** (8 - last))
        return [(".".join([*known, str(octet)]) + ("" if full == 3 else "."), full == 3) for octet in spread]
    groups = [int(part, 16) for part in network.network_address.exploded.split(":")][: network.prefixlen // 16]
    return [(each, False) for each in _v6(groups)]


def _v6(groups: list[int]) -> list[str]:
    """Beginnings in the short form of RFC 5952: as written, or with a run of zeros as two colons."""
    written = [f"{group:x}" for group in groups]
    found = ["".join(f"{each}:" for each in written)]
    for start in range(len(groups)):
        for end in range(start + 1, len(groups) + 1):
            if any(groups[start:end]) or (end < len(groups) and groups[end] == 0) or (start and groups[start - 1] == 0):
                continue
            head, tail = ":".join(written[:start]), written[end:]
            found.append(f"{head}::" + "".join(f"{each}:" for each in tail))
    return found
