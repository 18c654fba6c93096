"""Keeps the entrance of a worker: builds it from the settings, reads the rules anew when they change, writes down who was turned away.

The rules are read at the start, after every hint `access`, and every half minute in case one was lost; refusals and hits are written every few
seconds, together.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread

from acs import log
from acs.access import service as access
from acs.access.views import Access
from acs.cwmp.identity import Identity
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import aliases
from acs.server.auth import CpeAuthenticator, Rules
from acs.server.http import HttpFactory
from acs.server.login.buckets import Buckets
from acs.server.login.certificates import Authorities
from acs.server.login.entrance import Entrance
from acs.server.login.peers import Peers, is_one_of
from acs.settings import Settings

FLUSH_S = 4.0
RELOAD_EVERY = 8
"""Flushes between two readings without a hint."""
_log = log.get("entrance")


def login_rules(settings: Settings) -> Rules:
    """What the settings say of logins."""
    return Rules(settings.cpe_basic_in_clear, settings.cpe_digest, (settings.acs_path, *settings.cpe_digest_paths))


def make_entrance(settings: Settings, auth: CpeAuthenticator, same: Callable[[str, Identity], Any]) -> Entrance:
    """The entrance as the settings want it. WrongEnvironment for authorities that cannot be read. A laboratory (`none`) has no rates."""
    authorities = None
    if settings.tls_client_ca is not None:
        authorities = Authorities(settings.tls_client_ca)
        authorities.load()
    free = settings.cpe_auth == "none"
    device, address = (0, 0) if free else (settings.inform_rate, settings.inform_rate_per_address)
    return Entrance(
        auth, Peers(settings.proxy_networks, authorities), settings.tls_client, same, Buckets(device, max(device / 2, 10)),
        Buckets(address, max(address / 10, 100)),
    )  # fmt: skip


class Doorman:
    """Of one worker. `guard` a factory, hand it `hints`, `stop` it at the end."""

    def __init__(self, reactor: Any, settings: Settings, database: Database, auth: CpeAuthenticator, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now
        self._busy: Deferred[Any] | None = None
        self._stale = False
        self._ticks = 0
        self._trusted = settings.proxy_networks

        async def same(login_key: str, claimed: Identity) -> bool:
            return bool(await deferToThread(aliases.is_same, database, login_key, claimed))

        self.entrance = make_entrance(settings, auth, same)
        self.entrance.load(self._read())
        self._loop = LoopingCall(self._tick)
        self._loop.clock = reactor
        self._loop.start(FLUSH_S, now=False)

    def guard(self, factory: HttpFactory) -> None:
        """Failed handshakes are told of; connections of our proxies are not counted as one address's."""
        factory.on_handshake_failed = lambda peer, why: self.entrance.failed_handshake(peer, why, self._now())
        factory.is_exempt = lambda peer: is_one_of(peer, self._trusted)

    def hints(self, hints: Sequence[dict[str, Any]]) -> None:
        for hint in hints:
            if hint.get("kind") == "operation" and hint.get("urgent"):
                self.entrance.expect(hint["device"], self._now())
        if any(hint.get("kind") == "access" for hint in hints):
            self._stale = True
            self._work()

    def _tick(self) -> None:
        self._ticks += 1
        self._stale |= self._ticks % RELOAD_EVERY == 0
        if self.entrance.peers.authorities is not None:
            try:
                self.entrance.peers.authorities.load()
            except Exception as error:
                _log.error("authorities of devices not reloaded", error=str(error))
        self._work()

    def _work(self) -> None:
        """Read and write in one thread, one at a time; what comes meanwhile waits for the next."""
        if self._busy is not None:
            return
        refused, hits, reload = self.entrance.refusals.drain(), self.entrance.drain_hits(), self._stale
        if not (refused or hits or reload):
            return
        self._stale = False

        def failed(failure: Any) -> None:
            self.entrance.put_back(refused, hits)
            if reload:
                self._ticks = -1  # read anew with the next tick, not at once: it may go on failing
            _log.error("the entrance's notes were not written", error=str(failure.value))

        def done(found: Access | None) -> None:
            if found is not None:
                self.entrance.load(found)

        self._busy = deferToThread(self._both, refused, hits, reload)
        self._busy.addCallback(done).addErrback(failed)
        self._busy.addCallback(self._idle)

    def _idle(self, _done: None) -> None:
        self._busy = None
        if self._stale:
            self._work()

    def _both(self, refused: Any, hits: Any, reload: bool) -> Access | None:
        if refused or hits:
            with self._database.write() as unit:
                access.note_refusals(unit, DEFAULT_TENANT, refused)
                access.count_hits(unit, hits)
        return self._read() if reload else None

    def _read(self) -> Access:
        with self._database.read() as session:
            return access.snapshot(session, DEFAULT_TENANT)

    async def stop(self) -> None:
        """What was noted last is written before the worker goes."""
        if self._loop.running:
            self._loop.stop()
        if self._busy is not None:
            self._stale = False
            await self._busy
        self._work()
        if self._busy is not None:
            await self._busy
