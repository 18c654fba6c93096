"""One live session of a device: the pure session, the runner of its operations, the trace, and what waits to be stored.

Everything a step changed is committed before the next message leaves (architecture: rule 3). The HTTP side (cwmp.py) hands in decoded
envelopes and sends what comes back; time comes in as an argument.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from twisted.internet.defer import Deferred

from acs import log
from acs.cwmp.codec import Envelope, UnknownRpc, decode
from acs.cwmp.events import normalised
from acs.cwmp.faults import AcsProtocolError, CwmpFault
from acs.cwmp.identity import identity_of
from acs.cwmp.messages import DUStateChangeComplete, GetParameterValuesResponse, Inform, Kicked, KickedResponse, TransferComplete
from acs.cwmp.session import CpeCalled, CwmpSession, EmptyPost, Informed, Replied, State, YourTurn, resumed
from acs.devices import reports
from acs.devices.informs import InformIn, InformOut
from acs.operations.progress import Answered, Asked, StepIn
from acs.provisioning.kinds import KINDS
from acs.provisioning.plan import Trust
from acs.provisioning.procedure import MISSING_ANSWER, DeviceFacts, Done, Failed, Snapshot, Transfer
from acs.provisioning.quirks import STANDARD, DeviceQuirks
from acs.provisioning.runner import Ask, Ended, Runner, Task
from acs.recorder.service import Message, RecordIn
from acs.secrets import mask_values, mask_xml
from acs.server.batch import Fenced, InformWork, StepWork, Takeover, kind_of
from acs.server.batch import Informed as InformedInStore
from acs.server.commit import GroupCommit

_log = log.get("session")

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
MESSAGES_MAX, NAMES_MAX = 2000, 50
"""Messages, and methods and faults by name, that are remembered of one session: a device can go on for ever."""
REPORTS_MAX = 100
"""Calls of a device's that are kept of one session: a bound on what a mistake can fill (conformance J-22)."""


def new_token(worker: int) -> str:
    """A session's name: the worker in two hex digits, then 128 bits of chance. Letters and digits only (quirk K-6)."""
    return f"{worker:02x}{secrets.token_hex(16)}"


class SessionLost(Exception):
    """Another worker or a newer Inform has the device: this session is over without a word stored."""


@dataclass(frozen=True, slots=True)
class ValuesOf:
    """A message that holds values and nothing else: its tags, and the names of the parameters."""

    shape: bytes
    names: tuple[str, ...]


def values_of(message: Any, shape: bytes) -> ValuesOf | None:
    """Of a decoded message of a known shape; None for one that holds other things."""
    if not shape or not isinstance(message, Inform | GetParameterValuesResponse):
        return None
    return ValuesOf(shape, tuple([v.name for v in message.parameter_list]))


