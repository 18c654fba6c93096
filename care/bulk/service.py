"""What pages and REST do with deeds for many, over acs.bulk."""

import json

from acs.audit import Actor
from acs.bulk import service as bulk
from acs.bulk.views import BulkView, Deed, Preview, Selection, Wanted
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.devices import service as devices
from acs.devices.views import DeviceRow
from acs.errors import Invalid
from acs.secrets import Vault
from care.operations.service import permission_for
from care.security.permissions import Permission
from care.security.service import Clock


def permission_of(wanted: Wanted) -> Permission:
    """What one needs for one device, one needs for many."""
    return permission_for(wanted.subject) if wanted.deed is Deed.OPERATION else Permission.MANAGE_DEVICES


class Bulk:
    """Deeds of one tenant at a time."""

    def __init__(self, db: Database, vault: Vault, clock: Clock) -> None:
        self._db = db
        self._vault = vault
        self._clock = clock

    def preview(self, tenant: TenantId, wanted: Wanted, selection: Selection) -> tuple[Preview, str, tuple[DeviceRow, ...]]:
        """How many, what in words, and some of them."""
        now = self._clock()
        with self._db.read() as session:
            told = bulk.preview(session, tenant, wanted, selection, now)
            return told, bulk.check(session, tenant, wanted), devices.rows(session, tenant, told.sample, now)

    def begin(self, by: Actor, wanted: Wanted, selection: Selection, reason: str = "") -> int:
        with self._db.write() as unit:
            return bulk.begin(unit, by, wanted, selection, self._clock(), self._vault, reason)

    def cancel(self, by: Actor, action_id: int) -> None:
        with self._db.write() as unit:
            bulk.cancel(unit, by, action_id, self._clock())

    def get(self, tenant: TenantId, action_id: int) -> BulkView:
        with self._db.read() as session:
            return bulk.get(session, tenant, action_id)

    def listed(self, tenant: TenantId, before: int | None = None, limit: int = 50) -> tuple[BulkView, ...]:
        with self._db.read() as session:
            return bulk.listed(session, tenant, before, limit)

    def seal(self, by: Actor, wanted: Wanted, selection: Selection) -> str:
        """What was previewed, for the button that runs it: nobody else's, and not to be changed on the way."""
        told = {
            "by": by.name, "tenant": by.tenant, "deed": wanted.deed.value, "subject": wanted.subject, "args": dict(wanted.args), "query": selection.query,
            "devices": list(selection.device_ids),
        }  # fmt: skip
        return self._vault.seal(json.dumps(told))

    def opened(self, by: Actor, sealed: str) -> tuple[Wanted, Selection]:
        """Invalid for what was not sealed here for this person."""
        try:
            told = json.loads(self._vault.open(sealed))
        except ValueError:
            told = {}
        if told.get("by") != by.name or told.get("tenant") != by.tenant:
            raise Invalid("This preview cannot be read any more: choose again.", "sealed")
        return Wanted(Deed(told["deed"]), told["subject"], told["args"]), Selection(told["query"], tuple(told["devices"]))
