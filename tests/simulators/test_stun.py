"""The device's STUN client, with a server scripted here: what it asks, what it tells, and which requests it answers to."""

from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import succeed
from twisted.internet.task import Clock

from acs.cwmp import stun, udp_request
from acs.cwmp.stun import Message, decode, encode, is_signed_with
from simulators.quirks import Quirks
from simulators.stun import KEEP_ALIVE_S, StunLink

SERVER = ("192.0.2.1", 3478)
SEEN = ("203.0.113.9", 40123)


class Cpe:
    def __init__(self) -> None:
        self.values = {
            "STUNEnable": "true", "EnableCWMP": "true", "STUNServerAddress": SERVER[0], "STUNServerPort": "3478", "URL": "http://acs.example/",
            "STUNUsername": "", "STUNPassword": "", "NATDetected": "false", "UDPConnectionRequestAddress": "", "STUNMinimumKeepAlivePeriod": "20",
            "STUNMaximumKeepAlivePeriod": "-1", "ConnectionRequestUsername": "acs-user", "ConnectionRequestPassword": "s3cr3t",
        }  # fmt: skip
        self.tree = self
        self.quirks = Quirks()

    def management(self, leaf: str) -> str:
        return leaf

    def leaf(self, path: str) -> Any:
        return self.values.get(path)

    def setting(self, leaf: str) -> str:
        return self.values[leaf]

    def is_on(self, leaf: str) -> bool:
        return self.values[leaf] == "true"


class ClockReactor(Clock):
    def resolve(self, name: str) -> Any:
        return succeed(name)


class Device:
    """What the link needs of a device; it counts how often it was called."""

    def __init__(self) -> None:
        self.cpe, self.reactor, self.calls, self.can = Cpe(), ClockReactor(), 0, True

    def set_local(self, path: str, text: str) -> None:
        self.cpe.values[path] = text

    def call_login(self) -> tuple[str, str]:
        return self.cpe.values["ConnectionRequestUsername"], self.cpe.values["ConnectionRequestPassword"]

    def may_be_called(self) -> bool:
        return self.can

    def called(self) -> None:
        self.calls += 1


class Network:
    """A socket of the device."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Any]] = []
        self.open = False

    def listenUDP(self, port: int, protocol: Any, interface: str = "") -> "Network":
        self.open = True
        protocol.transport = self
        return self

    def write(self, datagram: bytes, addr: Any) -> None:
        self.sent.append((datagram, addr))

    def getHost(self) -> IPv4Address:
        return IPv4Address("UDP", "192.168.1.4", 7547)

    def stopListening(self) -> None:
        self.open = False

    @property
    def last(self) -> Message:
        return decode(self.sent[-1][0])


@pytest.fixture
def play() -> tuple[Device, Network, StunLink]:
    device, network = Device(), Network()
    return device, network, StunLink(device, network)  # type: ignore[arg-type]


def answered(network: Network, link: StunLink, seen: tuple[str, int] = SEEN) -> None:
    asked = network.last
    answer = Message(stun.BINDING_RESPONSE, asked.transaction, (stun.address_attribute(stun.MAPPED_ADDRESS, seen),))
    link.datagramReceived(encode(answer), SERVER)


@pytest.mark.cwmp("F-30", "F-31", "L-74")
def test_first_request_keeps_the_port_and_says_that_the_binding_is_new(play: Any):
    _device, network, link = play
    link.follow()
    assert network.sent[0][1] == SERVER
    assert (network.last.keeps_call_binding, network.last.get(stun.BINDING_CHANGE), network.last.get(stun.MESSAGE_INTEGRITY)) == (
        True,
        b"",
        None,
    )


@pytest.mark.cwmp("F-33", "L-74")
def test_what_the_server_sees_is_written_down(play: Any):
    device, network, link = play
    link.follow()
    answered(network, link)
    assert (device.cpe.values["NATDetected"], device.cpe.values["UDPConnectionRequestAddress"]) == ("true", "203.0.113.9:40123")
    answered(network, link, ("192.168.1.4", 7547))
    assert (device.cpe.values["NATDetected"], device.cpe.values["UDPConnectionRequestAddress"]) == ("false", "192.168.1.4:7547")
    answered(network, link, ("203.0.113.9", 80))
    assert device.cpe.values["UDPConnectionRequestAddress"] == "203.0.113.9"


@pytest.mark.cwmp("F-31", "F-34")
def test_binding_is_kept_alive_and_its_change_told_once(play: Any):
    device, network, link = play
    link.follow()
    answered(network, link)
    device.reactor.advance(0.1)
    assert network.last.get(stun.BINDING_CHANGE) == b""
    answered(network, link)
    before = len(network.sent)
    device.reactor.advance(KEEP_ALIVE_S + 0.1)
    assert len(network.sent) == before + 1
    assert network.last.get(stun.BINDING_CHANGE) is None


@pytest.mark.cwmp("F-32")
def test_refusal_is_answered_with_a_proof(play: Any):
    device, network, link = play
    device.cpe.values |= {"STUNUsername": "cpe1", "STUNPassword": "pw"}
    link.follow()
    assert network.last.get(stun.MESSAGE_INTEGRITY) is None
    link.datagramReceived(encode(Message(stun.BINDING_ERROR, network.last.transaction, (stun.error_attribute(401),))), SERVER)
    assert is_signed_with(network.last, "pw") and network.last.username == "cpe1"


def test_silent_server_is_asked_again_ever_later(play: Any):
    device, network, link = play
    link.follow()
    device.reactor.pump([0.1] * 100)
    assert 3 <= len(network.sent) <= 4
    assert len({data for data, _ in network.sent}) == 1


def test_end_of_stun_closes_the_port_and_tells_the_local_address(play: Any):
    device, network, link = play
    link.follow()
    answered(network, link)
    device.cpe.values["STUNEnable"] = "false"
    link.follow()
    assert not network.open
    assert (device.cpe.values["NATDetected"], device.cpe.values["UDPConnectionRequestAddress"]) == ("false", "192.168.1.4:7547")
    assert device.reactor.getDelayedCalls() == []


@pytest.mark.cwmp("F-40", "F-41", "L-73")
def test_good_request_begins_a_session_once_and_all_others_are_dropped_in_silence(play: Any):
    device, network, link = play
    link.follow()
    sent = len(network.sent)

    def heard(ts: int, number: int, user: str = "acs-user", secret: str = "s3cr3t") -> int:
        before = device.calls
        link.datagramReceived(udp_request.make("203.0.113.9", 40123, ts, number, user, secret, "00c0ffee1234"), SERVER)
        return int(device.calls - before)

    assert heard(1700000000, 4711) == 1
    assert heard(1700000000, 4711) == 0  # a copy
    assert heard(1700000005, 4711) == 0  # the same id
    assert heard(1699999999, 4712) == 0  # an older one
    assert heard(1700000009, 4713, secret="wrong") == 0
    assert heard(1700000009, 4713, user="somebody") == 0
    link.datagramReceived(b"GET / HTTP/1.1\r\n\r\n", SERVER)
    assert heard(1700000010, 4714) == 1
    device.can = False
    assert heard(1700000011, 4715) == 0
    assert len(network.sent) == sent
