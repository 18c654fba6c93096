"""The entrance: whether an Inform is let in, decided from memory before anything is stored (conformance A.7, J-4 to J-7, J-14).

The order: block rules, the address's rate, the certificate, the login, whether login and DeviceId name the same device (A-100), the
device's rate. Sessions somebody waits for are admitted whatever their rate (architecture: rule 5). Everything that is turned away is noted with its
reason for the page "Refused lately".
"""

import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from acs.access.matching import Blocks
from acs.access.views import Access, BlockAction, BlockView, Reason, Refused
from acs.cwmp.events import CONNECTION_REQUEST, normalised
from acs.cwmp.identity import Identity, identity_of
from acs.cwmp.messages import Inform
from acs.server.auth import Challenge, CpeAuthenticator, Login, Slowed
from acs.server.http import Request
from acs.server.login.buckets import Buckets
from acs.server.login.certificates import OfDevice, OfModel, Registered, Void
from acs.server.login.peers import Peer, Peers
from acs.server.login.refusals import Refusals

AWAITED = timedelta(minutes=3)
"""How long after a call of ours a device's contact is the one that is waited for."""
_DEVICES_KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Entry:
    """Let in: by this login; `held` in quarantine for this session, by a block rule."""

    login: Login
    held: bool = False


@dataclass(frozen=True, slots=True)
class Turned:
    """Not let in: status, seconds for Retry-After (0 for none), challenges. Status 0 is no answer at all."""

    status: int
    retry_after_s: int = 0
    challenges: tuple[str, ...] = ()


async def _nobody(login_key: str, claimed: Identity) -> bool:
    return False


