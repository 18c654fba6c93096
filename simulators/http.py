"""A small HTTP/1.1 client for many devices on one reactor: one connection, one request at a time, bodies streamed if wanted.

Twisted's Agent costs several times the CPU of a CWMP session and hides what a CPE must control (connections, headers, versions).
Responses are read by Content-Length, by chunks, or to the end of the connection; time-out is by inactivity (quirk K-14).
transport.py speaks CWMP over it, transfers.py and throughput.py move files. Tests: tests/simulators/test_http.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.python.failure import Failure

from acs.errors import WrongEnvironment

MAX_HEAD = 65536
MAX_BODY = 64 * 1024 * 1024
CHUNK = 65536
PACE_STEP_S = 0.005
CONTINUE_S = 1.0


class ConnectFailed(Exception):
    """No connection: the name does not resolve, nobody listens, or nobody answers."""


class ExchangeFailed(Exception):
    """The connection broke, or went silent, before the whole response was here."""


@dataclass(frozen=True, slots=True)
class Response:
    """Header names are lower case; repeated ones keep their order."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def one(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.headers if key == name), default)


class _Exchange(Protocol):
    """One connection. Feeds what arrives to the exchange that runs; `closed` once it is gone."""

    def __init__(self, clock: Any, idle_s: float) -> None:
        self.clock, self.idle_s = clock, idle_s
        self.opened: Deferred[None] = Deferred()
        self.closed = False
        self.transport: Any = None
        self.heard = False
        self.method = ""
        self.continued: Deferred[None] | None = None
        self.pace_kbps = 0.0
        self._began = 0.0
        self._moved = 0
        self._resume: Any = None
        self._received: list[bytes] = []
        self._size = 0
        self.keep = True
        self._buffer = b""
        self._answer: Deferred[Response] | None = None
        self._timer: Any = None
        self._reader: Callable[[], bool] = self._read_head
        self._sink: Callable[[bytes], None] | None = None

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        self.opened.callback(None)

    def ask(self, request: bytes, sink: Callable[[bytes], None] | None) -> Deferred[Response]:
        self._answer, self._sink, self._reader = Deferred(self._cancelled), sink, self._read_head
        self._buffer, self._received, self._size, self.keep, self.heard = b"", [], 0, True, False
        self._began, self._moved = self.clock.seconds(), 0
        self._rearm()
        self.transport.write(request)
        return self._answer

    def _cancelled(self, _deferred: Any) -> None:
        self._answer = None
        self.abort()

    def more(self, part: bytes) -> None:
        self._rearm()
        self.transport.write(part)

    def _rearm(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.reset(self.idle_s)
        else:
            self._timer = self.clock.callLater(self.idle_s, self._silent)

    def _silent(self) -> None:
        self._fail(ExchangeFailed(f"no answer for {self.idle_s:g} s"))
        self.abort()

    def abort(self) -> None:
        if self.transport is not None and not self.closed:
            self.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        if self._answer is None:
            return
        self.heard = True
        self._rearm()
        self._hold_pace(len(data))
        self._buffer += data
        try:
            while self._answer is not None and self._reader():
                pass
        except (ValueError, UnicodeDecodeError) as error:
            self._fail(ExchangeFailed(f"not HTTP: {error}"))
            self.abort()

    def ahead_s(self, octets: int) -> float:
        """How much sooner than the line allows so many octets have moved, in seconds; 0 without a pace."""
        if not self.pace_kbps:
            return 0.0
        return max(0.0, octets * 8 / (self.pace_kbps * 1000) - (self.clock.seconds() - self._began))

    def _hold_pace(self, octets: int) -> None:
        self._moved += octets
        ahead = self.ahead_s(self._moved)
        if ahead > PACE_STEP_S and self._resume is None:
            self.transport.pauseProducing()
            self._resume = self.clock.callLater(ahead, self._go_on)

    def _go_on(self) -> None:
        self._resume = None
        if not self.closed:
            self.transport.resumeProducing()

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise ValueError("header too long")
            return False
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        self._buffer = self._buffer[end + 4 :]
        version, status, *_ = lines[0].split(" ", 2)
        if not version.startswith("HTTP/"):
            raise ValueError(lines[0][:40])
        self.status = int(status)
        if 100 <= self.status < 200:
            self.go_ahead()
            return True
        self.go_ahead()
        pairs = (line.partition(":") for line in lines[1:])
        self.headers = tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
        said = {name: value.lower() for name, value in self.headers}
        self.keep = said.get("connection", "") != "close" and (version != "HTTP/1.0" or said.get("connection") == "keep-alive")
        if self.status in (204, 304) or self.method == "HEAD":
            self._finish()
        elif "chunked" in said.get("transfer-encoding", ""):
            self._reader = self._read_chunk
        elif "content-length" in said:
            self._left = int(said["content-length"])
            self._reader = self._read_counted
        else:
            self.keep, self._left, self._reader = False, -1, self._read_to_end
        return True

    def go_ahead(self) -> None:
        """Send the body that was held back."""
        waiting, self.continued = self.continued, None
        if waiting is not None:
            waiting.callback(None)

    def _take(self, part: bytes) -> None:
        if self._sink is not None and 200 <= self.status < 300:
            self._sink(part)
            return
        self._received.append(part)
        self._size += len(part)
        if self._size > MAX_BODY:
            raise ValueError("body too long")

    def _read_counted(self) -> bool:
        part, self._buffer = self._buffer[: self._left], self._buffer[self._left :]
        self._left -= len(part)
        if part:
            self._take(part)
        if self._left == 0:
            self._finish()
        return False

    def _read_chunk(self) -> bool:
        line, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            return False
        size = int(line.split(b";")[0], 16)
        if size == 0:
            if not rest.startswith(b"\r\n") and b"\r\n\r\n" not in rest:
                return False
            self._finish()
            return False
        if len(rest) < size + 2:
            return False
        self._take(rest[:size])
        self._buffer = rest[size + 2 :]
        return True

    def _read_to_end(self) -> bool:
        part, self._buffer = self._buffer, b""
        if part:
            self._take(part)
        return False

    def _finish(self) -> None:
        self._stop_timer()
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.callback(Response(self.status, self.headers, b"".join(self._received)))

    def _fail(self, error: Exception) -> None:
        self._stop_timer()
        self.go_ahead()
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.errback(error)

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.closed = True
        if self._resume is not None and self._resume.active():
            self._resume.cancel()
        if self._answer is not None and self._reader == self._read_to_end and reason.check(ConnectionDone):
            self._finish()
        self._fail(ExchangeFailed(f"connection lost: {reason.getErrorMessage()}"))


class _Factory(ClientFactory):
    noisy = False

    def __init__(self, protocol: _Exchange) -> None:
        self.made = protocol

    def buildProtocol(self, _address: Any) -> _Exchange:
        return self.made

    def clientConnectionFailed(self, _connector: Any, reason: Failure) -> None:
        self.made.closed = True
        if not self.made.opened.called:
            self.made.opened.errback(ConnectFailed(reason.getErrorMessage()))


def in_chunks(body: bytes, count: int = 3) -> bytes:
    """A body as Transfer-Encoding: chunked has it, in about so many pieces."""
    size = max(1, -(-len(body) // count))
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


class HttpClient:
    """Requests of one device, one after the other, on a connection kept as long as both sides like it."""

    def __init__(
        self, reactor: Any, idle_s: float = 60.0, connect_s: float = 15.0, ca: Path | None = None, own: Path | None = None
    ) -> None:
        """`ca` is a PEM file of the authority to trust for https instead of the system's, `own` one of our certificate and its key."""
        self.reactor, self.idle_s, self.connect_s, self.ca, self.own = reactor, idle_s, connect_s, ca, own
        self._open: _Exchange | None = None
        self._place: tuple[str, str, int] | None = None
        self.opened_at = 0.0

    async def request(
        self, method: str, url: str, headers: list[tuple[str, str]], body: bytes = b"", *, http10: bool = False,
        sink: Callable[[bytes], None] | None = None, length: int | None = None, pace_kbps: float = 0,
        chunked: bool = False, expect: bool = False, trickle: int = 0,
    ) -> Response:  # fmt: skip
        """One exchange. ConnectFailed or ExchangeFailed when there is none. `sink` gets the body of a 2xx answer piece by piece.

        `expect` holds the body back until the other side says 100 or a second has gone by; `trickle` sends pieces of so many octets.
        `length` sends that many zero octets instead of `body`; `pace_kbps` holds both ways to the speed of a line. A request on a kept
        connection that was closed cleanly under it, before any octet of an answer, is repeated once on a new one (conformance A-21).
        """
        parts = urlsplit(url)
        host, https = parts.hostname or "", parts.scheme == "https"
        place = (parts.scheme, host, parts.port or (443 if https else 80))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        name = f"[{host}]" if ":" in host else host
        lines = [f"{method} {target} HTTP/1.{0 if http10 else 1}", f"Host: {name}" + (f":{parts.port}" if parts.port else "")]
        lines += [f"{key}: {value}" for key, value in headers]
        size = len(body) if length is None else length
        if chunked and body:
            lines.append("Transfer-Encoding: chunked")
            body = in_chunks(body)
        elif method != "GET":
            lines.append(f"Content-Length: {size}")
        if expect and body:
            lines.append("Expect: 100-continue")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        exchange, reused = await self._connection(place)
        exchange.pace_kbps = pace_kbps
        try:
            return await self._exchange(exchange, head, body, length, sink, expect, trickle)
        except ExchangeFailed:
            if not reused or exchange.heard or not exchange.closed:
                raise
        exchange, _ = await self._connection(place)
        return await self._exchange(exchange, head, body, length, sink, expect, trickle)

    async def _exchange(
        self,
        exchange: _Exchange,
        head: bytes,
        body: bytes,
        length: int | None,
        sink: Callable[[bytes], None] | None,
        expect: bool,
        trickle: int,
    ) -> Response:
        if trickle or (expect and body):
            answer = exchange.ask(b"" if trickle else head, sink)
            await self._send_slowly(exchange, answer, head, body, trickle)
        else:
            answer = exchange.ask(head + body, sink)
        exchange.method = "HEAD" if head.startswith(b"HEAD ") else ""
        if length:
            await self._send_zeros(exchange, answer, length)
        try:
            response = await answer
        except ExchangeFailed:
            self._open = None
            raise
        if not exchange.keep:
            self.close()
        return response

    async def _send_slowly(self, exchange: _Exchange, answer: Deferred[Response], head: bytes, body: bytes, trickle: int) -> None:
        """In small pieces, or the body only when it is asked for."""
        if not trickle:
            exchange.continued = waiting = Deferred()
            timer = self.reactor.callLater(CONTINUE_S, exchange.go_ahead)
            await waiting
            if timer.active():
                timer.cancel()
            if not exchange.closed and not answer.called:
                exchange.more(body)
            return
        whole = head + body
        for at in range(0, len(whole), trickle):
            if exchange.closed or answer.called:
                return
            exchange.more(whole[at : at + trickle])
            pause: Deferred[None] = Deferred()
            self.reactor.callLater(PACE_STEP_S, pause.callback, None)
            await pause

    async def _send_zeros(self, exchange: _Exchange, answer: Deferred[Response], length: int) -> None:
        """In pieces, giving the reactor its turn between them."""
        left = length
        while left and not exchange.closed and not answer.called:
            exchange.more(bytes(min(CHUNK, left)))
            left -= min(CHUNK, left)
            pause: Deferred[None] = Deferred()
            self.reactor.callLater(exchange.ahead_s(length - left), pause.callback, None)
            await pause

    async def _connection(self, place: tuple[str, str, int]) -> tuple[_Exchange, bool]:
        kept = self._open
        if kept is not None and not kept.closed and self._place == place:
            return kept, True
        self.close()
        exchange = _Exchange(self.reactor, self.idle_s)
        if place[0] == "https":
            self.reactor.connectSSL(place[1], place[2], _Factory(exchange), _tls(place[1], self.ca, self.own), timeout=self.connect_s)
        else:
            self.reactor.connectTCP(place[1], place[2], _Factory(exchange), timeout=self.connect_s)
        await exchange.opened
        self.opened_at = self.reactor.seconds()
        self._open, self._place = exchange, place
        return exchange, False

    @property
    def is_connected(self) -> bool:
        return self._open is not None and not self._open.closed

    def close(self) -> None:
        if self._open is not None and not self._open.closed and self._open.transport is not None:
            self._open.transport.loseConnection()
        self._open = None

    def abort(self) -> None:
        """Cut the connection at once: a power cut, or the end of the fleet."""
        if self._open is not None:
            self._open.abort()
        self._open = None


class SharedLine(HttpClient):
    """One connection for many devices, as behind a proxy that mixes them (quirk K-9). No device closes it; `end` does."""

    def __init__(self, reactor: Any, ca: Path | None = None) -> None:
        super().__init__(reactor, ca=ca)
        self._turn = DeferredLock()

    async def request(self, *given: Any, **more: Any) -> Response:
        await self._turn.acquire()
        try:
            return await super().request(*given, **more)
        finally:
            self._turn.release()

    def close(self) -> None:
        """Not a device's to close."""

    def abort(self) -> None:
        """Nor to cut."""

    def end(self) -> None:
        super().abort()


def _tls(host: str, ca: Path | None, own: Path | None = None) -> Any:
    """Chain and host name are always checked (conformance A-103)."""
    try:
        from twisted.internet.ssl import Certificate, PrivateCertificate, optionsForClientTLS
    except ImportError:
        raise WrongEnvironment("https needs the extra hearthline[tls]") from None
    try:
        trusted = Certificate.loadPEM(ca.read_bytes()) if ca else None
        return optionsForClientTLS(host, trusted, PrivateCertificate.loadPEM(own.read_bytes()) if own else None)
    except OSError as error:
        raise WrongEnvironment(f"Certificate file {error.filename}: {error.strerror}") from None
