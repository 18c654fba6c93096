"""What one group commit does with its works, in the writer thread: Informs, steps of sessions, records.

The order within a batch: steps of running sessions, then Informs (which may end them), then records. A step whose session lost its device
(the epoch moved on) changes nothing and is told so: architecture, rules 3 and 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from acs.cwmp.events import BOOTSTRAP, M_SCHEDULE_INFORM, VALUE_CHANGE, normalised
from acs.cwmp.messages import Inform, ParameterValueStruct
from acs.db.engine import Database, Unit
from acs.desired import service as desired
from acs.desired.service import Configured, ProfileBook
from acs.devices import informs, reports, store
from acs.devices.informs import InformIn, InformOut
from acs.devices.models import Device
from acs.devices.reports import Report
from acs.monitoring.book import MonitorBook
from acs.operations import chaining, progress
from acs.operations.briefing import Briefing
from acs.operations.models import Exchange, Operation
from acs.operations.progress import OwnWork, StepIn
from acs.operations.views import OperationState
from acs.provisioning.plan import Trust, due_at_inform, why_configure
from acs.provisioning.procedure import Learned, Snapshot, Wait
from acs.provisioning.quirks import STANDARD, DeviceQuirks
from acs.provisioning.runner import Ended, Task
from acs.quirks import learning
from acs.quirks.book import QuirkBook
from acs.recorder import service as recorder
from acs.recorder.service import RecordIn
from acs.secrets import Vault


@dataclass(frozen=True, slots=True)
class InformWork:
    inform: InformIn


@dataclass(frozen=True, slots=True)
class Informed:
    """What came of an Inform: the device, and what is open for it."""

    device: InformOut
    tasks: list[Task]
    quirks: DeviceQuirks = STANDARD


@dataclass(slots=True)
class StepWork:
    """A step of a session: changes of operations, values and subtrees that were read, the end, the record."""

    step: StepIn
    values: list[ParameterValueStruct] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    learned: list[Learned] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    """What the device called us to tell."""
    record: RecordIn | None = None
    until: datetime | None = None
    """How long the session holds the device's row from now on; None leaves it."""


@dataclass(frozen=True, slots=True)
class Fenced:
    """The session is no longer the device's: nothing of the step was kept."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Applies works. `admit_all`: nobody is quarantined (cpe_auth "none")."""

    vault: Vault
    briefing: Briefing
    admit_all: bool
    keep: int
    record_bytes: int
    book: QuirkBook = field(default_factory=QuirkBook)
    monitors: MonitorBook = field(default_factory=MonitorBook)
    """What is watched: readings go through acs.monitoring.service.collect with it."""
    profiles: ProfileBook = field(default_factory=ProfileBook)

    def prepare(self, works: Sequence[Any]) -> None:
        """What takes time and no database, before the transaction begins."""
        for work in works:
            if isinstance(work, StepWork) and work.record is not None:
                work.record = recorder.packed(work.record, self.record_bytes)

    def __call__(self, unit: Unit, works: Sequence[Any]) -> list[Any]:
        steps = [work for work in works if isinstance(work, StepWork)]
        came = [work for work in works if isinstance(work, InformWork)]
        lost = self._steps(unit, steps) if steps else set()
        answers = iter(self._informs(unit, came)) if came else iter(())
        return [next(answers) if isinstance(work, InformWork) else (Fenced() if id(work) in lost else None) for work in works]

    def _steps(self, unit: Unit, works: Sequence[StepWork]) -> set[int]:
        connection = unit.connection
        gone = informs.fenced(connection, [(w.step.device_id, w.step.epoch) for w in works])
        # The device's old session and its new one may be in the same batch: only the old one has lost it.
        lost = {id(w) for w in works if w.step.device_id in gone and informs.fenced(connection, [(w.step.device_id, w.step.epoch)])}
        held = [work for work in works if id(work) not in lost]
        if configured := [one for work in held if work.step.changes for one in _configured(work.step)]:
            desired.settle(unit, configured)
        progress.apply_steps(unit, [work.step for work in held if _does_more_than_end(work.step)])
        for work in held:
            step = work.step
            if work.values:
                store.store_values(connection, self.vault, step.tenant, step.device_id, work.values, step.at, "session")
            for snapshot in work.snapshots:
                store.store_snapshot(connection, self.vault, step.tenant, step.device_id, snapshot, step.at, "session")
            if work.reports and reports.store(connection, step.tenant, step.device_id, step.at, work.reports):
                unit.hint("device", id=step.device_id)
        if looked := [w for w in held if (w.values or w.snapshots) and self.profiles.any(w.step.tenant) and not _configured(w.step)]:
            desired.note_read(unit, [(w.step.tenant, w.step.device_id) for w in looked], looked[0].step.at)
        learning.learn(unit, [(w.step.device_id, w.step.epoch, w.step.at, w.learned) for w in held if w.learned])
        informs.end_sessions(connection, [(w.step.device_id, w.step.epoch) for w in held if w.step.ended])
        informs.keep_sessions(connection, [(w.step.device_id, w.step.epoch, w.until) for w in held if w.until is not None])
        records = [_lost(w.record) if id(w) in lost else w.record for w in works if w.record is not None]
        recorder.apply_records(connection, records, self.keep, self.record_bytes)
        return lost

    def _informs(self, unit: Unit, works: Sequence[InformWork]) -> list[Informed]:
        outs = informs.apply_informs(unit.connection, self.vault, [work.inform for work in works], self.admit_all)
        renewed = [out.device_id for out, work in zip(outs, works, strict=True) if work.inform.login == "next"]
        if renewed:
            informs.use_next_secret(unit.connection, renewed, works[0].inform.at)
        with_tasks = {out.device_id for out in outs if out.due}
        own = []
        for out, work in zip(outs, works, strict=True):
            old_login = work.inform.login == "onboarding" and self.briefing.cpe_auth == "device"
            planned = due_at_inform(out.trust, out.events, out.is_new, out.has_tree, out.admitted_now, old_login, out.new_firmware, self._configure(out))
            if planned:
                own.append(OwnWork(out.tenant, out.device_id, work.inform.identity.key, planned, work.inform.at))
                with_tasks.add(out.device_id)
            if out.is_new or out.admitted_now or out.quarantined_now:
                unit.hint("device", id=out.device_id)
        if own:
            progress.queue_own(unit, self.briefing, own)
        if told := [(out.tenant, out.device_id) for out in outs if out.desired_key and VALUE_CHANGE in out.events]:
            desired.note_read(unit, told, works[0].inform.at)
        if changed := [(out.device_id, out.software_version) for out in outs if out.new_firmware]:
            chaining.notice_undone(unit, changed, works[0].inform.at)
        appointed = {
            out.device_id: _keys(work.inform.inform) for out, work in zip(outs, works, strict=True) if M_SCHEDULE_INFORM in out.events
        }
        if appointed:
            progress.note_scheduled(unit.session, appointed, works[0].inform.at)
        tasks = progress.load_open(unit.session, self.briefing, sorted(with_tasks)) if with_tasks else {}
        return [Informed(out, tasks.get(out.device_id, []), quirks_of(out, self.book)) for out in outs]

    def _configure(self, out: InformOut) -> str:
        anew = out.is_new or out.admitted_now or out.new_firmware or not out.has_tree or BOOTSTRAP in out.events
        return why_configure(out.desired_key, out.parameter_key, self.profiles.any(out.tenant), anew)


