"""Which profiles fit a device. Most selections are decided by its head row alone; the others ask the database about this one device."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from acs.db.tenancy import TenantId
from acs.desired import documents
from acs.desired.models import DesiredProfile
from acs.devices.models import Device, DeviceTag
from acs.errors import HearthlineError
from acs.finding import service as finding
from acs.finding.views import Query
from acs.provisioning.desired import Profile
from acs.secrets import Vault


@dataclass(frozen=True, slots=True)
class Candidate:
    """A profile whose selection was read; `query` None where it cannot be (a group that is gone): it fits nobody then."""

    profile: Profile
    query: Query | None
    self_heal: bool


@lru_cache(maxsize=512)
def query_of(text: str) -> Query | None:
    try:
        return finding.parse(text)
    except HearthlineError:
        return None


def candidates(session: Session, vault: Vault, tenant: int, with_profile: int | None = None) -> tuple[Candidate, ...]:
    """The profiles in force, and one more that is looked at as if it were."""
    query = select(DesiredProfile).where(
        DesiredProfile.tenant_id == tenant, or_(DesiredProfile.in_force, DesiredProfile.id == (with_profile or 0))
    )
    return tuple(
        Candidate(
            documents.profile_of(vault, row.id, row.name, row.version, row.precedence, row.document), query_of(row.selection),
            bool(row.document.get("self_heal")),
        )
        for row in session.scalars(query.order_by(DesiredProfile.id))
    )  # fmt: skip


def fitting(session: Session, found: Sequence[Candidate], device: Device, now: datetime) -> tuple[Candidate, ...]:
    """Those of the candidates that fit the device."""
    if not found:
        return ()
    facts = head_facts(session, device, now)
    return tuple(one for one in found if one.query is not None and _fits(session, one.query, device, facts, now))


def _fits(session: Session, query: Query, device: Device, facts: Mapping[str, Any], now: datetime) -> bool:
    decided = query.on_head(facts)
    if decided is not None:
        return decided
    try:
        return finding.matches(session, TenantId(device.tenant_id), query, device.id, now)
    except HearthlineError:
        return False


def head_facts(session: Session, device: Device, now: datetime) -> dict[str, Any]:
    tags = frozenset(session.scalars(select(DeviceTag.tag).where(DeviceTag.device_id == device.id)))
    return {**{column.key: getattr(device, column.key) for column in Device.__table__.columns}, "tags": tags, "now": now}
