"""Values of hooks for a profile: the hook of this name is told what is known of the device, and answers what else should stand there."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from acs.db.tenancy import TenantId
from acs.desired.examining import HookValues
from acs.devices.models import Device
from acs.hooks.service import Running, facts_of
from acs.quirks import service as quirks
from acs.secrets import Vault


def hooks_of(running: Running, vault: Vault, clock: Callable[[], datetime]) -> HookValues:
    """For `look`: runs in a child process of `running`, in the thread that asks."""

    def values(session: Session, device: Device, name: str) -> Mapping[str, Any]:
        tenant = TenantId(device.tenant_id)
        known = quirks.of_device(session, tenant, device.id).quirks
        facts = facts_of(session, vault, tenant, device.id, clock(), running.sees_secrets(tenant, name), known)
        return running.values(tenant, name, facts)

    return values
