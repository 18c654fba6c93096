"""HTTP for CWMP: a bare Twisted protocol over llhttp, in front of a handler that knows no transport.

A third of what twisted.web's Site costs per session (docs/benchmarks.md). Bounded: header, body, messages waiting on a connection, and
inactivity, which is what counts for slow lines (quirk K-14), not the length of a message; only a header must be whole in time. HTTP/1.0,
100-continue, chunked bodies and several requests in one packet are served; answers leave in order.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httptools
from prometheus_client import Counter, Gauge
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol

from acs import log

_log = log.get("http")
_refused = Counter("hearthline_http_refused_total", "requests refused before they reached CWMP", ["reason"])
_open = Gauge("hearthline_http_connections", "open CWMP connections")

REASONS = {
    100: b"Continue", 200: b"OK", 204: b"No Content", 400: b"Bad Request", 401: b"Unauthorized", 403: b"Forbidden", 404: b"Not Found",
    405: b"Method Not Allowed", 408: b"Request Timeout", 413: b"Content Too Large", 415: b"Unsupported Media Type",
    431: b"Request Header Fields Too Large", 500: b"Internal Server Error", 503: b"Service Unavailable",
}  # fmt: skip


@dataclass(slots=True)
class Request:
    """One request, whole. Header names in lower case; of a repeated header the last, cookies joined."""

    method: bytes
    target: bytes
    headers: dict[bytes, bytes]
    body: bytes
    peer: str
    connection: "Connection"
    keep_alive: bool = True


@dataclass(frozen=True, slots=True)
class Response:
    """What to answer. `close` ends the connection after it."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    close: bool = False


Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Limits:
    header: int = 16 * 1024
    body: int = 32 * 1024 * 1024
    waiting: int = 8
    idle_s: float = 60.0
    header_s: float = 60.0
    per_address: int = 2000


_READ_MOST = 65536
"""What the reactor reads at once: the tail of one message may come with the head of the next."""


