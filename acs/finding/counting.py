"""How many devices fit a query, without looking at all of them.

Where an index holds few candidates they are looked at and the number is exact; of some thousands an even part is. Else a sample speaks for
the rest: short runs of neighbouring ids at places spread evenly over the fleet, the same ones each time so that a page that is loaded again
says the same.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from acs.db.tenancy import TenantId
from acs.devices.models import Device
from acs.finding.compiling import Compiler
from acs.finding.models import DeviceTally
from acs.finding.nodes import Node
from acs.finding.seeking import NARROW, among, gathered, measured, packed
from acs.finding.views import Count

RUNS, RUN = 60, 40
LOOKED_AT = 2000
"""Candidates that are looked at for a number."""
SMALL = 2000
"""Devices of a tenant that are simply counted."""


def counted(session: Session, tenant: TenantId, node: Node | None, now: datetime) -> Count:
    compiler = Compiler(session, tenant, now)
    narrow = [way for way in measured(session, compiler.sources(node)) if way.size <= NARROW]
    if narrow:
        return _of_candidates(session, compiler, node, gathered(session, narrow))
    some = list(session.scalars(select(Device.id).where(Device.tenant_id == tenant).order_by(Device.id).limit(SMALL + 1)))
    if len(some) <= SMALL:
        return Count(_fitting(session, compiler, node, some), True)
    fleet = size(session, tenant)
    if node is None:
        return fleet
    sample = _sample(session, tenant)
    share = _fitting(session, compiler, node, sample) / max(len(sample), 1)
    return Count(round(share * fleet.number), False)


def _of_candidates(session: Session, compiler: Compiler, node: Node | None, ids: list[int]) -> Count:
    """Few are looked at one by one; of more an even part speaks for all."""
    if len(ids) <= LOOKED_AT:
        return Count(_fitting(session, compiler, node, ids), True)
    part = ids[:: len(ids) // LOOKED_AT + 1]
    share = _fitting(session, compiler, node, part) / len(part)
    return Count(round(share * len(ids)), False)


def size(session: Session, tenant: TenantId) -> Count:
    """How many devices a tenant has: as the upkeep counted them, before its first count by the span of ids."""
    told = session.scalar(select(func.sum(DeviceTally.count)).where(DeviceTally.tenant_id == tenant, DeviceTally.facet == "presence"))
    if told:
        return Count(int(told), False)
    first, last = _ends(session, tenant)
    return Count(last - first + 1 if last else 0, False)


def _ends(session: Session, tenant: TenantId) -> tuple[int, int]:
    # One aggregate each: SQLite answers min or max from the index, but not both at once.
    first = session.scalar(select(func.min(Device.id)).where(Device.tenant_id == tenant)) or 0
    return first, session.scalar(select(func.max(Device.id)).where(Device.tenant_id == tenant)) or 0


def _sample(session: Session, tenant: TenantId) -> list[int]:
    first, last = _ends(session, tenant)
    found: set[int] = set()
    for number in range(RUNS):
        at = first + (last - first) * number // RUNS
        found.update(session.scalars(select(Device.id).where(Device.tenant_id == tenant, Device.id >= at).order_by(Device.id).limit(RUN)))
    return sorted(found)


def _fitting(session: Session, compiler: Compiler, node: Node | None, ids: list[int]) -> int:
    query = select(func.count()).select_from(Device).where(
        among(compiler.is_sqlite), compiler.col("tenant_id") == compiler.tenant, compiler.condition(node)
    )  # fmt: skip
    return int(session.scalar(query, {"ids": packed(compiler.is_sqlite, ids)}) or 0)
