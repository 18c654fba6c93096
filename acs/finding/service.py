"""The door of finding: read a query, select, test, count and page devices by it; saved groups.

Every call names a tenant. Selections of profiles, groups, campaigns and monitors are texts of this language: read them with `parse` when they
are written, and again when they are used. What a query can ask is in fields.py, its grammar in parsing.py, its cost in seeking.py.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from acs.db.tenancy import Tenant, TenantId
from acs.devices import service as devices
from acs.devices.models import CanonicalValue, Device, ParamName
from acs.devices.views import DeviceId
from acs.finding import seeking
from acs.finding.compiling import Compiler
from acs.finding.completing import complete
from acs.finding.counting import counted
from acs.finding.fields import all_fields, field_named
from acs.finding.groups import add_members, keep_size, remove_members
from acs.finding.groups import change as change_group
from acs.finding.groups import create as create_group
from acs.finding.groups import get as group
from acs.finding.groups import listed as groups
from acs.finding.groups import named as group_named
from acs.finding.groups import remove as remove_group
from acs.finding.models import DeviceGroup
from acs.finding.parsing import parse_node
from acs.finding.seeking import narrowest
from acs.finding.tallies import count_all, tally
from acs.finding.tallies import keep as keep_tallies
from acs.finding.tokens import QueryError
from acs.finding.views import Count, Found, Query, Tally
from acs.finding.writing import chips, quoted

__all__ = [
    "Query", "QueryError", "add_members", "change_group", "chips", "complete", "count", "count_all", "create_group", "exact_count", "group",
    "group_named", "groups", "keep_size", "keep_tallies", "matches", "page", "parse", "presences", "quoted", "reading_named", "readings",
    "readings_of", "remove_group", "remove_members", "select_ids", "size", "tally", "tenant_of_group", "tenants", "walk",
]  # fmt: skip

SMALL_FLEET = 5000
"""Devices of a tenant up to which presences are counted on the spot: a few milliseconds."""


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



def tenants(session: Session) -> tuple[TenantId, ...]:
    """All tenants, for the upkeep."""
    return tuple(TenantId(each) for each in session.scalars(select(Tenant.id).order_by(Tenant.id)))


def tenant_of_group(session: Session, group_id: int) -> TenantId | None:
    found = session.get(DeviceGroup, group_id)
    return None if found is None else TenantId(found.tenant_id)


def size(session: Session, tenant: TenantId, now: datetime) -> Count:
    """How many devices a tenant has."""
    return counted(session, tenant, None, now)


def presences(session: Session, tenant: TenantId, now: datetime) -> Tally:
    """Devices by presence: counted now where they are few, else as the upkeep counted them last."""
    few = session.scalars(select(Device.id).where(Device.tenant_id == tenant).order_by(Device.id).offset(SMALL_FLEET).limit(1)).first() is None
    if few:
        return Tally({str(presence): number for presence, number in devices.counts(session, tenant, now).items()}, now)
    return tally(session, tenant, "presence")


def reading_named(name: str) -> str | None:
    """The canonical name that a field of the language reads, if it reads one."""
    field = field_named(name)
    return field.reading or None if field is not None else None


def readings() -> tuple[tuple[str, str], ...]:
    """Names and labels of the readings that are kept for lists."""
    return tuple((field.name, field.help) for field in all_fields() if field.reading)


def readings_of(session: Session, device_ids: Iterable[int], names: Iterable[str]) -> dict[tuple[int, str], str]:
    """Newest readings of some names, as text, by device and name."""
    wanted, ids = sorted(set(names)), list(device_ids)
    if not wanted or not ids:
        return {}
    found = session.execute(
        select(CanonicalValue.device_id, ParamName.path, CanonicalValue.text)
        .join(ParamName, ParamName.id == CanonicalValue.name_id)
        .where(CanonicalValue.device_id.in_(ids), ParamName.path.in_(wanted))
    )
    return {(device_id, path): text for device_id, path, text in found}