class Connection(Protocol):
    """One connection of a CPE. `state` is for the handler: sessions of devices that keep no cookie live here (quirk K-5)."""

    def __init__(self, server: "HttpFactory", peer: str) -> None:
        self._server, self.peer = server, peer
        self.state: Any = None
        self.last_activity = server.now()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Request] = deque()
        self._answering = False
        self._closing = False
        self._under_way = False
        self._reset()

    def _reset(self) -> None:
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._header_size = 0
        self._unfinished = 0
        self.head_began: float | None = None
        self._body: list[bytes] = []
        self._body_size = 0
        self._complete = False

    def connectionMade(self) -> None:
        _open.inc()
        self._server.connections.add(self)
        self.transport.setTcpNoDelay(True)

    def connectionLost(self, reason: Any = None) -> None:
        _open.dec()
        self._closing = True
        self._server.gone(self)

    def dataReceived(self, data: bytes) -> None:
        if self._closing:
            return
        self.last_activity = self._server.now()
        try:
            self._parser.feed_data(data)
            if self.head_began is not None:  # the parser hands a header over when it is whole, and collects it until then
                self._unfinished += len(data)
                if self._unfinished > self._server.limits.header + _READ_MOST:
                    self._refuse(431, "header")
        except httptools.HttpParserCallbackError as error:
            inner = error.__context__
            if isinstance(inner, _Refused):
                self._refuse(inner.status, inner.reason)
            else:
                _log.error("parser callback failed", error=repr(inner))
                self._refuse(400, "callback")
        except httptools.HttpParserUpgrade:
            self._refuse(400, "upgrade")
        except httptools.HttpParserError:
            self._refuse(400, "malformed")

    def silent_s(self) -> float | None:
        """Seconds since the last byte of a message that is still coming in; None while none is."""
        return self._server.now() - self.last_activity if self._under_way and not self._closing else None

    # ---- the parser's callbacks ------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._reset()
        self._under_way = True
        self.head_began = self._server.now()

    def on_url(self, url: bytes) -> None:
        self._target += url
        self._grow(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self._grow(len(name) + len(value) + 4)
        if name == b"cookie" and name in self._headers:
            value = self._headers[name] + b"; " + value
        self._headers[name] = value

    def _grow(self, size: int) -> None:
        self._header_size += size
        if self._header_size > self._server.limits.header:
            raise _Refused(431, "header")

    def on_headers_complete(self) -> None:
        self.head_began = None
        length = self._headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._server.limits.body:
            raise _Refused(413, "body")
        if self._headers.get(b"expect", b"").lower() == b"100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        self._body_size += len(data)
        if self._body_size > self._server.limits.body:
            raise _Refused(413, "body")
        self._body.append(data)

    def on_message_complete(self) -> None:
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        request = Request(self._parser.get_method(), self._target, self._headers, body, self.peer, self, self._parser.should_keep_alive())
        self._body = []
        self._under_way = False
        if len(self._waiting) >= self._server.limits.waiting:
            raise _Refused(400, "pipelining")
        self._waiting.append(request)
        if not self._answering:
            self._answer_next()

    # ---- answers ---------------------------------------------------------------------------------------

    def _answer_next(self) -> None:
        if not self._waiting or self._closing:
            return
        self._answering = True
        request = self._waiting.popleft()
        Deferred.fromCoroutine(self._server.handler(request)).addCallbacks(self._answer, self._failed, callbackArgs=(request,))

    def _failed(self, failure: Any) -> None:
        _log.error("request failed", trace=failure.getTraceback()[-3000:])
        self._refuse(500, "error")

    def _answer(self, response: Response, request: Request) -> None:
        self._answering = False
        self.last_activity = self._server.now()
        if self._closing:
            return
        self._send(response, request.keep_alive and not response.close)
        self._answer_next()

    def _send(self, response: Response, keep_alive: bool) -> None:
        if self._closing:
            return
        parts = [b"HTTP/1.1 %d %s\r\n" % (response.status, REASONS.get(response.status, b"Status"))]
        parts += [b"%s: %s\r\n" % header for header in response.headers]
        if response.status != 204:
            parts.append(b"Content-Length: %d\r\n" % len(response.body))
        parts.append(b"\r\n" if keep_alive else b"Connection: close\r\n\r\n")
        parts.append(response.body)
        self.transport.write(b"".join(parts))
        if not keep_alive:
            self._closing = True
            self.transport.loseConnection()

    def _refuse(self, status: int, reason: str) -> None:
        _refused.labels(reason).inc()
        self._send(Response(status, close=True), keep_alive=False)

    def idle(self) -> None:
        """Nothing came for too long."""
        self._closing = True
        self.transport.abortConnection()


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass
class HttpFactory(Factory):
    """Makes connections, bounds how many one address may have, and sweeps away those that fell silent."""

    reactor: Any
    handler: Handler
    limits: Limits = field(default_factory=Limits)
    on_gone: Callable[[Connection], None] = lambda connection: None
    connections: set[Connection] = field(default_factory=set)
    noisy = False

    def __post_init__(self) -> None:
        self._per_address: dict[str, int] = {}

    def now(self) -> float:
        return float(self.reactor.seconds())

    def buildProtocol(self, addr: Any) -> Connection | None:
        peer = getattr(addr, "host", "") or "unix"
        count = self._per_address.get(peer, 0)
        if count >= self.limits.per_address:
            _refused.labels("connections").inc()
            return None
        self._per_address[peer] = count + 1
        return Connection(self, peer.removeprefix("::ffff:"))

    def gone(self, connection: Connection) -> None:
        self.connections.discard(connection)
        peer = connection.transport.getPeer().host if hasattr(connection.transport.getPeer(), "host") else "unix"
        left = self._per_address.get(peer, 1) - 1
        if left > 0:
            self._per_address[peer] = left
        else:
            self._per_address.pop(peer, None)
        self.on_gone(connection)

    def sweep(self) -> None:
        """Drop connections that were idle, or in a header, for too long, but never one that waits for our answer."""
        idle, slow = self.now() - self.limits.idle_s, self.now() - self.limits.header_s
        for connection in [c for c in self.connections if not c._answering]:
            if connection.last_activity < idle:
                _refused.labels("idle").inc()
                connection.idle()
            elif connection.head_began is not None and connection.head_began < slow:
                _refused.labels("slow").inc()
                connection.idle()
