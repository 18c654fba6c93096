"""Whole sessions in any order: any message in any state at any time, connections cut anywhere, workers killed, and what must hold all the while.

hypothesis plays a bad device, a good one and the operator against two workers of one database: HTTP channel, handler, group commit and SQLite
joined in memory, time by a Clock. What is checked after every step is in the methods named `invariant`.
"""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    FaultStruct,
    GetRPCMethods,
    GetRPCMethodsResponse,
    Inform,
    TransferComplete,
)
from acs.db.engine import Database
from acs.devices.models import Device
from acs.errors import Conflict, UnknownDevice
from acs.operations.models import Exchange, Operation
from acs.operations.views import OPEN
from acs.secrets import Vault
from tests.acs.server.kit import Answer, Bench, Line, answers_in, envelope, inform, post, sample, values
from tests.fuzz.mutate import worse, worse_request
from tests.fuzz.targets import TREE, LogErrors, Timekeeper, answer_to, committed_in_groups, seeds, watched_log

QUEUED = (
    ("read", {"paths": ["Device.DeviceInfo.SoftwareVersion"]}), ("write", {"values": [["Device.T.1.A", "x", "string"]]}), ("reboot", {}),
    ("add_object", {"table": "Device.T."}), ("delete_object", {"path": "Device.T.1."}), ("factory_reset", {}),
)  # fmt: skip
IRREVERSIBLE = {"reboot": "Reboot", "add_object": "AddObject", "delete_object": "DeleteObject", "factory_reset": "FactoryReset"}
DONE = TransferComplete("no-key-of-ours", FaultStruct(0, ""), "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")
_OPEN = {state.value for state in OPEN}


class World:
    """One database for all examples, and names that no example used before."""

    database: Database
    vault: Vault
    errors: LogErrors
    examples = 0


