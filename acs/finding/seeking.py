"""How a page of devices is found without reading all of them.

Three ways, chosen by how many candidates the indexes hold (counted up to NARROW, never further):
* narrow: some indexes hold at most NARROW candidates each. Those that are in all of them are looked at, as many as the page needs.
* in order: the page is by id and the smallest index is too (a tag, a model, a static group): walk along it.
* wide: all conditions hold of many devices. Walk along the order of the page itself; one in fifty or more fits, so the page fills soon.
Walks go in blocks and stop after their time: the page is then not whole, and its cursor goes on from where the walk came to.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import perf_counter, thread_time
from typing import Any

from sqlalchemy import and_, func, or_, select, text
from sqlalchemy.orm import Session

from acs.db.tenancy import TenantId
from acs.devices.models import CanonicalValue, Device
from acs.devices.views import DeviceId
from acs.errors import Invalid
from acs.finding.compiling import Compiler, Source
from acs.finding.fields import Kind, field_named
from acs.finding.nodes import And, Compare, Node
from acs.finding.views import Found

NARROW = 20_000
"""Candidates that are worth gathering: 2 % of a million. Of what holds for more, a walk meets enough."""
SORTED = 2000
"""Candidates that are put in order here; of more the first ones are met sooner on the way along the order's own index."""
FIRST_BLOCK, LARGEST_BLOCK = 200, 4000
BUDGET_S = 0.08
"""Time for one page: of our own CPU, or PATIENCE times as much by the clock, where the database or a busy machine takes it."""
PATIENCE = 4
_IN_SQLITE = text("device.id IN (SELECT value FROM json_each(:ids))")
_IN_POSTGRES = text("device.id = ANY(CAST(:ids AS bigint[]))")

SORTS = ("id", "serial", "model", "version", "manufacturer", "product_class", "first_seen")
"""Orders in which any query can be paged; beside them every numeric reading, for those devices that have one."""
Position = tuple[Any, int]


@dataclass(frozen=True, slots=True)
class Order:
    """An index to walk along: `at` is what it is sorted by before the id, None for the id alone."""

    name: str
    at: Any
    id: Any
    ids: Any
    is_instant: bool = False
    is_reading: bool = False