def _configured(step: StepIn) -> list[Configured]:
    ended = (change for change in step.changes if isinstance(change, Ended) and change.task.kind == "configure")
    return [Configured(step.tenant, step.device_id, step.at, c.outcome) for c in ended if not isinstance(c.outcome, Wait)]


def _keys(inform: Inform) -> tuple[str, ...]:
    """CommandKeys of the appointments an Inform comes for: several may be due at once (conformance C-137)."""
    return tuple(event.command_key for event in inform.event if normalised(event.event_code) == M_SCHEDULE_INFORM)


def quirks_of(device: InformOut, book: QuirkBook) -> DeviceQuirks:
    """What holds for a device by its head row and the registry in memory: no look at the database."""
    return book.of(device.tenant, device.oui, device.product_class, device.software_version, device.quirks)


def _lost(record: RecordIn) -> RecordIn:
    """Of a session that thought it had ended well, and was not the device's any more."""
    return record if record.outcome != "ok" else replace(record, outcome="lost", summary="the device's session went on elsewhere")


def _does_more_than_end(step: StepIn) -> bool:
    return bool(step.changes or step.transfers or step.modules or step.asked or step.answered or step.had_exchanges or step.broken)


@dataclass(frozen=True, slots=True)
class Takeover:
    """A session of another worker, as far as it was committed."""

    device: InformOut
    state: dict[str, Any]
    tasks: list[Task]
    exchanges: list[tuple[int, int, str, bytes | None, bool]]
    begun_waiting: frozenset[int]
    """Operations that went to wait in this very session: its events are not what they wait for."""
    quirks: DeviceQuirks = STANDARD


def take_over(
    database: Database,
    briefing: Briefing,
    device_id: int,
    token: str,
    now: Any,
    held_epoch: int | None = None,
    book: QuirkBook | None = None,
) -> Takeover | None:
    """Claim a session by its cookie: the epoch moves on, so the former owner's writes fail. None where there is no such live session.

    `held_epoch`: the epoch under which the caller holds the session already; None is the answer while it still does. The exchanges keep
    their rows under the new epoch.
    """
    with database.read() as session:  # a cookie that somebody made up takes no lock
        if session.scalar(select(Device.session_token).where(Device.id == device_id)) != token:
            return None
    with database.write() as unit:
        row = unit.session.scalar(select(Device).where(Device.id == device_id).with_for_update())
        if row is None or row.session_token != token or row.session_until is None or row.session_until <= now:
            return None
        if row.epoch == held_epoch:
            return None
        said = progress.exchanges(unit.session, device_id, row.epoch)
        unit.session.execute(
            update(Exchange).where(Exchange.device_id == device_id, Exchange.epoch == row.epoch).values(epoch=row.epoch + 1)
        )
        row.epoch += 1
        tasks = progress.load_open(unit.session, briefing, [device_id]).get(device_id, [])
        state = dict(row.session_state or {})
        trust = Trust.QUARANTINE if state.get("held") else Trust(row.trust)
        device = InformOut(
            device_id, row.key, row.tenant_id, row.epoch, trust, False, False, row.path_set_id is not None, bool(tasks), row.root,
            row.software_version, row.hardware_version, row.product_class, row.parameter_key, tuple(state.get("events", ())), row.inform_count,
            True, False, row.rpc_methods, oui=row.oui, quirks=row.quirks, booted_at=row.last_boot_at,
        )  # fmt: skip
        quirks = quirks_of(device, book) if book is not None else STANDARD
        return Takeover(device, state, tasks, said, _begun_waiting(unit, device_id, row.last_inform_at), quirks)


def _begun_waiting(unit: Unit, device_id: int, since: datetime | None) -> frozenset[int]:
    waiting = select(Operation.id, Operation.stations).where(
        Operation.device_id == device_id, Operation.state == OperationState.WAITING.value
    )
    return frozenset(
        row.id for row in unit.session.execute(waiting) if since is not None and datetime.fromisoformat(row.stations["device"]) >= since
    )
