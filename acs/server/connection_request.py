"""One connection request: GET to the URL a device gave, with Digest, to addresses it may point at (conformance F.1, quirks K-67 to K-69).

The URL comes from a device and is not trusted: its host is resolved once, checked, and connected to as resolved (F-18). Redirects are not
followed, the body is not read, head and time are bounded (F-17). The standard knows http only; https is for devices outside it, where a
setting allows it: their certificates are their own, so by default they are not verified and protect against listeners only.
"""

import ipaddress
import re
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from twisted.internet import error, ssl
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from acs.cwmp.digest import answer_challenge, pairs
from acs.settings import Network

TIMEOUT_S = 10.0
MAX_HEAD = 16 * 1024
ROUNDS = 3
"""Challenges that are answered in one call: a nonce may be stale once (K-67)."""


class WakeResult(StrEnum):
    """How a call ended, to be told apart (conformance F-16). Success is the Inform, not the 200 (F-15)."""

    OK = "ok"
    SENT = "sent"
    NO_URL = "no_url"
    FORBIDDEN_ADDRESS = "forbidden_address"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    LINK_DOWN = "link_down"
    NO_INFORM = "no_inform"


@dataclass(frozen=True, slots=True)
class Call:
    """What one call needs to know. `basic`: the device may be sent the login in clear."""

    url: str
    username: str
    secret: str
    basic: bool = False


@dataclass(frozen=True, slots=True)
class Https:
    """Whether https addresses are called, and whether the certificate must be of a known authority and the named host."""

    allowed: bool = False
    verified: bool = False


def own_addresses() -> frozenset[str]:
    """This host's own addresses: never to be called, unless a setting says so."""
    try:
        return frozenset(str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None))
    except OSError:
        return frozenset()