@dataclass(slots=True)
class Search:
    """One look for a page. `forward`: after `start`; else before it, turned round at the end."""

    session: Session
    compiler: Compiler
    node: Node | None
    order: Order
    start: Position | None
    forward: bool
    limit: int
    budget_s: float
    looked_at: int = 0
    reached: Position | None = None
    ended: bool = False
    statement: Any = None
    began: tuple[float, float] = field(default_factory=lambda: (thread_time(), perf_counter()))
    within: frozenset[int] | None = None
    """The only candidates there are, on a walk along an order: what is not among them is not looked at."""

    def run(self, tenant: TenantId) -> list[Position]:
        """Positions of what fits, in the direction of the search; `reached` is how far it came, `ended` whether to the end."""
        ways = measured(self.session, self.compiler.sources(self.node))
        narrow = [way for way in ways if way.size <= NARROW]
        if narrow:
            ids = gathered(self.session, narrow)
            if self.order.name == "id":
                return self._along(ids, tenant)
            if len(ids) <= SORTED:
                return self._sorted(ids, tenant)
            self.within = frozenset(ids)
            return self._walk(self.order, tenant)
        in_order = [way.sources[0] for way in ways if len(way.sources) == 1 and way.sources[0].in_order]
        if in_order and self.order.name == "id":
            return self._walk(Order("id", None, in_order[0].id, in_order[0].ids), tenant)
        return self._walk(self.order, tenant)

    # ---- ways ----

    def _along(self, ids: list[int], tenant: TenantId) -> list[Position]:
        """Candidates in hand, by id, as many as the page needs."""
        if self.start is not None:
            at = self.start[1]
            ids = [each for each in ids if (each > at if self.forward else each < at)]
        if not self.forward:
            ids.reverse()

        def blocks() -> Iterator[tuple[list[Position], bool]]:
            while self.looked_at < len(ids):
                block = ids[self.looked_at : self.looked_at + self._block()]
                yield [(each, each) for each in block], self.looked_at + len(block) == len(ids)

        return self._collect(blocks(), tenant)

    def _sorted(self, ids: list[int], tenant: TenantId) -> list[Position]:
        """Few candidates: all are looked at and put in order here."""
        hits = sorted(self._fitting(ids, tenant, with_value=True))
        self.looked_at = len(ids)
        if self.start is not None:
            hits = [each for each in hits if (each > self.start if self.forward else each < self.start)]
        self.ended = len(hits) <= self.limit
        return hits[: self.limit + 1] if self.forward else hits[::-1][: self.limit + 1]

    def _walk(self, order: Order, tenant: TenantId) -> list[Position]:
        def blocks() -> Iterator[tuple[list[Position], bool]]:
            at, is_last = self.start, False
            while not is_last:
                size = self._block()
                block = self._candidates(order, at, size)
                is_last = len(block) < size
                if block:
                    yield block, is_last
                    at = block[-1]

        return self._collect(blocks(), tenant)

    def _collect(self, blocks: Iterator[tuple[list[Position], bool]], tenant: TenantId) -> list[Position]:
        """What fits of the blocks, until the page is full or its time is over. Each says whether it is the last."""
        hits: list[Position] = []
        for block, is_last in blocks:
            likely = [id for _v, id in block if self.within is None or id in self.within]
            fitting = {id for _v, id in self._fitting(likely, tenant)}
            self.looked_at += len(block)
            self.reached = block[-1]
            hits += [each for each in block if each[1] in fitting]
            if len(hits) > self.limit or (self._is_over() and not is_last):
                return hits[: self.limit + 1]
        self.ended = True
        return hits

    def _is_over(self) -> bool:
        return thread_time() - self.began[0] > self.budget_s or perf_counter() - self.began[1] > PATIENCE * self.budget_s

    def _block(self) -> int:
        most = LARGEST_BLOCK if self.within is None else NARROW
        return min(max(FIRST_BLOCK, self.limit + 1) if not self.looked_at else self.looked_at * 3, most)

    # ---- asking ----

    def _candidates(self, order: Order, at: Position | None, limit: int) -> list[Position]:
        query = order.ids
        if at is not None:
            query = query.where(_beyond(order, at, self.forward))
        keys = [order.id] if order.at is None else [order.at, order.id]
        query = query.order_by(*(key if self.forward else key.desc() for key in keys)).limit(limit)
        if order.at is None:
            return [(each, each) for each in self.session.scalars(query)]
        return [(value, id) for value, id in self.session.execute(query)]

    def _fitting(self, ids: list[int], tenant: TenantId, with_value: bool = False) -> list[Position]:
        """Which of these fit, by one look at each head row."""
        if not ids:
            return []
        compiler = self.compiler
        if self.statement is None:
            shown: Any = Device.id if not with_value else self.order.at if not self.order.is_reading else _reading_of(compiler, self.order.name)
            query = select(shown, Device.id).where(among(compiler.is_sqlite), compiler.col("tenant_id") == tenant, compiler.condition(self.node))
            self.statement = query.where(shown.is_not(None)) if with_value else query
        return [(value, id) for value, id in self.session.execute(self.statement, {"ids": packed(compiler.is_sqlite, ids)})]


def gathered(session: Session, narrow: Sequence["Way"]) -> list[int]:
    """Candidates that all of these ways have, by id."""
    found: set[int] | None = None
    for way in narrow:
        ids: set[int] = set()
        for source in way.sources:
            ids.update(session.scalars(source.ids))
        found = ids if found is None else found & ids
        if not found:
            break
    return sorted(found or ())


def among(is_sqlite: bool) -> Any:
    """Head rows of a list of ids, given as one parameter."""
    return _IN_SQLITE if is_sqlite else _IN_POSTGRES


def packed(is_sqlite: bool, ids: list[int]) -> Any:
    return json.dumps(ids) if is_sqlite else ids


@dataclass(frozen=True, slots=True)
class Way:
    """`size`: how many candidates it has, counted no further than one beyond the bound."""

    sources: Sequence[Source]
    size: int


def measured(session: Session, ways: Sequence[Sequence[Source]], most: int | None = None) -> list[Way]:
    """The ways with their sizes, the narrowest first."""
    most = NARROW if most is None else most
    found: list[Way] = []
    for sources in ways:
        size = 0
        for source in sources:
            size += int(session.scalar(select(func.count()).select_from(source.ids.limit(most + 1 - size).subquery())) or 0)
            if size > most:
                break
        found.append(Way(sources, size))
    return sorted(found, key=lambda way: way.size)


def narrowest(session: Session, ways: Sequence[Sequence[Source]]) -> Way | None:
    """The way with the fewest candidates, if those are few."""
    return next((way for way in measured(session, ways) if way.size <= NARROW), None)


