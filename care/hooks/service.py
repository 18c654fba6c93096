"""What pages and REST do with hooks, over acs.hooks: write, try on a stored device, publish, switch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.desired import service as desired
from acs.devices import service as devices
from acs.errors import Invalid
from acs.hooks import service as hooks
from acs.hooks.service import HookFailed, HookKind, HookView, Running, Tried, VersionView
from acs.secrets import Vault
from care.security.service import Clock


@dataclass(frozen=True, slots=True)
class Shown:
    """One hook with the code to begin from, and its versions, the newest first."""

    hook: HookView
    code: str
    versions: tuple[VersionView, ...]


class Hooks:
    """The hooks of one tenant at a time. Children are started with the first try, never before."""

    def __init__(self, db: Database, vault: Vault, clock: Clock, running: Running) -> None:
        self._db, self._vault, self._clock, self._running = db, vault, clock, running

    def listed(self, tenant: TenantId) -> tuple[HookView, ...]:
        with self._db.read() as session:
            return hooks.listed(session, tenant)

    def get(self, tenant: TenantId, hook_id: int) -> HookView:
        with self._db.read() as session:
            return hooks.get(session, tenant, hook_id)

    def shown(self, tenant: TenantId, hook_id: int) -> Shown:
        with self._db.read() as session:
            found = hooks.get(session, tenant, hook_id)
            versions = hooks.versions(session, tenant, hook_id)
        begins = next((v for v in versions if v.number == found.draft), None) or next((v for v in versions if v.number == found.published), versions[0])
        return Shown(found, begins.code, versions)

    def version(self, tenant: TenantId, hook_id: int, number: int) -> VersionView:
        with self._db.read() as session:
            return hooks.version(session, tenant, hook_id, number)

    def difference(self, tenant: TenantId, hook_id: int, older: int, newer: int) -> tuple[str, ...]:
        with self._db.read() as session:
            return hooks.difference(session, tenant, hook_id, older, newer)

    def create(self, by: Actor, name: str, kind: str, **given: Any) -> int:
        return self._write(hooks.create, by, self._clock(), name, kind, **given)

    def change(self, by: Actor, hook_id: int, **given: Any) -> None:
        self._write(hooks.change, by, hook_id, self._clock(), **given)

    def save(self, by: Actor, hook_id: int, code: str, note: str = "") -> int:
        """The draft; the number of its version."""
        return self._write(hooks.save_draft, by, hook_id, code, self._clock(), note)

    def publish(self, by: Actor, hook_id: int, number: int) -> None:
        """Invalid (field code, with the line) where the code cannot be read."""
        hook, version = self.get(by.tenant, hook_id), self.version(by.tenant, hook_id, number)
        try:
            hooks.check_code(self._running.runner, by.tenant, version.code, hook.limits)
        except HookFailed as failed:
            raise Invalid(str(failed), "code") from None
        self._change(hooks.publish, by, hook_id, number, self._clock())

    def retire(self, by: Actor, hook_id: int) -> None:
        self._change(hooks.retire, by, hook_id, self._clock())

    def switch(self, by: Actor, hook_id: int, on: bool, reason: str = "") -> None:
        self._change(hooks.switch, by, hook_id, on, self._clock(), reason)

    def remove(self, by: Actor, hook_id: int) -> None:
        self._write(hooks.remove, by, hook_id, self._clock())

    def attempt(self, tenant: TenantId, hook_id: int, code: str, device: str) -> Tried:
        """Run code on what is stored of a device, named by its number, serial number or key; nothing is written or counted."""
        hook = self.get(tenant, hook_id)
        if not device.strip():
            raise Invalid("Which device? Its number, serial number or key.", "device")
        with self._db.read() as session:
            device_id = devices.find(session, tenant, device.strip())
            facts = hooks.facts_of(session, self._vault, tenant, device_id, self._clock(), hook.sees_secrets)
        return hooks.try_on(self._running.runner, tenant, HookKind(hook.kind), code.replace("\r\n", "\n"), facts, hook.limits)

    def _change(self, change: Callable[..., Any], by: Actor, hook_id: int, *args: Any) -> None:
        """It answers otherwise from now on: devices of profiles that name it are worked out anew."""
        with self._db.write() as unit:
            change(unit, by, hook_id, *args)
            desired.hook_changed(unit, by, hooks.get(unit.session, by.tenant, hook_id).name, self._clock())

    def _write(self, change: Callable[..., Any], *args: Any, **given: Any) -> Any:
        with self._db.write() as unit:
            return change(unit, *args, **given)