def may_call(address: str, allowed: Sequence[Network], own: frozenset[str] = frozenset()) -> bool:
    """Whether a connection request may go to this address: unicast, neither loopback, link-local nor ours, or in an allowed network."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if any(ip.version == network.version and ip in network for network in allowed):
        return True
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    return not (ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved or str(ip) in own)


async def call(
    reactor: Any, target: Call, allowed: Sequence[Network], own: frozenset[str], https: Https = Https()
) -> tuple[WakeResult, str]:
    """Call the device: the result, and a detail for people."""
    try:
        parts = urlsplit(target.url)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return WakeResult.NO_URL, f"{target.url[:100]!r} is not an address"
    if any(not "!" <= letter <= "~" for letter in target.url):
        return WakeResult.NO_URL, f"{target.url[:100]!r} has characters no address has"
    if parts.scheme == "https" and not https.allowed:
        return WakeResult.NO_URL, "the device gave an https address; HEARTHLINE_CALL_HTTPS or a quirk of its model allows them"
    if parts.scheme not in ("http", "https") or not host:
        return WakeResult.NO_URL, f"{target.url[:100]!r} is not an http address" if target.url else "the device gave no address"
    try:
        address = await resolved(host)
    except OSError:
        return WakeResult.UNREACHABLE, f"the name {host} is not known"
    if not may_call(address, allowed, own):
        return WakeResult.FORBIDDEN_ADDRESS, f"{address} may not be called"
    context = _context(host, https.verified) if parts.scheme == "https" else None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    named = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    line, nonces = "", set[str]()
    try:
        for _ in range(ROUNDS):
            status, challenges = await _get(reactor, (address, port), context, path, named, line)
            nonce = "".join(pairs(each).get("nonce", "") for each in challenges)
            stale = any(pairs(each).get("stale", "").lower() == "true" for each in challenges)
            if status != 401 or (line and (not stale or nonce in nonces)):
                return _meaning(status)
            nonces.add(nonce)
            answer = answer_challenge(
                challenges, target.username, target.secret, "GET", path, secrets.token_hex(8), allow_basic=target.basic
            )
            if answer is None:
                return WakeResult.UNAUTHORIZED, "the device offers no login we may use"
            line = answer
    except error.ConnectionRefusedError:
        return WakeResult.REFUSED, f"{address}:{port} refuses connections"
    except error.TimeoutError:
        return WakeResult.TIMEOUT, f"no answer from {address}:{port} within {TIMEOUT_S:.0f} s"
    except (error.ConnectError, error.ConnectionClosed) as failure:
        return WakeResult.UNREACHABLE, f"{address}:{port}: {str(failure)[:120]}"
    return WakeResult.UNAUTHORIZED, "the device calls every nonce stale"


def _meaning(status: int) -> tuple[WakeResult, str]:
    match status:
        case 200 | 204:
            return WakeResult.OK, ""
        case 401 | 403:
            return WakeResult.UNAUTHORIZED, "the device refuses our request login"
        case 404:
            return WakeResult.NOT_FOUND, "the device does not know the path of its own address"
        case 503:
            return WakeResult.BUSY, "the device is busy; it may be about to come"
    return WakeResult.UNREACHABLE, f"the device answered {status}" if status else "what the device answered is not HTTP"


async def resolved(host: str) -> str:
    """The address of a name, looked up in a thread; OSError where there is none."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        try:
            found: Any = await deferToThread(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        except UnicodeError as error:  # "192.168..4", or a label of over 63 letters
            raise OSError(f"{host} is no name") from error
        return str(found[0][4][0])


def _context(host: str, verified: bool) -> Any:
    if verified:
        return ssl.optionsForClientTLS(host)
    return ssl.CertificateOptions(verify=False)


async def _get(reactor: Any, address: tuple[str, int], context: Any, path: str, host: str, authorization: str) -> tuple[int, list[str]]:
    """One GET on a connection of its own: status and challenges. Devices close after their 401 (K-68), so none is used twice."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "User-Agent: Hearthline", "Connection: close"]
    if authorization:
        lines.append(f"Authorization: {authorization}")
    asked = _Asked("\r\n".join([*lines, "", ""]).encode())
    if context is None:
        reactor.connectTCP(*address, asked, timeout=TIMEOUT_S)
    else:
        reactor.connectSSL(*address, asked, context, timeout=TIMEOUT_S)
    timer = reactor.callLater(TIMEOUT_S, asked.end, Failure(error.TimeoutError()))
    try:
        head: bytes = await asked.head
    finally:
        if timer.active():
            timer.cancel()
    return read_head(head)


def read_head(head: bytes) -> tuple[int, list[str]]:
    """Status and WWW-Authenticate lines of an answer's head; 0 for what is not HTTP."""
    first, *lines = head.decode("latin-1").replace("\r\n", "\n").split("\n")
    words = first.split(None, 2)
    status = int(words[1]) if len(words) > 1 and words[0].startswith("HTTP/") and re.fullmatch(r"[1-5][0-9]{2}", words[1]) else 0
    fields = (line.partition(":") for line in lines)
    return status, [value.strip() for name, _, value in fields if name.strip().lower() == "www-authenticate"]


class _Asked(ClientFactory):
    """A question on a connection; `head` is what came up to the empty line. The connection ends with it, whatever follows."""

    noisy = False

    def __init__(self, question: bytes) -> None:
        self.question = question
        self.head: Deferred[bytes] = Deferred()
        self._done = False
        self._talk: _Talk | None = None

    def buildProtocol(self, addr: Any) -> Protocol:
        self._talk = _Talk(self)
        return self._talk

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        self.end(reason)

    def end(self, result: Any) -> None:
        if self._done:
            return
        self._done = True
        if self._talk is not None and self._talk.transport is not None:
            self._talk.transport.abortConnection()
        (self.head.errback if isinstance(result, Failure) else self.head.callback)(result)


class _Talk(Protocol):
    def __init__(self, asked: _Asked) -> None:
        self._asked, self._buffer = asked, b""

    def connectionMade(self) -> None:
        self.transport.write(self._asked.question)

    def dataReceived(self, data: bytes) -> None:
        self._buffer += data
        self._look()

    def _look(self) -> None:
        head, end, rest = self._buffer.replace(b"\r\n", b"\n").partition(b"\n\n")
        if end and head.startswith(b"HTTP/") and head[9:12].startswith(b"1"):  # 100 Continue: the answer comes after it
            self._buffer = rest
            self._look()
        elif end or len(self._buffer) > MAX_HEAD:
            self._asked.end(head if end else b"")

    def connectionLost(self, reason: Any = None) -> None:
        self._asked.end(self._buffer or Failure(error.ConnectionLost(reason.getErrorMessage())))  # of TLS too: one kind for all
