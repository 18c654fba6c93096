"""Devices by presence, model and version, counted by the upkeep: lists and dashboards read a handful of rows instead of all head rows."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from acs.db.bulk import insert_rows
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices import service as devices
from acs.devices.models import Device
from acs.finding.models import DeviceTally
from acs.finding.views import Tally

FACETS = ("presence", "model", "software_version")
MOST = 500
"""Values of a facet that are kept, the most frequent ones."""


def count_all(session: Session, tenant: TenantId, now: datetime) -> dict[str, dict[str, int]]:
    """All facets, counted row by row: seconds with a million devices, and only ever reading."""
    found = {"presence": {str(presence): number for presence, number in devices.counts(session, tenant, now).items()}}
    for facet in FACETS[1:]:
        at = getattr(Device, facet)
        grouped = select(at, func.count().label("n")).where(Device.tenant_id == tenant).group_by(at).order_by(func.count().desc()).limit(MOST)
        found[facet] = {value[:64]: number for value, number in session.execute(grouped)}
    return found


def keep(unit: Unit, tenant: TenantId, counted: Mapping[str, Mapping[str, int]], now: datetime) -> None:
    """Put what was counted in place of what was known."""
    unit.session.execute(delete(DeviceTally).where(DeviceTally.tenant_id == tenant))
    rows = [
        {"tenant_id": tenant, "facet": facet, "value": value, "count": number, "at": now}
        for facet, values in counted.items()
        for value, number in values.items()
    ]
    insert_rows(unit.connection, DeviceTally, rows)


def recount(unit: Unit, tenant: TenantId, now: datetime) -> None:
    keep(unit, tenant, count_all(unit.session, tenant, now), now)


def tally(session: Session, tenant: TenantId, facet: str) -> Tally:
    """As last counted; empty before the first count."""
    rows = session.execute(select(DeviceTally.value, DeviceTally.count, DeviceTally.at).where(DeviceTally.tenant_id == tenant, DeviceTally.facet == facet))
    counts: dict[str, int] = {}
    at: datetime | None = None
    for value, number, counted_at in rows:
        counts[value], at = number, counted_at
    return Tally(counts, at)
