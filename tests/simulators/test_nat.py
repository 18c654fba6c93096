"""The NAT of the tests: who was spoken to gets through, others do not, and a mapping that rests is another one afterwards."""

from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as installed
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import deferLater

from simulators.nat import Nat

reactor: Any = installed


class Ear(DatagramProtocol):
    noisy = False

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, Any]] = []

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self.heard.append((datagram, addr))


def pause(seconds: float = 0.05) -> Any:
    return deferLater(reactor, seconds, lambda: None)


@pytest.fixture
def world() -> Iterator[Any]:
    """Two peers outside, and an inside port."""
    peers = [Ear(), Ear()]
    ports = [reactor.listenUDP(0, peer, interface="127.0.0.1") for peer in peers]
    nat, inside = Nat(reactor, "192.168.1.4"), Ear()
    ports.append(nat.listenUDP(0, inside))
    yield nat, inside, peers, [("127.0.0.1", port.getHost().port) for port in ports[:2]], ports[2]
    for port in ports:
        pytest_twisted.blockon(pause(0))
        done = port.stopListening()
        if done is not None:
            pytest_twisted.blockon(done)


@pytest.mark.cwmp("F-39")
@pytest_twisted.ensureDeferred
async def test_only_those_the_inside_spoke_to_get_through(world: Any):
    nat, inside, (first, second), (spoken_to, _stranger), port = world
    assert port.getHost().host == "192.168.1.4"
    inside.transport.write(b"hello", spoken_to)
    await pause()
    ((_, seen),) = first.heard
    assert seen == port.outside and seen[0] == "127.0.0.1"
    first.transport.write(b"back", seen)
    second.transport.write(b"psst", seen)
    await pause()
    assert ([data for data, _ in inside.heard], nat.dropped) == ([b"back"], 1)


@pytest_twisted.ensureDeferred
async def test_forgotten_mapping_lets_nothing_in_and_is_another_afterwards(world: Any):
    nat, inside, (first, _), (spoken_to, _), port = world
    inside.transport.write(b"one", spoken_to)
    await pause()
    before = port.outside
    nat.forget()
    await pause()
    first.transport.write(b"late", before)
    inside.transport.write(b"two", spoken_to)
    await pause()
    assert inside.heard == []
    assert port.outside is not None and port.outside != before
    nat.forget_s = -1
    inside.transport.write(b"three", spoken_to)
    await pause()
    assert len({address for _, address in first.heard}) == 3
