"""Operations as the CWMP side sees them: what is open for a device, and what a session's steps change. Works inside the group commit."""

import zlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from types import SimpleNamespace
from typing import Any, assert_never

from sqlalchemy import Connection, and_, delete, or_, select
from sqlalchemy.orm import Session

from acs import log
from acs.cwmp.faults import CwmpFault
from acs.db.bulk import delete_rows, fetch_rows, insert_rows, update_rows
from acs.db.deflate import deflated
from acs.db.engine import Unit
from acs.devices.heads import HeadWrites, gathered
from acs.devices.models import Device
from acs.operations import chaining, logins, personal
from acs.operations.briefing import Briefing
from acs.operations.keys import new_command_key
from acs.operations.models import Exchange, Operation
from acs.operations.sealing import open_args
from acs.operations.views import OPEN, OperationState
from acs.provisioning.kinds import KINDS
from acs.provisioning.plan import Planned
from acs.provisioning.procedure import Done, Failed, Trigger, Wait
from acs.provisioning.runner import Change, Task, Told, Transfer, plain_transfer
from acs.secrets import mask_value, mask_xml

_log = log.get("operations")

ANSWER_LIMIT = 2_000_000
"""Longer answers are not kept for another worker: such a session is not rebuilt but ends as unsuccessful (architecture: rule 3)."""

_OPEN = [state.value for state in OPEN]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about to leave."""

    seq: int
    operation_id: int
    request: str
    irreversible: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to question `seq`, masked."""

    seq: int
    body: bytes


@dataclass(slots=True)
class StepIn:
    """What happened in a session since the last step: stored in one commit, before the next message leaves."""

    tenant: int
    device_id: int
    epoch: int
    at: datetime
    changes: list[Change] = field(default_factory=list)
    transfers: dict[str, Transfer] = field(default_factory=dict)
    modules: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What DUStateChangeComplete told, by CommandKey."""
    asked: Asked | None = None
    answered: Answered | None = None
    began: Task | None = None
    had_exchanges: bool = False
    ended: bool = False
    broken: Task | None = None
    """The operation under which the session broke off."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """What a session needs of an open operation, in the order it is read."""

    id: int
    tenant_id: int
    device_id: int
    kind: str
    args: Any
    state: str
    phase: str
    memo: Any
    command_key: str
    priority: int
    due_at: datetime
    sent: bool
    attempts: int
    cancel_wanted: bool


_OPENED = tuple(_Opened.__slots__)
_IS_OPEN = "state IN ('queued','running','waiting')"
"""As the partial indexes have it."""


def load_open(session: Session, briefing: Briefing, device_ids: Sequence[int]) -> dict[int, list[Task]]:
    """The open operations of devices, with their briefs."""
    found: dict[int, list[Task]] = defaultdict(list)
    rows = sorted(fetch_rows(session.connection(), Operation, _OPENED, "device_id", device_ids, also=_IS_OPEN), key=itemgetter(0))
    opened = [_Opened(*row) for row in rows]
    briefs = briefing.of_all(session, opened)
    for row in opened:
        if row.kind in KINDS:
            memo = dict(row.memo or {})
            triggers = frozenset(Trigger(t) for t in memo.pop("_on", ()))
            settles = bool(memo.pop("_settles", False))
            found[row.device_id].append(
                Task(
                    row.id, row.kind, open_args(briefing.vault, row.args), row.state, row.phase, memo, row.command_key, row.priority, row.due_at,
                    briefs[row.id], bool(row.sent), row.attempts, triggers, bool(row.cancel_wanted), settles,
                )
            )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class OwnWork:
    """Operations that an Inform calls for, of one device."""

    tenant: int
    device_id: int
    key: str
    planned: tuple[Planned, ...]
    at: datetime


def queue_own(unit: Unit, briefing: Briefing, works: Sequence[OwnWork], heads: HeadWrites | None = None) -> None:
    """Queue operations of our own that are not open yet, for many devices at once. `heads`: where changes of head rows go."""
    connection = unit.connection
    ids = [work.device_id for work in works]
    known = set(fetch_rows(connection, Operation, ("device_id", "kind"), "device_id", ids, also=_IS_OPEN))
    wanted = {(work.device_id, plan.kind): (work, plan) for work in works for plan in work.planned}  # a device may have informed twice
    fresh = [both for key, both in wanted.items() if key not in known]
    briefing.prepare_credentials(connection, [(w.tenant, w.device_id, w.key, w.at) for w, plan in fresh if plan.kind in ("secure", "provision")])
    insert_rows(connection, Operation, [_own_row(work, plan) for work, plan in fresh])
    with gathered(connection, heads) as writes:
        for work, _ in fresh:
            writes.set(work.device_id, {"due_at": work.at})


def _own_row(work: OwnWork, plan: Planned) -> dict[str, Any]:
    kind, now = KINDS[plan.kind], work.at
    return {
        "tenant_id": work.tenant, "device_id": work.device_id, "kind": kind.name, "args": plan.args, "state": OperationState.QUEUED.value, "phase": "",
        "memo": {}, "progress": "", "stations": {"queued": now.isoformat()}, "priority": kind.priority, "urgent": False, "due_at": now,
        "expires_at": now + timedelta(seconds=kind.expiry_s), "command_key": new_command_key(), "sent": False, "attempts": 0,
        "cancel_wanted": False, "error": "", "requested_by": "system:onboarding", "reason": plan.reason, "created_at": now, "updated_at": now,
    }  # fmt: skip


# ---- steps -------------------------------------------------------------------------------------------------


def apply_steps(unit: Unit, steps: Sequence[StepIn], heads: HeadWrites | None = None) -> None:
    """Write what steps changed on operations and exchanges, in few statements for the whole batch. `heads`: where changes of head rows go.

    Steps of sessions that lost their device were left out by the caller.
    """
    session, connection = unit.session, unit.connection
    # With its end a session's exchanges go: the last answer need not be written before.
    update_rows(
        connection, Exchange, ("device_id", "epoch", "seq"), ("answered", "answer"),
        [_answer_row(step) for step in steps if step.answered and not step.ended],
    )  # fmt: skip
    touched = _touched(connection, steps)
    for step in steps:
        for key, transfer in step.transfers.items():
            _note_report(session, step, key, "transfer", plain_transfer(transfer), touched)
        for key, units in step.modules.items():
            _note_report(session, step, key, "modules", units, touched)
    for step in steps:
        for change in step.changes:
            _apply_change(unit, step, change, touched)
        if step.broken is not None:
            _apply_broken(unit, step, touched.get(step.broken.id))
        if step.asked is not None:
            _apply_asked(unit, step, step.asked, touched.get(step.asked.operation_id))
    update_rows(connection, Operation, ("id",), _WRITTEN, [_written(row) for row in touched.values()])
    insert_rows(connection, Exchange, [_asked_row(step, step.asked) for step in steps if step.asked is not None])
    with gathered(connection, heads) as writes:
        _finish_sessions(connection, [step for step in steps if step.ended], writes)


OperationRow = Any
"""A row of `operation` as a plain object with the columns' names: for each of them the mapper costs more than all else of a step."""
_READ = tuple(column.name for column in Operation.__table__.columns)
_WRITTEN = (
    "state", "phase", "memo", "progress", "stations", "due_at", "expires_at", "sent", "attempts", "result", "error", "fault", "updated_at", "finished_at",
)  # fmt: skip


