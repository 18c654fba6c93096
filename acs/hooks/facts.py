"""What a hook is told of a stored device: its head, its tags, and what is known of its parameters by canonical name and by path."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from acs.db.tenancy import TenantId
from acs.devices import service as devices
from acs.devices import store
from acs.devices.views import DeviceView
from acs.hooks.contract import given_facts
from acs.provisioning.quirks import STANDARD, DeviceQuirks, corrections
from acs.secrets import Vault
from datamodels import canonical
from datamodels.canonical import Resolver
from datamodels.tree import ROOTS

_HEAD = (
    "key", "oui", "product_class", "serial_number", "manufacturer", "model", "hardware_version", "software_version", "root", "trust", "address",
    "wan_address", "inform_interval_s",
)  # fmt: skip


def facts_of(
    session: Session, vault: Vault, tenant: TenantId, device_id: int, now: datetime, sees_secrets: bool = False, quirks: DeviceQuirks = STANDARD
) -> dict[str, Any]:
    """The facts of a stored device as contract.py has them. Loads its tree: for a try, and for a job, never for a list."""
    head = devices.get(session, tenant, device_id, now)
    stored = store.load_tree(session.connection(), device_id).values
    if sees_secrets:
        parameters = {path: store.reveal(vault, each.value) for path, each in stored.items()}
    else:
        parameters = {path: each.value for path, each in stored.items() if not each.value.startswith(store.SEALED)}
    return facts_from(head, parameters, sees_secrets, quirks)


def facts_from(head: DeviceView, parameters: Mapping[str, str], sees_secrets: bool = False, quirks: DeviceQuirks = STANDARD) -> dict[str, Any]:
    """The same for who has head and parameters at hand, secrets in clear or left out."""
    values = canonical_values(parameters, head.root, quirks)
    return given_facts({name: getattr(head, name) for name in _HEAD}, head.tags, values, parameters, sees_secrets)


def canonical_values(parameters: Mapping[str, str], root: str, quirks: DeviceQuirks = STANDARD) -> dict[str, Any]:
    """Every canonical parameter that is known of the device, by name."""
    if root not in ROOTS:
        return {}
    resolver = Resolver(parameters, root, corrections(quirks))
    found = ((name, resolver.get(name)) for name in canonical.names())
    return {name: list(each.value) if isinstance(each.value, tuple) else each.value for name, each in found if each is not None and each.value is not None}