@dataclass(slots=True)
class Conversation:
    """A session between its first Inform and its end."""

    token: str
    commit: GroupCommit
    peer: str
    started: datetime
    timeout_s: float
    recorder: str
    record_bytes: int
    login: str = "none"
    held: bool = False
    """A block rule holds the device in quarantine, for this session."""
    who: Any = None
    kicked_url: str = ""
    """Where a local page is sent on after Kicked."""
    session: CwmpSession = field(default_factory=CwmpSession)
    device: InformOut | None = None
    runner: Runner | None = None
    trace: list[Message] = field(default_factory=list)
    deadline: datetime = datetime.max
    held_until: datetime = _LONG_AGO
    """Until when the device's row says that it is in this session."""
    line: Any = None
    """The connection it last spoke on: one that still sends is not silent (quirk K-14)."""
    check_queue: bool = False
    busy: bool = False
    over: bool = False
    traced: int = 0
    """Octets kept for the record."""
    _last_masked: bytes = b""
    _seq: int = 0
    _answered: Answered | None = None
    _asked_any: bool = False
    _reports: int = 0
    _asked: dict[str, int] = field(default_factory=dict)
    _called_by_cpe: list[str] = field(default_factory=list)
    _faults: list[int] = field(default_factory=list)

    # ---- in and out ------------------------------------------------------------------------------------

    def touch(self, now: datetime) -> None:
        self.deadline = now + timedelta(seconds=self.timeout_s)

    def _until(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self.timeout_s + 30)

    def stay(self, now: datetime) -> None:
        """The device is in the middle of a long answer: keep its row."""
        if not self.over and self.device is not None and (until := self._longer(now)) is not None:
            step = StepWork(StepIn(self.device.tenant, self.device.device_id, self.device.epoch, now), until=until)
            self.commit.submit(step).addErrback(lambda failure: _log.error("session not kept", error=str(failure.value)))

    def _longer(self, now: datetime) -> datetime | None:
        """The new end of the hold on the device's row; None while the present one is good enough: a write a session seldom needs."""
        until = self._until(now)
        if until - self.held_until < timedelta(seconds=20):
            return None
        self.held_until = until
        return until

    def note(
        self, from_cpe: bool, body: bytes, status: int, now: datetime, headers: tuple[tuple[str, str], ...] = (), values: ValuesOf | None = None
    ) -> None:
        """Remember a message for the record, masked, as far as the record's bound reaches. `values`: what is known to be in it."""
        if self.recorder == "off":
            return
        quiet = not from_cpe and not self._seq  # before its first question the ACS only acknowledges: no secret is in that
        masked = body if quiet or not body else mask_xml(body) if values is None else mask_values(body, values.shape, values.names)
        if from_cpe:
            self._last_masked = masked
        if len(self.trace) >= MESSAGES_MAX:
            return
        room = max(self.record_bytes - self.traced, 0)
        kept = masked[: room + 4096 if room else 200]  # packing cuts to the byte; a full record keeps only how messages began
        self.traced += len(kept)
        self.trace.append(Message(from_cpe, int((now - self.started).total_seconds() * 1000), status, kept, headers))

    def note_fault(self, fault: CwmpFault | int) -> None:
        """A fault either side told: what the record is found by."""
        codes = (fault,) if isinstance(fault, int) else (fault.code, *(parameter.code for parameter in fault.parameters))
        self._faults += [code for code in dict.fromkeys(codes) if code not in self._faults][: NAMES_MAX - len(self._faults)]

    async def inform(self, envelope: Envelope, now: datetime, tenant: int, timeout_max_s: float) -> bytes:
        """Take the Inform in: store it, learn what is due, then answer. CpeProtocolError for what is no proper Inform."""
        received = self.session.receive(envelope)
        assert isinstance(received, Informed)
        if received.repeated:
            return self.session.inform_response()
        if self.session.session_timeout_s and self.session.session_timeout_s > self.timeout_s:
            self.timeout_s = float(min(self.session.session_timeout_s, timeout_max_s))
        inform = received.inform
        self.held_until = until = self._until(now)
        state: dict[str, Any] = {
            "ns": self.session.namespace,
            "v": self.session.version,
            "login": self.login,
            "events": [normalised(e.event_code) for e in inform.event],
        }
        if self.held:
            state["held"] = True
        certificate = self.who.certificate if self.who is not None else None
        shown = (certificate.fingerprint, certificate.subject) if certificate is not None else None
        work = InformWork(
            InformIn(identity_of(inform.device_id), inform, now, self.peer, self.token, state, until, self.login, tenant, self.held, shown)
        )
        stored: InformedInStore = await self.commit.submit(work)
        self.device = stored.device
        if stored.device.trust is Trust.ADMITTED:
            self.runner = Runner(facts_of(stored.device, self.session.version, stored.quirks), stored.tasks, stored.device.events, now)
        return self.session.inform_response()

    async def receive(self, envelope: Envelope | EmptyPost, body: bytes, now: datetime, load: Any) -> bytes | None:
        """What to answer to a POST after the Inform: an envelope, or None for 204. SessionLost when the device has moved on."""
        received = self.session.receive(envelope)
        match received:
            case Informed():
                return self.session.inform_response()
            case CpeCalled():
                return await self._called(received, now)
            case Replied():
                answer = MISSING_ANSWER if received.answer is None else received.answer
                if isinstance(received.answer, CwmpFault):
                    self.note_fault(received.answer)
                self._answered = Answered(self._seq, self._last_masked if self.recorder != "off" else mask_xml(body))
                return await self._turn(answer, now, load)
            case YourTurn():
                return await self._turn(None, now, load)
        raise AcsProtocolError(f"nothing follows {received!r}")

    async def _called(self, call: CpeCalled, now: datetime) -> bytes:
        """A method the device called. What it tells is durable before it is acknowledged."""
        request = call.request
        name = request.name if isinstance(request, UnknownRpc) else type(request).__name__
        if name not in self._called_by_cpe and len(self._called_by_cpe) < NAMES_MAX:
            self._called_by_cpe.append(name)
        if isinstance(call.answer, CwmpFault):
            self.note_fault(call.answer)
        if isinstance(request, TransferComplete):
            if request.fault_struct.fault_code:
                self.note_fault(request.fault_struct.fault_code)
            transfer = Transfer(
                request.fault_struct.fault_code, request.fault_struct.fault_string, request.start_time, request.complete_time
            )
            step = self._step(now)
            step.step.transfers[request.command_key] = transfer
            if self.runner is not None:
                self.runner.transfer(request.command_key, transfer)
            await self._store(step)
        elif (report := reports.of(request, self.device.epoch if self.device is not None else 0)) is not None:
            if self._reports >= REPORTS_MAX:
                return self.session.reply(CwmpFault(8004, "too many reports in one session"))
            self._reports += 1
            step = self._step(now)
            step.reports.append(report)
            if isinstance(request, DUStateChangeComplete) and request.command_key:
                step.step.modules[request.command_key] = report.data["units"]
                if self.runner is not None:
                    self.runner.modules(request.command_key, report.data["units"])
            await self._store(step)
            if isinstance(request, Kicked):
                return self.session.reply(KickedResponse(self.kicked_url))
        return self.session.reply(call.answer)

    async def _turn(self, answer: Any, now: datetime, load: Any) -> bytes | None:
        """Our turn: the next question, or the end."""
        runner = self.runner
        while runner is not None:
            asked = self._next(runner, now, answer)
            answer = None
            if asked is not None:
                return await self._ask(runner, asked, now)
            if runner.unbriefed is not None:
                await self._brief(runner, runner.unbriefed, now, load)
                continue
            if not self.check_queue:
                break
            self.check_queue = False
            assert self.device is not None
            tasks: list[Task] = await load(self.device.device_id)
            runner.add(tasks)
            if not any(runner.is_due(task) for task in tasks):
                break
        await self._end(now)
        return None

    async def _brief(self, runner: Runner, task: Task, now: datetime, load: Any) -> None:
        """Tell the operation whose turn it is what it must know, worked out from all that this session read before it: so that is stored first."""
        step = self._step(now)
        if step.step.changes or step.values or step.snapshots or step.step.answered or step.learned:
            await self._store(step)
        assert self.device is not None
        try:
            told = await load(self.device.device_id, task)
        except Exception:
            _log.exception("a brief failed", device=self.device.device_id, kind=task.kind)
            told = {"error": "An error of ours kept it from being put together; it is in the log."}
        runner.brief(told)

    def _next(self, runner: Runner, now: datetime, answer: Any) -> Ask | None:
        """The runner's next question. A defect in a procedure ends its operation, not the session."""
        try:
            return runner.next(now, answer)
        except Exception:
            _log.exception(
                "a procedure failed",
                device=self.device.device_id if self.device else None,
                kind=runner.current.kind if runner.current else "",
            )
            runner.fail_current("An error of ours ended this operation; it is in the log.")
            return self._next(runner, now, None)

    async def _ask(self, runner: Runner, ask: Ask, now: datetime) -> bytes:
        try:
            # HoldRequests stays off: a device that was asked only answers, so no call of its own ever breaks a procedure.
            body = self.session.ask(ask.request)
        except AcsProtocolError as error:
            runner.fail_current(f"The request cannot be sent: {error}.")
            self.session.state = State.ACS_TURN
            following = self._next(runner, now, None)
            if following is not None:
                return await self._ask(runner, following, now)
            await self._end(now)
            return b""
        self._seq += 1
        self._asked_any = True
        name = type(ask.request).__name__
        self._asked[name] = self._asked.get(name, 0) + 1
        step = self._step(now)
        step.step.asked = Asked(self._seq, ask.task.id, type(ask.request).__name__, ask.irreversible)
        step.step.began = ask.task if ask.begins else None
        await self._store(step)
        return body

    # ---- storing ---------------------------------------------------------------------------------------

    def _step(self, now: datetime, ended: bool = False) -> StepWork:
        """What has changed since the last step, ready to be stored."""
        assert self.device is not None
        changes, values, snapshots = self.runner.drain() if self.runner is not None else ([], [], [])
        for change in changes:
            if isinstance(change, Ended):
                _tell(self.device, change)
        step = StepIn(
            self.device.tenant,
            self.device.device_id,
            self.device.epoch,
            now,
            changes,
            answered=self._answered,
            had_exchanges=self._asked_any,
            ended=ended,
        )
        self._answered = None
        learned = self.runner.drain_learned() if self.runner is not None else []
        current = self.runner.current if self.runner is not None else None
        until = None if ended else self._longer(now)
        more_to_come = current is not None and current.kind == "provision"
        return StepWork(step, values, _last_of_each(snapshots), learned, until=until, kind=kind_of(self.device), more_to_come=more_to_come)

    async def _store(self, step: StepWork) -> None:
        result = await self.commit.submit(step)
        if isinstance(result, Fenced):
            self.over = True
            raise SessionLost

    async def _end(self, now: datetime) -> None:
        """A good end. The device waits for the commit only if there is something it should not lose."""
        self.session.end()
        self.over = True
        step = self._step(now, ended=True)
        has_news = bool(step.step.changes or step.values or step.snapshots or step.step.answered)
        self.trace.append(Message(False, int((now - self.started).total_seconds() * 1000), 204, b""))
        step.record = self._record("ok", ", ".join(f"{name} ×{n}" if n > 1 else name for name, n in self._asked.items()), now)
        stored: Deferred[Any] = self.commit.submit(step)
        if has_news:
            if isinstance(await stored, Fenced):
                raise SessionLost
        else:
            stored.addErrback(lambda failure: _log.error("end of session not stored", error=str(failure.value)))

    def abandon(self, outcome: str, reason: str, now: datetime) -> None:
        """The session broke off: keep its record; its operations are taken up again at the next Inform."""
        if self.over:
            return
        self.over = True
        self.session.state = State.ENDED
        if self.device is None:
            return
        step = self._step(now, ended=True)
        # Exchanges go with the session: the next Inform decides from the operation's row, not from a broken dialogue.
        if self.runner is not None:
            step.step.broken = self.runner.current
        step.record = self._record(outcome, reason, now)
        self.commit.submit(step).addErrback(lambda failure: _log.error("broken session not stored", error=str(failure.value)))

    def _record(self, outcome: str, reason: str, now: datetime) -> RecordIn | None:
        if self.recorder == "off" or (self.recorder == "failed" and outcome == "ok") or self.device is None:
            return None
        return RecordIn(
            self.device.tenant, self.device.device_id, self.device.epoch, self.started, int((now - self.started).total_seconds() * 1000), outcome,
            ", ".join(self.device.events), reason[:300], tuple(self.trace), tuple(self._faults), (*self._asked, *self._called_by_cpe),
        )  # fmt: skip