def _touched(connection: Connection, steps: Sequence[StepIn]) -> dict[int, OperationRow]:
    """The rows of operations that the steps change."""
    ids = {change.task.id for step in steps for change in step.changes} | {step.broken.id for step in steps if step.broken is not None}
    ids |= {step.asked.operation_id for step in steps if step.asked is not None and (step.began is not None or step.asked.irreversible)}
    return _rows(connection, ids)


def _rows(connection: Connection, ids: Collection[int]) -> dict[int, OperationRow]:
    return {row[0]: SimpleNamespace(**dict(zip(_READ, row, strict=True))) for row in fetch_rows(connection, Operation, _READ, "id", ids)}


def _written(row: OperationRow) -> dict[str, Any]:
    return {"id": row.id, **{name: getattr(row, name) for name in _WRITTEN}}


def _answer_row(step: StepIn) -> dict[str, Any]:
    assert step.answered is not None
    body = deflated(step.answered.body) if len(step.answered.body) <= ANSWER_LIMIT else None
    return {"device_id": step.device_id, "epoch": step.epoch, "seq": step.answered.seq, "answered": True, "answer": body}


def _asked_row(step: StepIn, asked: Asked) -> dict[str, Any]:
    return {
        "device_id": step.device_id, "epoch": step.epoch, "seq": asked.seq, "tenant_id": step.tenant, "operation_id": asked.operation_id,
        "at": step.at, "request": asked.request, "answered": False,
    }  # fmt: skip


