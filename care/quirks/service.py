"""What pages and REST do with the quirk registry, over acs.quirks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.devices import service as devices
from acs.quirks import service as quirks
from acs.quirks.views import Change, DeviceKnows, QuirkView, SeenView
from acs.recorder import service as recorder
from care.security.service import Clock


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a device showed, and the record of the session in which it did, while that is kept."""

    seen: SeenView
    record_id: int | None


class Quirks:
    """The registry of one tenant at a time."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def listed(
        self, tenant: TenantId, q: str = "", knob: str = "", state: str = "", after: int | None = None, limit: int = 1000
    ) -> tuple[QuirkView, ...]:
        with self._db.read() as session:
            return quirks.listed(session, tenant, q, knob, state, after, limit)

    def get(self, tenant: TenantId, quirk_id: int) -> QuirkView:
        with self._db.read() as session:
            return quirks.get(session, tenant, quirk_id)

    def evidence(self, tenant: TenantId, quirk_id: int) -> tuple[Evidence, ...]:
        with self._db.read() as session:
            seen = quirks.evidence(session, tenant, quirk_id)
            records = recorder.of_sessions(session, tenant, [(one.device_id, one.epoch) for one in seen])
        return tuple(Evidence(one, records.get((one.device_id, one.epoch))) for one in seen)

    def of_device(self, tenant: TenantId, device_id: int) -> DeviceKnows:
        with self._db.read() as session:
            return quirks.of_device(session, tenant, device_id)

    def of_named(self, tenant: TenantId, name: str) -> DeviceKnows:
        """By id, key or serial number."""
        with self._db.read() as session:
            return quirks.of_device(session, tenant, devices.find(session, tenant, name))

    def add(self, by: Actor, given: Mapping[str, Any]) -> QuirkView:
        with self._db.write() as unit:
            return quirks.add(unit, by, given, self._clock())

    def change(self, by: Actor, quirk_id: int, given: Mapping[str, Any]) -> QuirkView:
        with self._db.write() as unit:
            return quirks.change(unit, by, quirk_id, given, self._clock())

    def remove(self, by: Actor, quirk_id: int) -> None:
        with self._db.write() as unit:
            quirks.remove(unit, by, quirk_id, self._clock())

    def export(self, tenant: TenantId) -> str:
        with self._db.read() as session:
            return quirks.export(session, tenant, self._clock())

    def preview(self, tenant: TenantId, text: str) -> tuple[Change, ...]:
        with self._db.read() as session:
            return quirks.preview(session, tenant, text)

    def import_(self, by: Actor, text: str, overwrite: bool) -> tuple[Change, ...]:
        with self._db.write() as unit:
            return quirks.import_(unit, by, text, self._clock(), overwrite)
