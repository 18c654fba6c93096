"""Reading recorded sessions, over acs.recorder. There is no other verb."""

from datetime import datetime

from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.devices import service as devices
from acs.errors import NotFound
from acs.recorder import service as recorder
from acs.recorder.service import RecordRow, RecordView
from care.security.service import Clock


class Sessions:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def listed(
        self, tenant: TenantId, device_id: int | None = None, outcome: str = "", before: datetime | None = None, limit: int = 50
    ) -> tuple[RecordRow, ...]:
        """The newest first, of one device or of all."""
        with self._db.read() as session:
            if device_id is not None:
                devices.get(session, tenant, device_id, self._clock())
            return recorder.listed(session, tenant, device_id, outcome, before, limit)

    def get(self, tenant: TenantId, record_id: int) -> RecordView:
        with self._db.read() as session:
            return recorder.get(session, tenant, record_id)

    def serial(self, tenant: TenantId, device_id: int) -> str:
        """Of the device a record is about; empty if it was removed since."""
        try:
            with self._db.read() as session:
                return devices.get(session, tenant, device_id, self._clock()).serial_number
        except NotFound:
            return ""
