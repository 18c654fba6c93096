"""One connection request: GET to the URL a device gave, with Digest, to addresses it may point at (conformance F.1, quirks K-67 to K-69).

The URL comes from a device and is not trusted: its host is resolved once, checked, and connected to as resolved (F-18).
"""

import ipaddress
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from twisted.internet import error
from twisted.internet.defer import CancelledError
from twisted.internet.threads import deferToThread
from twisted.web.client import Agent, ResponseFailed
from twisted.web.http_headers import Headers

from acs.cwmp.digest import answer_challenge
from acs.settings import Network

TIMEOUT_S = 10.0


class WakeResult(StrEnum):
    """How a call ended, to be told apart (conformance F-16). Success is the Inform, not the 200 (F-15)."""

    OK = "ok"
    NO_URL = "no_url"
    FORBIDDEN_ADDRESS = "forbidden_address"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    BUSY = "busy"
    NO_INFORM = "no_inform"


@dataclass(frozen=True, slots=True)
class Call:
    """What one call needs to know."""

    url: str
    username: str
    secret: str


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


async def call(reactor: Any, target: Call, allowed: Sequence[Network], own: frozenset[str]) -> tuple[WakeResult, str]:
    """Call the device: the result, and a detail for people."""
    try:
        parts = urlsplit(target.url)
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        return WakeResult.NO_URL, f"{target.url[:100]!r} is not an address"
    if any(not "!" <= letter <= "~" for letter in target.url):
        return WakeResult.NO_URL, f"{target.url[:100]!r} has characters no address has"
    if parts.scheme != "http" or not host:
        return WakeResult.NO_URL, f"{target.url[:100]!r} is not an http address" if target.url else "the device gave no address"
    try:
        address = await _resolved(host)
    except OSError:
        return WakeResult.UNREACHABLE, f"the name {host} is not known"
    if not may_call(address, allowed, own):
        return WakeResult.FORBIDDEN_ADDRESS, f"{address} may not be called"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    netloc = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    named = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    agent = Agent(reactor, connectTimeout=TIMEOUT_S)
    try:
        status, challenges = await _get(reactor, agent, netloc, path, named, None)
        if status == 401:
            line = answer_challenge(challenges, target.username, target.secret, "GET", path, secrets.token_hex(8))
            if line is None:
                return WakeResult.UNAUTHORIZED, "the device offers no login we may use"
            status, _ = await _get(reactor, agent, netloc, path, named, line)
    except error.ConnectionRefusedError:
        return WakeResult.REFUSED, f"{address}:{port} refuses connections"
    except (error.TimeoutError, CancelledError):
        return WakeResult.TIMEOUT, f"no answer from {address}:{port} within {TIMEOUT_S:.0f} s"
    except (error.ConnectError, ResponseFailed, error.ConnectionLost) as failure:
        if any(reason.check(CancelledError) for reason in getattr(failure, "reasons", ())):
            return WakeResult.TIMEOUT, f"no answer from {address}:{port} within {TIMEOUT_S:.0f} s"
        return WakeResult.UNREACHABLE, f"{address}:{port}: {str(failure)[:120]}"
    return _meaning(status)


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
    return WakeResult.UNREACHABLE, f"the device answered {status}"


async def _resolved(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        found: Any = await deferToThread(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        return str(found[0][4][0])


async def _get(reactor: Any, agent: Agent, netloc: str, path: str, host: str, authorization: str | None) -> tuple[int, list[str]]:
    headers = {"Host": [host], "User-Agent": ["Hearthline"]}
    if authorization:
        headers["Authorization"] = [authorization]
    asked = agent.request(b"GET", f"http://{netloc}{path}".encode(), Headers(headers))
    asked.addTimeout(TIMEOUT_S, reactor)
    response: Any = await asked
    transport = getattr(response, "_transport", None)
    if transport is not None:  # the body of an answer to a connection request says nothing
        transport.abortConnection() if hasattr(transport, "abortConnection") else transport.loseConnection()
    return response.code, [str(line) for line in response.headers.getRawHeaders("www-authenticate", [])]