def _note_report(session: Session, step: StepIn, key: str, name: str, told: Any, touched: dict[int, OperationRow]) -> None:
    """What a device tells of an operation is idempotent by device and CommandKey (conformance C-125): the first one counts."""
    number = session.scalar(select(Operation.id).where(Operation.device_id == step.device_id, Operation.command_key == key))
    if number is not None and number not in touched:
        touched |= _rows(session.connection(), (number,))
    row = touched[number] if number is not None else None
    if row is None:
        _log.info("a report of nothing we asked for", device=step.device_id, key=key[:32], report=name)
    elif row.state in _OPEN and name not in (row.memo or {}):
        row.memo = {**(row.memo or {}), name: told}
        row.updated_at = step.at


def note_scheduled(session: Session, keys: Mapping[int, Sequence[str]], now: datetime) -> None:
    """Devices that came for an appointment, with its keys: kept with the Inform, which is not told again once it is answered (D-36)."""
    rows = session.scalars(
        select(Operation).where(Operation.device_id.in_(list(keys)), Operation.kind == "schedule_inform", Operation.state.in_(_OPEN))
    )
    for row in rows:
        if row.command_key in keys[row.device_id]:
            row.memo, row.updated_at = {**(row.memo or {}), "scheduled": True}, now
    session.flush()  # what is open is read next, beside the mapper


def _apply_asked(unit: Unit, step: StepIn, asked: Asked, row: OperationRow | None) -> None:
    """The first question of a phase makes the operation run; one that cannot be taken back is marked as sent before it leaves."""
    if row is None:
        return
    row.state, row.updated_at = OperationState.RUNNING.value, step.at
    if asked.irreversible:
        row.sent = True
        if row.kind == "factory_reset":
            logins.expect_enrolment(unit.session, step.device_id, step.at)
    if step.began is not None:
        row.stations = {"session": step.at.isoformat(), **(row.stations or {})}  # the first time it was there: later contacts only look
        row.attempts, row.phase = step.began.attempts, step.began.phase
        if step.began.begun_maybe_sent or "_settles" in (row.memo or {}):
            row.memo = {**(row.memo or {}), "_settles": step.began.begun_maybe_sent}
        unit.hint("progress", device=step.device_id, operation=row.id)


def _apply_broken(unit: Unit, step: StepIn, row: OperationRow | None) -> None:
    """The session broke off under this operation: it waits for the next one, or is settled there by evidence if it may have been sent."""
    if row is None or row.state not in _OPEN:
        return
    row.attempts, row.updated_at = step.broken.attempts if step.broken else row.attempts, step.at
    row.progress = "The connection broke off; it goes on at the next contact"
    if not row.sent:
        row.state, row.due_at = OperationState.QUEUED.value, step.at
    unit.hint("progress", device=step.device_id, operation=row.id)


def _apply_change(unit: Unit, step: StepIn, change: Change, touched: dict[int, OperationRow]) -> None:
    row = touched.get(change.task.id)
    if row is None:
        return
    row.updated_at = step.at
    unit.hint("progress", device=step.device_id, operation=row.id)
    if isinstance(change, Told):
        row.progress = change.text[:200]
        return
    row.attempts = change.task.attempts
    stations = {"session": step.at.isoformat(), **(row.stations or {})}
    outcome = change.outcome
    match outcome:
        case Wait():
            row.state, row.phase, row.progress = OperationState.WAITING.value, outcome.phase, outcome.progress[:200]
            row.memo = {**change.task.memo, "_on": sorted(outcome.on)}
            row.due_at, row.sent = outcome.until, False
            if row.expires_at < outcome.until:  # what the device has begun may come to its end
                row.expires_at = outcome.until + timedelta(hours=1)
            stations.setdefault("device", step.at.isoformat())
            # The next phase may run in this very session: what it asks must not be replayed together with this one's.
            unit.session.execute(delete(Exchange).where(Exchange.device_id == step.device_id, Exchange.operation_id == row.id))
        case Done():
            row.state, row.result, row.finished_at = OperationState.DONE.value, without_secrets(outcome.result), step.at
            if outcome.methods:
                _keep_methods(unit.session, step.device_id, outcome.methods)
            if outcome.cancels:
                _call_off(unit, step, outcome.cancels, touched)
            personal.note(unit, row, outcome.result, step.at)
            if row.kind == "firmware":
                chaining.go_on(unit, row, step.at)
        case Failed():
            row.state, row.error, row.result, row.finished_at = (
                OperationState.FAILED.value,
                outcome.text,
                without_secrets(outcome.result),
                step.at,
            )
            row.fault = _fault(outcome.fault)
            if row.cancel_wanted and not row.sent:
                row.state = OperationState.CANCELLED.value
        case _:
            assert_never(outcome)
    if row.finished_at is not None:
        row.progress = ""
        stations["done"] = step.at.isoformat()
        if isinstance(name := (row.result or {}).get("request_username"), str):
            logins.called_as(unit.session, step.device_id, name)
    row.stations = stations


