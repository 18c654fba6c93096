"""What is fuzzed: the decoder with all that reads a message, whole sessions, and the bytes of a connection. A finding is an AssertionError.

Sessions and connections go through the real stack (HTTP channel, handler, group commit, SQLite) joined in memory: the writer's thread is
called in line and time is a Clock, so that a finding comes again with the same bytes.
"""

import io
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import structlog
from twisted.internet.task import Clock

from acs.cwmp.apart import DecoderApart
from acs.cwmp.codec import Envelope, RawRpc, UnknownRpc, decode, encode, encode_refusal
from acs.cwmp.faults import AcsProtocolError, CpeProtocolError, CwmpFault
from acs.cwmp.messages import AddObjectResponse, DeleteObjectResponse, FactoryResetResponse, GetParameterValues, RebootResponse
from acs.cwmp.session import EMPTY_POST, CwmpSession
from acs.db.engine import Database
from acs.secrets import Vault, mask_xml
from acs.server.commit import GroupCommit
from acs.server.http import Limits
from tests.acs.server.kit import Bench, Line, answers_in, envelope, post, reply
from tests.fuzz.mutate import SEPARATOR, worse, worse_request, worse_script

SLOW_S = 1.0
"""No message may take longer than this of the processor."""
COOKIE, ANSWER = b"{COOKIE}", b"{ANSWER}"
"""In a seed: the cookie last set; the answer of a device that works to the question last asked."""
TREE = {"Device.DeviceInfo.SoftwareVersion": "1.0", "Device.DeviceInfo.HardwareVersion": "A1", "Device.T.1.A": "x"}
SEEDS = Path(__file__).parent / "seeds"


def seeds(kind: str) -> list[bytes]:
    """The kept inputs of a target."""
    return [path.read_bytes() for path in sorted((SEEDS / kind).iterdir())]


def answer_to(question: Any) -> Any:
    """What a device that works would say."""
    match type(question).__name__:
        case "Reboot":
            return RebootResponse()
        case "FactoryReset":
            return FactoryResetResponse()
        case "AddObject":
            return AddObjectResponse(1, 0)
        case "DeleteObject":
            return DeleteObjectResponse(0)
    return reply(TREE, question)


class LogErrors:
    """A structlog processor that keeps what was logged as an error, and drops the rest."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def __call__(self, _logger: Any, method: str, event: Any) -> Any:
        if method in ("error", "critical", "exception"):
            self.found.append(str(event)[-3000:])
        raise structlog.DropEvent


@contextmanager
def watched_log() -> Iterator[LogErrors]:
    """What the stack logs as an error meanwhile; nothing of it is printed."""
    errors, before = LogErrors(), structlog.get_config()
    structlog.configure(processors=[structlog.processors.format_exc_info, errors])
    try:
        with redirect_stdout(io.StringIO()):
            yield errors
    finally:
        structlog.configure(**before)


class Timekeeper(Clock):
    """A reactor whose threads are the caller's own."""

    def callFromThread(self, call: Any, *args: Any) -> None:
        call(*args)


class _InLine:
    """Stands where the writer's thread pool does."""

    def callInThread(self, call: Any, *args: Any) -> None:
        call(*args)

    def stop(self) -> None: ...


def committed_in_groups(bench: Bench, window_s: float = 0.02) -> Bench:
    """The bench with the real GroupCommit: a batch is written when the clock reaches it."""
    commit = GroupCommit(bench.clock, bench.database, bench.commit._batch, window_s)
    commit._pool.stop()
    commit._pool = _InLine()  # type: ignore[assignment]
    bench.commit = bench.handler.commit = commit  # type: ignore[assignment]
    return bench


# ---- the decoder -----------------------------------------------------------------------------------------------


class Decoder:
    """One message: decoded, answered or refused, masked, and encoded again where it is one of ours."""

    name = "decoder"

    def __init__(self) -> None:
        self.seeds = seeds("messages")
        self._decode = DecoderApart()

    def close(self) -> None:
        self._decode.stop()

    def worse(self, data: bytes, rng: random.Random) -> bytes:
        return worse(data, rng, self.seeds)

    def run(self, data: bytes) -> int:
        mask_xml(data)
        try:
            envelope = self._decode(data)
        except CpeProtocolError as error:
            answer = encode_refusal(error)
            self._is_answer(answer, error.status)
            return 1
        for session in (CwmpSession(), self._asked()):
            try:
                session.receive(envelope)
            except CpeProtocolError as error:
                encode_refusal(error, session.reply_id, session.namespace)
        if not isinstance(envelope.message, UnknownRpc | RawRpc):
            self._again(envelope)
        return 1

    @staticmethod
    def _is_answer(answer: bytes | None, status: int) -> None:
        assert answer is None or isinstance(decode(answer), Envelope)
        assert 400 <= status < 600

    @staticmethod
    def _asked() -> CwmpSession:
        session = CwmpSession(namespace="urn:dslforum-org:cwmp-1-0")
        session.state = type(session.state).CPE_TURN
        session.receive(EMPTY_POST)
        session.ask(GetParameterValues(("Device.",)))
        return session

    @staticmethod
    def _again(envelope: Envelope) -> None:
        """What we can say ourselves reads back as it was."""
        try:
            body = encode(envelope.message, envelope.id, envelope.namespace)
        except AcsProtocolError:
            return
        again = decode(body)
        assert type(again.message) is type(envelope.message)
        if not isinstance(again.message, CwmpFault):
            assert again.namespace == envelope.namespace