class Sessions(RuleBasedStateMachine):
    """The bad device's line, cookie and last question are what the rules play with; `workers` share the database."""

    def __init__(self) -> None:
        super().__init__()
        World.examples += 1
        self.clock = Timekeeper()
        self.clock.rightNow = World.examples * 100_000.0
        self.bad, self.good = f"BAD{World.examples}", f"GOOD{World.examples}"
        self.workers = [self._worker(0), self._worker(1)]
        self.on = 0
        self.line: Line | None = None
        self.cookie = ""
        self.question: Any = None
        self.operations: dict[int, str] = {}
        self.sent: Counter[str] = Counter()
        self.informed = False
        self.count, self.last_inform, self.check_token = 0, b"", True
        self._at(self.good)

    def _worker(self, number: int) -> Bench:
        return committed_in_groups(Bench(World.database, World.vault, self.clock, number=number, max_sessions=20))

    def teardown(self) -> None:
        """A device that works comes back: whatever happened, every operation comes to its end, and none is done twice."""
        if not self.informed:
            return
        self.line = None
        for n in range(12):
            self.clock.advance(700)
            for worker in self.workers:
                worker.handler.sweep()
                worker.factory.sweep()
            self._settle()
            self._at(self.bad, "1 BOOT", "M Reboot", *(["0 BOOTSTRAP"] if n == 11 else []))
            if not self._still_open():
                break
        self.every_operation_is_accounted_for()
        self.nothing_irreversible_is_sent_twice()
        assert not self._still_open(), self._rows()
        for worker in self.workers:
            worker.handler.stop()
            self._settle()
            assert not worker.handler._by_token

    # ---- what goes over the wire -------------------------------------------------------------------------

    @property
    def worker(self) -> Bench:
        return self.workers[self.on]

    def _settle(self) -> None:
        for _ in range(3):
            self.clock.advance(0.02)

    def _at(self, serial: str, *events: str) -> None:
        """A session of a device that works, on a line of its own."""
        line = self.worker.line("192.0.2.99")
        answer = self._exchange(line, post(envelope(inform(serial, *events))))
        assert type(answer.message).__name__ == "InformResponse", answer
        cookie = answer.cookie
        answer = self._exchange(line, post(cookie=cookie))
        for _ in range(80):
            if answer.status == 204:
                break
            self._note(answer)
            answer = self._exchange(line, post(envelope(answer_to(answer.message), answer.envelope.id), cookie))
        assert answer.status == 204, answer
        line.hang_up()

    def _exchange(self, line: Line, data: bytes) -> Answer:
        assert line.connection is not None
        line.connection.dataReceived(data)
        self._settle()
        (answer,) = line.read()
        self._is_durable(answer)
        return answer

    def _send(self, data: bytes, count: int | None = 1) -> None:
        """What the bad device says. Each whole request gets its answer, or the connection ends; None where one cannot tell how many it is."""
        if self.line is None or self.line.closed:
            self.line = self.worker.line()
        line = self.line
        line.connection.dataReceived(data)  # type: ignore[union-attr]
        early, _ = answers_in(line.transport.value())
        for answer in early[-1:]:  # what a later request in the same packet changed is no fault of an earlier answer
            self._is_durable(answer)
        self._settle()
        found = line.read()
        if count is not None:
            assert len(found) == count or (line.closed and 0 < len(found) < count), (len(found), count, data[:200])
        for answer in found[-1:]:
            self._is_durable(answer)
        for answer in found:
            self._note(answer)
            self.cookie = answer.cookie or self.cookie
            self.informed |= bool(answer.cookie)
        if line.closed:
            line.hang_up()
            self.line = None

    def _note(self, answer: Answer) -> None:
        if answer.status == 200 and answer.body and not isinstance(answer.message, CwmpFault):
            name = type(answer.message).__name__
            if not name.endswith("Response"):
                self.question = answer.envelope
                if name in IRREVERSIBLE.values():
                    self.sent[name] += 1

    def _is_durable(self, answer: Answer) -> None:
        """Nothing is acknowledged before it is stored: an Inform's session is the device's, a question's intent is kept."""
        if answer.status != 200 or not answer.cookie or not answer.body or isinstance(answer.message, CwmpFault | GetRPCMethodsResponse):
            return  # what can be said without storing anything may come from a session that another worker has ended meanwhile
        token, _, number = answer.cookie.removeprefix("hl=").partition("-")
        with World.database.read() as session:
            device = session.scalar(select(Device).where(Device.id == int(number)))
            assert device is not None
            assert device.session_token == token or not self.check_token
            name = type(answer.message).__name__
            if not name.endswith("Response") and not isinstance(answer.message, CwmpFault):
                asked = session.scalar(
                    select(Exchange).where(Exchange.device_id == device.id).order_by(Exchange.epoch.desc(), Exchange.seq.desc())
                )
                assert asked is not None
                assert (asked.request, asked.answered) == (name, False)
                if name in IRREVERSIBLE.values():
                    assert session.scalar(select(Operation.sent).where(Operation.id == asked.operation_id))

    # ---- what can happen -----------------------------------------------------------------------------------

    @rule(
        events=st.sampled_from(
            (("2 PERIODIC",), ("1 BOOT",), ("0 BOOTSTRAP", "1 BOOT"), ("1 BOOT", "M Reboot"), ("6 CONNECTION REQUEST",))
        ),
        again=st.booleans(),
    )
    def bad_device_informs(self, events: tuple[str, ...], again: bool) -> None:
        self.count += 1  # no two Informs are the same: one that is may be answered from memory
        self.last_inform = envelope(inform(self.bad, *events, retry=self.count))
        self._send(post(self.last_inform, self.cookie if again else ""))

    @precondition(lambda self: self.last_inform)
    @rule(cookie=st.booleans())
    def repeats_its_inform(self, cookie: bool) -> None:
        """Its events are stored already, so that the answer may tell of a session that another worker has ended meanwhile."""
        self.check_token = False
        self._send(post(self.last_inform, self.cookie if cookie else ""))
        self.check_token = True

    @rule(cookie=st.booleans())
    def posts_empty(self, cookie: bool) -> None:
        self._send(post(cookie=self.cookie if cookie else ""))

    @precondition(lambda self: self.question is not None)
    @rule(kind=st.sampled_from(("right", "right", "right", "fault", "other id", "no id", "other answer")), cookie=st.booleans())
    def answers_the_question(self, kind: str, cookie: bool) -> None:
        rid: str | None = self.question.id
        message = answer_to(self.question.message)
        if kind == "fault":
            message = CwmpFault(9002, "Internal error")
        elif kind == "other answer":
            message = values({"Device.X": "y"})
        elif kind == "other id":
            rid = "hl999"
        self._send(post(envelope(message, None if kind == "no id" else rid), self.cookie if cookie else ""))

    @rule(message=st.sampled_from((GetRPCMethods(), DONE, CwmpFault(9000, "unasked"), values({"Device.X": "unasked"}))))
    def says_something_else(self, message: Any) -> None:
        self._send(post(envelope(message), self.cookie))

    @rule(seed=st.integers(0, 2**32))
    def says_nonsense(self, seed: int) -> None:
        rng = random.Random(seed)
        self._send(post(worse(rng.choice(seeds("messages")), rng).replace(b"FUZZ", self.bad.encode()), self.cookie))

    @rule(seed=st.integers(0, 2**32))
    def sends_nonsense(self, seed: int) -> None:
        rng = random.Random(seed)
        request = (
            worse_request(rng.choice(seeds("requests")), rng).replace(b"{COOKIE}", self.cookie.encode()).replace(b"FUZZ", self.bad.encode())
        )
        self._send(request, None)
        if self.line is not None:  # nobody knows where in a message it stands
            self.line.hang_up()
            self.line = None

    @rule(part=st.floats(0, 1), what=st.sampled_from(("inform", "empty", "answer")))
    def breaks_off_in_the_middle(self, part: float, what: str) -> None:
        body = {"inform": envelope(inform(self.bad, "1 BOOT")), "empty": b"", "answer": envelope(values(TREE), "hl1")}[what]
        data = post(body, self.cookie)
        line = self.worker.line()
        line.connection.dataReceived(data[: int(part * (len(data) - 1))])  # type: ignore[union-attr]
        line.hang_up()
        self._settle()

    @rule(what=st.sampled_from(("inform", "empty")))
    def hangs_up_before_the_answer(self, what: str) -> None:
        line = self.worker.line()
        line.connection.dataReceived(post(envelope(inform(self.bad, "4 VALUE CHANGE")) if what == "inform" else b"", self.cookie))  # type: ignore[union-attr]
        self._note_unread(line)
        line.hang_up()
        self._settle()

    def _note_unread(self, line: Line) -> None:
        """What was written before it hung up may have been read."""
        for answer in line.read():
            self._is_durable(answer)
            self._note(answer)

    @rule()
    def hangs_up(self) -> None:
        if self.line is not None:
            self.line.hang_up()
            self.line = None

    @rule()
    def pipelines(self) -> None:
        self._send(post(envelope(inform(self.bad))) + post(cookie=self.cookie), 2)

    @rule(seconds=st.sampled_from((1, 20, 40, 90, 700)))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)
        for worker in self.workers:
            worker.handler.sweep()
            worker.factory.sweep()
        self._settle()
        if self.line is not None and self.line.closed:
            self.line.hang_up()
            self.line = None

    @rule()
    def next_message_reaches_the_other_worker(self) -> None:
        self.on = 1 - self.on
        self.hangs_up()

    @rule(which=st.integers(0, 1), waits=st.booleans())
    def worker_is_killed(self, which: int, waits: bool) -> None:
        """As kill -9 does: nothing is said, what was not committed is gone. `waits`: a message is just being stored."""
        if waits:
            line = self.workers[which].line()
            line.connection.dataReceived(post(envelope(inform(self.bad, "1 BOOT"))))  # type: ignore[union-attr]
            self.workers[which].commit._waiting.clear()  # type: ignore[attr-defined]
        self.workers[which] = self._worker(which)
        if self.on == which:
            self.line = None

    @precondition(lambda self: self.informed)
    @rule(what=st.sampled_from(QUEUED))
    def operator_asks_for_something(self, what: tuple[str, dict[str, Any]]) -> None:
        try:
            self.operations[self.worker.request(*what, name=self.bad)] = what[0]
        except (UnknownDevice, Conflict):
            return

    @rule()
    def good_device_informs(self) -> None:
        self._at(self.good)

    # ---- what must hold --------------------------------------------------------------------------------------

    @invariant()
    def nothing_went_wrong_outside_a_session(self) -> None:
        assert not World.errors.found, World.errors.found[0]

    @invariant()
    def device_has_one_live_session(self) -> None:
        with World.database.read() as session:
            epochs = {row.id: row.epoch for row in session.execute(select(Device.id, Device.epoch))}
        live = Counter(
            conversation.device.device_id
            for worker in self.workers
            for conversation in worker.handler._by_token.values()
            if conversation.device is not None
            and not conversation.over
            and conversation.device.epoch == epochs[conversation.device.device_id]
        )
        assert not live or max(live.values()) == 1
        for worker in self.workers:
            held = [c.device.device_id for c in worker.handler._by_token.values() if c.device is not None]
            assert len(held) == len(set(held))

    @invariant()
    def every_operation_is_accounted_for(self) -> None:
        for row in self._rows():
            assert row.state in _OPEN or row.state == "done" or (row.state in ("failed", "cancelled") and row.error), row

    @invariant()
    def nothing_irreversible_is_sent_twice(self) -> None:
        asked = Counter(IRREVERSIBLE[kind] for kind in self.operations.values() if kind in IRREVERSIBLE)
        for name, count in self.sent.items():
            # A DeleteObject may be asked again where its answer was lost: deleting what is gone is answered 9005 (conformance C.6).
            assert count <= asked[name] or name == "DeleteObject", (name, count, asked)

    def _rows(self) -> list[Any]:
        with World.database.read() as session:
            columns = (Operation.id, Operation.kind, Operation.state, Operation.error, Operation.sent, Operation.phase, Operation.attempts)
            rows = list(session.execute(select(*columns).where(Operation.id.in_(list(self.operations)))))
        assert len(rows) == len(self.operations)
        return rows

    def _still_open(self) -> list[Any]:
        return [row for row in self._rows() if row.state in _OPEN]


def play(database: Database, vault: Vault, examples: int, steps: int) -> None:
    World.database, World.vault = database, vault
    with watched_log() as World.errors:
        run_state_machine_as_test(
            Sessions,
            settings=settings(
                max_examples=examples,
                phases=(Phase.generate,),
                stateful_step_count=steps,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )


@pytest.mark.cwmp("A-58", "A-70", "A-71", "L-15")
@pytest.mark.quirk("K-15")
def test_any_message_at_any_time_harms_nobody_and_loses_nothing(database: Database, vault: Vault):
    before = sample("hearthline_sessions_total")
    play(database, vault, examples=25, steps=30)
    assert sample("hearthline_sessions_total") > before


@pytest.mark.soak
def test_any_message_at_any_time_for_long(database: Database, vault: Vault):
    play(database, vault, examples=400, steps=60)


def test_inform_is_what_the_machine_thinks_it_is():
    assert isinstance(answer_to(GetRPCMethods()), CwmpFault)
    assert isinstance(inform("S"), Inform)
