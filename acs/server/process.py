"""Puts the cwmp process together: wires, decides nothing.

The parent owns the CWMP socket, the files server, the hub of hints and the waker; CWMP is served by worker processes on the shared socket,
or, with one worker, right here. Everything is stopped in the order that loses nothing: no new connections, sessions ended, commits drained.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from prometheus_client.twisted import MetricsResource
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread
from twisted.web.resource import Resource
from twisted.web.server import Site

from acs import log
from acs.cwmp.digest import Nonces
from acs.db.engine import Database
from acs.db.revision import require_current
from acs.db.tenancy import DEFAULT_TENANT
from acs.desired import service as desired
from acs.errors import WrongEnvironment
from acs.hints.hub import Hub, listen
from acs.hints.listen import HintListener, listener_for
from acs.hints.publish import SocketPublisher
from acs.hooks.service import Running
from acs.operations import progress
from acs.operations.briefing import Briefing
from acs.provisioning.runner import Task
from acs.quirks import service as quirks
from acs.quirks.book import QuirkBook
from acs.secrets import Vault
from acs.server import files
from acs.server.admission import Admission, Marks
from acs.server.auth import CpeAuthenticator, account_of
from acs.server.batch import Batch, take_over
from acs.server.calls import Calls
from acs.server.commit import GroupCommit
from acs.server.cwmp import CwmpHandler, Policy
from acs.server.http import HttpFactory, Limits
from acs.server.login.doorman import Doorman, login_rules
from acs.server.redirects import Redirects
from acs.server.redirects import load as read_redirects
from acs.server.throttle import Shares
from acs.server.watching import Watching
from acs.serving.listening import adopt, bind, handed
from acs.serving.tls import ServerTls, secured
from acs.serving.workers import Workers
from acs.settings import Settings
from datamodels import library

RELOAD_S = 60.0
"""How often the quirk registry is read though no hint said that it changed: a lost hint costs a minute."""

TICK_S = 0.25
"""How often admission looks at how long things wait."""

_log = log.get("cwmp")


def utc_now() -> datetime:
    return datetime.now(UTC)


def open_database(settings: Settings, publish: bool = True) -> Database:
    library.use(settings.home / "datamodels")
    publisher = SocketPublisher(settings.socket_path) if publish and settings.is_sqlite else None
    return Database(settings.database, publisher)


class CwmpWorker:
    """Serves CWMP on a socket. One reactor, one writer thread, one number that its cookies carry."""

    def __init__(self, reactor: Any, settings: Settings, vault: Vault, database: Database, listener: HintListener, number: int) -> None:
        self._reactor, self._settings = reactor, settings
        briefing = Briefing(vault, settings.files_base, settings.cpe_auth, settings.inform_interval_s, settings.reach_brief)
        self._database, self._book = database, QuirkBook()
        self._reloading: Deferred[None] | None = None
        self._stale = False
        self._book.replace(quirks.load(database))
        self._hooks = Running(database, utc_now)
        self._profiles = desired.ProfileBook()
        self._profiles.replace(desired.load_book(database))
        self.watching = Watching(reactor, database, number, utc_now)
        batch = Batch(vault, briefing, settings.cpe_auth == "none", settings.recorder_keep, settings.recorder_bytes, self._book, self.watching.book,
                      profiles=self._profiles)  # fmt: skip
        self.commit = GroupCommit(reactor, database, batch, settings.commit_window_s, prepare=batch.prepare)

        async def load(device_id: int, late: Task | None = None) -> Any:
            if late is not None:
                return await deferToThread(_brief, database, vault, self._book, self._hooks, device_id, late)
            return await deferToThread(_load, database, briefing, device_id)

        async def claim(device_id: int, token: str, held_epoch: int | None) -> Any:
            return await deferToThread(take_over, database, briefing, device_id, token, utc_now(), held_epoch, self._book)

        async def account(username: str) -> Any:
            return await deferToThread(account_of, database, vault, username)

        auth = CpeAuthenticator(settings.cpe_auth, settings.onboarding, Nonces(vault.key_for("nonce")), account, login_rules(settings))
        self.doorman = Doorman(reactor, settings, database, auth, utc_now)
        policy = Policy(
            number, DEFAULT_TENANT, settings.session_timeout_s, settings.session_timeout_max_s, settings.max_sessions, settings.max_body,
            settings.recorder, settings.recorder_bytes, settings.kicked_url,
        )  # fmt: skip
        self._redirects = Redirects()
        self._redirects.replace(read_redirects(database))
        marks = Marks(settings.admission_high_s, settings.admission_low_s, settings.retry_min_s, settings.retry_max_s)
        self.handler = CwmpHandler(
            policy, self.commit, auth, utc_now, load, claim, redirects=self._redirects, entrance=self.doorman.entrance,
            admission=Admission(marks),
        )  # fmt: skip
        self._ticked = reactor.seconds()
        limits = Limits(
            settings.max_header, settings.max_body, idle_s=settings.session_timeout_max_s, per_address=settings.max_connections_per_address
        )
        self.factory = HttpFactory(reactor, self.handler, limits)
        self.doorman.guard(self.factory)
        self._sweeps = [LoopingCall(self.handler.sweep), LoopingCall(self.factory.sweep), LoopingCall(self._reload), LoopingCall(self._tick)]
        for sweep, every_s in zip(self._sweeps, (2.0, 2.0, RELOAD_S, TICK_S), strict=True):
            sweep.clock = reactor
            sweep.start(every_s, now=False)
        self._forget = listener.subscribe(self._hints)

    def _tick(self) -> None:
        """What is to be stored may wait, or all that comes because the reactor has too much to do: the longer counts."""
        now = self._reactor.seconds()
        late_s = max(0.0, now - self._ticked - TICK_S)
        self._ticked = now
        self.handler.admission.tick(max(self.commit.waits_s(), late_s), now, self.handler.sessions)

    def _hints(self, hints: list[dict[str, Any]]) -> None:
        self.doorman.hints(hints)
        self.watching.hints(hints)
        for hint in hints:
            if hint.get("kind") == "operation":
                self.handler.queued(hint["device"])
                if hint.get("urgent") and (key := hint.get("key")):
                    self.handler.admission.want(key)
        if any(hint.get("kind") in ("quirks", "redirects", "profiles") for hint in hints):
            self._reload()

    def _reload(self) -> None:
        """The quirk registry and the redirects anew. What changes while it is loaded is loaded after it."""
        if self._reloading is not None:
            self._stale = True
            return
        self._stale = False
        self._reloading = deferToThread(quirks.load, self._database)
        self._reloading.addCallback(self._book.replace)
        self._reloading.addCallback(lambda _: deferToThread(read_redirects, self._database))
        self._reloading.addCallback(self._redirects.replace)
        self._reloading.addCallback(lambda _: deferToThread(desired.load_book, self._database))
        self._reloading.addCallback(self._profiles.replace)
        self._reloading.addErrback(lambda failure: _log.warning("quirks not reloaded", error=str(failure.value)))
        self._reloading.addCallback(self._reloaded)

    def _reloaded(self, _done: None) -> None:
        self._reloading = None
        if self._stale:
            self._reload()

    async def stop(self) -> None:
        self._forget()
        for sweep in self._sweeps:
            if sweep.running:
                sweep.stop()
        self._stale = False
        if self._reloading is not None:
            await self._reloading
        self.handler.stop()
        await self.doorman.stop()
        await self.watching.stop()
        await self.commit.drained()
        self.commit.stop()
        self._hooks.close()


def server_tls(settings: Settings) -> ServerTls | None:
    """TLS as the settings want it, None without. WrongEnvironment for files that cannot be used."""
    if settings.tls_certificate is None:
        return None
    return ServerTls(settings.tls_certificate, settings.tls_key or settings.tls_certificate, settings.tls_client != "off", settings.tls_legacy)


def listen_cwmp(reactor: Any, factory: HttpFactory, tls: ServerTls | None, main: Any, plain: Any) -> list[Any]:
    """Serve CWMP on the main socket, encrypted if that is set, and on the plain one where there is one."""
    ports = [adopt(reactor, main, factory if tls is None else secured(reactor, factory, tls))]
    return ports if plain is None else [*ports, adopt(reactor, plain, factory)]


def _load(database: Database, briefing: Briefing, device_id: int) -> Any:
    with database.read() as session:
        return progress.load_open(session, briefing, [device_id]).get(device_id, [])


def _brief(database: Database, vault: Vault, book: QuirkBook, hooks: Running, device_id: int, task: Task) -> Any:
    with database.read() as session:
        return desired.brief(session, vault, device_id, task.args, utc_now(), book, desired.hooks_of(hooks, vault, utc_now))


class CwmpParent:
    """Files, hub, waker, and the CWMP socket with its workers."""

    def __init__(self, reactor: Any, settings: Settings) -> None:
        self._reactor, self._settings = reactor, settings
        self._vault = Vault.of(settings.home)
        self._ports: list[Any] = []
        self._stops: list[Callable[[], Any]] = []

    def start(self) -> None:
        """Listen on everything. WrongEnvironment before anything runs if a port is taken."""
        settings, reactor = self._settings, self._reactor
        database = open_database(settings)
        require_current(database)
        tls = server_tls(settings)
        cwmp_socket = bind(settings.bind, settings.cwmp_port, "CWMP", "HEARTHLINE_CWMP_PORT")
        plain_socket = None
        try:
            if tls is not None and settings.cwmp_plain_port >= 0:
                plain_socket = bind(settings.bind, settings.cwmp_plain_port, "CWMP without TLS", "HEARTHLINE_CWMP_PLAIN_PORT")
            files_socket = bind(settings.bind, settings.files_port, "files", "HEARTHLINE_FILES_PORT")
        except WrongEnvironment:
            for bound in (cwmp_socket, plain_socket):
                if bound is not None:
                    bound.close()
            raise
        if settings.is_sqlite:
            self._ports.append(listen(reactor, settings.socket_path, Hub()))
        self._database = database
        listener = listener_for(reactor, settings.database, settings.socket_path)
        calls = Calls(reactor, settings, self._vault, database, utc_now)
        listener.subscribe(calls.hinted)
        calls.start()
        shares = Shares(reactor, settings.download_kbps * 125, settings.download_each_kbps * 125)
        shared = files.Shared(database, self._vault, settings.files_dir, utc_now, settings.upload_max, settings.upload_quota, shares)
        self._ports.append(adopt(reactor, files_socket, files.site(shared, health_of(database))))
        self._keep = tuple(sock for sock in (cwmp_socket, plain_socket, files_socket) if sock is not None)
        if settings.cwmp_workers > 1:
            more = () if plain_socket is None else (plain_socket.fileno(),)
            workers = Workers(reactor, ["cwmp"], settings.cwmp_workers, cwmp_socket.fileno(), more)
            self._stops.append(workers.stop)
        else:
            worker = CwmpWorker(reactor, settings, self._vault, database, listener, 0)
            self._ports += listen_cwmp(reactor, worker.factory, tls, cwmp_socket, plain_socket)
            self._stops.append(worker.stop)
        self._stops += [calls.stop, listener.stop]
        serve_metrics(reactor, settings, 1, self._ports, database)

    async def stop(self) -> None:
        for port in self._ports[::-1]:
            await _done(port.stopListening())
        for stop in self._stops:
            await _done(stop())
        for sock in self._keep:
            sock.close()
        self._database.close()


class CwmpChild:
    """One of several workers: CWMP on the socket the parent handed down."""

    def __init__(self, reactor: Any, settings: Settings, number: int, fd: int, plain_fd: int | None = None) -> None:
        self._reactor, self._settings, self._number, self._fds = reactor, settings, number, (fd, plain_fd)
        self._ports: list[Any] = []

    def start(self) -> None:
        settings, reactor = self._settings, self._reactor
        self._database = open_database(settings)
        self._listener = listener_for(reactor, settings.database, settings.socket_path)
        self._worker = CwmpWorker(reactor, settings, Vault.of(settings.home), self._database, self._listener, self._number)
        self._sockets = [handed(fd) if fd is not None else None for fd in self._fds]
        self._ports += listen_cwmp(reactor, self._worker.factory, server_tls(settings), *self._sockets)
        serve_metrics(reactor, settings, 10 + self._number, self._ports, self._database)

    async def stop(self) -> None:
        for port in self._ports:
            await _done(port.stopListening())
        await self._worker.stop()
        for sock in self._sockets:
            if sock is not None:
                sock.close()
        self._listener.stop()
        self._database.close()


async def _done(result: Any) -> None:
    if isinstance(result, Deferred) or hasattr(result, "__await__"):
        await result


class _Health(Resource):
    isLeaf = True

    def __init__(self, ready: Callable[[], bool]) -> None:
        super().__init__()
        self._ready = ready

    def render_GET(self, request: Any) -> bytes:
        request.setHeader(b"content-type", b"text/plain")
        if request.path.endswith(b"/live") or self._ready():
            return f"ok {os.getpid()}\n".encode()
        request.setResponseCode(503)
        return b"not ready\n"


def health_of(database: Database) -> Resource:
    """/health/live and /health/ready of this process: ready is a database that answers."""

    def ready() -> bool:
        try:
            database.check()
        except WrongEnvironment:
            return False
        return True

    health = Resource()
    health.putChild(b"live", _Health(ready))
    health.putChild(b"ready", _Health(ready))
    return health


def serve_metrics(reactor: Any, settings: Settings, offset: int, ports: list[Any], database: Database) -> None:
    """/metrics and /health of this process, on loopback, at the metrics port plus `offset`; without them where the port is taken."""
    root = Resource()
    root.putChild(b"metrics", MetricsResource())
    root.putChild(b"health", health_of(database))
    port = settings.metrics_port + offset if settings.metrics_port else 0
    try:
        ports.append(reactor.listenTCP(port, Site(root), interface="127.0.0.1"))
    except CannotListenError as error:
        _log.warning("no metrics port", port=port, error=str(error.socketError))
