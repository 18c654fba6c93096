"""Our STUN server: tells devices how the network sees them, learns where UDP requests reach them, and is the socket those are sent from.

One datagram for one, at most an address longer than what came, never to another host than the one that asked (RESPONSE-ADDRESS is obeyed
for other ports of the same address only), and so many per source and second: it cannot be made to amplify or reflect. A device that has a
STUN login of ours must prove it before its binding counts; strangers are answered and not believed. Conformance F-30 to F-36, J-9.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import Counter
from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol

from acs import log
from acs.cwmp import stun
from acs.cwmp.stun import Address, Message
from acs.server.login.buckets import Buckets

SECRET_FOR_S = 60.0
"""How long a looked-up secret, or that there is none, is believed."""
REMEMBERED = 50_000
NAME_MOST = 32
"""As long as a STUN username of ours can be (device_reach.stun_username)."""
LOOKUPS = 100
BINDING_FOR_S = 900.0
"""A binding that was not seen for so long is gone: keep-alives come at least every few minutes."""

_log = log.get("stun")
_heard = Counter("hearthline_stun_total", "STUN datagrams by what became of them", ["result"])


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a device's UDP requests are to go, as its own datagram showed, and when (reactor's seconds)."""

    address: Address
    at: float


@dataclass
class StunServer(DatagramProtocol):
    """`secret_of` gives the STUN secret of a username, None for a stranger's; it may take its time elsewhere."""

    reactor: Any
    secret_of: Callable[[str], Awaitable[str | None]]
    per_source_s: float = 200.0
    bindings: OrderedDict[str, Binding] = field(default_factory=OrderedDict)
    """Proven ones, by username."""
    seen: OrderedDict[Address, float] = field(default_factory=OrderedDict)
    """When a call binding was last kept from an address, by whomever."""
    _secrets: OrderedDict[str, tuple[float, str | None]] = field(default_factory=OrderedDict)
    _fresh: dict[str, Binding] = field(default_factory=dict)
    _told: dict[str, Binding] = field(default_factory=dict)
    _lookups: int = 0

    def __post_init__(self) -> None:
        self._allowance = Buckets(self.per_source_s * 60, self.per_source_s * 2, REMEMBERED)
        self.noisy = False

    # ---- receiving -----------------------------------------------------------------------------------------------

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        source = (str(addr[0]), int(addr[1]))
        if self._allowance.take(source[0], self.reactor.seconds()):
            _heard.labels("too_many").inc()
            return
        try:
            message = stun.decode(datagram)
        except stun.NotStun:
            _heard.labels("not_stun").inc()
            return
        if message.kind != stun.BINDING_REQUEST:
            _heard.labels("not_a_request").inc()
            return
        username = message.username
        if len(username) > NAME_MOST or not username.isprintable() or not username:  # none of ours: not looked up, and not remembered
            self._answer(message, source)
            return
        known = self._secrets.get(username)
        if known is not None and known[0] > self.reactor.seconds():
            self._judge(message, source, username, known[1])
        elif self._lookups >= LOOKUPS:
            _heard.labels("too_many").inc()
        else:
            self._lookups += 1
            looked_up = Deferred.fromCoroutine(self._look_up(username))
            looked_up.addCallback(lambda secret: self._judge(message, source, username, secret))
            looked_up.addErrback(lambda failure: _log.error("STUN login not read", error=failure.getErrorMessage()))

    async def _look_up(self, username: str) -> str | None:
        try:
            secret = await self.secret_of(username)
        finally:
            self._lookups -= 1
        self._secrets[username] = (self.reactor.seconds() + SECRET_FOR_S, secret)
        self._secrets.move_to_end(username)
        if len(self._secrets) > REMEMBERED:
            self._secrets.popitem(last=False)
        return secret

    def forget(self, username: str) -> None:
        """Its secret changed."""
        self._secrets.pop(username, None)

    def revoke(self, username: str) -> None:
        """The login is nobody's any more: neither its secret nor where it was heard from counts."""
        for known in (self._secrets, self.bindings, self._fresh, self._told):
            known.pop(username, None)

    def _judge(self, message: Message, source: Address, username: str, secret: str | None) -> None:
        if secret is None:
            self._answer(message, source)
        elif message.get(stun.MESSAGE_INTEGRITY) is None:
            self._refuse(message, source, 401, "Unauthorized")
        elif not stun.is_signed_with(message, secret):
            self.forget(username)  # it may have been given a new one a moment ago
            self._refuse(message, source, 431, "Integrity Check Failure")
        else:
            if message.keeps_call_binding and message.response_address is None:
                self._learn(username, source)
            self._answer(message, source, secret)

    def _learn(self, username: str, source: Address) -> None:
        binding = Binding(source, self.reactor.seconds())
        self.bindings.pop(username, None)
        self.bindings[username] = binding
        if len(self.bindings) > REMEMBERED:
            gone, _ = self.bindings.popitem(last=False)
            self._told.pop(gone, None)
        told = self._told.get(username)
        if told is None or told.address != source or binding.at - told.at > BINDING_FOR_S / 3:
            self._fresh[username] = self._told[username] = binding

    def take_fresh(self) -> dict[str, Binding]:
        """Bindings that are new or changed since the last time: to be stored, many at once."""
        fresh, self._fresh = self._fresh, {}
        return fresh

    def binding_of(self, username: str) -> Address | None:
        """Where the device was heard from lately, if its STUN login proved that it was it."""
        known = self.bindings.get(username)
        return known.address if known is not None and self.reactor.seconds() - known.at < BINDING_FOR_S else None

    def age_of(self, address: Address) -> float | None:
        """Seconds since this address kept a call binding here; None if it never did."""
        at = self.seen.get(address)
        return None if at is None else self.reactor.seconds() - at

    # ---- answering -----------------------------------------------------------------------------------------------

    def _answer(self, message: Message, source: Address, secret: str | None = None) -> None:
        if message.unknown or message.wants_change:  # we have one address and one port: RFC 5780 wants 420 for what cannot be done
            self._refuse(message, source, 420, "", message.unknown or (stun.CHANGE_REQUEST,))
            return
        target = message.response_address or source
        if target[0] != source[0] or not target[1]:
            _heard.labels("reflection").inc()
            return
        if message.keeps_call_binding and message.response_address is None:
            self.seen.pop(source, None)
            self.seen[source] = self.reactor.seconds()
            if len(self.seen) > REMEMBERED:
                self.seen.popitem(last=False)
        told = [stun.address_attribute(stun.MAPPED_ADDRESS, source)]
        own = self.transport.getHost()
        more = [stun.address_attribute(stun.XOR_MAPPED_ADDRESS, source, message.transaction)] if message.has_magic else []
        if not ipaddress.ip_address(own.host).is_unspecified:
            here = (own.host, own.port)
            more += [stun.address_attribute(stun.SOURCE_ADDRESS, here), stun.address_attribute(stun.CHANGED_ADDRESS, here)]
        room = len(message.raw) - 20 - _size(told) - (24 if secret is not None else 0)
        for attribute in more:
            if (size := _size([attribute])) <= room:
                told.append(attribute)
                room -= size
        _heard.labels("proven" if secret is not None else "answered").inc()
        self.transport.write(stun.encode(Message(stun.BINDING_RESPONSE, message.transaction, tuple(told)), secret), target)

    def _refuse(self, message: Message, source: Address, code: int, reason: str, unknown: tuple[int, ...] = ()) -> None:
        room = max(0, len(message.raw) - 28)
        attributes = [stun.error_attribute(code, reason[: room - room % 4])]
        if unknown:
            attributes.append((stun.UNKNOWN_ATTRIBUTES, b"".join(kind.to_bytes(2, "big") for kind in unknown[: max(1, room // 4)])))
        _heard.labels(str(code)).inc()
        self.transport.write(stun.encode(Message(stun.BINDING_ERROR, message.transaction, tuple(attributes))), source)

    # ---- sending for others --------------------------------------------------------------------------------------

    def send(self, datagram: bytes, address: Address) -> None:
        """From the port that devices keep their NAT open for (F-39)."""
        self.transport.write(datagram, address)


def _size(attributes: list[tuple[int, bytes]]) -> int:
    return sum(4 + len(value) + -len(value) % 4 for _, value in attributes)
