"""Finding, reading and taking away recorded sessions, over acs.recorder. Taking one away leaves an audit line; there is no other verb."""

from collections.abc import Mapping
from typing import Any

from acs import audit
from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.devices import service as devices
from acs.devices.views import DeviceView
from acs.errors import NotFound
from acs.recorder import service as recorder
from acs.recorder.service import Key, RecordRow, RecordView, Wanted
from care.security.service import Clock


class Sessions:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def listed(self, tenant: TenantId, wanted: Wanted, before: Key | None = None, limit: int = 50) -> tuple[RecordRow, ...]:
        """The newest first. NotFound for a device that is not there."""
        with self._db.read() as session:
            if wanted.device_id is not None:
                devices.get(session, tenant, wanted.device_id, self._clock())
            return recorder.listed(session, tenant, wanted, before, limit)

    def get(self, tenant: TenantId, record_id: int) -> RecordView:
        with self._db.read() as session:
            return recorder.get(session, tenant, record_id)

    def device(self, tenant: TenantId, device_id: int) -> DeviceView | None:
        """What a record is about; None if it was removed since."""
        try:
            with self._db.read() as session:
                return devices.get(session, tenant, device_id, self._clock())
        except NotFound:
            return None

    def models(self, tenant: TenantId) -> tuple[str, ...]:
        with self._db.read() as session:
            return devices.models(session, tenant)

    def take(self, actor: Actor, record_id: int, form: str) -> tuple[RecordView, DeviceView | None]:
        """A record that leaves the house as a file of this form."""
        record = self.get(actor.tenant, record_id)
        device = self.device(actor.tenant, record.row.device_id)
        with self._db.write() as unit:
            told = {"form": form, "device": device.key if device else record.row.device_id, "began": record.row.started_at.isoformat()}
            audit.record(unit, actor, "session.download", f"session:{record_id}", self._clock(), after=told)
        return record, device

    def document(self, actor: Actor, record_id: int) -> Mapping[str, Any]:
        """The file `hearthline simulate --replay` reads."""
        record, device = self.take(actor, record_id, "json")
        return recorder.document(record, identity(device) if device else {})


def identity(device: DeviceView) -> dict[str, str]:
    names = ("key", "manufacturer", "oui", "product_class", "serial_number", "model", "hardware_version", "software_version")
    return {name: getattr(device, name) for name in names}