@dataclass
class Entrance:
    """Of one worker. `same` knows from the store whether an identity leads to the device of a login (aliases); asked only if they differ."""

    auth: CpeAuthenticator
    peers: Peers = field(default_factory=Peers)
    client_certificates: Literal["off", "optional", "required"] = "off"
    same: Callable[[str, Identity], Awaitable[bool]] = _nobody
    device_rate: Buckets = field(default_factory=lambda: Buckets(0, 0))
    address_rate: Buckets = field(default_factory=lambda: Buckets(0, 0))
    refusals: Refusals = field(default_factory=Refusals)
    blocks: Blocks = field(default_factory=Blocks)
    registered: Registered = field(default_factory=Registered)
    hits: dict[int, tuple[int, datetime]] = field(default_factory=dict)
    _numbers: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _awaited: OrderedDict[int, datetime] = field(default_factory=OrderedDict)

    def load(self, access: Access) -> None:
        """The rules in force from now on."""
        self.blocks = Blocks(access.blocks)
        self.registered = Registered.of(access.certificates)

    # ---- who is waited for -------------------------------------------------------------------------------

    def expect(self, device_id: int, now: datetime) -> None:
        """Somebody waits for this device: its next contacts pass whatever their rate."""
        self._awaited[device_id] = now + AWAITED
        self._awaited.move_to_end(device_id)
        while len(self._awaited) > _DEVICES_KEPT:
            self._awaited.popitem(last=False)

    def came_in(self, identity: Identity, device_id: int) -> None:
        """Which device this identity is: to know it again if it is waited for."""
        self._numbers[identity.key] = device_id
        self._numbers.move_to_end(identity.key)
        if len(self._numbers) > _DEVICES_KEPT:
            self._numbers.popitem(last=False)

    def _is_awaited(self, inform: Inform, identity: Identity, now: datetime) -> bool:
        """It says that we called, and we did: the word alone would let everybody pass."""
        until = self._awaited.get(self._numbers.get(identity.key, 0))
        return until is not None and until > now and any(normalised(e.event_code) == CONNECTION_REQUEST for e in inform.event)

    # ---- deciding ----------------------------------------------------------------------------------------

    def see(self, request: Request, now: datetime) -> Peer:
        """The peer of a request, as the request's own facts say from now on."""
        connection = request.connection
        peer = connection.facts
        if peer is None:
            peer = connection.facts = self.peers.of_connection(connection.transport, request.peer, now)
        if self.peers.trusted:
            peer = self.peers.seen_through(peer, request.headers, now)
        request.peer, request.who = peer.address, peer
        return peer

    async def admit(self, request: Request, inform: Inform, now: datetime) -> Entry | Turned:
        """An Inform at the door."""
        peer: Peer = request.who
        identity = identity_of(inform.device_id)
        claimed = identity.key
        rule = self.blocks.first(peer.address, now, identity, _firmware(inform) if self.blocks.need_firmware else "")
        if rule is not None:
            self._count(rule, now)
            self._note(
                peer,
                claimed,
                Reason.HELD if rule.action is BlockAction.QUARANTINE else Reason.BLOCKED,
                f"rule {rule.id}: {rule.reason}",
                now,
            )
            if rule.action is not BlockAction.QUARANTINE:
                return _by_rule(rule)
        awaited = self._is_awaited(inform, identity, now)
        if not awaited and (wait := self.address_rate.take(peer.address, now.timestamp())):
            return self._later(
                peer, claimed, Reason.RATE_ADDRESS, f"over {self.address_rate.per_minute:g} Informs a minute from this address", wait, now
            )
        login = await self._log_in(request, peer, identity, now)
        if isinstance(login, Turned):
            return login
        if not awaited and (wait := self.device_rate.take(claimed, now.timestamp())):
            return self._later(peer, claimed, Reason.RATE_DEVICE, f"over {self.device_rate.per_minute:g} Informs a minute", wait, now)
        return Entry(login, rule is not None)

    async def challenge_stranger(self, request: Request, now: datetime) -> Turned | None:
        """A POST that is no Inform and belongs to no session: who is not logged in is challenged, and guesses count (R-14)."""
        peer: Peer = request.who
        rule = self.blocks.first(peer.address, now)
        if rule is not None and rule.action is not BlockAction.QUARANTINE:
            self._count(rule, now)
            self._note(peer, "", Reason.BLOCKED, f"rule {rule.id}: {rule.reason}", now)
            return _by_rule(rule)
        checked = await self._check(request, peer, "", now)
        return checked if isinstance(checked, Turned) else None

    async def _log_in(self, request: Request, peer: Peer, identity: Identity, now: datetime) -> Login | Turned:
        model: OfModel | None = None
        if self.client_certificates != "off":
            proof = self.registered.proof(peer.certificate) if peer.certificate is not None else None
            match proof:
                case OfDevice():
                    if proof.agrees(identity) or (proof.key and await self.same(proof.key, identity)):
                        return Login("certificate", identity.key)
                    return self._refuse(
                        peer, identity.key, Reason.CERTIFICATE, f"the certificate is of {proof.key or _spelled(proof)}", now
                    )
                case OfModel():
                    if not proof.agrees(identity):
                        return self._refuse(
                            peer, identity.key, Reason.CERTIFICATE, f"the certificate is of model {proof.oui} {proof.product_class}", now
                        )
                    model = proof
                case Void():
                    if proof.revoked or self.client_certificates == "required":
                        return self._refuse(peer, identity.key, Reason.CERTIFICATE, proof.why, now)
                case None:
                    if self.client_certificates == "required":
                        return self._refuse(peer, identity.key, Reason.NO_CERTIFICATE, "a client certificate is required, none came", now)
        login = await self._check(request, peer, identity.key, now)
        if isinstance(login, Turned) or not login.key or login.key == identity.key:
            return login
        if await self.same(login.key, identity):
            return login
        with_model = " and the certificate of its model" if model is not None else ""
        return self._refuse(peer, identity.key, Reason.IDENTITY, f"it logged in as {login.key}{with_model}", now)

    async def _check(self, request: Request, peer: Peer, claimed: str, now: datetime) -> Login | Turned:
        checked = await self.auth.check(
            request.headers.get(b"authorization", b"").decode("latin-1"), "POST", peer.address, now.timestamp(),
            request.target.decode("latin-1"), peer.is_secret,
        )  # fmt: skip
        match checked:
            case Slowed():
                self._note(peer, claimed, Reason.SLOWED, checked.detail, now)
                return Turned(429, _spread(checked.wait_s))
            case Challenge():
                if checked.why is not None:
                    self._note(peer, claimed, checked.why, checked.detail, now)
                return Turned(401, challenges=checked.headers)
        return checked

    # ---- telling -----------------------------------------------------------------------------------------

    def overloaded(self, request: Request, inform: Inform, now: datetime) -> None:
        self.refusals.note(request.peer, identity_of(inform.device_id).key, Reason.OVERLOAD, "more sessions than this worker takes", now)

    def failed_handshake(self, address: str, why: str, now: datetime) -> None:
        self.refusals.note(address, "", Reason.TLS, why, now)

    def _note(self, peer: Peer, claimed: str, reason: Reason, detail: str, now: datetime) -> None:
        self.refusals.note(peer.address, claimed, reason, detail, now)

    def _refuse(self, peer: Peer, claimed: str, reason: Reason, detail: str, now: datetime) -> Turned:
        self._note(peer, claimed, reason, detail, now)
        return Turned(403)

    def _later(self, peer: Peer, claimed: str, reason: Reason, detail: str, wait_s: float, now: datetime) -> Turned:
        self._note(peer, claimed, reason, detail, now)
        return Turned(503, _spread(wait_s))

    def _count(self, rule: BlockView, now: datetime) -> None:
        self.hits[rule.id] = (self.hits.get(rule.id, (0, now))[0] + 1, now)

    def drain_hits(self) -> dict[int, tuple[int, datetime]]:
        found, self.hits = self.hits, {}
        return found

    def put_back(self, refused: tuple[Refused, ...], hits: dict[int, tuple[int, datetime]]) -> None:
        """What could not be written, to be written with the next."""
        self.refusals.put_back(refused)
        for rule_id, (times, last) in hits.items():
            more, newer = self.hits.get(rule_id, (0, last))
            self.hits[rule_id] = (times + more, max(last, newer))


def _by_rule(rule: BlockView) -> Turned:
    match rule.action:
        case BlockAction.LATER:
            return Turned(503, _spread(600))
        case BlockAction.CLOSE:
            return Turned(0)
        case _:
            return Turned(403)


def _spread(wait_s: float) -> int:
    """At least so long, each at another time: who is sent away together must not come back together."""
    return int(max(wait_s, 30) * random.uniform(1, 3)) + 1  # noqa: S311 - spreads load, keeps no secret


def _spelled(proof: OfDevice) -> str:
    return proof.identity.key if proof.identity is not None else ""


def _firmware(inform: Inform) -> str:
    return next((v.value for v in inform.parameter_list if v.name.endswith(".DeviceInfo.SoftwareVersion")), "")