def _tell(device: InformOut, change: Ended) -> None:
    """An operation's end, for the operator at the console; our own silent ones only when they fail."""
    outcome, label = change.outcome, KINDS[change.task.kind].label.lower()
    if isinstance(outcome, Failed):
        log.announce(f"device {device.key}: {label} failed. {outcome.text}")
    elif isinstance(outcome, Done) and change.task.kind not in ("secure", "provision"):
        log.announce(f"device {device.key}: {label} done")


def facts_of(device: InformOut, version: str, quirks: DeviceQuirks = STANDARD) -> DeviceFacts:
    firmware, _, methods = device.rpc_methods.partition("\n")
    return DeviceFacts(
        device.root, version, device.product_class, device.hardware_version, device.software_version, device.parameter_key,
        quirks, device.booted_at, methods=frozenset(methods.split()) if firmware == device.software_version else frozenset(),
    )  # fmt: skip


def _last_of_each(snapshots: list[Snapshot]) -> list[Snapshot]:
    return list({snapshot.prefix: snapshot for snapshot in snapshots}.values())


class NotRebuilt(Exception):
    """A session that was claimed and cannot go on here: its conversation, ready to be abandoned, and why."""

    def __init__(self, conversation: Conversation, why: str) -> None:
        super().__init__(f"taken over from another worker and not rebuilt: {why}")
        self.conversation = conversation


