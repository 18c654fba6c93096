"""HTTP for CWMP: a bare Twisted protocol over llhttp, in front of a handler that knows no transport.

A third of what twisted.web's Site costs per session (docs/benchmarks.md). Bounded: header, body, what surrounds a body (chunk sizes,
extensions, trailers), messages waiting on a connection, bodies and connections in all, what a peer leaves unread, and inactivity, which
is what counts for slow lines (quirk K-14), not the length of a message; only a header must be whole in time. HTTP/1.0, 100-continue,
chunked bodies and several requests in one packet are served; answers leave in order, a refusal too.
Attacks on it: tests/integration/test_slow.py and test_attacks.py.
"""

import heapq
import ipaddress
import random
import resource
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httptools
from prometheus_client import Counter, Gauge
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener, IPushProducer
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

from acs import log

_log = log.get("http")
_refused = Counter("hearthline_http_refused_total", "requests refused before they reached CWMP", ["reason"])
_open = Gauge("hearthline_http_connections", "open CWMP connections")

REASONS = {
    100: b"Continue", 200: b"OK", 204: b"No Content", 400: b"Bad Request", 401: b"Unauthorized", 403: b"Forbidden", 404: b"Not Found",
    405: b"Method Not Allowed", 429: b"Too Many Requests", 408: b"Request Timeout", 413: b"Content Too Large", 415: b"Unsupported Media Type",
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
    who: Any = None
    """For the handler: who is at the other end, as acs/server/login/peers.py sees it."""


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
    handshake_s: float = 15.0
    per_address: int = 2000
    connections: int = 15_000
    buffered: int = 256 * 1024 * 1024
    """Bytes of bodies that all connections together may hold before they are answered."""


_READ_MOST = 65536
"""What the reactor reads at once: the tail of one message may come with the head of the next."""
_WRAPPING = 8
"""Bytes of chunk sizes and line ends that one byte of a body may come in."""
_SPARE_FILES = 64
"""Open files a process needs beside its CWMP connections."""


@implementer(IHalfCloseableProtocol, IHandshakeListener, IPushProducer)
class Connection(Protocol):
    """One connection of a CPE. `state` is for the handler: sessions of devices that keep no cookie live here (quirk K-5)."""

    def __init__(self, server: "HttpFactory", peer: str) -> None:
        self._server, self.peer = server, peer
        self.state: Any = None
        self.facts: Any = None
        self.shaking_since: float | None = None
        self.last_activity = self.settled = server.now()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Request] = deque()
        self._held = 0
        self._answering = False
        self._deaf = False
        self._refusal: Response | None = None
        self._closing = False
        self._under_way = False
        self._reset()

    def _reset(self) -> None:
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._header_size = 0
        self._received = 0
        self.head_began: float | None = None
        self._body: bytes | bytearray = b""
        self._body_size = 0

    def connectionMade(self) -> None:
        _open.inc()
        self._server.connections.add(self)
        if hasattr(self.transport, "getPeerCertificate"):
            self.shaking_since = self._server.now()
        self.transport.setTcpNoDelay(True)
        self.transport.registerProducer(self, True)

    def handshakeCompleted(self) -> None:
        """TLS is in place (IHandshakeListener)."""
        self.shaking_since = None

    def connectionLost(self, reason: Any = None) -> None:
        if self.shaking_since is not None and reason is not None and type(reason.value).__name__ == "Error":
            self._server.on_handshake_failed(self.peer, _tls_words(reason.value))
        _open.dec()
        self._closing = True
        self._waiting.clear()
        self._hold(-self._held)
        self._server.gone(self)

    def readConnectionLost(self) -> None:
        """The peer has said all it has to say, and still listens: what it asked is answered before we close."""
        self._deaf = True
        if not self._answering and not self._closing:
            self._close()

    def writeConnectionLost(self) -> None: ...

    # Who does not read what we answer is not read either.

    def pauseProducing(self) -> None:
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        self.transport.resumeProducing()

    def stopProducing(self) -> None: ...

    def dataReceived(self, data: bytes) -> None:
        if self._deaf or self._closing:
            return
        self.last_activity = self._server.now()
        self._received += len(data)
        try:
            self._parser.feed_data(data)
            # The parser hands a header or a trailer over when it is whole, and collects it until then.
            if self._under_way and self._received - _WRAPPING * self._body_size > self._server.limits.header + _READ_MOST:
                self._refuse(431, "header")
        except httptools.HttpParserCallbackError as error:
            inner = error.__context__
            if isinstance(inner, _Refused):
                self._refuse(inner.status, inner.reason)
            else:
                _log.error("parser callback failed", error=repr(inner))
                self._refuse(400, "callback")
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
        if self.head_began is None:  # a trailer: it may not say anew who is asking
            return
        if name == b"cookie" and name in self._headers:
            value = self._headers[name] + b"; " + value
        self._headers[name] = value

    def _grow(self, size: int) -> None:
        self._header_size += size
        if self._header_size > self._server.limits.header:
            raise _Refused(431, "header")

    def on_headers_complete(self) -> None:
        self.head_began = None
        if self._parser.should_upgrade():  # the parser would take its body for the next request
            raise _Refused(400, "upgrade")
        length = self._headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._server.limits.body:
            raise _Refused(413, "body")
        if (
            self._headers.get(b"expect", b"").lower() == b"100-continue"
            and self._parser.get_http_version() == "1.1"
            and not self._answering
        ):
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        self._body_size += len(data)
        if self._body_size > self._server.limits.body:
            raise _Refused(413, "body")
        self._hold(len(data))
        if self._server.held > self._server.limits.buffered:
            raise _Refused(503, "memory")
        if not self._body:
            self._body = data
        else:  # one buffer: a list would keep an object for each chunk, and chunks may be of one byte
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += data

    def _hold(self, size: int) -> None:
        self._held += size
        self._server.held += size

    def on_message_complete(self) -> None:
        body = bytes(self._body)
        request = Request(self._parser.get_method(), self._target, self._headers, body, self.peer, self, self._parser.should_keep_alive())
        self._body = b""
        self._under_way = False
        self.settled = self.last_activity
        if len(self._waiting) >= self._server.limits.waiting:
            self._waiting.clear()
            raise _Refused(400, "pipelining")
        self._waiting.append(request)
        if not self._answering:
            self._answer_next()

    # ---- answers ---------------------------------------------------------------------------------------

    def _answer_next(self) -> None:
        if self._closing:
            return
        if self._waiting:
            self._answering = True
            request = self._waiting.popleft()
            Deferred.fromCoroutine(self._server.handler(request)).addCallbacks(
                self._answer, self._failed, callbackArgs=(request,), errbackArgs=(request,)
            )
        elif self._refusal is not None:
            self._send(self._refusal, keep_alive=False)

    def _failed(self, failure: Any, request: Request) -> None:
        _log.error("request failed", trace=failure.getTraceback()[-3000:])
        self._answered(request)
        _refused.labels("error").inc()
        self._deaf = True
        self._waiting.clear()  # its place is before them
        self._refusal = Response(500, close=True)
        self._answer_next()

    def _answer(self, response: Response, request: Request) -> None:
        self._answered(request)
        if self._closing:
            return
        is_last = self._deaf and not self._waiting and self._refusal is None
        self._send(response, request.keep_alive and not response.close and not is_last)
        self._answer_next()

    def _answered(self, request: Request) -> None:
        self._answering = False
        self.last_activity = self.settled = self._server.now()
        if not self._closing:  # else it let go of everything when the connection went
            self._hold(-len(request.body))

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
            self._close()

    def _close(self) -> None:
        """Once what was written has left."""
        self._closing = True
        self._hold(-self._held)
        self._waiting.clear()
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def _refuse(self, status: int, reason: str) -> None:
        """In its turn: what was asked before is answered before."""
        if self._refusal is not None:
            return
        _refused.labels(reason).inc()
        self._deaf = True
        again = ((b"Retry-After", b"%d" % random.randint(30, 300)),) if status == 503 else ()  # noqa: S311 - spreads load, keeps no secret
        self._refusal = Response(status, headers=again, close=True)
        if not self._answering:
            self._answer_next()

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
    held: int = 0
    on_handshake_failed: Callable[[str, str], None] = lambda peer, why: None
    is_exempt: Callable[[str], bool] = lambda peer: False
    """Whose connections are not counted: a proxy of ours brings everybody's."""
    noisy = False

    def __post_init__(self) -> None:
        self._per_address: dict[str, int] = {}
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._most = self.limits.connections if files == resource.RLIM_INFINITY else min(self.limits.connections, files - _SPARE_FILES)

    def now(self) -> float:
        return float(self.reactor.seconds())

    def buildProtocol(self, addr: Any) -> Connection | None:
        peer = (getattr(addr, "host", "") or "unix").removeprefix("::ffff:")
        source = _source(peer)
        count = self._per_address.get(source, 0)
        if count >= self.limits.per_address and not self.is_exempt(peer):
            _refused.labels("connections").inc()
            return None
        if len(self.connections) >= self._most:
            self._shed()
        self._per_address[source] = count + 1
        return Connection(self, peer)

    def gone(self, connection: Connection) -> None:
        self.connections.discard(connection)
        source = _source(connection.peer)
        left = self._per_address.get(source, 1) - 1
        if left > 0:
            self._per_address[source] = left
        else:
            self._per_address.pop(source, None)
        self.on_gone(connection)

    def _shed(self) -> None:
        """Make room for new connections: of those that do not wait for us, the twentieth part whose last whole message is longest ago."""
        unanswered = [c for c in self.connections if not c._answering]
        for connection in heapq.nsmallest(len(self.connections) // 20 + 1, unanswered, key=lambda c: c.settled):
            _refused.labels("crowded").inc()
            self.connections.discard(connection)
            connection.idle()

    def sweep(self) -> None:
        """Drop connections that were idle, or in a header or a handshake, for too long, but never one that waits for our answer."""
        unsafe = self.now() - self.limits.handshake_s
        idle, slow = self.now() - self.limits.idle_s, self.now() - self.limits.header_s
        for connection in [c for c in self.connections if not c._answering]:
            if connection.last_activity < idle:
                _refused.labels("idle").inc()
                connection.idle()
            elif connection.shaking_since is not None and connection.shaking_since < unsafe:
                _refused.labels("handshake").inc()
                self.on_handshake_failed(connection.peer, f"no TLS handshake within {self.limits.handshake_s:g} s")
                connection.idle()
            elif connection.head_began is not None and connection.head_began < slow:
                _refused.labels("slow").inc()
                connection.idle()


def _tls_words(error: Any) -> str:
    """OpenSSL's reasons in one line."""
    reasons = [part[-1] for part in error.args[0]] if error.args and isinstance(error.args[0], list) else []
    return "TLS handshake: " + ("; ".join(reasons) or "failed")


def _source(peer: str) -> str:
    """Whose connections are counted together: an IPv4 address, or the /64 of which an IPv6 host has all."""
    if ":" not in peer:
        return peer
    return str(ipaddress.ip_network((peer.partition("%")[0], 64), strict=False))
