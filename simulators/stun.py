"""The device's side of UDP connection requests: a STUN client that keeps its way through a NAT open, and the port requests come to.

Classic STUN from the very port that takes the requests, CONNECTION-REQUEST-BINDING in each, BINDING-CHANGE when the address is new; a 401 is
answered with USERNAME and MESSAGE-INTEGRITY. What the server sees is written to UDPConnectionRequestAddress and NATDetected. Conformance
F-30 to F-34, F-40, F-41. Tests: tests/simulators/test_stun.py.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from twisted.internet.protocol import DatagramProtocol

from acs.cwmp import stun, udp_request
from acs.cwmp.stun import Address, Message

if TYPE_CHECKING:
    from simulators.device import Device

KEEP_ALIVE_S = 25.0
ANSWER_S = 2.0
TRIES = 7
"""Copies of a request that is not answered, each twice as late as the one before (RFC 3489, 9.3)."""


class StunLink(DatagramProtocol):
    """One device's. `follow` after every session: it begins, changes and ends with STUNEnable."""

    def __init__(self, device: Device, network: Any, clip_s: float | None = None) -> None:
        self.noisy = False
        self._device, self._network, self._clip_s = device, network, clip_s
        self._port: Any = None
        self._server: tuple[str, int] | None = None
        self._timer: Any = None
        self._asked = b""
        self._tries = 0
        self._proving = False
        self._mapped: Address | None = None
        self._told_change = True
        self._last_ts, self._last_id = -1, ""
        self.heard = 0
        self._copies = ("", 0)

    # ---- beginning and end -----------------------------------------------------------------------------------

    def follow(self) -> None:
        """Do what the parameters say."""
        cpe = self._device.cpe
        if cpe.tree.leaf(cpe.management("STUNEnable")) is None:
            return
        if not cpe.is_on("STUNEnable") or not cpe.is_on("EnableCWMP"):
            self.stop(tell=True)
            return
        host = cpe.setting("STUNServerAddress") or urlsplit(cpe.setting("URL")).hostname or ""
        server = (host, int(cpe.setting("STUNServerPort") or 3478))
        if self._port is None:
            self._port = self._network.listenUDP(0, self, interface="127.0.0.1")
        if server != self._server:
            self._server, self._mapped = server, None
            self._device.reactor.resolve(host).addCallbacks(lambda address: self._found((address, server[1])), lambda _failure: None)

    def _found(self, server: Address) -> None:
        self._server_address = server
        if self._port is not None:
            self._ask()

    def stop(self, tell: bool = False) -> None:
        """Close the port. `tell`: STUN was switched off, so the parameters say the local address (F-33)."""
        port, self._port, self._server = self._port, None, None
        self._proving = False
        self._cancel()
        if port is None:
            return
        local = port.getHost()
        if tell:
            self._tell("NATDetected", "false")
            self._tell("UDPConnectionRequestAddress", f"{local.host}:{local.port}")
        port.stopListening()

    def _cancel(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    # ---- asking ----------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        self._asked = secrets.token_bytes(16)
        self._tries = 0
        self._send()

    def _send(self) -> None:
        if self._port is None or self._tries >= TRIES:
            self._later(KEEP_ALIVE_S, self._ask)
            return
        setting = self._device.cpe.setting
        attributes = [(stun.CONNECTION_REQUEST_BINDING, stun.CONNECTION_REQUEST_VALUE)]
        if self._told_change:
            attributes.append((stun.BINDING_CHANGE, b""))
        username, secret = setting("STUNUsername"), setting("STUNPassword")
        if username:
            name = username.encode()
            attributes.append((stun.USERNAME, name + b" " * (-len(name) % 4)))
        message = Message(stun.BINDING_REQUEST, self._asked, tuple(attributes))
        self._port_write(stun.encode(message, secret if username and self._proving else None))
        self._tries += 1
        self._later(ANSWER_S * 2 ** (self._tries - 1), self._send)

    def _port_write(self, datagram: bytes) -> None:
        if self.transport is not None:
            self.transport.write(datagram, self._server_address)

    def _later(self, seconds: float, call: Any) -> None:
        self._cancel()
        if self._clip_s is not None:
            seconds = min(seconds, self._clip_s)
        if self._port is not None:
            self._timer = self._device.reactor.callLater(seconds, call)

    # ---- hearing ---------------------------------------------------------------------------------------------

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        try:
            message = stun.decode(datagram)
        except stun.NotStun:
            self._called(datagram)
            return
        if message.transaction != self._asked:
            return
        if message.kind == stun.BINDING_ERROR and message.error in (401, 432) and not self._proving:
            self._proving = True
            self._ask()
        elif message.kind == stun.BINDING_RESPONSE and message.mapped is not None:
            self._bound(message.mapped)

    def _bound(self, mapped: Address) -> None:
        changed, self._mapped = mapped != self._mapped, mapped
        self._told_change = False
        if changed:
            self._told_change = True  # told to the server in the next request, and to the ACS by notification
            local = self._port.getHost()
            self._tell("NATDetected", "true" if mapped != (local.host, local.port) else "false")
            host, port = mapped
            self._tell("UDPConnectionRequestAddress", host if port == 80 else f"{host}:{port}")
        low, high = (float(self._device.cpe.setting(f"STUN{name}KeepAlivePeriod") or 0) for name in ("Minimum", "Maximum"))
        self._later(0.05 if changed else max(low, min(KEEP_ALIVE_S, high) if high > 0 else KEEP_ALIVE_S), self._ask)

    def _tell(self, leaf: str, text: str) -> None:
        cpe = self._device.cpe
        if cpe.tree.leaf(cpe.management(leaf)) is not None:
            self._device.set_local(cpe.management(leaf), text)

    def _called(self, datagram: bytes) -> None:
        """A connection request: good ones begin a session, all others are dropped without a word (F-40, F-41)."""
        request = udp_request.parse(datagram)
        username, secret = self._device.call_login()
        if request is None or request.un != username or not self._is_signed(request, secret) or not request.ts.isdigit():
            return
        if "three-datagrams" in self._device.cpe.quirks.udp and not self._is_third(request.id):
            return
        if int(request.ts) <= self._last_ts or request.id == self._last_id:
            return
        if not self._device.may_be_called():
            return
        self._last_ts, self._last_id = int(request.ts), request.id
        self.heard += 1
        self._device.called()

    def _is_signed(self, request: udp_request.UdpRequest, secret: str) -> bool:
        """An odd device signs over its fields sorted by their names (quirk K-72)."""
        if "sorted-hmac" in self._device.cpe.quirks.udp:
            return udp_request.signature(secret, request.cn, request.id, request.ts, request.un) == request.sig.lower()
        return request.is_signed_with(secret)

    def _is_third(self, number: str) -> bool:
        """Whether this is the third copy of a request; the two before it were not heard (quirk K-72)."""
        self._copies = (number, self._copies[1] + 1 if self._copies[0] == number else 1)
        return self._copies[1] == 3