def rebuild(
    taken: Takeover, token: str, commit: GroupCommit, peer: str, now: datetime, timeout_s: float, recorder: str, record_bytes: int,
    read: Callable[[bytes], Envelope] = decode,
) -> Conversation:  # fmt: skip
    """Go on with a session of another worker: replay what it had asked and been answered. NotRebuilt where that cannot be done."""
    state = taken.state
    conversation = Conversation(token, commit, peer, now, timeout_s, recorder, record_bytes, login=state.get("login", "none"))
    device = taken.device
    conversation.device = device
    runner = Runner(facts_of(device, state["v"], taken.quirks), taken.tasks, device.events, now, _done=set(taken.begun_waiting))
    conversation.runner = runner if device.trust is Trust.ADMITTED else None
    conversation._seq = max((seq for seq, *_ in taken.exchanges), default=0)
    conversation._asked_any = bool(taken.exchanges)
    out = None
    if taken.exchanges:
        operation = taken.exchanges[-1][1]
        of_it = [row for row in taken.exchanges if row[1] == operation]
        out = _replay(conversation, runner, operation, of_it, now, read)
    conversation.session = resumed(state["ns"], state["v"], out, f"hl{conversation._seq}" if out is not None else "", conversation._seq)
    conversation.touch(now)
    return conversation


