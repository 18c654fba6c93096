"""The door of deeds for many: preview, begin, go on a piece, look, cancel.

Beginning is one row and a job; the job goes through the devices in pieces of one short unit each, so that a crash loses nothing and does
nothing twice: what was done and how far it came are one commit. An operation is asked of each device as it is of one (acs.operations), with
its own refusals, audit line and progress; for more than OPERATIONS_MAX devices it says that a campaign is the way.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from acs import audit, jobs
from acs.audit import Actor, AuditLine
from acs.bulk.models import BulkAction, BulkOperation
from acs.bulk.views import BulkState, BulkView, Deed, Preview, Selection, Wanted
from acs.db.bulk import insert_rows, upsert_rows
from acs.db.engine import Database, Unit
from acs.db.tenancy import TenantId
from acs.devices import service as devices
from acs.devices.models import Device, DeviceTag
from acs.devices.views import DeviceId
from acs.errors import Conflict, HearthlineError, Invalid, NotFound
from acs.finding import service as finding
from acs.finding.views import Count
from acs.operations import service as operations
from acs.operations.models import Operation
from acs.operations.sealing import open_args, seal_args
from acs.provisioning.kinds import KINDS
from acs.secrets import Vault

OPERATIONS_MAX = 2000
TICKED_MAX = 1000
CHUNK = 100
KINDS_FOR_MANY = (
    "refresh", "read", "discover", "reboot", "write", "inform_interval", "firmware", "backup", "wake", "secure", "request_login", "enable_stun",
    "set_notification", "add_object", "rpc_methods",
)  # fmt: skip
"""Kinds that mean the same for every device; the others are about one home."""
JOB = "bulk.run"
_KEPT_REFUSALS = 50


def preview(session: Session, tenant: TenantId, wanted: Wanted, selection: Selection, now: datetime, sample: int = 10) -> Preview:
    """What would happen; nothing does. Invalid for a deed or a query that makes no sense."""
    check(session, tenant, wanted)
    if selection.device_ids:
        ids = tuple(session.scalars(_ticked(tenant, selection)))
        return Preview(Count(len(ids), True), tuple(map(DeviceId, ids[:sample])), _too_many(wanted, len(ids)))
    query = finding.parse(selection.query)
    count = finding.count(session, tenant, query, now)
    found = finding.page(session, tenant, query, now, limit=sample, budget_s=0.3)
    return Preview(count, found.ids, _too_many(wanted, count.number))


def check(session: Session, tenant: TenantId, wanted: Wanted) -> str:
    """What is to be done in words. Invalid, NotFound or Conflict where it cannot be."""
    match wanted.deed:
        case Deed.TAG | Deed.UNTAG:
            tag = devices.checked_tag(wanted.subject)
            return f"add tag {tag}" if wanted.deed is Deed.TAG else f"remove tag {tag}"
        case Deed.JOIN | Deed.LEAVE:
            group = finding.group(session, tenant, _number(wanted.subject))
            if not group.is_static:
                raise Conflict(f"Group “{group.name}” is made by its query: devices are not put into it by hand.")
            return f"put into group “{group.name}”" if wanted.deed is Deed.JOIN else f"take out of group “{group.name}”"
        case Deed.OPERATION:
            if wanted.subject not in KINDS_FOR_MANY:
                raise Invalid(f"{wanted.subject!r} is not asked of many devices at once; {', '.join(KINDS_FOR_MANY)} are.", "kind")
            operations.check(wanted.subject, wanted.args)
            return KINDS[wanted.subject].label


def begin(
    unit: Unit, actor: Actor, wanted: Wanted, selection: Selection, now: datetime, vault: Vault, reason: str = ""
) -> int:
    """Do it, by a job. Conflict where it is about nobody, or about too many for an operation."""
    label = check(unit.session, actor.tenant, wanted)
    if len(selection.device_ids) > TICKED_MAX:
        raise Invalid(f"At most {TICKED_MAX} devices are ticked: say who by a query.", "device")
    told = preview(unit.session, actor.tenant, wanted, selection, now)
    if told.refused:
        raise Conflict(told.refused)
    if not told.count.number and told.count.is_exact:
        raise Conflict("No device fits: there is nothing to do.")
    args = dict(wanted.args)
    if wanted.deed is Deed.OPERATION:
        args = seal_args(vault, operations.check(wanted.subject, wanted.args)[0])
    action = BulkAction(
        tenant_id=actor.tenant, deed=wanted.deed.value, subject=wanted.subject.strip(), args=args, query=selection.query.strip(),
        device_ids=sorted(selection.device_ids) or None, state=BulkState.RUNNING.value, expected=told.count.number, refusals=[], reason=reason[:300],
        created_at=now, created_by=actor.name, address=actor.address,
    )  # fmt: skip
    unit.session.add(action)
    unit.session.flush()
    after = {"do": label, "query": action.query, "ticked": len(selection.device_ids), "devices": told.count.number, "reason": reason}
    audit.record(unit, actor, f"bulk.{wanted.deed}", f"bulk:{action.id}", now, after=after)
    jobs.enqueue(unit, actor.tenant, JOB, {"action": action.id}, now, actor.name, key=f"{JOB}:{action.id}:0")
    return action.id


def cancel(unit: Unit, actor: Actor, action_id: int, now: datetime) -> None:
    """Go no further. What was done stays; operations that are open are cancelled one by one where they are shown."""
    action = _row(unit.session, actor.tenant, action_id)
    if action.state != BulkState.RUNNING:
        raise Conflict(f"It is {action.state} already.")
    action.state, action.finished_at = BulkState.CANCELLED.value, now
    audit.record(unit, actor, "bulk.cancel", f"bulk:{action_id}", now, after={"done": action.done})
    unit.hint("bulk", id=action_id)


Moved = Callable[[Unit, TenantId, Sequence[int], datetime], None]
"""Told in the same unit of devices whose tags or groups changed."""


def step(database: Database, vault: Vault, action_id: int, now: datetime, moved: Moved | None = None) -> bool:
    """The next piece; whether there is more. Safe to call twice: how far it came is read in the unit that goes on."""
    with database.read() as session:
        action = session.get(BulkAction, action_id)
        if action is None or action.state != BulkState.RUNNING:
            return False
        size = 1 if action.deed == Deed.OPERATION else CHUNK
        came = action.after_id
        try:
            ids, following = _next(session, action, came, size)
        except HearthlineError as error:  # its group is gone, say: nobody can tell for whom it is any more
            return _failed(database, action_id, str(error), now)
    with database.write() as unit:
        action = unit.session.get(BulkAction, action_id)
        if action is None or action.state != BulkState.RUNNING or action.after_id != came:
            return action is not None and action.state == BulkState.RUNNING
        if ids:
            _do(unit, vault, action, ids, now)
            if moved is not None and action.deed != Deed.OPERATION:
                moved(unit, TenantId(action.tenant_id), ids, now)
        action.after_id = following if following is not None else ids[-1] if ids else came
        if following is None:
            action.state, action.finished_at = BulkState.DONE.value, now
        unit.hint("bulk", id=action_id)
        return following is not None


def go_on_later(unit: Unit, action_id: int, now: datetime) -> None:
    """Another job for the rest, where one has worked for long enough."""
    action = unit.session.get(BulkAction, action_id)
    if action is not None and action.state == BulkState.RUNNING:
        key = f"{JOB}:{action_id}:{action.after_id}"
        jobs.enqueue(unit, TenantId(action.tenant_id), JOB, {"action": action_id}, now, action.created_by, key=key)


def _failed(database: Database, action_id: int, why: str, now: datetime) -> bool:
    with database.write() as unit:
        action = unit.session.get(BulkAction, action_id)
        if action is not None and action.state == BulkState.RUNNING:
            action.state, action.error, action.finished_at = BulkState.FAILED.value, why[:300], now
    return False


def _next(session: Session, action: BulkAction, after: int, size: int) -> tuple[list[int], int | None]:
    """The next devices, and after which id to go on; None at the end. Ages are those of when it began."""
    tenant = TenantId(action.tenant_id)
    if action.device_ids:
        rows = list(session.scalars(_ticked(tenant, Selection(device_ids=tuple(action.device_ids))).where(Device.id > after).limit(size + 1)))
        return rows[:size], rows[size - 1] if len(rows) > size else None
    found, following = finding.walk(session, tenant, finding.parse(action.query), action.created_at, after, size)
    return list(found), following


def _do(unit: Unit, vault: Vault, action: BulkAction, ids: list[int], now: datetime) -> None:
    actor = Actor(action.created_by, TenantId(action.tenant_id), action.address)
    match action.deed:
        case Deed.TAG | Deed.UNTAG:
            changed = _tag(unit, actor, ids, devices.checked_tag(action.subject), action.deed == Deed.TAG, now)
        case Deed.JOIN:
            changed = finding.add_members(unit, actor, int(action.subject), ids, now)
        case Deed.LEAVE:
            changed = finding.remove_members(unit, actor, int(action.subject), ids, now)
        case _:
            _ask(unit, vault, actor, action, ids[0], now)
            return
    action.done += changed
    action.unchanged += len(ids) - changed


def _ask(unit: Unit, vault: Vault, actor: Actor, action: BulkAction, device_id: int, now: datetime) -> None:
    """The operation of one device; what is refused is kept with its reason."""
    reason = action.reason or f"Bulk {action.id}"
    try:
        with unit.session.begin_nested():
            op = operations.request(unit, actor, DeviceId(device_id), action.subject, open_args(vault, action.args), now, reason, urgent=False, vault=vault)
            upsert_rows(
                unit.connection, BulkOperation, ("action_id", "device_id"), ("tenant_id", "operation_id"),
                [{"action_id": action.id, "device_id": device_id, "tenant_id": action.tenant_id, "operation_id": op}],
            )  # fmt: skip
    except HearthlineError as error:
        action.refused += 1
        action.refusals = [*(action.refusals or []), [device_id, str(error)[:200]]][:_KEPT_REFUSALS]
    else:
        action.done += 1


def _tag(unit: Unit, actor: Actor, ids: list[int], tag: str, wears: bool, now: datetime) -> int:
    """Put a tag on devices or take it off; how many that changed. An audit line for each, as by hand."""
    own = set(unit.session.scalars(select(Device.id).where(Device.id.in_(ids), Device.tenant_id == actor.tenant)))
    here = set(unit.session.scalars(select(DeviceTag.device_id).where(DeviceTag.tag == tag, DeviceTag.device_id.in_(ids))))
    changed = sorted(own - here if wears else own & here)
    if wears:
        rows = [{"device_id": each, "tag": tag, "tenant_id": actor.tenant} for each in changed]
        upsert_rows(unit.connection, DeviceTag, ("device_id", "tag"), ("tenant_id",), rows, update_all=False)
    else:
        unit.session.execute(delete(DeviceTag).where(DeviceTag.tag == tag, DeviceTag.device_id.in_(changed)))
    name = "tag" if wears else "untag"
    lines = [
        {"tenant_id": actor.tenant, "at": now, "actor": actor.name, "address": actor.address, "action": f"device.{name}", "subject": f"device:{each}",
         "before": None, "after": {"tag": tag}}
        for each in changed
    ]  # fmt: skip
    insert_rows(unit.connection, AuditLine, lines)
    return len(changed)


# ---- looking ---------------------------------------------------------------------------------------------------


def get(session: Session, tenant: TenantId, action_id: int) -> BulkView:
    action = _row(session, tenant, action_id)
    mine = select(BulkOperation.operation_id).where(BulkOperation.action_id == action_id)
    states = session.execute(select(Operation.state, func.count()).where(Operation.id.in_(mine)).group_by(Operation.state))
    return _view(session, action, {row[0]: row[1] for row in states})


def listed(session: Session, tenant: TenantId, before_id: int | None = None, limit: int = 50) -> tuple[BulkView, ...]:
    """The newest first, without what became of their operations."""
    query = select(BulkAction).where(BulkAction.tenant_id == tenant).order_by(BulkAction.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(BulkAction.id < before_id)
    return tuple(_view(session, action, {}) for action in session.scalars(query))


def _view(session: Session, a: BulkAction, states: Mapping[str, int]) -> BulkView:
    try:
        label = check(session, TenantId(a.tenant_id), Wanted(Deed(a.deed), a.subject)) if a.deed != Deed.OPERATION else KINDS[a.subject].label
    except HearthlineError:
        label = f"{a.deed} {a.subject}"  # its group is gone
    return BulkView(
        a.id, Deed(a.deed), a.subject, label, a.query, len(a.device_ids or ()), BulkState(a.state), a.expected, a.done, a.unchanged, a.refused,
        tuple((device_id, why) for device_id, why in a.refusals or ()), states, a.reason, a.error, a.created_at, a.created_by, a.finished_at,
    )  # fmt: skip


def _row(session: Session, tenant: TenantId, action_id: int) -> BulkAction:
    action = session.get(BulkAction, action_id)
    if action is None or action.tenant_id != tenant:
        raise NotFound(f"There is no bulk action {action_id}.")
    return action


def _ticked(tenant: TenantId, selection: Selection) -> Select[Any]:
    return select(Device.id).where(Device.tenant_id == tenant, Device.id.in_(selection.device_ids)).order_by(Device.id)


def _too_many(wanted: Wanted, number: int) -> str:
    if wanted.deed is Deed.OPERATION and number > OPERATIONS_MAX:
        said = f"An operation is asked of {OPERATIONS_MAX} devices at most in one go, and this is about {number}"
        return f"{said}: make it a campaign, with waves and stop rules."
    return ""


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise Invalid(f"{text!r} is not the number of a group.", "group")
    return int(text)
