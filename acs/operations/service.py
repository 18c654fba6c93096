"""Operations as people and programs see them: ask for one, watch it, cancel it. The CWMP side's door is progress.py.

Asking is one transaction: the row, the device's due mark, the audit line, and the hint that wakes the CWMP side. An offline device
keeps its operation until it expires.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices import store
from acs.devices.models import Device
from acs.devices.service import presence_of
from acs.devices.views import DeviceId
from acs.errors import Conflict, Invalid, NotFound, UnknownDevice
from acs.firmware import service as firmware
from acs.operations import chaining, logins, rules
from acs.operations.arguments import acs_url, checked
from acs.operations.keys import new_command_key
from acs.operations.models import Operation
from acs.operations.preparing import prepare
from acs.operations.sealing import has_secrets, open_args, seal_args
from acs.operations.views import OPEN, OperationId, OperationState, OperationView
from acs.provisioning.kinds import KINDS
from acs.provisioning.plan import Trust
from acs.provisioning.procedures.diagnostics import DIAGNOSES
from acs.secrets import Vault, mask_xml

MAX_OPEN = 50
"""Operations one device may have open: a bound on what a mistake can queue (conformance J-22)."""
_EXCLUSIVE = frozenset(
    {"firmware", "stored_image", "schedule_download", "factory_reset", "reboot", "restore", "wifi_scan", "move_acs", *DIAGNOSES}
)
"""Kinds of which a device has at most one open: the second would undo or repeat the first."""

TRANSFERS = frozenset({"firmware", "stored_image", "schedule_download", "restore", "backup", "log_upload"})
"""Kinds whose waiting a device can be asked to call off (CancelTransfer, conformance C-133)."""


PORT_MAPPINGS = "Device.NAT.PortMapping."


def _check_room(session: Session, device: Device) -> None:
    """Conflict where the device is known to take no more port mappings (conformance H-76)."""
    values = store.load_tree(session.connection(), device.id, "Device.NAT.").values
    most = values.get("Device.NAT.MaxNumberOfPortMappings")
    rows = {path[len(PORT_MAPPINGS) :].partition(".")[0] for path in values if path.startswith(PORT_MAPPINGS)}
    if most is not None and most.value.isdecimal() and 0 < int(most.value) <= len(rows):
        raise Conflict(f"Device {device.serial_number} takes {most.value} port mappings and has {len(rows)}: delete one first.")


def request(
    unit: Unit,
    actor: Actor,
    device_id: DeviceId,
    kind: str,
    args: Mapping[str, Any],
    now: datetime,
    reason: str = "",
    urgent: bool = True,
    expires_in_s: int | None = None,
    not_before: datetime | None = None,
    vault: Vault | None = None,
    override: bool = False,
) -> OperationId:
    """Ask something of a device. An identical one that is still queued is returned instead of a second.

    Values are checked against the device's data model. `override` writes them all the same; it needs a reason, and callers ask for the
    permission before they say it.

    `vault` seals secrets among the arguments; ValueError for a secret without it. Invalid for unknown kinds and bad arguments, UnknownDevice,
    Conflict while another of an exclusive kind is open or the device is blocked.
    """
    known = KINDS.get(kind)
    if known is None:
        raise Invalid(f"There is no operation {kind!r}.", "kind")
    given = checked(kind, args)
    if has_secrets(given) and vault is None:
        raise ValueError(f"{kind} of a secret needs the vault to keep it in")
    device = unit.session.get(Device, device_id)
    if device is None or device.tenant_id != actor.tenant:
        raise UnknownDevice(f"There is no device {device_id}.")
    if device.trust != Trust.ADMITTED:
        raise Conflict(f"Device {device.serial_number} is in {device.trust}: admit it first.")
    rules.explained(override, reason)
    given = rules.judged(kind, given, device.root, device.oui, device.product_class, device.software_version, override)
    if kind == "add_object" and given["table"] == PORT_MAPPINGS:
        _check_room(unit.session, device)
    given, image_id = _image_for(unit.session, actor.tenant, kind, given, device, now)
    if kind == "cancel_transfer":
        given = _transfer_meant(unit.session, given, device)
    open_ones = list(
        unit.session.scalars(select(Operation).where(Operation.device_id == device_id, Operation.state.in_([s.value for s in OPEN])))
    )
    for other in open_ones:
        known_args = open_args(vault, other.args) if vault is not None else other.args
        if other.kind == kind and known_args == given and other.state == OperationState.QUEUED and not other.cancel_wanted:
            return OperationId(other.id)
        if other.kind == kind and kind in _EXCLUSIVE:
            raise Conflict(f"Device {device.serial_number} already has an open operation “{known.label}” (number {other.id}).")
    if len(open_ones) >= MAX_OPEN:
        raise Conflict(f"Device {device.serial_number} has {len(open_ones)} open operations; cancel some first.")
    prepare(unit.session, vault, device, kind, given, now)
    if kind == "secure" and vault is not None:
        logins.renew(unit.session, vault, device)
    lifetime = known.expiry_s if expires_in_s is None else expires_in_s
    if not 10 <= lifetime <= 90 * 86400:
        raise Invalid(f"expires_in_s must be 10 to {90 * 86400}; {lifetime} is outside.", "expires_in_s")
    operation = Operation(
        tenant_id=actor.tenant, device_id=device_id, kind=kind, args=given if vault is None else seal_args(vault, given), state=OperationState.QUEUED.value,
        stations={"queued": now.isoformat()}, priority=known.priority, urgent=urgent, due_at=not_before or now,
        expires_at=now + timedelta(seconds=lifetime), command_key=new_command_key(), requested_by=actor.name, reason=reason[:300],
        created_at=now, updated_at=now, image_id=image_id, memo={},
    )  # fmt: skip
    unit.session.add(operation)
    if device.due_at is None or device.due_at > operation.due_at:
        device.due_at = operation.due_at
    unit.session.flush()
    audit.record(
        unit, actor, f"operation.{kind}", f"device:{device_id}", now, after={"operation": operation.id, **_audited(given), "reason": reason}
    )
    unit.hint("operation", device=device_id, operation=operation.id, urgent=urgent, key=device.key)
    unit.hint("progress", device=device_id, operation=operation.id)
    return OperationId(operation.id)


def acs_address(value: str) -> str:
    """The address of an ACS, checked. Invalid for what is none."""
    return acs_url(value)


def check(kind: str, args: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments as they would be asked with, and as people may read them. Invalid as `request` says."""
    given = checked(kind, args)
    shown = {name: value for name, value in _shown(given).items() if value not in ("", None)}
    return given, {**shown, **({"xml": mask_xml(given["xml"].encode()).decode()} if "xml" in given else {})}