def _keep_methods(session: Session, device_id: int, methods: Sequence[str]) -> None:
    """With the firmware that told them: another one may know others."""
    device = session.get(Device, device_id)
    if device is not None:
        device.rpc_methods = f"{device.software_version}\n{' '.join(methods)}"[:4000]


def _call_off(unit: Unit, step: StepIn, operation_id: int, touched: dict[int, OperationRow]) -> None:
    """The device dropped the transfer an operation waits for."""
    if operation_id not in touched:
        touched |= _rows(unit.connection, (operation_id,))
    row = touched.get(operation_id)
    if row is None or row.device_id != step.device_id or row.state not in _OPEN or "transfer" in (row.memo or {}):
        return  # over, or reported: to drop a transfer it does not know any more is a success to the device (C-133)
    row.state, row.error = OperationState.CANCELLED.value, "Called off: the device dropped the transfer."
    row.finished_at = row.updated_at = step.at
    row.progress, row.stations = "", {**(row.stations or {}), "done": step.at.isoformat()}
    unit.hint("progress", device=step.device_id, operation=row.id)


def without_secrets(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result as it is kept: values of secret parameters struck out, wherever their path stands beside them."""
    kept = dict(result)
    if isinstance(kept.get("values"), dict):
        kept["values"] = {path: mask_value(path, value) for path, value in kept["values"].items()}
    if isinstance(kept.get("xml"), str):
        kept["xml"] = mask_xml(kept["xml"].encode()).decode()
    if "not_held" in kept:
        kept["not_held"] = [
            {name: mask_value(item["path"], v) if name != "path" else v for name, v in item.items()} for item in kept["not_held"]
        ]
    return kept


def _fault(fault: CwmpFault | None) -> dict[str, Any] | None:
    if fault is None:
        return None
    return {
        "code": fault.code,
        "text": fault.text,
        "transient": fault.is_transient,
        "parameters": [{"name": p.name, "code": p.code, "text": p.text} for p in fault.parameters],
    }


def _finish_sessions(connection: Connection, ended: Sequence[StepIn], heads: HeadWrites) -> None:
    """The exchanges of sessions that are over go; each device learns when something is due again."""
    delete_rows(connection, Exchange, "device_id", [step.device_id for step in ended if step.had_exchanges])
    busy = [step.device_id for step in ended if step.had_exchanges or step.changes]
    due: dict[int, datetime | None] = dict.fromkeys(busy)
    for device_id, at in fetch_rows(connection, Operation, ("device_id", "due_at"), "device_id", busy, also=_IS_OPEN):
        known = due[device_id]
        due[device_id] = at if known is None or at < known else known
    for device_id, next_at in due.items():
        heads.set(device_id, {"due_at": next_at})


def exchanges(session: Session, device_id: int, epoch: int) -> list[tuple[int, int, str, bytes | None, bool]]:
    """(seq, operation, request, answer or None, answered) of a session, in order: what a takeover replays."""
    rows = session.scalars(select(Exchange).where(Exchange.device_id == device_id, Exchange.epoch == epoch).order_by(Exchange.seq))
    return [(r.seq, r.operation_id, r.request, zlib.decompress(r.answer) if r.answer else None, r.answered) for r in rows]


def _awaited(now: datetime) -> Any:
    """Operations somebody waits for, and those whose deadline passed without a word from the device."""
    return and_(
        Operation.state.in_([OperationState.QUEUED.value, OperationState.WAITING.value]),
        Operation.due_at <= now,
        Operation.expires_at > now,
        or_(Operation.urgent, Operation.state == OperationState.WAITING.value),
    )


def to_wake(session: Session, now: datetime, limit: int = 200) -> list[int]:
    """Devices that are waited for: the waker's poll, in case a hint was lost."""
    return list(session.scalars(select(Operation.device_id).where(_awaited(now)).distinct().limit(limit)))


def is_wanted(session: Session, device_id: int, now: datetime) -> bool:
    return session.execute(select(Operation.id).where(Operation.device_id == device_id, _awaited(now)).limit(1)).first() is not None
