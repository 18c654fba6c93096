"""A port-restricted NAT on loopback: devices behind it have a private address, and are found only by those they spoke to.

It listens for a device as the reactor would (`listenUDP`), but on a socket of its own outside; what the device sends leaves from there, and
what comes in passes only from an address the device has sent to lately. A mapping that rests too long is forgotten, as routers do, and the
next datagram leaves from another port. Tests: tests/simulators/test_nat.py.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.protocol import DatagramProtocol


class Nat:
    """`inside` is the address devices believe they have; `outside` the one the world sees. `forget_s`: how long a mapping may rest."""

    def __init__(self, reactor: Any, inside: str = "192.168.1.4", outside: str = "127.0.0.1", forget_s: float = 60.0) -> None:
        self.reactor, self.inside, self.outside, self.forget_s = reactor, inside, outside, forget_s
        self.ports: list[InsidePort] = []
        self.dropped = 0
        self._next = 40_000

    def listenUDP(self, port: int, protocol: DatagramProtocol, interface: str = "", maxPacketSize: int = 8192) -> InsidePort:
        """A port of the inside, joined to the protocol."""
        if not port:
            self._next += 1
            port = self._next
        made = InsidePort(self, port, protocol)
        self.ports.append(made)
        protocol.makeConnection(made)
        return made

    def forget(self) -> None:
        """Lose all mappings, as a restart of the router would."""
        for port in self.ports:
            port.forget()


class InsidePort:
    """A UDP port inside, and transport of its protocol."""

    def __init__(self, nat: Nat, port: int, protocol: DatagramProtocol) -> None:
        self._nat, self._port, self._protocol = nat, port, protocol
        self._mapping: _Mapping | None = None
        self.connected = True

    def getHost(self) -> IPv4Address:
        return IPv4Address("UDP", self._nat.inside, self._port)

    @property
    def outside(self) -> tuple[str, int] | None:
        """How the world sees it now."""
        return (self._nat.outside, self._mapping.number) if self._mapping is not None else None

    def write(self, datagram: bytes, addr: tuple[str, int]) -> None:
        now = self._nat.reactor.seconds()
        if self._mapping is not None and now - self._mapping.used > self._nat.forget_s:
            self.forget()
        if self._mapping is None:
            self._mapping = _Mapping(self)
        self._mapping.used = now
        self._mapping.spoken_to.add(addr)
        assert self._mapping.transport is not None
        self._mapping.transport.write(datagram, addr)

    def came(self, mapping: _Mapping, datagram: bytes, addr: tuple[str, int]) -> None:
        fresh = self._nat.reactor.seconds() - mapping.used <= self._nat.forget_s
        if mapping is self._mapping and fresh and addr in mapping.spoken_to:
            self._protocol.datagramReceived(datagram, addr)
        else:
            self._nat.dropped += 1

    def forget(self) -> Any:
        mapping, self._mapping = self._mapping, None
        return mapping.port.stopListening() if mapping is not None else None

    def stopListening(self) -> Any:
        if self in self._nat.ports:
            self._nat.ports.remove(self)
        if self.connected:
            self.connected = False
            self._protocol.doStop()
        return self.forget()


class _Mapping(DatagramProtocol):
    """The socket outside."""

    def __init__(self, inside: InsidePort) -> None:
        self.noisy = False
        self._inside = inside
        self.spoken_to: set[tuple[str, int]] = set()
        self.used = 0.0
        self.port = inside._nat.reactor.listenUDP(0, self, interface=inside._nat.outside)
        self.number = int(self.port.getHost().port)

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self._inside.came(self, datagram, (str(addr[0]), int(addr[1])))
