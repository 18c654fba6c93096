"""Drives the procedures of one session: one question at a time, operations in order of priority, replayable from stored answers.

No I/O: acs/server/conversation.py sends what `next` gives and hands the answer back. What a runner has decided so far is in its
`changes`, which the server commits before the next question leaves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from acs.cwmp.codec import RawRpc
from acs.cwmp.events import BOOT, BOOTSTRAP, DIAGNOSTICS_COMPLETE
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    AddObject,
    ChangeDUState,
    DeleteObject,
    Download,
    FactoryReset,
    GetParameterValuesResponse,
    ParameterValueStruct,
    Reboot,
    ScheduleDownload,
    ScheduleInform,
    SetVouchers,
    Upload,
)
from acs.provisioning.kinds import KINDS
from acs.provisioning.procedure import (
    Context,
    DeviceFacts,
    Done,
    Failed,
    Learned,
    Outcome,
    Procedure,
    Progress,
    Refused,
    Snapshot,
    Transfer,
    Trigger,
    Wait,
)
from acs.provisioning.quirks import taught

IRREVERSIBLE = (
    Download, Upload, Reboot, FactoryReset, AddObject, DeleteObject, ScheduleInform, ScheduleDownload, ChangeDUState, SetVouchers, RawRpc,
)  # fmt: skip
"""Requests whose intent is committed as `sent` before they leave; never repeated blind."""

REPORTS = ("transfer", "modules", "scheduled")
"""What the device itself tells of an operation, by its CommandKey, kept in the memo from one phase to the next."""

MAX_ATTEMPTS = 5
"""Sessions that may break under an operation before it is given up."""


@dataclass(slots=True)
class Task:
    """An open operation as the runner sees it; a mutable copy of its row."""

    id: int
    kind: str
    args: Mapping[str, Any]
    state: str
    phase: str
    memo: Mapping[str, Any]
    command_key: str
    priority: int
    due_at: datetime
    brief: Mapping[str, Any]
    sent: bool = False
    attempts: int = 0
    triggers: frozenset[Trigger] = frozenset()
    cancel_wanted: bool = False
    begun_maybe_sent: bool = False
    """Whether the phase that runs was begun to settle what may have been sent: another worker must begin it the same way."""


@dataclass(frozen=True, slots=True)
class Ask:
    """The next question, and what must be durable before it leaves. `begins`: the first of its phase."""

    task: Task
    request: Any
    irreversible: bool
    begins: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """A phase came to its end."""

    task: Task
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Told:
    """Progress worth showing."""

    task: Task
    text: str


Change = Ended | Told


@dataclass(slots=True)
class Runner:
    """The operations of one session."""

    facts: DeviceFacts
    tasks: list[Task]
    events: tuple[str, ...]
    now: datetime
    transfers: dict[str, Transfer] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    values: list[ParameterValueStruct] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    learned: list[Learned] = field(default_factory=list)
    current: Task | None = None
    unbriefed: Task | None = None
    """The operation whose turn it is and that must be briefed first (`Kind.late`)."""
    _procedure: Procedure | None = None
    _found: list[Learned] = field(default_factory=list)
    _done: set[int] = field(default_factory=set)
    _is_leaving: bool = False
    """It was told to reset itself: whatever else it is asked for in this session it forgets."""

    # ---- what is due -------------------------------------------------------------------------------------

    def add(self, tasks: list[Task]) -> None:
        """Operations that were queued while the session runs."""
        known = {task.id for task in self.tasks}
        self.tasks += [task for task in tasks if task.id not in known and task.id not in self._done]

    def brief(self, told: Mapping[str, Any]) -> None:
        """What the operation whose turn it is must know."""
        if self.unbriefed is not None:
            self.unbriefed.brief, self.unbriefed = told or {"error": "What it must know could not be told."}, None

    def is_due(self, task: Task) -> bool:
        if task.id in self._done:
            return False
        if task.state == "running":  # a session broke off under it, whatever its wait's deadline was
            return True
        if task.state == "queued":
            return task.due_at <= self.now
        return task.due_at <= self.now or bool(task.triggers & self._triggers(task))

    def _triggers(self, task: Task) -> set[Trigger]:
        happened = {Trigger.INFORM}
        if BOOT in self.events or BOOTSTRAP in self.events:
            happened.add(Trigger.BOOT)
        if DIAGNOSTICS_COMPLETE in self.events:
            happened.add(Trigger.DIAGNOSTICS)
        if task.command_key in self.transfers or "transfer" in task.memo:
            happened.add(Trigger.TRANSFER)
        happened |= {Trigger(name) for name in ("modules", "scheduled") if name in task.memo}
        return happened

    # ---- one step ----------------------------------------------------------------------------------------

    def next(self, now: datetime, answer: Any = None) -> Ask | None:
        """The next question, given the answer to the last one; None when nothing is due any more."""
        self.now = now
        self._keep(answer)
        begins = False
        while True:
            if self.current is None:
                if not self._begin():
                    return None
                answer, begins = None, True
            request = self._advance(answer)
            if request is not None:
                assert self.current is not None
                return Ask(self.current, request, isinstance(request, IRREVERSIBLE), begins)
            answer = None

    def resume(self, task_id: int, answers: list[Any], now: datetime) -> Any:
        """Rebuild a procedure another worker began, from its stored answers: the question that is out, or None if it cannot be rebuilt."""
        task = next((task for task in self.tasks if task.id == task_id), None)
        if task is None or (KINDS[task.kind].late and not task.brief):  # what it was briefed with is not what it would be told now
            return None
        self.now, self.current = now, task
        phase = task.phase or KINDS[task.kind].first_phase
        self._procedure = KINDS[task.kind].phases[phase](self._context(task, task.begun_maybe_sent))
        request = self._advance(None)
        for answer in answers:
            if request is None or self.current is None:
                return None
            self._keep(answer)
            request = self._advance(answer)
        return request

    def _keep(self, answer: Any) -> None:
        if isinstance(answer, GetParameterValuesResponse) and self.current is not None and KINDS[self.current.kind].keeps_reads:
            self.values += answer.parameter_list

    def _begin(self) -> bool:
        if self._is_leaving:
            return False
        due = sorted((task for task in self.tasks if self.is_due(task)), key=lambda task: (task.priority, task.id))
        if not due:
            return False
        task = due[0]
        kind = KINDS[task.kind]
        if kind.late and not task.brief:
            self.unbriefed = task
            return False
        maybe_sent = task.state == "running" and task.sent
        if maybe_sent:
            task.phase = kind.settle
        elif not task.phase:
            task.phase = kind.first_phase
        if task.state != "waiting":
            task.attempts += 1
        if task.cancel_wanted and not maybe_sent and task.state != "waiting":
            self.current = task
            self._finish(Failed("Cancelled before anything was changed."))
            return True
        if task.attempts > MAX_ATTEMPTS:
            self.current = task
            self._finish(Failed(f"Given up: the session broke off {MAX_ATTEMPTS} times."))
            return True
        task.state, task.begun_maybe_sent = "running", maybe_sent
        self.current = task
        self._procedure = kind.phases[task.phase](self._context(task, maybe_sent))
        return True

    def _context(self, task: Task, maybe_sent: bool) -> Context:
        transfer = self.transfers.get(task.command_key)
        if transfer is None and "transfer" in task.memo:
            transfer = Transfer(**task.memo["transfer"])
        return Context(
            self.facts, self.now, task.command_key, task.args, task.memo, task.brief, task.attempts - 1, maybe_sent, transfer, self.events
        )

    def _advance(self, answer: Any) -> Any:
        """Run the procedure to its next request; None when it came to its end (and `current` is free)."""
        if self._procedure is None:  # given up before it began
            return None
        try:
            step = self._procedure.send(answer)
            while True:
                if isinstance(step, Progress):
                    if self.current is not None:
                        self.changes.append(Told(self.current, step.text))
                    step = self._procedure.send(None)
                elif isinstance(step, Learned):
                    self._found.append(step)
                    step = self._procedure.send(None)
                elif lacks := self.facts.lacks(type(step).__name__):
                    step = self._procedure.send(CwmpFault(9000, lacks))  # what the device cannot know is not asked
                else:
                    return step
        except StopIteration as stop:
            self._finish(stop.value)
        except Refused as refused:
            self._finish(Failed(str(refused), refused.fault))
        return None

    def _finish(self, outcome: Outcome) -> None:
        task = self.current
        assert task is not None
        self.current, self._procedure = None, None
        self._learn()
        self.changes.append(Ended(task, outcome))
        if isinstance(outcome, Wait):
            memo = {**{name: task.memo[name] for name in REPORTS if name in task.memo}, **outcome.memo}
            if task.command_key in self.transfers:
                memo["transfer"] = plain_transfer(self.transfers[task.command_key])
            task.state, task.phase, task.memo, task.sent = "waiting", outcome.phase, memo, False
            task.triggers, task.due_at = outcome.on, outcome.until
            self._is_leaving = task.kind == "factory_reset"
            # The trigger that woke it in this session must not wake it again at once.
            self._done.add(task.id)
            return
        self.snapshots += outcome.snapshots
        if isinstance(outcome, Done):
            self.values += outcome.values
            if outcome.result.get("wanted_key") and outcome.result.get("key") is not None:
                self.facts = replace(self.facts, parameter_key=outcome.result["key"])  # what is written after it keeps the key
            if outcome.cancels:
                self.tasks = [other for other in self.tasks if other.id != outcome.cancels]
        self._done.add(task.id)
        self.tasks.remove(task)

    def transfer(self, command_key: str, transfer: Transfer) -> Task | None:
        """A TransferComplete came: the operation it belongs to, if it is one of ours and still open."""
        for task in self.tasks:
            if task.command_key == command_key:
                self.transfers[command_key] = transfer
                task.memo = {**task.memo, "transfer": plain_transfer(transfer)}
                self._done.discard(task.id)
                return task
        return None

    def modules(self, command_key: str, results: list[dict[str, Any]]) -> None:
        """A DUStateChangeComplete came: the operation it belongs to goes on in this session."""
        for task in self.tasks:
            if task.command_key == command_key and "modules" not in task.memo:
                task.memo = {**task.memo, "modules": results}
                self._done.discard(task.id)

    def fail_current(self, text: str, fault: CwmpFault | None = None) -> None:
        """End the running operation for a reason outside its procedure: a defect of ours, a cancellation."""
        if self.current is not None:
            if self._procedure is not None:
                self._procedure.close()
            self._finish(Failed(text, fault))

    def _learn(self) -> None:
        """What a procedure found out counts from its end on: one that is replayed must find the device as it did the first time."""
        for found in self._found:
            quirks = taught(self.facts.quirks, found.knob, found.item, found.value)
            if quirks is not self.facts.quirks:  # what is known already is not told again
                self.facts = replace(self.facts, quirks=quirks)
                self.learned.append(found)
        self._found = []

    def drain_learned(self) -> list[Learned]:
        """What of the device has to be kept, once."""
        out, self.learned = self.learned, []
        return out

    def drain(self) -> tuple[list[Change], list[ParameterValueStruct], list[Snapshot]]:
        """What has to be stored, once."""
        out = self.changes, self.values, self.snapshots
        self.changes, self.values, self.snapshots = [], [], []
        return out


def plain_transfer(transfer: Transfer) -> dict[str, Any]:
    """As it is kept in an operation's memo."""
    return {
        "fault_code": transfer.fault_code, "fault_text": transfer.fault_text, "start_time": transfer.start_time,
        "complete_time": transfer.complete_time,
    }  # fmt: skip
