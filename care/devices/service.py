"""What pages and REST do with devices, over acs.devices, acs.firmware and acs.recorder. One read per page, one unit per change.

`look` is what every tab of the device page stands on: head, parameters, verdict, what runs. Tests: tests/care/devices/test_service.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor, AuditView
from acs.cwmp.identity import Identity
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.desired import service as desired
from acs.devices import service as devices
from acs.devices.views import DeviceId, DeviceView, EventView, RuleView
from acs.errors import Conflict, NotFound
from acs.firmware import service as firmware
from acs.firmware.service import FileView, ImageView
from acs.operations import service as operations
from acs.operations.views import OPEN, OperationId, OperationView
from acs.provisioning.plan import Trust
from acs.provisioning.quirks import corrections
from acs.quirks import service as quirks
from acs.secrets import Vault
from care.devices import evidence, proposals, verdict
from care.devices.known import Known
from care.devices.proposals import Proposal
from care.devices.verdict import Verdict
from care.security.service import Clock
from datamodels.canonical import Value
from datamodels.overlay import model_of
from datamodels.tree import ROOTS


@dataclass(frozen=True, slots=True)
class Look:
    """A device as its page sees it. `shown` are open operations and the one the address names, newest first."""

    head: DeviceView
    known: Known
    verdict: Verdict
    shown: tuple[OperationView, ...]
    open_count: int
    results: Mapping[str, OperationView]
    newer: ImageView | None
    now: datetime

    @property
    def discovering(self) -> bool:
        return any(op.kind == "discover" and op.is_open for op in self.shown)


@dataclass(frozen=True, slots=True)
class History:
    events: tuple[EventView, ...]
    lines: tuple[AuditView, ...]


class Devices:
    """Devices of one tenant at a time."""

    def __init__(self, db: Database, vault: Vault, clock: Clock, files: Path) -> None:
        self._db = db
        self._vault = vault
        self._clock = clock
        self._files = files

    # ---- reading -------------------------------------------------------------------------------------------------

    def models(self, tenant: TenantId) -> tuple[str, ...]:
        """Models that devices have."""
        with self._db.read() as session:
            return devices.models(session, tenant)

    def find(self, tenant: TenantId, name: str) -> DeviceId:
        """By id, key or serial number."""
        with self._db.read() as session:
            return devices.find(session, tenant, name)

    def exact(self, tenant: TenantId, name: str) -> DeviceId | None:
        """The one device with this key or serial number, large letters or small; an id does not count."""
        with self._db.read() as session:
            for form in dict.fromkeys((name, name.upper())) if name else ():
                try:
                    found = devices.find(session, tenant, form)
                except (NotFound, Conflict):
                    continue
                head = devices.get(session, tenant, found, self._clock())
                if form in (head.key, head.serial_number):
                    return found
        return None

    def head(self, tenant: TenantId, device_id: int) -> DeviceView:
        with self._db.read() as session:
            return devices.get(session, tenant, device_id, self._clock())

    def known(self, tenant: TenantId, device_id: int) -> tuple[DeviceView, Known]:
        """Head and parameters: for fragments and forms that need no verdict."""
        with self._db.read() as session:
            head = devices.get(session, tenant, device_id, self._clock())
            return head, _known(session, tenant, head)

    def look(self, tenant: TenantId, device_id: int, operation_id: int | None = None) -> Look:
        now = self._clock()
        with self._db.read() as session:
            head = devices.get(session, tenant, device_id, now)
            known = _known(session, tenant, head)
            running = operations.listed(session, tenant, now, device_id, OPEN, limit=20)
            results = operations.latest_results(session, tenant, device_id, now)
            images = firmware.listed(session, tenant)
            named = _named(running, operation_id)
            if operation_id is not None and named is None:
                named = _own(operations.get(session, tenant, operation_id, now), device_id)
        shown = tuple(op for op in running if op is not named)
        newer = evidence.newer_image(head, images)
        facts = evidence.facts_of(head, known, newer, results.get("wifi_scan"), now)
        return Look(head, known, verdict.judge(facts), ((named,) if named else ()) + shown, len(running), results, newer, now)

    def history(self, tenant: TenantId, device_id: int, with_audit: bool, event: int | None = None, line: int | None = None) -> History:
        """Events and audit lines, each the newest first, before those ids."""
        with self._db.read() as session:
            found = devices.events(session, tenant, device_id, event, 50)
            return History(found, audit.lines(session, tenant, f"device:{device_id}", line, 50) if with_audit else ())

    def events(self, tenant: TenantId, device_id: int, before: int | None, limit: int, codes: Iterable[str] = ()) -> tuple[EventView, ...]:
        """The newest first; of these codes, or of all."""
        with self._db.read() as session:
            devices.get(session, tenant, device_id, self._clock())
            return devices.events(session, tenant, device_id, before, limit, codes)

    def files(self, tenant: TenantId, device_id: int) -> tuple[FileView, ...]:
        with self._db.read() as session:
            devices.get(session, tenant, device_id, self._clock())
            return firmware.files_of(session, tenant, device_id)

    def file(self, by: Actor, device_id: int, file_id: int) -> tuple[FileView, bytes]:
        """A backup or log in clear; who took it is audited, since backups hold secrets."""
        with self._db.write() as unit:
            view = firmware.get_file(unit.session, by.tenant, file_id)
            if view.device_id != device_id:
                raise NotFound(f"There is no file {file_id} of device {device_id}.")
            audit.record(unit, by, "device.file_download", f"device:{device_id}", self._clock(), after={"file": file_id, "kind": view.kind})
        try:
            return view, firmware.read_sealed(self._vault, self._files, view.sha256)
        except FileNotFoundError:
            raise NotFound(f"File {file_id} is no longer in the files folder.") from None

    def reveal(self, by: Actor, device_id: int, path: str) -> str:
        """A secret in clear; who looked is audited."""
        with self._db.write() as unit:
            value = devices.secret(unit.session, self._vault, by.tenant, device_id, path)
            audit.record(unit, by, "device.reveal", f"device:{device_id}", self._clock(), after={"parameter": path})
            return value

    # ---- changing ------------------------------------------------------------------------------------------------

    def propose(self, by: Actor, device_id: int, wanted: Mapping[str, Value], reason: str = "") -> Proposal:
        """What writing these canonical values would change."""
        _head, known = self.known(by.tenant, device_id)
        return self._warned(by, proposals.of_canonical(device_id, known, wanted, by=by.name, now=self._clock(), reason=reason))

    def propose_path(self, by: Actor, device_id: int, path: str, text: str, reason: str, override: bool) -> Proposal:
        _head, known = self.known(by.tenant, device_id)
        return self._warned(by, proposals.of_path(device_id, known, path, text, by=by.name, now=self._clock(), reason=reason, override=override))

    def _warned(self, by: Actor, proposal: Proposal) -> Proposal:
        """The proposal with what is known of the device about the parameters it writes."""
        with self._db.read() as session:
            known = quirks.of_device(session, by.tenant, proposal.device_id).quirks
        return proposals.warned(proposal, known)

    def seal(self, proposal: Proposal) -> str:
        return proposals.seal(proposal, self._vault)

    def opened(self, by: Actor, device_id: int, sealed: str) -> Proposal:
        return proposals.unseal(sealed, self._vault, device_id, by.name, self._clock())

    def apply(self, by: Actor, proposal: Proposal, partial: bool = False) -> OperationId:
        """Ask for the write that was confirmed, or, if `partial`, for what the device takes of it.

        Conflict if the device shows other values than those that were confirmed.
        """
        _head, known = self.known(by.tenant, proposal.device_id)
        if proposals.stale(proposal, known):
            raise Conflict("The device's values changed meanwhile.")
        with self._db.write() as unit:
            args: dict[str, Any] = {"values": [list(write) for write in proposal.writes], **({"partial": True} if partial else {})}
            return operations.request(
                unit, by, DeviceId(proposal.device_id), "write", args, self._clock(), proposal.reason, vault=self._vault, override=proposal.override
            )

    def preregister(self, by: Actor, identity: Identity, tags: Iterable[str] = (), note: str = "") -> DeviceId:
        now = self._clock()
        with self._db.write() as unit:
            device_id = devices.preregister(unit, by, identity, now, tags)
            if note.strip():
                devices.set_note(unit, by, device_id, note, now)
            return device_id

    def change(self, by: Actor, device_id: int, given: Mapping[str, Any]) -> DeviceView:
        """`given` may have tags, note and trust; all or none of them are changed."""
        now = self._clock()
        with self._db.write() as unit:
            if "tags" in given:
                devices.set_tags(unit, by, device_id, given["tags"], now)
                desired.reconsider(unit, by.tenant, [device_id], now)
            if "note" in given:
                devices.set_note(unit, by, device_id, given["note"], now)
            if "trust" in given:
                devices.set_trust(unit, by, device_id, Trust(given["trust"]), now)
        return self.head(by.tenant, device_id)

    def remove(self, by: Actor, device_id: int) -> None:
        with self._db.write() as unit:
            devices.remove(unit, by, device_id, self._clock())

    # ---- onboarding rules ----------------------------------------------------------------------------------------

    def rules(self, tenant: TenantId) -> tuple[RuleView, ...]:
        with self._db.read() as session:
            return devices.rules(session, tenant)

    def add_rule(self, by: Actor, name: str, oui: str = "", product_class: str = "", serial_prefix: str = "", network: str = "") -> int:
        with self._db.write() as unit:
            return devices.add_rule(unit, by, name, oui, product_class, serial_prefix, self._clock(), network)

    def remove_rule(self, by: Actor, rule_id: int) -> None:
        with self._db.write() as unit:
            devices.remove_rule(unit, by, rule_id, self._clock())


def _known(session: Session, tenant: TenantId, head: DeviceView) -> Known:
    """Its parameters, with what its model means by them where that is not what the data model says."""
    model = quirks.of_model(session, tenant, head.oui, head.product_class, head.software_version, ("scales", "inverted"))
    own = model_of(head.root, head.oui, head.product_class, head.software_version) if head.root in ROOTS else None
    return Known(devices.tree(session, tenant, head.id), head.root, corrections(model), own)


def _named(found: Iterable[OperationView], operation_id: int | None) -> OperationView | None:
    return next((op for op in found if op.id == operation_id), None)


def _own(op: OperationView, device_id: int) -> OperationView | None:
    return op if op.device_id == device_id else None
