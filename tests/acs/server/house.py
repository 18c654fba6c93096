"""The ACS in one process on real sockets of loopback, and fleets of simulated CPEs that join it.

Wired as acs/server/process.py does, with ports the system picks, hints handed over in memory, and short waits.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientCreator, Protocol
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.web.resource import Resource

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.hints.listen import HintListener
from acs.operations import service as operations
from acs.secrets import Vault
from acs.server import files
from acs.server.calls import Calls
from acs.server.process import CwmpWorker, utc_now
from acs.server.throttle import Shares
from acs.settings import Settings
from simulators.device import Device
from simulators.fleet import Fleet, FleetOptions
from tests.acs.kit import recorded
from tests.acs.server.kit import Answer, answers_in

reactor: Any = installed
ACTOR = Actor("user:anna", DEFAULT_TENANT)
ONBOARDING = "enrol-me-please"


async def until(check: Callable[[], Any], seconds: float = 15.0, what: str = "") -> Any:
    """Look again every few milliseconds; what `check` gave when it was true. AssertionError after a while."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what or check}")
        await pause(0.02)
    return found


def pause(seconds: float) -> Deferred[None]:
    return deferLater(reactor, seconds, lambda: None)


class RawConnection(Protocol):
    """A connection on which a test says what it likes."""

    def __init__(self) -> None:
        self.received = b""
        self.closed: Deferred[None] = Deferred()
        self.is_closed = False
        self._waiting: Deferred[Answer] | None = None

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self._deliver()

    def _deliver(self) -> None:
        if self._waiting is None:
            return
        found, _ = answers_in(self.received)
        if found:
            first = found[0]
            end = self.received.index(b"\r\n\r\n") + 4 + len(first.body)
            self.received = self.received[end:]
            waiting, self._waiting = self._waiting, None
            waiting.callback(first)

    def connectionLost(self, reason: Any = None) -> None:
        self.is_closed = True
        self.closed.callback(None)
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting.errback(reason)

    def send(self, data: bytes) -> None:
        self.transport.write(data)

    def answer(self) -> Deferred[Answer]:
        """The next response; fails when the connection goes."""
        self._waiting = Deferred()
        waiting = self._waiting
        self._deliver()
        return waiting

    async def ask(self, data: bytes) -> Answer:
        self.send(data)
        return await self.answer()

    async def hang_up(self) -> None:
        self.transport.abortConnection()
        await self.closed


@dataclass
class Worker:
    """One CWMP worker and its port."""

    worker: CwmpWorker
    port: Any

    @property
    def number(self) -> int:
        return int(self.port.getHost().port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.number}/"