def _image_for(
    session: Session, tenant: TenantId, kind: str, given: dict[str, Any], device: Device, now: datetime
) -> tuple[dict[str, Any], int | None]:
    """The arguments, and the image to load: of an upgrade in several steps the first, the wanted one as `goal`. Invalid where there is no way."""
    if "image" in given:
        args, image = chaining.first_step(session, tenant, kind, given, device, now)
        return args, int(image)
    if "file" in given:
        file = firmware.get_file(session, tenant, given["file"])
        if file.device_id != device.id:
            raise Invalid(f"Backup {file.id} is of another device.", "file")
    return given, None


def _transfer_meant(session: Session, args: Mapping[str, Any], device: Device) -> dict[str, Any]:
    """Key and operation of the transfer: a key of ours names its operation, a foreign one stands alone. Conflict where nothing is left to call off."""
    named = Operation.id == args["operation"] if "operation" in args else Operation.command_key == args["command_key"]
    found = session.scalar(select(Operation).where(Operation.device_id == device.id, named))
    if found is None:
        if "operation" in args:
            raise Invalid(f"There is no operation {args['operation']} of device {device.serial_number}.", "operation")
        return dict(args)
    if found.kind not in TRANSFERS:
        raise Invalid(f"Operation {found.id} is no transfer: there is nothing to call off.", "operation")
    if found.state not in (OperationState.RUNNING, OperationState.WAITING):
        raise Conflict(f"Operation {found.id} is {found.state}: the device has no transfer of it to call off.")
    if "transfer" in (found.memo or {}):
        raise Conflict(f"The transfer of operation {found.id} has ended: the device reported it.")
    return {"operation": found.id, "command_key": found.command_key}


