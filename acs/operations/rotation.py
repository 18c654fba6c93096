"""New logins for devices on schedule: a secret that was never changed is one that somebody has read by now (conformance A-108).

A new secret is made beside the old one, and both count until the device used the new one; `secure` hands it out. One that was made before and
not used yet is handed out again and not replaced: the device may have taken it already. Due logins are spread over time.
"""

from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from acs.audit import Actor
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices.models import Device, DeviceCredential
from acs.devices.views import DeviceId
from acs.operations import service
from acs.operations.models import Operation
from acs.operations.views import OPEN
from acs.provisioning.plan import Trust
from acs.secrets import Vault

AT_LEAST = 20
"""Devices per run, so that a small fleet is soon done."""
TRY_AGAIN = timedelta(days=7)
"""After a device did not take its new login."""


def _due(now: datetime, age: timedelta) -> tuple[object, ...]:
    busy = select(Operation.id).where(
        Operation.device_id == DeviceCredential.device_id, Operation.kind == "secure",
        or_(Operation.state.in_([state.value for state in OPEN]), Operation.finished_at > now - TRY_AGAIN),
    )  # fmt: skip
    return (
        DeviceCredential.changed_at <= now - age, or_(DeviceCredential.secret != "", DeviceCredential.next_secret != ""),
        Device.trust == Trust.ADMITTED.value, Device.silent_at > now, ~busy.exists(),
    )  # fmt: skip


def due(session: Session, now: datetime, age: timedelta, limit: int) -> list[tuple[TenantId, DeviceId]]:
    """Devices whose login is too old, the oldest first: those that speak, and are not at it already."""
    query = select(DeviceCredential.tenant_id, DeviceCredential.device_id).join(Device, Device.id == DeviceCredential.device_id)
    rows = session.execute(query.where(*_due(now, age)).order_by(DeviceCredential.changed_at, DeviceCredential.device_id).limit(limit))  # type: ignore[arg-type]
    return [(TenantId(row.tenant_id), DeviceId(row.device_id)) for row in rows]


def share(session: Session, age: timedelta, every: timedelta) -> int:
    """How many may be renewed in one run, so that a fleet that was enrolled in a day is not renewed in one: twice its even share."""
    total = session.scalar(select(func.count()).select_from(DeviceCredential)) or 0
    return max(AT_LEAST, 2 * ceil(total * every / age))


def rotate(unit: Unit, vault: Vault, now: datetime, age: timedelta, limit: int) -> int:
    """Queue new logins for devices that are due; how many. They go out at the devices' next contacts, none is called for it."""
    found = due(unit.session, now, age, limit)
    for tenant, device_id in found:
        reason = f"the login is older than {age.days} days"
        service.request(unit, Actor.system("rotation", tenant), device_id, "secure", {}, now, reason, urgent=False, vault=vault)
    return len(found)
