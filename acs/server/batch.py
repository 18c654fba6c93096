"""What one group commit does with its works, in the writer thread: Informs, steps of sessions, records.

The order within a batch: steps of running sessions, then Informs (which may end them), then records. A step whose session lost its device
(the epoch moved on) changes nothing and is told so: architecture, rules 3 and 4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from acs.cwmp.events import BOOTSTRAP, M_SCHEDULE_INFORM, VALUE_CHANGE, normalised
from acs.cwmp.messages import Inform, ParameterValueStruct
from acs.db.engine import Database, Unit
from acs.desired import service as desired
from acs.desired.service import Configured, ProfileBook
from acs.devices import canonicals, informs, reports, store
from acs.devices.canonicals import Reading
from acs.devices.heads import HeadWrites
from acs.devices.informs import InformIn, InformOut
from acs.devices.kinds import KindBook, KindKey, readings_by
from acs.devices.models import Device
from acs.devices.reports import Report
from acs.devices.store import Arrived, PathSets
from acs.monitoring import service as monitoring
from acs.monitoring.book import MonitorBook
from acs.operations import chaining, progress
from acs.operations.briefing import Briefing
from acs.operations.models import Exchange, Operation
from acs.operations.progress import OwnWork, StepIn
from acs.operations.views import OperationState
from acs.provisioning.plan import Trust, due_at_inform, why_configure
from acs.provisioning.procedure import Done, Learned, Snapshot, Wait
from acs.provisioning.quirks import STANDARD, DeviceQuirks
from acs.provisioning.runner import Ended, Task
from acs.quirks import learning
from acs.quirks.book import QuirkBook
from acs.recorder import service as recorder
from acs.recorder.service import RecordIn
from acs.secrets import Vault
from datamodels.canonical import describe

_ADDRESS = "wan.ip_address"
"""Devices are found by it; those of TR-181 do not inform it."""


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
    kind: KindKey | None = None
    """What the device is one of; None where its values need not be understood."""
    more_to_come: bool = False
    """A device of a known kind is being read for the first time: its values are understood when they are all there."""

    @property
    def is_plain_end(self) -> bool:
        """It changes nothing but that the session is over."""
        return self.step.ended and not (_does_more_than_end(self.step) or self.values or self.snapshots or self.learned or self.reports)


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

    @property
    def kinds(self) -> KindBook:
        return self.briefing.kinds

    @property
    def sets(self) -> PathSets:
        return self.briefing.kinds.sets

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
        """Ids of the works that were lost."""
        plain: list[StepWork] = []
        full: list[StepWork] = []
        for work in works:
            (plain if work.is_plain_end else full).append(work)
        lost = self._plain_ends(unit.connection, plain) if plain else set()
        if full:
            lost |= self._full_steps(unit, full)
        records = [_lost(w.record) if id(w) in lost else w.record for w in works if w.record is not None]
        recorder.apply_records(unit.connection, records, self.keep, self.record_bytes)
        return lost

    @staticmethod
    def _plain_ends(connection: Connection, works: Sequence[StepWork]) -> set[int]:
        """Most sessions end without news: one statement frees their rows, and tells whether it has found them all."""
        ended = {(w.step.device_id, w.step.epoch) for w in works}
        gone = informs.fenced(connection, list(ended)) if informs.end_sessions(connection, list(ended)) < len(ended) else set()
        return {id(w) for w in works if w.step.device_id in gone and informs.fenced(connection, [(w.step.device_id, w.step.epoch)])}

    def _full_steps(self, unit: Unit, works: Sequence[StepWork]) -> set[int]:
        connection = unit.connection
        gone = informs.fenced(connection, [(w.step.device_id, w.step.epoch) for w in works])
        # The device's old session and its new one may be in the same batch: only the old one has lost it.
        lost = {id(w) for w in works if w.step.device_id in gone and informs.fenced(connection, [(w.step.device_id, w.step.epoch)])}
        held = [work for work in works if id(work) not in lost]
        heads = HeadWrites({work.step.device_id: work.step.epoch for work in held})
        if configured := [one for work in held if work.step.changes for one in _configured(work.step)]:
            desired.settle(unit, configured)
        progress.apply_steps(unit, [work.step for work in held if _does_more_than_end(work.step)], heads)
        if arrived := [work for work in held if work.values or work.snapshots]:
            self._keep_values(unit, arrived, heads)
        for work in held:
            step = work.step
            if work.reports and reports.store(connection, step.tenant, step.device_id, step.at, work.reports):
                unit.hint("device", id=step.device_id)
        if looked := [w for w in held if (w.values or w.snapshots) and self.profiles.any(w.step.tenant) and not _configured(w.step)]:
            desired.note_read(unit, [(w.step.tenant, w.step.device_id) for w in looked], looked[0].step.at)
        learning.learn(unit, [(w.step.device_id, w.step.epoch, w.step.at, w.learned) for w in held if w.learned])
        for work in held:
            if work.step.ended:
                heads.set(work.step.device_id, informs.ENDED)
            if work.until is not None:
                heads.set(work.step.device_id, {"session_until": work.until})
        heads.write(connection)
        return lost

    def _keep_values(self, unit: Unit, works: Sequence[StepWork], heads: HeadWrites) -> None:
        """What was read or written: the store, and what lists, groups and monitors look into."""
        connection, readings = unit.connection, list[Reading]()
        some = [
            Arrived(w.step.tenant, w.step.device_id, w.values, w.step.at, "session", self._path_set(connection, w), _is_provisioned(w.step))
            for w in works
            if w.values
        ]
        store.store_arrived(connection, self.vault, self.sets, some, heads)
        for work in works:
            step, whole = work.step, False
            for snapshot in work.snapshots:
                known = self._path_set(connection, work)
                path_set = store.store_snapshot(
                    connection, self.vault, step.tenant, step.device_id, snapshot, step.at, "session", self.sets, known, heads
                )
                if not snapshot.prefix:
                    whole = True
                    self._learn_kind(connection, work, path_set, snapshot)
            if work.more_to_come:
                continue
            values: Mapping[str, str] = {v.name: v.value for snapshot in work.snapshots for v in snapshot.values} | {
                v.name: v.value for v in work.values
            }
            if not whole and _is_provisioned(step):
                values, whole = self._all_of_kind(connection, work, values), True
            readings += self._readings(connection, work.kind, step.device_id, step.at, values, whole)
        self._tell_readings(unit, readings, heads)

    def _all_of_kind(self, connection: Connection, work: StepWork, last: Mapping[str, str]) -> Mapping[str, str]:
        """What a device of a known kind was read by: the last answer where all came with it."""
        kind = self.kinds.of(connection, work.kind, work.step.at) if work.kind is not None else None
        if kind is not None and kind.plan.decides_by(last):
            return last
        tree = store.load_tree(connection, work.step.device_id, sets=self.sets).values
        return {path: stored.value for path, stored in tree.items()}

    def _path_set(self, connection: Connection, work: StepWork) -> int | None:
        kind = self.kinds.of(connection, work.kind, work.step.at) if work.kind is not None else None
        return kind.path_set_id if kind is not None else None

    def _learn_kind(self, connection: Connection, work: StepWork, path_set: int, snapshot: Snapshot) -> None:
        if work.kind is not None and self.kinds.of(connection, work.kind, work.step.at) is None:
            tree = {v.name: v.value for v in snapshot.values}
            self.kinds.learn(connection, work.kind, work.step.device_id, path_set, tree, work.step.at)

    def _readings(
        self, connection: Connection, key: KindKey | None, device_id: int, at: datetime, values: Mapping[str, str], whole: bool = False
    ) -> list[Reading]:
        """Canonical readings among values that arrived; `whole`: they are all that the device has."""
        kind = self.kinds.of(connection, key, at) if key is not None else None
        if kind is None or key is None:
            return []
        watched = self.monitors.watches.get(key.tenant)
        if not watched and kind.plan.indexed_paths.isdisjoint(values):
            return []
        wanted = kind.plan.indexed | {_ADDRESS} | (watched.keys() if watched else frozenset())
        plan = kind.plan_for(values) if whole else self.kinds.plan_of(connection, kind, device_id, values)
        return readings_by(plan, key.tenant, device_id, values, wanted if whole else plan.names_in(values, wanted), at)

    def _tell_readings(self, unit: Unit, readings: list[Reading], heads: HeadWrites) -> None:
        if readings:
            for reading in readings:
                if reading.name == _ADDRESS:
                    heads.set(reading.device_id, {"wan_address": reading.text})
            canonicals.keep(unit.connection, [reading for reading in readings if describe(reading.name).indexed])
            monitoring.collect(unit, readings, self.monitors)

    def _informed_readings(self, unit: Unit, works: Sequence[InformWork], outs: Sequence[InformOut], heads: HeadWrites) -> None:
        readings: list[Reading] = []
        for out, work in zip(outs, works, strict=True):
            if out.has_tree and out.trust is Trust.ADMITTED and (values := self._news(unit.connection, out, work.inform)):
                readings += self._readings(unit.connection, kind_of(out), out.device_id, work.inform.at, values)
        self._tell_readings(unit, readings, heads)

    def _news(self, connection: Connection, out: InformOut, told: InformIn) -> dict[str, str]:
        """What an Inform tells that lists look into and that differs from the Inform before; all of it where something is watched."""
        values = told.inform.parameter_list
        if out.tenant in self.monitors.watches:
            return {v.name: v.value for v in values}
        kind = self.kinds.of(connection, kind_of(out), told.at)
        if kind is None:
            return {}
        paths, before = kind.plan.indexed_paths, out.informed_before
        return {v.name: v.value for v in values if v.name in paths and store.informed_item(v.name, v.value, v.type) not in before}

    def _informs(self, unit: Unit, works: Sequence[InformWork]) -> list[Informed]:
        heads = HeadWrites()
        outs = informs.apply_informs(unit.connection, self.vault, [work.inform for work in works], self.admit_all, heads)
        renewed = [out.device_id for out, work in zip(outs, works, strict=True) if work.inform.login == "next"]
        if renewed:
            informs.use_next_secret(unit.connection, renewed, works[0].inform.at)
        self._informed_readings(unit, works, outs, heads)
        with_tasks = {out.device_id for out in outs if out.due}
        own = []
        for out, work in zip(outs, works, strict=True):
            old_login = work.inform.login == "onboarding" and self.briefing.cpe_auth == "device"
            kind = self._known_kind(unit.connection, out, work.inform.at)
            planned = due_at_inform(
                out.trust, out.events, out.is_new, out.has_tree, out.admitted_now, old_login, out.new_firmware, self._configure(out), kind
            )
            if planned:
                own.append(OwnWork(out.tenant, out.device_id, work.inform.identity.key, planned, work.inform.at))
                with_tasks.add(out.device_id)
            if out.is_new or out.admitted_now or out.quarantined_now:
                unit.hint("device", id=out.device_id)
        if own:
            progress.queue_own(unit, self.briefing, own, heads)
        heads.write(unit.connection)
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

    def _known_kind(self, connection: Connection, out: InformOut, at: datetime) -> dict[str, Any] | None:
        """Arguments of `provision`, for a device whose first session this is and whose kind is known."""
        if out.trust is not Trust.ADMITTED or not (out.is_new or out.admitted_now or BOOTSTRAP in out.events):
            return None
        key = kind_of(out)
        return {"kind": [key.oui, key.product_class, key.software_version]} if self.kinds.of(connection, key, at) is not None else None

    def _configure(self, out: InformOut) -> str:
        anew = out.is_new or out.admitted_now or out.new_firmware or not out.has_tree or BOOTSTRAP in out.events
        return why_configure(out.desired_key, out.parameter_key, self.profiles.any(out.tenant), anew)


def _configured(step: StepIn) -> list[Configured]:
    ended = (change for change in step.changes if isinstance(change, Ended) and change.task.kind == "configure")
    return [Configured(step.tenant, step.device_id, step.at, c.outcome) for c in ended if not isinstance(c.outcome, Wait)]


def _is_provisioned(step: StepIn) -> bool:
    return any(isinstance(change, Ended) and change.task.kind == "provision" and isinstance(change.outcome, Done) for change in step.changes)


def _keys(inform: Inform) -> tuple[str, ...]:
    """CommandKeys of the appointments an Inform comes for: several may be due at once (conformance C-137)."""
    return tuple(event.command_key for event in inform.event if normalised(event.event_code) == M_SCHEDULE_INFORM)


def quirks_of(device: InformOut, book: QuirkBook) -> DeviceQuirks:
    """What holds for a device by its head row and the registry in memory: no look at the database."""
    return book.of(device.tenant, device.oui, device.product_class, device.software_version, device.quirks)


def kind_of(device: InformOut) -> KindKey:
    return KindKey(device.tenant, device.oui[:16], device.product_class[:64], device.software_version)


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