def _audited(args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as the audit line shows them: written values by their path, so that secrets are masked by name."""
    shown = {name: value for name, value in _shown(args).items() if name != "values"}
    if "values" in args:
        shown["values"] = {path: value for path, value, _ in args["values"]}
    return shown


def take_part(unit: Unit, actor: Actor, operation_id: OperationId, now: datetime, vault: Vault) -> OperationId:
    """Ask again for a write that failed, this time for what the device takes of it. Conflict for anything else."""
    operation = _row(unit.session, actor.tenant, operation_id)
    if operation.kind != "write" or operation.state != OperationState.FAILED or operation.args.get("partial"):
        raise Conflict(f"Operation {operation_id} is no write that failed as a whole.")
    given, override = rules.without_override(open_args(vault, operation.args))
    device_id = DeviceId(operation.device_id)
    return request(unit, actor, device_id, "write", {**given, "partial": True}, now, operation.reason, vault=vault, override=override)


def cancel(unit: Unit, actor: Actor, operation_id: OperationId, now: datetime) -> OperationState:
    """Cancel: at once while nothing was sent. What has left cannot be called back (state unchanged); of a transfer the device is asked to drop it."""
    operation = _row(unit.session, actor.tenant, operation_id)
    state = OperationState(operation.state)
    if state not in OPEN:
        raise Conflict(f"Operation {operation_id} is already {state}.")
    stoppable = state is OperationState.WAITING and not KINDS[operation.kind].irreversible
    if (state is OperationState.QUEUED and not operation.sent) or stoppable:
        operation.state, operation.finished_at = OperationState.CANCELLED.value, now
        operation.error = "Cancelled; the device may still finish what it began." if stoppable else "Cancelled before anything was sent."
    else:
        operation.cancel_wanted = True
        if state is OperationState.WAITING and _may_call_off(unit.session, operation):
            request(unit, actor, DeviceId(operation.device_id), "cancel_transfer", {"operation": operation.id}, now)
    operation.updated_at = now
    audit.record(
        unit, actor, "operation.cancel", f"device:{operation.device_id}", now, after={"operation": operation_id, "state": operation.state}
    )
    unit.hint("progress", device=operation.device_id, operation=operation_id)
    return OperationState(operation.state)


def _may_call_off(session: Session, operation: Operation) -> bool:
    """Whether asking the device is worth a try: not once it reported the transfer, nor if it said what it can do and this is not of it (C-5)."""
    if operation.kind not in TRANSFERS or "transfer" in (operation.memo or {}):
        return False
    device = session.get(Device, operation.device_id)
    told = device.rpc_methods.partition("\n")[2].split() if device is not None else []
    return not told or "CancelTransfer" in told


def _row(session: Session, tenant: TenantId, operation_id: int) -> Operation:
    row = session.get(Operation, operation_id)
    if row is None or row.tenant_id != tenant:
        raise NotFound(f"There is no operation {operation_id}.")
    return row


# ---- reading -----------------------------------------------------------------------------------------------


def get(session: Session, tenant: TenantId, operation_id: int, now: datetime) -> OperationView:
    operation = _row(session, tenant, operation_id)
    device = session.get(Device, operation.device_id)
    assert device is not None
    return _view(operation, device, now)


def listed(
    session: Session,
    tenant: TenantId,
    now: datetime,
    device_id: int | None = None,
    states: Iterable[OperationState] = (),
    kinds: Iterable[str] = (),
    before_id: int | None = None,
    limit: int = 50,
    internal: bool = True,
) -> tuple[OperationView, ...]:
    """The newest first; `before_id` pages on. `internal` includes those the system asked for itself."""
    query = select(Operation, Device).join(Device, Device.id == Operation.device_id).where(Operation.tenant_id == tenant)
    if device_id is not None:
        query = query.where(Operation.device_id == device_id)
    if wanted := [state.value for state in states]:
        query = query.where(Operation.state.in_(wanted))
    if named := list(kinds):
        query = query.where(Operation.kind.in_(named))
    if before_id is not None:
        query = query.where(Operation.id < before_id)
    if not internal:
        query = query.where(~Operation.requested_by.startswith("system:"))
    return tuple(_view(o, d, now) for o, d in session.execute(query.order_by(Operation.id.desc()).limit(limit)))


def latest_results(session: Session, tenant: TenantId, device_id: int, now: datetime) -> dict[str, OperationView]:
    """The newest finished operation of each diagnosis, by kind: what the diagnostics panel draws."""
    newest = (
        select(func.max(Operation.id))
        .where(
            Operation.tenant_id == tenant, Operation.device_id == device_id, Operation.kind.in_(list(DIAGNOSES)),
            Operation.state.in_([OperationState.DONE.value, OperationState.FAILED.value]),
        )
        .group_by(Operation.kind)
    )  # fmt: skip
    rows = session.execute(select(Operation, Device).join(Device, Device.id == Operation.device_id).where(Operation.id.in_(newest)))
    return {o.kind: _view(o, d, now) for o, d in rows}


def of_image(session: Session, tenant: TenantId, image_id: int, now: datetime, limit: int = 10_000) -> Mapping[str, int]:
    """What came of the newest operations that load an image, by state; "undone" are those of which the device went back by itself."""
    newest = (
        select(Operation.state, Operation.result)
        .where(Operation.image_id == image_id, Operation.tenant_id == tenant)
        .order_by(Operation.id.desc())
        .limit(limit)
    )
    found: Counter[str] = Counter()
    for state, result in session.execute(newest):
        found["undone" if state == OperationState.DONE and result and "undone_at" in result else state] += 1
    return dict(found)


def open_count(session: Session, tenant: TenantId, device_id: int | None = None) -> int:
    query = select(func.count()).select_from(Operation).where(Operation.tenant_id == tenant, Operation.state.in_([s.value for s in OPEN]))
    if device_id is not None:
        query = query.where(Operation.device_id == device_id)
    return int(session.scalar(query) or 0)


def _view(o: Operation, device: Device, now: datetime) -> OperationView:
    kind = KINDS.get(o.kind)
    stations = {name: datetime.fromisoformat(at) for name, at in (o.stations or {}).items()}
    interval = timedelta(seconds=device.inform_interval_s or 86400)
    return OperationView(
        OperationId(o.id), o.device_id, device.serial_number, device.model, o.kind, kind.label if kind else o.kind, _shown(o.args),
        OperationState(o.state), o.phase, o.progress, stations, _station(o, stations), o.priority, o.due_at, o.expires_at, o.command_key, o.attempts,
        o.cancel_wanted, o.result or {}, o.error, o.fault, o.requested_by, o.reason, o.created_at, o.updated_at, o.finished_at,
        kind.usual_s if kind else 10, *_called(o, device), presence_of(device, now).value,
        device.last_inform_at + interval if device.last_inform_at else None,
    )  # fmt: skip


def _called(o: Operation, device: Device) -> tuple[str, str]:
    """How the last call ended, if it was made since this was asked."""
    since = device.wake_at is not None and device.wake_at >= o.created_at
    return (device.wake_result, device.wake_detail) if since else ("", "")


def shown(args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as they are stored, for people: what check gives of those that come in."""
    return {name: value for name, value in _shown(args).items() if value not in ("", None)}


def _shown(args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for people: secrets struck out; of vouchers only how many."""
    args = {name: audit.masked({name: value})[name] if name == "password" else value for name, value in args.items() if name != "xml"}
    if "vouchers" in args:
        args["vouchers"] = [audit.MASK] * len(args["vouchers"])
    if "values" not in args:
        return args
    return {**args, "values": [[p, audit.masked({p: v})[p], t] for p, v, t in args["values"]]}


def _station(o: Operation, stations: Mapping[str, datetime]) -> str:
    if o.state == OperationState.QUEUED:
        return "waking" if "waking" in stations else "queued"
    if o.state == OperationState.RUNNING:
        return "session"
    return "device" if o.state == OperationState.WAITING else "done"


# ---- upkeep ------------------------------------------------------------------------------------------------


def expire(unit: Unit, now: datetime, limit: int = 500) -> int:
    """End what is past its time and not in a session; how many."""
    in_session = (Operation.state == OperationState.RUNNING.value) & Device.session_token.is_not(None) & (Device.session_until > now)
    rows = list(
        unit.session.scalars(
            select(Operation)
            .join(Device, Device.id == Operation.device_id)
            .where(Operation.state.in_([s.value for s in OPEN]), Operation.expires_at <= now, ~in_session)
            .order_by(Operation.expires_at)
            .limit(limit)
        )
    )
    for row in rows:
        row.state, row.finished_at, row.updated_at = OperationState.EXPIRED.value, now, now
        row.error = "The device did not come in time." if not row.sent else "The device never told how it ended."
        unit.hint("progress", device=row.device_id, operation=row.id)
    return len(rows)


def close_lost_sessions(unit: Unit, now: datetime, limit: int = 500) -> int:
    """Sessions past their time whose worker is gone: free the device; what ran in them waits for its next contact. How many."""
    lost = list(
        unit.session.scalars(
            select(Device).where(Device.session_token.is_not(None), Device.session_until < now - timedelta(seconds=30)).limit(limit)
        )
    )
    for device in lost:
        device.session_token, device.session_state, device.epoch = None, None, device.epoch + 1
        running = unit.session.scalars(
            select(Operation).where(Operation.device_id == device.id, Operation.state == OperationState.RUNNING.value)
        )
        for operation in running:
            operation.progress, operation.updated_at = "The connection broke off; it goes on at the next contact", now
            unit.hint("progress", device=device.id, operation=operation.id)
            if not operation.sent:
                operation.state, operation.due_at = OperationState.QUEUED.value, now
                unit.hint("operation", device=device.id, operation=operation.id, urgent=operation.urgent)
    return len(lost)


def delete_old(unit: Unit, before: datetime, limit: int = 1000) -> int:
    """Retention: finished operations older than `before`; how many."""
    ids = list(unit.session.scalars(select(Operation.id).where(Operation.finished_at < before).order_by(Operation.id).limit(limit)))
    for part in (ids[i : i + 500] for i in range(0, len(ids), 500)):
        unit.session.execute(delete(Operation).where(Operation.id.in_(part)))
    return len(ids)


def note_waking(unit: Unit, device_id: int, now: datetime, result: str, detail: str) -> None:
    """The waker tried: keep how it went on the device, and show it on the operations that wait."""
    unit.session.execute(update(Device).where(Device.id == device_id).values(wake_at=now, wake_result=result, wake_detail=detail[:200]))
    waiting = unit.session.scalars(
        select(Operation).where(Operation.device_id == device_id, Operation.state == OperationState.QUEUED.value, Operation.urgent)
    )
    for operation in waiting:
        if "waking" not in operation.stations:
            operation.stations = {**operation.stations, "waking": now.isoformat()}
        operation.updated_at = now
        unit.hint("progress", device=device_id, operation=operation.id)