class House:
    """An ACS of one process; `workers` share its database. `stop` leaves nothing in the reactor."""

    def __init__(self, database_url: str, home: Path, vault: Vault, workers: int = 1, **given: Any) -> None:
        self.vault, self.home = vault, home
        settings = {
            "home": home, "database_url": database_url, "bind": "127.0.0.1", "onboarding": ONBOARDING, "cpe_networks": "127.0.0.0/8",
            "commit_window_s": 0.003, "max_connections_per_address": 5000, "stun_port": 0,
        }  # fmt: skip
        self.settings = Settings(**{**settings, **given})
        self._count = workers
        self.listener = HintListener()
        self.database = Database(database_url, lambda hints: reactor.callFromThread(self.listener.deliver, hints))
        self.workers: list[Worker] = []
        self.fleets: list[Fleet] = []
        self._raw: list[RawConnection] = []

    async def start(self) -> "House":
        shared = files.Shared(
            self.database, self.vault, self.settings.files_dir, utc_now, self.settings.upload_max, self.settings.upload_quota,
            Shares(reactor, self.settings.download_kbps * 125, self.settings.download_each_kbps * 125),
        )  # fmt: skip
        self._site = files.site(shared, Resource())
        self._site.noisy = False
        self._channels: list[Any] = []
        build = self._site.buildProtocol

        def remembered(address: Any) -> Any:
            channel = build(address)
            self._channels.append(channel)
            return channel

        self._site.buildProtocol = remembered
        self._files = reactor.listenTCP(0, self._site, interface="127.0.0.1")
        self.settings = self.settings.model_copy(update={"files_port": self._files.getHost().port})
        self.calls = Calls(reactor, self.settings, self.vault, self.database, utc_now)
        self.calls.start()
        told = {"stun_port": self.calls.stun_port, "stun_host": "127.0.0.1"}
        self.settings = self.settings.model_copy(update=told)
        for number in range(self._count):
            worker = CwmpWorker(reactor, self.settings, self.vault, self.database, self.listener, number)
            self.workers.append(Worker(worker, reactor.listenTCP(0, worker.factory, interface="127.0.0.1")))
        self.listener.subscribe(self.calls.hinted)
        return self

    async def stop(self) -> None:
        for fleet in self.fleets:
            await fleet.stop()
        for raw in self._raw:
            if not raw.is_closed:
                await raw.hang_up()
        await self.calls.stop()
        for worker in self.workers:
            await worker.port.stopListening()
            await worker.worker.stop()
            for connection in list(worker.worker.factory.connections):
                connection.transport.abortConnection()
        await self._files.stopListening()
        for channel in self._channels:
            if getattr(channel, "transport", None) is not None:
                channel.transport.abortConnection()
        await until(lambda: not any(w.worker.factory.connections for w in self.workers), 5, "all connections gone")
        self.listener.stop()
        await pause(0.02)
        self.database.close()

    # ---- the device's side -------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return self.workers[0].url

    @property
    def files_url(self) -> str:
        return self.settings.files_base

    async def connect(self, port: int | None = None) -> RawConnection:
        """A bare connection to the CWMP port, or to another one of ours."""
        raw: RawConnection = await ClientCreator(reactor, RawConnection).connectTCP("127.0.0.1", port or self.workers[0].number)
        self._raw.append(raw)
        return raw

    async def fleet(self, count: int = 1, *models: str, url: str = "", **given: Any) -> Fleet:
        """Simulated CPEs, switched on."""
        options = {
            "boot_s": (0.1, 0.2),
            "flash_s": (0.05, 0.1),
            "clip_retry_s": 0.3,
            "inform_interval_s": 3600,
            "password": ONBOARDING,
            **given,
        }
        fleet = Fleet(reactor, FleetOptions(count, url or self.url, models, **options))
        self.fleets.append(fleet)
        await fleet.start()
        return fleet

    async def home_with(self, model: str, **given: Any) -> Device:
        """One device of a model, let in, provided with its own login, and read."""
        self.let_in()
        (device,) = (await self.fleet(1, model, **given)).devices
        await self.settled(device)
        return device

    async def settled(self, *of: Device) -> None:
        """The first contact of these devices is over."""
        for device in of:
            await until(
                lambda d=device: (  # type: ignore[misc]
                    d.counts.sessions and not d.in_session and self._is_known(d) and not self.open_operations(d)
                ),
                30,
                f"first contact of {device.serial}: {device.counts}",
            )

    def _is_known(self, device: Device) -> bool:
        with self.database.read() as session:
            return any(
                row.key == str(device.cpe.identity.key) for row in devices.search(session, DEFAULT_TENANT, utc_now(), q=device.serial)
            )

    # ---- the operator's side -----------------------------------------------------------------------------

    def let_in(self) -> None:
        with self.database.write() as unit:
            if not devices.rules(unit.session, DEFAULT_TENANT):
                devices.add_rule(unit, ACTOR, "everything", "", "", "", utc_now())

    def id_of(self, device: Device | str) -> Any:
        name = device if isinstance(device, str) else str(device.cpe.identity.key)
        with self.database.read() as session:
            return devices.find(session, DEFAULT_TENANT, name)

    def view(self, device: Device | str) -> Any:
        number = self.id_of(device)
        with self.database.read() as session:
            return devices.get(session, DEFAULT_TENANT, number, utc_now())

    def stored(self, device: Device, prefix: str = "") -> dict[str, Any]:
        """What is known of the device's parameters, by path."""
        number = self.id_of(device)
        with self.database.read() as session:
            return {p.path: p for p in devices.parameters(session, DEFAULT_TENANT, number, prefix, limit=100_000)}

    async def request(self, device: Device | str, kind: str, args: Mapping[str, Any] | None = None, **given: Any) -> int:
        number = self.id_of(device)

        def ask() -> int:
            with self.database.write() as unit:
                return operations.request(unit, ACTOR, number, kind, args or {}, datetime.now(UTC), vault=self.vault, **given)

        found: int = await deferToThread(ask)
        return found

    def operation(self, number: int) -> Any:
        with self.database.read() as session:
            return operations.get(session, DEFAULT_TENANT, number, utc_now())

    def open_operations(self, device: Device | str) -> list[Any]:
        number = self.id_of(device)
        with self.database.read() as session:
            return [view for view in operations.listed(session, DEFAULT_TENANT, utc_now(), device_id=number) if view.is_open]

    def of_kind(self, device: Device | str, kind: str) -> list[Any]:
        with self.database.read() as session:
            return list(operations.listed(session, DEFAULT_TENANT, utc_now(), self.id_of(device), kinds=[kind]))

    async def cancel(self, number: int) -> Any:
        def do() -> Any:
            with self.database.write() as unit:
                return operations.cancel(unit, ACTOR, number, utc_now())  # type: ignore[arg-type]

        return await deferToThread(do)

    async def ended(self, number: int, seconds: float = 20.0) -> Any:
        """The operation, once it has ended."""
        await until(lambda: not self.operation(number).is_open, seconds, f"operation {self.operation(number)}")
        return self.operation(number)

    async def run(self, device: Device, kind: str, args: Mapping[str, Any] | None = None, seconds: float = 20.0, **given: Any) -> Any:
        """Ask for an operation and wait for its end; the session that ended it is over too."""
        view = await self.ended(await self.request(device, kind, args, **given), seconds)
        await until(lambda: not device.in_session, 5, "end of the session")
        return view

    async def done(self, device: Device, kind: str, args: Mapping[str, Any] | None = None, seconds: float = 20.0) -> Any:
        view = await self.run(device, kind, args, seconds)
        assert view.state == "done", (view.state, view.error, view.fault, view.wake_result, view.wake_detail)
        return view

    def records(self, device: Device | str | None = None) -> list[Any]:
        """Recorded sessions, the newest first."""
        number = None if device is None else self.id_of(device)
        with self.database.read() as session:
            return recorded(session, number)