# ---- sessions and connections ----------------------------------------------------------------------------------


WAITING = 10
"""More requests than may wait on one connection."""


class _Stack:
    """An ACS in memory, with a device that has always something to be asked."""

    def close(self) -> None:
        self.bench.handler.stop()

    def __init__(self, database: Database, errors: LogErrors) -> None:
        clock = Timekeeper()
        clock.rightNow = 1000.0
        self.bench = committed_in_groups(Bench(database, Vault(bytes(32)), clock, limits=Limits(body=1_000_000), max_sessions=500))
        self.errors = errors
        self._runs = 0

    def _settle(self) -> None:
        """Let what waits be committed."""
        for _ in range(3):
            self.bench.clock.advance(0.02)

    def _after(self) -> None:
        """Every so often: something to ask, time that passes, sessions swept away."""
        self._runs += 1
        bench = self.bench
        bench.lookups.clear()
        if self._runs % 10 == 0:
            self._queue(("read", {"paths": ["Device.DeviceInfo.SoftwareVersion"]}) if self._runs % 20 else ("reboot", {}))
        if self._runs % 50 == 0:
            for _ in range(WAITING):  # what waited on a connection comes one by one, each after its commit
                self._settle()
            bench.clock.advance(400)
            bench.handler.sweep()
            bench.factory.sweep()
            self._settle()
            assert not bench.handler._by_token, "a session outlived its device's silence"
            assert not bench.factory.connections
            assert bench.factory.held == 0
        assert len(bench.handler._by_device) <= len(bench.handler._by_token)
        assert not self.errors.found, self.errors.found[0]

    def _queue(self, wanted: tuple[str, dict[str, Any]]) -> None:
        from acs.errors import Conflict, UnknownDevice

        try:
            self.bench.request(*wanted, name="FUZZ")
        except (UnknownDevice, Conflict):
            return


class Sessions(_Stack):
    """Messages of one device on one connection, each sent when the one before was answered."""

    name = "sessions"

    def __init__(self, database: Database, errors: LogErrors) -> None:
        super().__init__(database, errors)
        self.seeds = seeds("sessions")

    def worse(self, data: bytes, rng: random.Random) -> bytes:
        return worse_script(data, rng, self.seeds)

    def run(self, data: bytes) -> int:
        line, cookie, said = self.bench.line(), "", 0
        question: Any = None
        for body in data.split(SEPARATOR):
            said += 1
            if ANSWER in body and question is not None:
                body = body.replace(ANSWER, envelope(answer_to(question.message), question.id))
            line.connection.dataReceived(post(body, cookie))  # type: ignore[union-attr]
            self._settle()
            found = line.read()
            assert len(found) == 1, (len(found), body[:300])
            (answer,) = found
            assert answer.status in (200, 204, 400, 403, 413, 415, 500, 503), answer
            assert answer.status != 500 or b"MustUnderstand" in answer.body or not answer.body
            cookie = answer.cookie or cookie
            question = answer.envelope if answer.status == 200 and answer.body else None
            if line.closed:
                line.hang_up()
                line = self.bench.line()
        line.hang_up()
        self._after()
        return said


class Channel(_Stack):
    """The bytes of a connection, in pieces of any size; {COOKIE} stands for what the last answer set."""

    name = "channel"

    def __init__(self, database: Database, errors: LogErrors) -> None:
        super().__init__(database, errors)
        self.seeds = seeds("requests")
        self._cookie = b""

    def worse(self, data: bytes, rng: random.Random) -> bytes:
        return worse_request(data, rng, self.seeds)

    def run(self, data: bytes) -> int:
        line = Line(self.bench.factory)
        assert line.connection is not None
        cuts = random.Random(len(data))
        data = data.replace(COOKIE, self._cookie)
        while data and not line.closed:
            size = cuts.choice((1, 3, 60, 1400, 65536, 65536))
            line.connection.dataReceived(data[:size])
            data = data[size:]
        self._settle()
        found, rest = answers_in(line.transport.value())
        assert not rest, rest[:200]
        for answer in found:
            self._cookie = answer.cookie.encode() or self._cookie
            assert all("\r" not in value and "\n" not in value for _, value in answer.headers)
        line.hang_up()
        assert self.bench.factory.held == 0
        self._after()
        return max(len([answer for answer in found if answer.status != 100]), 1)


Target = Decoder | Sessions | Channel


class Watch:
    """Runs a target and minds the time of the processor and of the wall that each run takes."""

    def __init__(self, target: Target) -> None:
        self.target, self.messages, self.runs = target, 0, 0
        self.slowest_s, self.slowest_wall_s = 0.0, 0.0

    def run(self, data: bytes) -> None:
        began, began_wall = time.process_time(), time.monotonic()
        said = self.target.run(data)
        took, wall = time.process_time() - began, time.monotonic() - began_wall
        self.messages += said
        self.runs += 1
        self.slowest_s, self.slowest_wall_s = max(self.slowest_s, took / said), max(self.slowest_wall_s, wall / said)
        assert took / said < SLOW_S, f"{took:.2f} s for {said} messages of {len(data)} bytes"


def resident_kib() -> int:
    """Memory this process has in RAM."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4