def _replay(
    conversation: Conversation, runner: Runner, operation: int, said: list[tuple[int, int, str, bytes | None, bool]], now: datetime,
    read: Callable[[bytes], Envelope],
) -> Any:  # fmt: skip
    """The question that is out, once the running operation's procedure was told again what it had been answered."""
    broken = next((task for task in runner.tasks if task.id == operation), None)
    out, why = None, ""
    *before, last = said
    if any(answer is None or not answered for *_, answer, answered in before):
        why = "an answer was too long to be kept"
    elif last[4]:
        why = "what came of the last answer was not stored"
    else:
        try:
            out = runner.resume(operation, [_replayed(answer, read) for *_, answer, _ in before if answer is not None], now)
        except Exception as error:
            _log.exception("a procedure failed when it was rebuilt", operation=operation)
            why = repr(error)[:120]
        if out is not None and type(out).__name__ != last[2]:
            out, why = None, f"it would ask {type(out).__name__} now, and had asked {last[2]}"
    if out is None:
        runner.drain()  # what a replay that went astray decided was never so
        runner.current = broken
        conversation.runner = runner
        raise NotRebuilt(conversation, why or "the operation that asked is no longer open")
    return out


def _replayed(answer: bytes, read: Callable[[bytes], Envelope]) -> Any:
    if not answer.strip():
        return MISSING_ANSWER
    return read(answer).message
