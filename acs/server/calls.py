"""Puts the ways to wake devices together: the waker, our STUN server and its socket, our link to the XMPP server. Wires, decides nothing.

Lives in the one process that owns the sockets. The STUN port is not worth the whole ACS: where it is taken, UDP requests say so.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread

from acs import log
from acs.db.engine import Database
from acs.reach import service as reach
from acs.reach.views import Method, Way
from acs.secrets import Vault
from acs.server import connection_request, udp_request, waker
from acs.server.connection_request import Call, Https, WakeResult
from acs.server.stun import StunServer
from acs.server.waker import Target, Waker
from acs.server.xmpp import Account, XmppLink
from acs.settings import Settings

POLL_S = 5.0
STORE_BINDINGS_S = 3.0
ACCOUNTS_S = 10.0
"""Accounts the XMPP server did not make at once are asked for again."""

_log = log.get("calls")


class Calls:
    """`start`, then `hinted` for every batch of hints, and `stop`."""

    def __init__(self, reactor: Any, settings: Settings, vault: Vault, database: Database, now: Callable[[], datetime]) -> None:
        self._reactor, self._settings, self._vault, self._database, self._now = reactor, settings, vault, database, now
        self._own, self._allowed = connection_request.own_addresses(), settings.allowed_networks
        self._https = Https(settings.call_https, settings.call_https_verified)
        self.stun = StunServer(reactor, self._stun_secret, settings.stun_rate) if settings.stun_port >= 0 else None
        self.xmpp = XmppLink(reactor, account_of(settings), self._make_accounts) if settings.xmpp_jid else None
        self.waker = Waker(reactor, now, self._send, self._read, self._note, self._settle, self._rows)
        self._loops = [(LoopingCall(self._poll), POLL_S + random.random()), (LoopingCall(self._store_bindings), STORE_BINDINGS_S)]  # noqa: S311
        self._loops.append((LoopingCall(self._make_accounts), ACCOUNTS_S))
        self._port: Any = None
        self._storing: Deferred[None] | None = None
        self._making = self._make_again = False

    def start(self) -> None:
        if self.stun is not None:
            try:
                self._port = self._reactor.listenUDP(self._settings.stun_port, self.stun, interface=self._settings.bind)
            except CannotListenError as error:
                _log.warning(
                    "no STUN port: devices behind a NAT cannot be called by UDP",
                    port=self._settings.stun_port,
                    error=str(error.socketError),
                )
        if self.xmpp is not None:
            self.xmpp.start()
        for loop, every_s in self._loops:
            loop.clock = self._reactor
            loop.start(every_s, now=False)

    @property
    def stun_port(self) -> int:
        return int(self._port.getHost().port) if self._port is not None else 0

    def hinted(self, hints: list[dict[str, Any]]) -> None:
        for hint in hints:
            kind, device = hint.get("kind"), hint.get("device")
            if kind == "operation" and device is not None:
                self._make_accounts()
                if hint.get("urgent"):
                    self.waker.want(device)
            elif kind == "progress" and device is not None:
                self.waker.heard(device)
            elif kind == "stun" and self.stun is not None:
                self.stun.revoke(hint["username"])

    async def stop(self) -> None:
        self.waker.stop()
        for loop, _ in self._loops:
            if loop.running:
                loop.stop()
        if self.xmpp is not None:
            self.xmpp.stop()
        if self._storing is not None:
            await self._storing
        self._store_bindings()
        if self._storing is not None:
            await self._storing
        if self._port is not None:
            await self._port.stopListening()

    # ---- the waker's hands -----------------------------------------------------------------------------------

    async def _send(self, device_id: int, target: Target, way: Way) -> tuple[WakeResult, str]:
        login = (target.username, target.secret)
        if way.method is Method.XMPP:
            return await self.xmpp.call(way.address, *login) if self.xmpp is not None else (WakeResult.LINK_DOWN, "XMPP is not set up here")
        if way.method is Method.HTTP:
            call = Call(way.address, *login, basic=self._settings.call_basic or target.quirks.request_basic)
            https = replace(self._https, allowed=self._https.allowed or target.quirks.request_https)
            return await connection_request.call(self._reactor, call, self._allowed, self._own, https)
        ts = await deferToThread(self._reserve_ts, device_id)
        proven = self.stun.binding_of(target.stun_username) if self.stun is not None and target.stun_username else None
        server = self.stun if self._port is not None else None
        address, by_name = _text(proven) if proven else way.address, target.quirks.udp_sorted
        return await udp_request.call(self._reactor, server, address, login, ts, self._allowed, self._own, by_name)

    def _reserve_ts(self, device_id: int) -> int:
        with self._database.write() as unit:
            return reach.reserve_ts(unit, device_id, self._now())

    async def _read(self, device_id: int, thorough: bool) -> Target | None:
        xmpp, udp = self.xmpp is not None, self._port is not None
        return await deferToThread(waker.read_target, self._database, self._vault, device_id, self._now(), xmpp, udp, thorough)

    async def _note(self, device_id: int, at: datetime, way: Way, result: WakeResult, detail: str, latency_ms: int) -> int:
        keep = self._settings.reach_keep
        return await deferToThread(
            waker.note_attempt, self._database, self._vault, device_id, at, way, result, detail, latency_ms, self._now(), keep
        )

    async def _settle(self, number: int, came_at: datetime | None) -> None:
        await deferToThread(waker.settle_attempt, self._database, number, came_at)

    async def _rows(self) -> list[int]:
        return await deferToThread(waker.rows_to_wake, self._database, self._now())

    def _poll(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self.waker.poll()).addErrback(lambda f: _log.warning("poll failed", error=str(f.value)))

    # ---- STUN and XMPP beside it -----------------------------------------------------------------------------

    async def _stun_secret(self, username: str) -> str | None:
        def read() -> str | None:
            with self._database.read() as session:
                return reach.stun_secret(session, self._vault, username)

        return await deferToThread(read)

    def _store_bindings(self) -> Deferred[None] | None:
        """What the STUN server learned since the last time, in one transaction."""
        if self._storing is not None or self.stun is None or not (fresh := self.stun.take_fresh()):
            return None
        now, seconds = self._now(), self._reactor.seconds()
        rows = {name: (_text(one.address), now - timedelta(seconds=seconds - one.at)) for name, one in fresh.items()}

        def write() -> None:
            with self._database.write() as unit:
                reach.store_bindings(unit, rows)

        def done(_result: Any) -> None:
            self._storing = None

        self._storing = deferToThread(write)
        self._storing.addErrback(lambda f: _log.warning("bindings not stored", error=str(f.value))).addCallback(done)
        return self._storing

    def _make_accounts(self) -> None:
        """Have the XMPP server make the accounts that we gave to devices, if we are its administrator."""
        if not self._settings.xmpp_accounts or self.xmpp is None or not self.xmpp.is_up:
            return
        if self._making:
            self._make_again = True
            return

        def done(_result: Any) -> None:
            self._making = False
            if self._make_again:
                self._make_again = False
                self._make_accounts()

        self._making = True
        making = Deferred.fromCoroutine(self._accounts())
        making.addErrback(lambda f: _log.warning("no XMPP accounts", error=str(f.value))).addCallback(done)

    async def _accounts(self) -> None:
        def read() -> Any:
            with self._database.read() as session:
                return reach.accounts_to_make(session, self._vault)

        def note(device_id: int) -> None:
            with self._database.write() as unit:
                reach.account_made(unit, device_id, self._now())

        assert self.xmpp is not None
        for device_id, username, password in await deferToThread(read):
            problem = await self.xmpp.create_account(f"{username}@{self.xmpp.account.device_domain}", password)
            if problem:
                _log.warning("XMPP account not made", device=device_id, why=problem)
            else:
                await deferToThread(note, device_id)


def account_of(settings: Settings) -> Account:
    """Our XMPP account, as the settings have it."""
    host, port = settings.xmpp_endpoint
    ca = settings.xmpp_ca.read_text() if settings.xmpp_ca is not None else ""
    jid = settings.xmpp_jid if "/" in settings.xmpp_jid else f"{settings.xmpp_jid}/acs"
    return Account(jid, settings.xmpp_password, host, port, settings.reach_brief["xmpp_domain"], ca, settings.xmpp_plain)


def _text(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
