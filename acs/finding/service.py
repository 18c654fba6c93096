"""The door of finding: read a query, select, test, count and page devices by it; saved groups.

Every call names a tenant. Selections of profiles, groups, campaigns and monitors are texts of this language: read them with `parse` when they
are written, and again when they are used. What a query can ask is in fields.py, its grammar in parsing.py, its cost in seeking.py.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from acs.db.tenancy import TenantId
from acs.devices.models import Device
from acs.devices.views import DeviceId
from acs.finding import seeking
from acs.finding.compiling import Compiler
from acs.finding.counting import counted
from acs.finding.parsing import parse_node
from acs.finding.seeking import narrowest
from acs.finding.tokens import QueryError
from acs.finding.views import Count, Found, Query

__all__ = ["Query", "QueryError", "count", "exact_count", "matches", "page", "parse", "select_ids", "walk"]


def parse(text: str) -> Query:
    """A query of its text. QueryError, an Invalid, names the place and what was probably meant."""
    return Query(text.strip(), parse_node(text))


def select_ids(session: Session, tenant: TenantId, query: Query, now: datetime) -> Select[Any]:
    """Ids of the devices that fit, as a statement to go on with: `.where(Device.id > after).order_by(Device.id).limit(500)`.

    Where an index holds few candidates the statement looks only at those; else it asks row by row in the order it is given.
    Invalid for a group that does not exist or leads back to itself.
    """
    compiler = Compiler(session, tenant, now)
    statement = select(Device.id).where(compiler.col("tenant_id") == tenant, compiler.condition(query.node))
    way = narrowest(session, compiler.sources(query.node))
    if way is not None:
        statement = statement.where(or_(*(Device.id.in_(source.ids) for source in way.sources)))
    return statement


def matches(session: Session, tenant: TenantId, query: Query, device_id: int, now: datetime) -> bool:
    """Whether one device fits: one row and what the query asks of it."""
    compiler = Compiler(session, tenant, now)
    statement = select(Device.id).where(Device.id == device_id, compiler.col("tenant_id") == tenant, compiler.condition(query.node))
    return session.scalar(statement) is not None


def page(
    session: Session, tenant: TenantId, query: Query, now: datetime, sort: str = "id", after: str | None = None, before: str | None = None,
    limit: int = 50, budget_s: float = seeking.BUDGET_S,
) -> Found:  # fmt: skip
    """A page in an order of `seeking.SORTS` or by a numeric reading, `-name` downwards; `after` or `before` is a cursor of another page.

    It takes little more than `budget_s`: a search that needs longer says so (`is_whole`) and is gone on with by its cursor.
    """
    return seeking.seek(session, tenant, query.node, now, sort, after, before, limit, budget_s)


def walk(
    session: Session, tenant: TenantId, query: Query, now: datetime, after: int = 0, limit: int = 500, budget_s: float = 1.0
) -> tuple[tuple[DeviceId, ...], int | None]:
    """For jobs: the next devices by id, and after which id to go on; None at the end. May be empty before the end."""
    found = page(session, tenant, query, now, after=str(after), limit=limit, budget_s=budget_s)
    return found.ids, int(found.later) if found.later is not None else None


def count(session: Session, tenant: TenantId, query: Query, now: datetime) -> Count:
    """How many devices fit: exact where an index holds few candidates, else by a sample of the fleet."""
    return counted(session, tenant, query.node, now)


def exact_count(session: Session, tenant: TenantId, query: Query, now: datetime, step: int = 20_000) -> int:
    """How many devices fit, to the last one: for jobs, since it looks at all of them."""
    total, after = 0, 0
    while True:
        found, following = walk(session, tenant, query, now, after, step, budget_s=5.0)
        total += len(found)
        if following is None:
            return total
        after = following

