"""What pages and REST do with who may connect, over acs.access and acs.devices. One read per page, one unit per change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from acs.access import service as access
from acs.access.views import BlockView, CertificateView, Fitting, RefusalView
from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.devices import alarms, merging
from acs.devices import service as devices
from acs.devices.views import AlarmState, AlarmView, DeviceId, DeviceRow, IdentityView, MergePreview, Presence
from acs.errors import Invalid
from acs.provisioning.plan import Trust
from acs.settings import Settings
from care.security.service import Clock

LATELY = timedelta(days=1)
BULK_MOST = 500
"""Strangers that are let in or blocked at once; more are the matter of a rule."""


@dataclass(frozen=True, slots=True)
class Lately:
    """Refusals with the devices they name, where those are known."""

    rows: tuple[RefusalView, ...]
    known: Mapping[str, DeviceId]
    by_reason: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Doors:
    """How devices may connect, as the settings have it."""

    cpe_auth: str
    tls: bool
    plain_port: int
    client_certificates: str
    authorities: str
    basic_in_clear: bool
    digest: tuple[str, ...]
    proxies: tuple[str, ...]
    rotation_days: int
    stranger_days: int
    inform_rate: float


class AccessControl:
    """Of one tenant at a time."""

    def __init__(self, db: Database, clock: Clock, settings: Settings) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings

    def doors(self) -> Doors:
        s = self._settings
        return Doors(
            s.cpe_auth, s.tls_certificate is not None, s.cwmp_plain_port, s.tls_client, str(s.tls_client_ca or ""), s.cpe_basic_in_clear, s.cpe_digest,
            s.trusted_proxies, s.secret_rotation_days, s.stranger_days, s.inform_rate,
        )  # fmt: skip

    # ---- refused lately ------------------------------------------------------------------------------------------

    def lately(self, tenant: TenantId, q: str = "", reason: str = "", before: datetime | None = None, limit: int = 50) -> Lately:
        with self._db.read() as session:
            rows = access.refusals(session, tenant, q, reason, before, limit)
            known = devices.by_keys(session, tenant, {row.claimed for row in rows if row.claimed})
            return Lately(rows, known, access.refusals_by_reason(session, tenant, self._clock() - LATELY))

    # ---- block rules ---------------------------------------------------------------------------------------------

    def blocks(self, tenant: TenantId) -> tuple[BlockView, ...]:
        with self._db.read() as session:
            return access.blocks(session, tenant)

    def draft(self, by: Actor, given: Mapping[str, str], days: int) -> tuple[BlockView, Fitting]:
        """A rule as it would be, and which known devices it would hit; nothing is stored."""
        now = self._clock()
        rule = access.draft(given, now, self._until(now, days), by.name)
        with self._db.read() as session:
            return rule, access.fitting(session, by.tenant, rule)

    def add_block(self, by: Actor, given: Mapping[str, str], days: int) -> int:
        now = self._clock()
        with self._db.write() as unit:
            return access.add_block(unit, by, given, now, self._until(now, days))

    @staticmethod
    def _until(now: datetime, days: int) -> datetime | None:
        if not 0 <= days <= 3650:
            raise Invalid("A rule holds for 1 to 3650 days, or for good.", "days")
        return now + timedelta(days=days) if days else None

    def remove_block(self, by: Actor, rule_id: int) -> None:
        with self._db.write() as unit:
            access.remove_block(unit, by, rule_id, self._clock())

    # ---- certificates --------------------------------------------------------------------------------------------

    def certificates(self, tenant: TenantId) -> tuple[CertificateView, ...]:
        with self._db.read() as session:
            return access.certificates(session, tenant)

    def add_certificate(self, by: Actor, given: Mapping[str, str]) -> int:
        with self._db.write() as unit:
            return access.add_certificate(unit, by, given, self._clock())

    def remove_certificate(self, by: Actor, rule_id: int) -> None:
        with self._db.write() as unit:
            access.remove_certificate(unit, by, rule_id, self._clock())

    # ---- strangers -----------------------------------------------------------------------------------------------

    def waiting(self, tenant: TenantId, q: str = "", model: str = "", after: int | None = None, limit: int = 50) -> tuple[DeviceRow, ...]:
        """Devices in quarantine, by number."""
        with self._db.read() as session:
            return devices.search(session, tenant, self._clock(), q, "", model, "", Presence.QUARANTINE, after, None, limit)

    def chosen(self, tenant: TenantId, ids: Iterable[int]) -> tuple[DeviceRow, ...]:
        """The strangers with these numbers; who left quarantine meanwhile is left out."""
        with self._db.read() as session:
            return devices.search(session, tenant, self._clock(), presence=Presence.QUARANTINE, limit=BULK_MOST, only=tuple(ids))

    def set_trust(self, by: Actor, ids: Iterable[int], trust: Trust) -> int:
        """Admit or block several strangers in one go; how many. Invalid for more than may be at once."""
        wanted = sorted(set(ids))
        if len(wanted) > BULK_MOST:
            raise Invalid(f"At most {BULK_MOST} at once: make a rule for more.", "device")
        now, changed = self._clock(), 0
        with self._db.write() as unit:
            for device_id in wanted:
                if devices.get(unit.session, by.tenant, device_id, now).trust != trust:
                    devices.set_trust(unit, by, device_id, trust, now)
                    changed += 1
        return changed

    # ---- identities ----------------------------------------------------------------------------------------------

    def alarms(self, tenant: TenantId, open_only: bool, before: int | None = None, limit: int = 50) -> tuple[AlarmView, ...]:
        with self._db.read() as session:
            return alarms.listed(session, tenant, open_only, None, before, limit)

    def settle(self, by: Actor, alarm_id: int, state: AlarmState, note: str) -> DeviceId:
        with self._db.write() as unit:
            return alarms.settle(unit, by, alarm_id, state, note, self._clock())

    def identity(self, tenant: TenantId, device_id: int) -> IdentityView:
        with self._db.read() as session:
            return merging.identity(session, tenant, device_id)

    def add_alias(self, by: Actor, device_id: int, key: str, reason: str) -> None:
        with self._db.write() as unit:
            merging.add_alias(unit, by, device_id, key, reason, self._clock())

    def split(self, by: Actor, device_id: int, key: str) -> None:
        with self._db.write() as unit:
            merging.split(unit, by, device_id, key, self._clock())

    def preview(self, tenant: TenantId, survivor_id: int, other: str) -> MergePreview:
        """What a merge would do. `other` is an id, key or serial number; NotFound, Conflict and Invalid as the services say."""
        with self._db.read() as session:
            return merging.preview(session, tenant, survivor_id, devices.find(session, tenant, other.strip()), self._clock())

    def merge(self, by: Actor, survivor_id: int, absorbed_id: int, reason: str) -> int:
        with self._db.write() as unit:
            return merging.merge(unit, by, survivor_id, absorbed_id, reason, self._clock())

    def undo(self, by: Actor, merge_id: int) -> DeviceId:
        with self._db.write() as unit:
            return merging.undo(unit, by, merge_id, self._clock())