def order_named(name: str, compiler: Compiler) -> Order:
    """Invalid for what nothing can be sorted by."""
    known = field_named(name) if name != "id" else None
    mine = Device.tenant_id == compiler.tenant
    if name == "id":
        return Order("id", None, Device.id, select(Device.id).where(mine))
    if known is not None and known.name in SORTS:
        at = getattr(Device, known.column)
        query = select(at, Device.id).where(mine)
        return Order(known.name, at, Device.id, query.where(at.is_not(None)) if known.kind is Kind.INSTANT else query, known.kind is Kind.INSTANT)
    if known is not None and known.reading and known.kind is Kind.NUMBER:
        where = (CanonicalValue.name_id == (compiler.name_id(known.reading) or 0), CanonicalValue.number.is_not(None))
        at, id = CanonicalValue.number, CanonicalValue.device_id
        return Order(known.reading, at, id, select(at, id).where(*where), is_reading=True)
    raise Invalid(f"Devices are sorted by {', '.join(SORTS)} or a reading that is a number, not by {name!r}.", "sort")


def bounded(order: Order, compiler: Compiler, node: Node | None) -> Order:
    """The part of an order in which a query's own condition on it leaves anything."""
    conditions = node.parts if isinstance(node, And) else (node,)
    ids = order.ids
    for each in conditions:
        if order.at is not None and isinstance(each, Compare) and order.name in (each.field.name, each.field.reading):
            ids = compiler.within_bounds(ids, order.at, each)
    return replace(order, ids=ids)


def _reading_of(compiler: Compiler, reading: str) -> Any:
    here = (CanonicalValue.device_id == Device.id, CanonicalValue.name_id == (compiler.name_id(reading) or 0))
    return select(CanonicalValue.number).where(*here).correlate(Device).scalar_subquery()


def _beyond(order: Order, at: Position, forward: bool) -> Any:
    value, id = at
    if order.at is None:
        return order.id > id if forward else order.id < id
    if forward:
        return and_(order.at >= value, or_(order.at > value, order.id > id))
    return and_(order.at <= value, or_(order.at < value, order.id < id))


# ---- cursors -----------------------------------------------------------------------------------------------------


def to_cursor(order: Order, at: Position) -> str:
    """A place in an order as text: a plain number where the order is by id."""
    if order.name == "id":
        return str(at[1])
    value = at[0].isoformat() if order.is_instant else at[0]
    return base64.urlsafe_b64encode(json.dumps([order.name, value, at[1]], separators=(",", ":")).encode()).decode().rstrip("=")


def of_cursor(order: Order, cursor: str) -> Position:
    """Invalid for what is no cursor of this order."""
    try:
        if order.name == "id":
            found = int(cursor)
            if not 0 <= found < 2**63:
                raise ValueError
            return (found, found)
        name, value, id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if name != order.name or not isinstance(id, int):
            raise ValueError
        return (datetime.fromisoformat(value) if order.is_instant else value, id)
    except (ValueError, TypeError):
        raise Invalid("This is no place in this list: begin at its first page.", "after") from None


def seek(
    session: Session, tenant: TenantId, node: Node | None, now: datetime, sort: str, after: str | None, before: str | None, limit: int, budget_s: float
) -> Found:  # fmt: skip
    """The page after or before a cursor; `-name` sorts downwards."""
    compiler = Compiler(session, tenant, now)
    downwards, name = sort.startswith("-"), sort.lstrip("-")
    order = bounded(order_named(name or "id", compiler), compiler, node)
    cursor = before if before is not None else after
    start = of_cursor(order, cursor) if cursor is not None else None
    onwards = before is None
    search = Search(session, compiler, node, order, start, onwards is not downwards, limit, budget_s)
    hits = search.run(tenant)
    more = len(hits) > limit
    shown = hits[:limit]
    is_whole = more or search.ended
    on: Position | None = shown[-1] if more and shown else None if search.ended else search.reached
    back: Position | None = (shown[0] if shown else None) if start is not None else None
    beyond, behind = (to_cursor(order, each) if each is not None else None for each in (on, back))
    if not onwards:
        shown = shown[::-1]
    earlier, later = (behind, beyond) if onwards else (beyond, behind if shown else None)
    return Found(tuple(DeviceId(id) for _v, id in shown), earlier, later, is_whole, search.looked_at)

