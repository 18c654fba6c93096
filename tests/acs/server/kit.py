"""What the tests of the server share: an ACS in memory on a Clock, a line to it, messages of a device, and HTTP read back into parts.

`Bench` is the whole path of a message without a socket or a thread: HTTP channel, handler, session, batch, SQLite. house.py is the same on
real sockets.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from acs.audit import Actor
from acs.cwmp.codec import Envelope, decode, encode
from acs.cwmp.digest import Nonces, pairs
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    DeviceIdStruct,
    EventStruct,
    GetParameterNamesResponse,
    GetParameterValuesResponse,
    Inform,
    ParameterInfoStruct,
    ParameterValueStruct,
    SetParameterValuesResponse,
)
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.operations import progress
from acs.operations import service as operations
from acs.operations.briefing import Briefing
from acs.secrets import Vault
from acs.server.auth import CpeAuthenticator, account_of
from acs.server.batch import Batch, take_over
from acs.server.commit import Overloaded
from acs.server.cwmp import CwmpHandler, Policy
from acs.server.http import HttpFactory, Limits
from tests.acs.kit import recorded

NOW = datetime(2026, 11, 21, 20, 52, tzinfo=UTC)
NAMESPACE = "urn:dslforum-org:cwmp-1-2"
ACTOR = Actor("user:anna", DEFAULT_TENANT)

# ---- HTTP, read back ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def one(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    @property
    def cookie(self) -> str:
        """As a device sends it back."""
        return self.one("set-cookie").partition(";")[0]

    @property
    def envelope(self) -> Envelope:
        return decode(self.body)

    @property
    def message(self) -> Any:
        return self.envelope.message


def answers_in(data: bytes) -> tuple[list[Answer], bytes]:
    """The whole responses at the beginning of `data`, and what follows them. "100 Continue" counts as one."""
    found: list[Answer] = []
    while b"\r\n\r\n" in data:
        head, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = tuple((name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
        size = int(dict(headers).get("content-length", "0"))
        if len(rest) < size:
            break
        found.append(Answer(int(first.split(" ")[1]), headers, rest[:size]))
        data = rest[size:]
    return found, data


def post(
    body: bytes = b"", cookie: str = "", authorization: str = "", *, target: str = "/", version: str = "1.1", method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> bytes:  # fmt: skip
    """A request as a device sends it."""
    said = {"Host": "acs.example", "Content-Length": str(len(body))}
    if body:
        said |= {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
    if cookie:
        said["Cookie"] = cookie
    if authorization:
        said["Authorization"] = authorization
    said |= headers or {}
    lines = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in said.items() if value is not None)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def digest_line(
    challenge: str,
    username: str,
    secret: str,
    *,
    uri: str = "/",
    nc: int = 1,
    qop: bool = True,
    method: str = "POST",
    cnonce: str = "c0ffee",
) -> str:
    """The Authorization header of a client that was written without ours."""
    given = pairs(challenge.partition(" ")[2])

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    ha1, ha2 = md5(f"{username}:{given['realm']}:{secret}"), md5(f"{method}:{uri}")
    middle = f"{nc:08x}:{cnonce}:auth:" if qop else ""
    realm, nonce = given["realm"], given["nonce"]
    response = md5(f"{ha1}:{nonce}:{middle}{ha2}")
    line = f'Digest username="{username}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}"'
    return line + (f', qop=auth, nc={nc:08x}, cnonce="{cnonce}"' if qop else "")


# ---- what a device says ---------------------------------------------------------------------------------------


def inform(
    serial: str = "S1", *events: str, oui: str = "02A5C1", product: str = "Box", values: Mapping[str, str] | None = None, retry: int = 0,
    root: str = "Device",
) -> Inform:  # fmt: skip
    given = {
        f"{root}.DeviceInfo.HardwareVersion": "A1", f"{root}.DeviceInfo.SoftwareVersion": "1.0",
        f"{root}.ManagementServer.ConnectionRequestURL": "http://127.0.0.1:9/cr", f"{root}.ManagementServer.ParameterKey": "", **(values or {}),
    }  # fmt: skip
    codes = events or ("2 PERIODIC",)
    structs = tuple(EventStruct(*code.split("|")) if "|" in code else EventStruct(code, "") for code in codes)
    return Inform(
        DeviceIdStruct("Maker", oui, product, serial), structs, 1, "2026-11-21T20:52:00+00:00", retry,
        tuple(ParameterValueStruct(name, value, "string") for name, value in given.items()),
    )  # fmt: skip


def envelope(message: Any, rid: str | None = "1", namespace: str = NAMESPACE, headers: tuple[tuple[str, str, int], ...] = ()) -> bytes:
    return encode(message, rid, namespace, extra_headers=headers)


def values(found: Mapping[str, str]) -> GetParameterValuesResponse:
    return GetParameterValuesResponse(tuple(ParameterValueStruct(name, value, "string") for name, value in found.items()))


# ---- the ACS in memory ----------------------------------------------------------------------------------------


class InlineCommit:
    """Stands where GroupCommit does: commits each work at once. `full` refuses, `held` keeps works until `release`, `broken` fails."""

    def __init__(self, database: Database, batch: Batch) -> None:
        self._database, self._batch = database, batch
        self.full = self.held = False
        self.broken: Exception | None = None
        self.works: list[Any] = []
        self._waiting: list[tuple[Any, Deferred[Any]]] = []

    def submit(self, work: Any) -> Deferred[Any]:
        if self.full:
            raise Overloaded
        self.works.append(work)
        if self.held:
            done: Deferred[Any] = Deferred()
            self._waiting.append((work, done))
            return done
        if self.broken is not None:
            return fail(self.broken)
        return succeed(self._do(work))

    def _do(self, work: Any) -> Any:
        with self._database.write() as unit:
            return self._batch(unit, [work])[0]

    def release(self) -> None:
        self.held = False
        waiting, self._waiting = self._waiting, []
        for work, done in waiting:
            done.callback(self._do(work))


class Line:
    """A TCP connection in memory: bytes in, responses out."""

    def __init__(self, factory: HttpFactory, peer: str = "192.0.2.10") -> None:
        from twisted.internet.address import IPv4Address

        address = IPv4Address("TCP", peer, 4711)
        self.transport = _Transport(peerAddress=address)
        self.connection = factory.buildProtocol(address)
        if self.connection is not None:
            self.connection.makeConnection(self.transport)

    def send(self, data: bytes) -> list[Answer]:
        """What came back, in order, for everything that was sent so far and not read yet."""
        assert self.connection is not None
        self.connection.dataReceived(data)
        return self.read()

    def read(self) -> list[Answer]:
        found, rest = answers_in(self.transport.value())
        self.transport.clear()
        self.transport.write(rest)
        return found

    def ask(self, data: bytes) -> Answer:
        """Send one request, which must have exactly one answer."""
        (answer,) = self.send(data)
        return answer

    @property
    def closed(self) -> bool:
        return self.transport.disconnecting or self.transport.disconnected or self.transport.aborted

    def hang_up(self) -> None:
        from twisted.internet.error import ConnectionDone
        from twisted.python.failure import Failure

        assert self.connection is not None
        self.connection.connectionLost(Failure(ConnectionDone()))


class _Transport(StringTransport):
    aborted = False

    def setTcpNoDelay(self, _on: bool) -> None: ...

    def abortConnection(self) -> None:
        self.aborted = True
        self.loseConnection()


@dataclass
class Bench:
    """One CWMP worker in memory. `clock` is its time; `workers` of the same database are made with another `number`."""

    database: Database
    vault: Vault
    clock: Clock = field(default_factory=Clock)
    cpe_auth: str = "none"
    onboarding: str = "enrol-me"
    number: int = 0
    max_sessions: int = 50
    max_body: int = 1_000_000
    recorder: str = "on"
    limits: Limits = field(default_factory=lambda: Limits(body=1_000_000))

    def __post_init__(self) -> None:
        briefing = Briefing(self.vault, "http://127.0.0.1:7567", self.cpe_auth)  # type: ignore[arg-type]
        self.commit = InlineCommit(self.database, Batch(self.vault, briefing, self.cpe_auth == "none", 20, 100_000))
        self.lookups: list[str] = []

        async def load(device_id: int) -> Any:
            with self.database.read() as session:
                return progress.load_open(session, briefing, [device_id]).get(device_id, [])

        async def claim(device_id: int, token: str, held_epoch: int | None) -> Any:
            return take_over(self.database, briefing, device_id, token, self.now(), held_epoch)

        async def account(username: str) -> Any:
            self.lookups.append(username)
            return account_of(self.database, self.vault, username)

        self.auth = CpeAuthenticator(self.cpe_auth, self.onboarding, Nonces(self.vault.key_for("nonce")), account)
        policy = Policy(self.number, DEFAULT_TENANT, 30.0, 300.0, self.max_sessions, self.max_body, self.recorder, 100_000)
        self.handler = CwmpHandler(policy, self.commit, self.auth, self.now, load, claim)  # type: ignore[arg-type]
        self.factory = HttpFactory(self.clock, self.handler, self.limits)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.clock.seconds())

    def line(self, peer: str = "192.0.2.10") -> Line:
        return Line(self.factory, peer)

    # ---- looking behind ----------------------------------------------------------------------------------

    def device(self, name: str = "S1") -> Any:
        with self.database.read() as session:
            return devices.get(session, DEFAULT_TENANT, devices.find(session, DEFAULT_TENANT, name), self.now())

    def device_keys(self) -> list[str]:
        with self.database.read() as session:
            return [row.key for row in devices.search(session, DEFAULT_TENANT, self.now())]

    def request(self, kind: str, args: Mapping[str, Any] | None = None, name: str = "S1") -> int:
        """Ask an operation of a device, as a service would."""
        with self.database.write() as unit:
            device_id = devices.find(unit.session, DEFAULT_TENANT, name)
            number = operations.request(unit, ACTOR, device_id, kind, args or {}, self.now(), vault=self.vault)
        self.handler.queued(device_id)
        return number

    def operation(self, number: int) -> Any:
        with self.database.read() as session:
            return operations.get(session, DEFAULT_TENANT, number, self.now())

    def records(self) -> list[Any]:
        """The recorded sessions, the newest first."""
        with self.database.read() as session:
            return recorded(session)

    # ---- a device's part ---------------------------------------------------------------------------------

    def known(self, serial: str = "S1", line: Line | None = None) -> tuple[Line, str]:
        """A device that was here before, in a new session in which nothing is due: its line, and its cookie."""
        line = line or self.line()
        self.play(line, line.ask(post(envelope(inform(serial, "0 BOOTSTRAP", "1 BOOT")))).cookie)
        self.clock.advance(1)
        return self.begin(serial, line)

    def play(self, line: Line, cookie: str, found: Mapping[str, str] | None = None) -> list[str]:
        """Answer every question as a device with this tree would, to the end of the session; the questions' names."""
        tree = {"Device.DeviceInfo.SoftwareVersion": "1.0", "Device.DeviceInfo.HardwareVersion": "A1"} | dict(found or {})
        asked: list[str] = []
        line.read()
        answer = line.ask(post(cookie=cookie))
        while answer.status == 200:
            asked.append(type(answer.message).__name__)
            answer = line.ask(post(envelope(reply(tree, answer.message), answer.envelope.id), cookie))
        assert answer.status == 204, answer
        return asked

    def begin(self, serial: str = "S1", line: Line | None = None, *events: str) -> tuple[Line, str]:
        line = line or self.line()
        answer = line.ask(post(envelope(inform(serial, *events))))
        assert answer.status == 200, answer
        return line, answer.cookie


def reply(tree: Mapping[str, str], question: Any) -> Any:
    match type(question).__name__:
        case "GetParameterNames":
            return GetParameterNamesResponse(
                tuple(ParameterInfoStruct(name, True) for name in tree if name.startswith(question.parameter_path))
            )
        case "GetParameterValues":
            return values({name: tree[name] for path in question.parameter_names for name in tree if name.startswith(path)})
        case "SetParameterValues":
            return SetParameterValuesResponse(0)
    return CwmpFault(9000, "Method not supported")


def sample(name: str, **labels: str) -> float:
    """A counter of this process, now."""
    from prometheus_client import REGISTRY

    if labels:
        return REGISTRY.get_sample_value(name, labels) or 0.0
    return sum(s.value for metric in REGISTRY.collect() for s in metric.samples if s.name == name)
