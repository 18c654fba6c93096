"""One HTTP connection of a CPE where a script decides every byte: requests in pieces, answers read back whole, cuts at any place.

simulators/http.py is the client of an honest device; this one may break every rule. Tests: tests/simulators/conformance/test_wire.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.python.failure import Failure

MOST = 64 * 1024 * 1024
_CHUNK = re.compile(rb"([0-9A-Fa-f]+)[^\r\n]*\r\n")


class NoAnswer(Exception):
    """There was no whole answer; the text says why. `closed` if the other side ended the connection."""

    def __init__(self, text: str, closed: bool = False) -> None:
        super().__init__(text)
        self.closed = closed


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response. Header names are lower case; repeated ones keep their order. `continued`: a "100 Continue" went before."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    version: str = "HTTP/1.1"
    continued: bool = False

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def one(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.headers if key == name), default)

    @property
    def keeps(self) -> bool:
        """Whether the connection may be used again."""
        said = self.one("connection").lower()
        return said != "close" and (self.version != "HTTP/1.0" or said == "keep-alive")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an ACS listens, and what is asked for there."""

    https: bool
    host: str
    port: int
    target: str

    @staticmethod
    def of(url: str) -> Place:
        parts = urlsplit(url)
        https = parts.scheme.lower() == "https"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Place(https, parts.hostname or "", parts.port or (443 if https else 80), target)

    @property
    def authority(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.https else 80) else f"{name}:{self.port}"


class Line(Protocol):
    """A connection. `send` writes, `answer` waits for the next whole response, `abort` cuts with a reset."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self.opened: Deferred[None] = Deferred()
        self.closed = False
        self.heard = 0
        self.transport: Any = None
        self._buffer = b""
        self._waiting: Deferred[None] | None = None

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        self.opened.callback(None)

    def dataReceived(self, data: bytes) -> None:
        self.heard += len(data)
        self._buffer += data
        if len(self._buffer) > MOST:
            self.abort()
        self._wake()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)

    def send(self, data: bytes) -> None:
        if not self.closed:
            self.transport.write(data)

    def close(self) -> None:
        if not self.closed and self.transport is not None:
            self.transport.loseConnection()

    def abort(self) -> None:
        if not self.closed and self.transport is not None:
            self.transport.abortConnection()

    async def _more(self, deadline: float) -> None:
        """Until something came, or the connection ended, or the time is over."""
        if self.closed:
            raise NoAnswer("the connection was closed" + (" in the middle of an answer" if self._buffer else " without an answer"), True)
        left = deadline - self.reactor.seconds()
        if left <= 0:
            raise NoAnswer("no whole answer in time")
        waiting: Deferred[None] = Deferred()
        self._waiting = waiting
        timer = self.reactor.callLater(left, self._wake)
        await waiting
        if timer.active():
            timer.cancel()

    async def ended(self, timeout_s: float) -> bool:
        """Whether the other side closes the connection within that time."""
        deadline = self.reactor.seconds() + timeout_s
        while not self.closed:
            try:
                await self._more(deadline)
            except NoAnswer:
                return self.closed
        return True

    async def answer(self, timeout_s: float, bodiless: bool = False) -> Answer:
        """The next response, `bodiless` to HEAD. NoAnswer when there is none in time, the connection ends, or it is not HTTP."""
        deadline = self.reactor.seconds() + timeout_s
        continued = False
        while True:
            while b"\r\n\r\n" not in self._buffer:
                await self._more(deadline)
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            version, _, rest = first.partition(" ")
            if not version.startswith("HTTP/") or not rest[:3].isdigit():
                raise NoAnswer(f"not HTTP: {first[:60]!r}")
            status = int(rest[:3])
            if 100 <= status < 200:
                continued = True
                continue
            headers = tuple((name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
            body = b"" if bodiless else await self._body(status, dict(headers), deadline)
            return Answer(status, headers, body, version, continued)

    async def _body(self, status: int, said: dict[str, str], deadline: float) -> bytes:
        if status in (204, 304):
            return b""
        if "chunked" in said.get("transfer-encoding", "").lower():
            return await self._chunks(deadline)
        length = said.get("content-length", "")
        if length.isdigit():
            return await self._take(int(length), deadline)
        while not self.closed:
            try:
                await self._more(deadline)
            except NoAnswer as error:
                if not error.closed:
                    raise
        body, self._buffer = self._buffer, b""
        return body

    async def _take(self, size: int, deadline: float) -> bytes:
        while len(self._buffer) < size:
            await self._more(deadline)
        part, self._buffer = self._buffer[:size], self._buffer[size:]
        return part

    async def _chunks(self, deadline: float) -> bytes:
        parts: list[bytes] = []
        while True:
            while b"\r\n" not in self._buffer:
                await self._more(deadline)
            found = _CHUNK.match(self._buffer)
            if found is None:
                raise NoAnswer("the chunks of the answer are broken")
            self._buffer = self._buffer[found.end() :]
            size = int(found[1], 16)
            part = await self._take(size + 2, deadline)
            if size == 0:
                return b"".join(parts)
            parts.append(part[:-2])


class _Factory(ClientFactory):
    noisy = False

    def __init__(self, line: Line) -> None:
        self.line = line

    def buildProtocol(self, _address: Any) -> Line:
        return self.line

    def clientConnectionFailed(self, _connector: Any, reason: Failure) -> None:
        self.line.closed = True
        self.line.opened.errback(NoAnswer(f"no connection: {reason.getErrorMessage()}", True))


async def connect(reactor: Any, place: Place, tls: Any = None, timeout_s: float = 10.0) -> Line:
    """A new connection; `tls` are client TLS options for https. NoAnswer when there is none."""
    line = Line(reactor)
    if place.https:
        reactor.connectSSL(place.host, place.port, _Factory(line), tls, timeout=timeout_s)
    else:
        reactor.connectTCP(place.host, place.port, _Factory(line), timeout=timeout_s)
    await line.opened
    return line


def in_chunks(body: bytes, size: int, extension: str = "") -> bytes:
    """A body as Transfer-Encoding: chunked has it, in pieces of `size`."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension.encode(), piece) for piece in pieces) + b"0\r\n\r\n"
