"""What pages and REST do with profiles, over acs.desired."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.desired import service as desired
from acs.desired.views import Examination, LineView, PersonalView, ProfileView, ReportView, Standing, SwapPreview, VersionView
from acs.devices import service as devices
from acs.hooks.service import Running
from acs.operations.views import OperationId
from acs.secrets import MASK, Vault, is_secret_name
from care.security.service import Clock


@dataclass(frozen=True, slots=True)
class Shown:
    """A profile with its versions and how many devices its selection fits."""

    profile: ProfileView
    versions: tuple[VersionView, ...]
    devices: int
    is_exact: bool
    others: tuple[ProfileView, ...]


class Profiles:
    """The desired state of one tenant at a time."""

    def __init__(self, db: Database, vault: Vault, clock: Clock) -> None:
        self._db, self._vault, self._clock = db, vault, clock
        self._hooks = desired.hooks_of(Running(db, clock), vault, clock)

    # ---- profiles ------------------------------------------------------------------------------------------------

    def listed(self, tenant: TenantId) -> tuple[ProfileView, ...]:
        with self._db.read() as session:
            return desired.listed(session, tenant)

    def tally(self, tenant: TenantId) -> dict[Standing, int]:
        with self._db.read() as session:
            return desired.tally(session, tenant)

    def get(self, tenant: TenantId, profile_id: int) -> ProfileView:
        with self._db.read() as session:
            return desired.get(session, tenant, profile_id)

    def shown(self, tenant: TenantId, profile_id: int) -> Shown:
        with self._db.read() as session:
            profile = desired.get(session, tenant, profile_id)
            number, exact = desired.count(session, tenant, profile.selection, self._clock())
            return Shown(profile, desired.versions(session, tenant, profile_id), number, exact, desired.listed(session, tenant))

    def versions(self, tenant: TenantId, profile_id: int) -> tuple[VersionView, ...]:
        with self._db.read() as session:
            return desired.versions(session, tenant, profile_id)

    def count(self, tenant: TenantId, selection: str) -> tuple[int, bool]:
        with self._db.read() as session:
            return desired.count(session, tenant, selection, self._clock())

    def add(self, by: Actor, given: Mapping[str, Any]) -> ProfileView:
        with self._db.write() as unit:
            return desired.add(unit, by, self._vault, given, self._clock())

    def change(self, by: Actor, profile_id: int, given: Mapping[str, Any]) -> ProfileView:
        with self._db.write() as unit:
            return desired.change(unit, by, self._vault, profile_id, given, self._clock())

    def remove(self, by: Actor, profile_id: int) -> None:
        with self._db.write() as unit:
            desired.remove(unit, by, profile_id, self._clock())

    # ---- reports -------------------------------------------------------------------------------------------------

    def reports(self, tenant: TenantId, before: int | None = None, limit: int = 20) -> tuple[ReportView, ...]:
        with self._db.read() as session:
            return desired.reports_listed(session, tenant, before, limit)

    def start_report(self, by: Actor, selection: str, with_profile: int | None = None) -> ReportView:
        with self._db.write() as unit:
            number = desired.start_report(unit, by, selection, with_profile, self._clock())
            return desired.report(unit.session, by.tenant, number)

    def report(self, tenant: TenantId, report_id: int) -> ReportView:
        with self._db.read() as session:
            return desired.report(session, tenant, report_id)

    def lines(self, tenant: TenantId, report_id: int, after: int = 0, limit: int = 50) -> tuple[LineView, ...]:
        with self._db.read() as session:
            return desired.lines(session, tenant, report_id, after, limit)

    def repair_report(self, by: Actor, report_id: int) -> int:
        with self._db.write() as unit:
            return desired.ask_repair(unit, by, report_id, self._clock())

    # ---- one device ----------------------------------------------------------------------------------------------

    def examine(self, tenant: TenantId, device_id: int, with_profile: int | None = None) -> Examination:
        with self._db.read() as session:
            return desired.examine(session, self._vault, tenant, device_id, self._clock(), with_profile, hooks=self._hooks)

    def personal(self, tenant: TenantId, device_id: int) -> tuple[PersonalView, ...]:
        """What people set on it; secrets struck out."""
        with self._db.read() as session:
            found = desired.personal_values(session, tenant, device_id)
        return tuple(
            PersonalView(p.path, MASK if p.value and is_secret_name(p.path) else p.value, p.type, p.by, p.at, p.operation_id) for p in found
        )

    def give_up_personal(self, by: Actor, device_id: int, path: str) -> None:
        with self._db.write() as unit:
            desired.give_up_personal(unit, by, device_id, path, self._clock())

    def repair(self, by: Actor, device_id: int, again: bool = False, reason: str = "") -> OperationId:
        with self._db.write() as unit:
            return desired.repair(unit, by, device_id, self._clock(), again, reason)

    # ---- a device and its successor ------------------------------------------------------------------------------

    def find(self, tenant: TenantId, name: str) -> int:
        """A device by id, key or serial number. UnknownDevice."""
        with self._db.read() as session:
            return devices.find(session, tenant, name)

    def preview_swap(self, tenant: TenantId, old_id: int, new_id: int) -> SwapPreview:
        with self._db.read() as session:
            return desired.preview_swap(session, self._vault, tenant, old_id, new_id)

    def swap(
        self, by: Actor, old_id: int, new_id: int, leave_out: tuple[str, ...] = (), reason: str = "", with_tags: bool = True
    ) -> tuple[OperationId, ...]:
        with self._db.write() as unit:
            return desired.swap(unit, by, self._vault, old_id, new_id, self._clock(), leave_out, reason, with_tags)

    @property
    def now(self) -> datetime:
        return self._clock()
