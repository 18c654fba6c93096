"""What pages and REST do with operations, over acs.operations: ask, look, cancel.

Permissions per kind are named here and checked by routes.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.devices.views import DeviceId
from acs.errors import Invalid
from acs.operations import service as operations
from acs.operations.views import OPEN, OperationId, OperationState, OperationView
from acs.provisioning.kinds import KINDS
from acs.secrets import Vault
from care.security.permissions import Permission
from care.security.service import Clock

STATE_GROUPS: Mapping[str, tuple[OperationState, ...]] = {
    "open": tuple(state for state in OperationState if state in OPEN),
    "done": (OperationState.DONE,),
    "failed": (OperationState.FAILED, OperationState.EXPIRED),
    "cancelled": (OperationState.CANCELLED,),
}
"""How the list is filtered; REST takes these and the states themselves."""


def permission_for(kind: str) -> Permission:
    """Who may ask for this kind. Invalid for a kind there is none of."""
    known = KINDS.get(kind)
    if known is None:
        raise Invalid(f"There is no operation {kind!r}; there are {', '.join(KINDS)}.", "kind")
    return Permission(known.permission)


def check_target(url: str, hosts: tuple[str, ...]) -> str:
    """Where devices may be sent: the ACSs that the settings name, by host or by host and port. Invalid for any other (conformance J-17)."""
    target = operations.acs_address(url)
    parts = urlsplit(target)
    if not {parts.hostname or "", parts.netloc.lower()} & {host.lower() for host in hosts}:
        named = ", ".join(hosts) or "none"
        raise Invalid(f"Devices may not be sent to {parts.netloc}: HEARTHLINE_MOVE_HOSTS names the ACSs they may go to ({named}).", "url")
    return target


class Operations:
    """Operations of one tenant at a time."""

    def __init__(self, db: Database, vault: Vault, clock: Clock, move_hosts: tuple[str, ...] = ()) -> None:
        self._db = db
        self._vault = vault
        self._clock = clock
        self._move_hosts = move_hosts

    def ask(
        self, by: Actor, device_id: int, kind: str, args: Mapping[str, Any], reason: str = "", expires_in_s: int | None = None,
        override: bool = False,
    ) -> OperationId:  # fmt: skip
        """Ask something of a device; an identical one that is still queued is returned instead of a second. `override`: whatever rule a value breaks."""
        if kind == "move_acs":
            check_target(str(args.get("url", "")), self._move_hosts)
        with self._db.write() as unit:
            return operations.request(
                unit, by, DeviceId(device_id), kind, args, self._clock(), reason, True, expires_in_s, vault=self._vault, override=override
            )

    def preview(self, kind: str, args: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What would be asked, checked: as it is, and as people may read it."""
        if kind == "move_acs":
            check_target(str(args.get("url", "")), self._move_hosts)
        return operations.check(kind, args)

    def cancel(self, by: Actor, operation_id: int) -> OperationState:
        """Cancelled at once while nothing was sent; else the state stays and its result will still be shown."""
        with self._db.write() as unit:
            return operations.cancel(unit, by, OperationId(operation_id), self._clock())

    def take_part(self, by: Actor, operation_id: int) -> OperationId:
        """The same write again, for what the device takes of it."""
        with self._db.write() as unit:
            return operations.take_part(unit, by, OperationId(operation_id), self._clock(), self._vault)

    def get(self, tenant: TenantId, operation_id: int) -> OperationView:
        with self._db.read() as session:
            return operations.get(session, tenant, operation_id, self._clock())

    def listed(
        self, tenant: TenantId, device_id: int | None = None, states: Iterable[OperationState] = (), kinds: Iterable[str] = (),
        before: int | None = None, limit: int = 50, internal: bool = True,
    ) -> tuple[OperationView, ...]:  # fmt: skip
        """The newest first."""
        with self._db.read() as session:
            return operations.listed(session, tenant, self._clock(), device_id, states, kinds, before, limit, internal)

    def latest(self, tenant: TenantId, device_id: int, kinds: Iterable[str]) -> dict[str, OperationView]:
        """The newest of each kind that was done: what the device last told."""
        found: dict[str, OperationView] = {}
        for op in self.listed(tenant, device_id, (OperationState.DONE,), kinds, limit=50):
            found.setdefault(op.kind, op)
        return found

    def open_count(self, tenant: TenantId) -> int:
        with self._db.read() as session:
            return operations.open_count(session, tenant)
