"""The port on which a case's CPE takes connection requests, with any manners a real one may have (conformance F.1, quirks K-67 to K-70).

Every request is kept; a good login fires `called`. The login is read from the CPE when a request comes, as the ACS may have changed it.
Tests: tests/simulators/conformance/test_calls.py.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol

from acs.cwmp.digest import Basic, Digest, matching_secret, parse_authorization

DIGEST = 'Digest realm="cpe", qop="auth", nonce="{nonce}", algorithm=MD5'
"""A challenge as most devices send it."""


@dataclass
class Call:
    """One request as it came. `good`: its login is right."""

    method: str
    target: str
    version: str
    headers: dict[str, str]
    body: bytes
    at: float
    good: bool = False


@dataclass
class CallPort:
    """`challenges` are the WWW-Authenticate lines of a 401, none: nobody is asked to log in. `answers` are statuses that go before all else,
    one per request. `hang_up`: the connection is closed after the challenge. `login` may be a callable that tells it fresh.
    """

    reactor: Any
    host: str
    login: Any
    note: Callable[[str, str, str], None]
    challenges: tuple[str, ...] = (DIGEST,)
    answers: list[int] = field(default_factory=list)
    location: str = ""
    hang_up: bool = False
    stale_first: bool = False
    path: str = ""
    calls: list[Call] = field(default_factory=list)
    _called: Deferred[None] | None = None
    _seen: int = 0

    def __post_init__(self) -> None:
        self.path = self.path or f"/cr/{secrets.token_hex(8)}"
        self.nonce = secrets.token_hex(12)
        factory = Factory.forProtocol(_Caller)
        factory.port = self
        factory.noisy = False
        self._listening = self.reactor.listenTCP(0, factory, interface=self.host)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self._listening.getHost().port}{self.path}"

    def close(self) -> None:
        self._listening.stopListening()

    @property
    def good(self) -> list[Call]:
        return [call for call in self.calls if call.good]

    async def called(self, within_s: float) -> bool:
        """Whether a good request comes (or came since last asked) in that time."""
        deadline = self.reactor.seconds() + within_s
        while len(self.good) <= self._seen:
            left = deadline - self.reactor.seconds()
            if left <= 0:
                return False
            waiting: Deferred[None] = Deferred()
            self._called = waiting
            timer = self.reactor.callLater(left, self._wake)
            await waiting
            if timer.active():
                timer.cancel()
        self._seen = len(self.good)
        return True

    async def reached(self, within_s: float) -> bool:
        """Whether any request comes in that time, whatever its login."""
        deadline = self.reactor.seconds() + within_s
        while not self.calls and self.reactor.seconds() < deadline:
            waiting: Deferred[None] = Deferred()
            self._called = waiting
            timer = self.reactor.callLater(deadline - self.reactor.seconds(), self._wake)
            await waiting
            if timer.active():
                timer.cancel()
        return bool(self.calls)

    def _wake(self) -> None:
        waiting, self._called = self._called, None
        if waiting is not None:
            waiting.callback(None)

    def take(self, call: Call) -> tuple[int, list[str]]:
        """(status, header lines) for one request."""
        self.calls.append(call)
        status, lines = self._decide(call)
        self.note(f"connection request: {call.method} {call.target}, answered {status}", "<", "")
        self._wake()
        return status, lines

    def _decide(self, call: Call) -> tuple[int, list[str]]:
        if self.answers:
            status = self.answers.pop(0)
            return status, [f"Location: {self.location}"] if self.location else []
        if call.target != self.path:
            return 404, []
        if call.method != "GET":
            return 405, ["Allow: GET"]
        if self.challenges and not self._is_good(call):
            return 401, [f"WWW-Authenticate: {line.format(nonce=self.nonce)}" for line in self.challenges]
        if self.stale_first:
            self.stale_first = False
            self.nonce = secrets.token_hex(12)
            return 401, [f"WWW-Authenticate: {self.challenges[0].format(nonce=self.nonce)}, stale=true"]
        call.good = True
        return 200, []

    def _is_good(self, call: Call) -> bool:
        username, password = self.login() if callable(self.login) else self.login
        given = parse_authorization(call.headers.get("authorization", ""))
        if given is None or given.username != username:
            return False
        offered = {line.partition(" ")[0].lower() for line in self.challenges}
        if isinstance(given, Basic):
            return "basic" in offered and given.password == password
        assert isinstance(given, Digest)
        return given.nonce == self.nonce and given.uri == call.target and matching_secret(given, call.method, (password,)) is not None


class _Caller(Protocol):
    def __init__(self) -> None:
        self._data = b""

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        while b"\r\n\r\n" in self._data:
            head, _, rest = self._data.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            size = int(headers.get("content-length", "0") or 0)
            if len(rest) < size:
                return
            body, self._data = rest[:size], rest[size:]
            method, target, version = (*first.split(" ", 2), "", "")[:3]
            port: CallPort = self.factory.port
            status, more = port.take(Call(method, target, version, headers, body, port.reactor.seconds()))
            close = port.hang_up or headers.get("connection", "").lower() == "close"
            more += ["Content-Length: 0", *(["Connection: close"] if close else [])]
            self.transport.write(f"HTTP/1.1 {status} Said\r\n".encode() + ("\r\n".join(more) + "\r\n\r\n").encode())
            if close:
                self.transport.loseConnection()
                return
