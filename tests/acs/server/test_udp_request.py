"""UDP requests as they leave: copies from the STUN socket, to checked addresses only."""

import ipaddress
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from acs.cwmp import udp_request as wire
from acs.server.connection_request import WakeResult
from acs.server.udp_request import call

LOGIN = ("acs-user", "s3cr3t")
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


class Server:
    """Where the STUN server sends."""

    def __init__(self) -> None:
        self.transport: Any = object()
        self.sent: list[tuple[float, bytes, Any]] = []
        self.ages: dict[Any, float] = {}

    def age_of(self, address: Any) -> float | None:
        return self.ages.get(address)


@pytest.fixture
def server(clock: Clock) -> Server:
    made = Server()
    made.send = lambda datagram, address: made.sent.append((clock.seconds(), datagram, address))  # type: ignore[attr-defined]
    return made


def sent(clock: Clock, server: Any, address: str, allowed: Any = LOOPBACK, own: frozenset[str] = frozenset()) -> tuple[WakeResult, str]:
    results: list[Any] = []
    Deferred.fromCoroutine(call(clock, server, address, LOGIN, 1700000000, allowed, own)).addBoth(results.append)
    for _ in range(5):
        clock.advance(0.1)
    return results[0]  # type: ignore[no-any-return]


@pytest.mark.cwmp("F-37", "F-38", "F-39")
@pytest.mark.quirk("K-72")
def test_three_identical_copies_leave_from_the_stun_socket(clock: Clock, server: Server):
    server.ages[("203.0.113.9", 40123)] = 12.4
    assert sent(clock, server, "203.0.113.9:40123") == (WakeResult.SENT, "to 203.0.113.9:40123, heard of 12 s ago")
    assert len(server.sent) == 3 and len({(data, address) for _, data, address in server.sent}) == 1
    assert server.sent[0][2] == ("203.0.113.9", 40123)
    request = wire.parse(server.sent[0][1])
    assert request is not None and request.is_signed_with("s3cr3t") and (request.un, request.ts) == ("acs-user", "1700000000")


@pytest.mark.cwmp("F-18", "J-9")
@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:4000", "169.254.1.1:4000", "224.0.0.1:4000", "192.0.2.77:4000", "0.0.0.0:4000", "203.0.113.9:53", "203.0.113.9:22"],
)
def test_addresses_that_are_no_devices_get_nothing(clock: Clock, server: Server, address: str):
    result, _ = sent(clock, server, address, allowed=(), own=frozenset({"192.0.2.77"}))
    assert (result, server.sent) == (WakeResult.FORBIDDEN_ADDRESS, [])


@pytest.mark.quirk("K-72")
@pytest.mark.parametrize("address", ["", ":4000", "203.0.113.9:0", "203.0.113.9:99999", "http://203.0.113.9/"])
def test_address_that_is_none_is_said_to_be_none(clock: Clock, server: Server, address: str):
    assert sent(clock, server, address)[0] is WakeResult.NO_URL
    assert server.sent == []


def test_without_the_stun_socket_it_says_so(clock: Clock):
    assert sent(clock, None, "203.0.113.9:40123") == (WakeResult.LINK_DOWN, "our STUN port is not open")
