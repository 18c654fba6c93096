"""A storm: devices that are new, boot and come back at once, people that ask things of them by REST, campaigns; and processes killed meanwhile.

Seeded: who is killed, what is asked of whom, and how long is waited between, follow from the seed. Kills fall on traffic: a random while, then
a few random milliseconds after the next message that passes. What must hold afterwards is in test_kill_storm.py.
"""

import io
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import Any

from sqlalchemy import select
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread

from acs.audit import Actor
from acs.campaigns import service as campaigns
from acs.campaigns.states import OVER
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.devices.models import Device as DeviceRow
from acs.devices.store import load_tree
from acs.firmware import service as firmware
from acs.operations import service as operations
from acs.operations.models import Operation
from acs.operations.views import OPEN
from acs.secrets import Vault
from simulators.bench.api import Api, ApiFailed
from simulators.device import Device, Power
from simulators.firmware import make_image
from simulators.fleet import Fleet, FleetOptions
from tests.acs.server.house import pause, until
from tests.integration.killing import House
from tests.integration.processes import ONBOARDING, Premises, reactor
from tests.integration.wiretap import Ledger, tap

ACTOR = Actor("user:anna", DEFAULT_TENANT)
MODELS = ("Norvik G240", "Norvik R110", "Halden G8", "Halden ONT-4")
IN_CAMPAIGN = ("Norvik G240", "Halden G8")
"""Whose firmware a campaign brings; that of the others people ask for one by one."""
VERSION = "9.9.1"
TOGETHER = {
    "Device.": ("WiFi.SSID.1.SSID", "DHCPv4.Server.Pool.1.DomainName", "DeviceInfo.HostName"),
    "InternetGatewayDevice.": (
        "LANDevice.1.WLANConfiguration.1.SSID", "LANDevice.1.LANHostConfigManagement.DomainName", "LANDevice.1.WLANConfiguration.1.LocationDescription"
    ),
}  # fmt: skip
"""Written by one call with one text: whoever looks at any time sees the same text in all three."""
DESCRIPTION = {"Device.": "Description", "InternetGatewayDevice.": "PortMappingDescription"}
KINDS = {"write": 10, "read": 6, "refresh": 2, "reboot": 4, "firmware": 3, "add_object": 3, "delete_object": 2, "factory_reset": 1, "backup": 2}
INFORM_EVERY_S = 15
PATIENCE_S = 12.0
"""How long an operation that waits for its device is left alone in the calm, before the time it waits for is made to pass."""
MEMO_INSTANTS = ("asked_at", "settle_until", "deadline", "until")


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Storm:
    """One round. `play` it, then look at `ledgers`, `asked` and the database."""

    premises: Premises
    seed: int
    count: int
    supervised: bool
    database: Any = None
    fleet: Any = None
    house: Any = None
    api: Any = None
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    asked: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Operations that were acknowledged to who asked: number to serial and kind."""
    refusals: Counter[str] = field(default_factory=Counter)
    written: dict[str, set[str]] = field(default_factory=dict)
    torn: list[str] = field(default_factory=list)
    campaigns: dict[str, int] = field(default_factory=dict)
    kills: list[tuple[float, str]] = field(default_factory=list)
    looks: int = 0
    began: datetime = field(default_factory=now)

    def __post_init__(self) -> None:
        self.rng = random.Random(f"storm/{self.seed}")
        self._storming = True
        self._passing: Deferred[None] | None = None
        self._images: dict[str, int] = {}
        self._reset: set[str] = set()
        self._tokens = 0
        self._loops: list[LoopingCall] = []

    @property
    def vault(self) -> Vault:
        return Vault.of(self.premises.settings().home)

    # ---- beginning -----------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        self.house = House(self.premises, reactor, random.Random(f"house/{self.seed}"), self.supervised)
        password = await self.house.start()
        self.api = await deferToThread(Api, f"http://127.0.0.1:{self.premises.web}", "admin", password)
        await deferToThread(self._prepare)
        options = FleetOptions(
            self.count, self.premises.url, MODELS, boot_s=(0.5, 1.5), flash_s=(0.3, 1.0), clip_retry_s=1.5, inform_interval_s=INFORM_EVERY_S,
            password=ONBOARDING, seed=self.seed,
        )  # fmt: skip
        self.fleet = Fleet(reactor, options)
        self.fleet.listen()
        self.ledgers = {device.serial: tap(device, self._passed) for device in self.fleet.devices}

    def _prepare(self) -> None:
        """Who comes is let in; an image for each model."""
        settings = self.premises.settings()
        with self.database.write() as unit:
            devices.add_rule(unit, ACTOR, "everything", "", "", "", now())
            campaigns.set_settings(unit, ACTOR, "UTC", None, now())
        for model in MODELS:
            _, sha, length = firmware.store_upload(io.BytesIO(make_image(model, VERSION, 600_000)), settings.files_dir, 10**8)
            with self.database.write() as unit:
                self._images[model] = int(firmware.add(unit, ACTOR, now(), sha, length, f"{model.replace(' ', '-')}.bin", VERSION, model))

    def still(self) -> None:
        """Nothing is started again any more."""
        self._storming = False
        while self._loops:
            self._loops.pop().stop()

    async def end(self) -> None:
        self.still()
        if self.api is not None:
            self.api.close()
        if self.fleet is not None:
            await self.fleet.stop()
            await pause(0.05)

    def _every(self, seconds: float, call: Callable[[], Any]) -> None:
        loop = LoopingCall(call)
        loop.start(seconds, now=False)
        self._loops.append(loop)

    # ---- the storm -----------------------------------------------------------------------------------------------

    async def play(self, kills: int) -> None:
        """Everything at once, until so many processes were killed."""
        self._every(0.1, self.house.keep)
        first, second = self.fleet.devices[: self.count // 2], self.fleet.devices[self.count // 2 :]
        self._switch_on(first)
        asking = Deferred.fromCoroutine(self._ask_people())
        looking = Deferred.fromCoroutine(self._look_on())
        acts = {max(1, kills // 4): lambda: self._switch_on(second), max(2, kills * 2 // 3): self._cut_the_power}
        starting = Deferred.fromCoroutine(self._start_campaigns())
        began = reactor.seconds()
        while len(self.kills) < kills:
            await pause(self.rng.uniform(0.3, 3.0))
            await self._next_message(1.0)
            await pause(self.rng.uniform(0.0, 0.04))
            if role := self.house.kill():
                self.kills.append((round(reactor.seconds() - began, 3), role))
                acts.pop(len(self.kills), lambda: None)()
        await starting
        self._storming = False
        await asking
        await looking

    def _switch_on(self, some: list[Device]) -> None:
        for device in some:
            self.fleet.switch_on(device, self.rng.uniform(0, 3.0))

    def _cut_the_power(self) -> None:
        for device in self.fleet.devices:
            if device.power is Power.RUNNING and device.transferring is None:
                device.power_cut()

    def _passed(self, _name: str) -> None:
        waiting, self._passing = self._passing, None
        if waiting is not None:
            waiting.callback(None)

    async def _next_message(self, seconds: float) -> None:
        """Until a message has passed, or for so long."""
        self._passing = waiting = Deferred()
        timer = reactor.callLater(seconds, self._passed, "")
        await waiting
        if timer.active():
            timer.cancel()

    # ---- what people want ----------------------------------------------------------------------------------------

    async def _ask_people(self) -> None:
        while self._storming:
            await pause(self.rng.uniform(0.1, 0.5))
            device = self.rng.choice(self.fleet.devices)
            (kind,) = self.rng.choices(list(KINDS), list(KINDS.values()))
            args = self._args(device, kind)
            if args is None:
                continue
            try:
                number = await deferToThread(self.api.ask, device.serial, kind, args)
            except ApiFailed as error:
                self.refusals[str(error).split(": ", 1)[1][:8]] += 1
            except (OSError, HTTPException) as error:
                self.refusals[type(error).__name__] += 1
                self.api.close()
            else:
                self.asked[number] = device.serial, kind

    def _args(self, device: Device, kind: str) -> dict[str, Any] | None:
        """Arguments for this device; None where it is not to be asked that now."""
        tree, root = device.cpe.tree, device.cpe.tree.root
        paths = [root + name for name in TOGETHER[root]]
        tables = [path for path in tree.objects_under("") if path.endswith(".PortMapping.")]
        match kind:
            case "write":
                self._tokens += 1
                token = f"kill{self._tokens:05}"
                self.written.setdefault(device.serial, set()).add(token)
                return {"values": [[path, token, "string"] for path in (*paths, f"{root}DeviceInfo.ProvisioningCode")]}
            case "read":
                return {"paths": paths}
            case "refresh":
                return {"prefixes": [f"{root}ManagementServer."]}
            case "firmware":
                model = device.cpe.facts.profile.name
                return None if model in IN_CAMPAIGN else {"image": self._images[model]}
            case "add_object":
                self._tokens += 1
                return {"table": tables[0], "values": [[DESCRIPTION[root], f"row{self._tokens}", "string"]]}
            case "delete_object":
                rows = tree.rows(tables[0])
                return {"path": f"{tables[0]}{max(rows)}."} if rows else None
            case "factory_reset":
                self._reset.add(device.serial)
        return {}

    async def _start_campaigns(self) -> None:
        """A restart of everybody and a firmware for two models, as soon as half of the devices are known."""
        await until(lambda: len(self._heads()) >= self.count // 2, 120, "half of the devices are known")

        def start() -> None:
            plan = {"rate": 120, "in_flight": 4, "watch_s": 0, "max_failed_share": None, "expires_s": 3600, "canary": 2}
            wanted = {"restart": ("", "operation", {"kind": "reboot"})}
            for model in IN_CAMPAIGN:
                wanted[model] = f'model = "{model}"', "firmware", {"image": self._images[model]}
            for name, (selection, action, args) in wanted.items():
                given = {"name": name, "selection": selection, "action": action, "args": args, "plan": plan}
                with self.database.write() as unit:
                    self.campaigns[name] = number = campaigns.create(unit, ACTOR, self.vault, given, now())
                    campaigns.start(unit, ACTOR, number, now())

        await deferToThread(start)

    def _heads(self) -> dict[str, int]:
        with self.database.read() as session:
            return {row.serial_number: row.id for row in session.execute(select(DeviceRow.serial_number, DeviceRow.id))}

    # ---- looking on ----------------------------------------------------------------------------------------------

    async def _look_on(self) -> None:
        while self._storming:
            await pause(0.3)
            await deferToThread(self._look, self.rng.sample(self.fleet.devices, 6))

    def _look(self, some: list[Device]) -> None:
        """Trees of a few devices, in one reading each: packed trees open, and what is written together is seen together."""
        known = self._heads()
        for device in some:
            if device.serial not in known:
                continue
            with self.database.read() as session:
                values = load_tree(session.connection(), known[device.serial]).values
            self.looks += 1
            root = device.cpe.tree.root
            seen = {values[root + name].value for name in TOGETHER[root] if root + name in values}
            if device.serial not in self._reset and len(seen) > 1 and any(text.startswith("kill") for text in seen):
                self.torn.append(f"{device.serial} shows {sorted(seen)} at once")

    # ---- the calm ------------------------------------------------------------------------------------------------

    async def calm_down(self, seconds: float = 150.0) -> None:
        """Nothing is killed any more: every device comes, every operation and campaign comes to its end. AssertionError with what is stuck."""
        await self.house.is_up()
        since = {device.serial: device.counts.sessions for device in self.fleet.devices}
        deadline = reactor.seconds() + seconds
        while True:
            for device in self.fleet.devices:
                if not device.in_session and device.power is Power.RUNNING and not device.cpe.transfers:
                    device.trigger("2 PERIODIC")
            await pause(2.0)
            left = await deferToThread(self._left)
            absent = [device.serial for device in self.fleet.devices if device.counts.sessions == since[device.serial] or device.power is not Power.RUNNING]
            busy = any(device.in_session or device.cpe.transfers for device in self.fleet.devices)
            if not left and not absent and not busy:
                return
            told = f"absent: {absent}, {[d.counts.last_failure for d in self.fleet.devices if d.serial in absent][:3]}; " + "; ".join(left)
            assert reactor.seconds() < deadline, told
            if not absent and not busy:
                await deferToThread(self._let_time_pass)

    def _left(self) -> list[str]:
        with self.database.read() as session:
            rows = session.scalars(select(Operation).where(Operation.state.in_([state.value for state in OPEN]))).all()
            left = [f"operation {row.id} {row.kind} of device {row.device_id}: {row.state} {row.phase} {row.progress}" for row in rows]
            for name, number in self.campaigns.items():
                view = campaigns.get(session, DEFAULT_TENANT, number)
                if view.state not in OVER:
                    left.append(f"campaign {name}: {view.state} {[dict(wave.tally) for wave in view.waves]}")
        return left

    def _let_time_pass(self) -> None:
        """What was perhaps sent and never arrived is given minutes to show; here they pass at once."""
        hour, before = timedelta(hours=1), now() - timedelta(seconds=PATIENCE_S)
        with self.database.write() as unit:
            for row in unit.session.scalars(select(Operation).where(Operation.state == "waiting", Operation.created_at < before)):
                memo = dict(row.memo or {})
                memo |= {name: (datetime.fromisoformat(memo[name]) - hour).isoformat() for name in MEMO_INSTANTS if name in memo}
                row.memo, row.due_at = memo, row.due_at - hour
                device = unit.session.get(DeviceRow, row.device_id)
                device.due_at = min(row.due_at, device.due_at or row.due_at)

    async def read_all(self) -> None:
        """Every device is read whole once more: what is stored is what it has."""

        def ask() -> list[int]:
            with self.database.write() as unit:
                return [operations.request(unit, ACTOR, number, "discover", {}, now()) for number in self._heads().values()]

        numbers = await deferToThread(ask)

        def open_ones() -> int:
            with self.database.read() as session:
                rows = session.scalars(select(Operation.state).where(Operation.id.in_(numbers))).all()
                return sum(state != "done" for state in rows)

        deadline = time.monotonic() + 60
        while left := await deferToThread(open_ones):
            assert time.monotonic() < deadline, f"{left} devices are not read"
            await pause(0.5)
        await until(lambda: not any(device.in_session for device in self.fleet.devices), 20, "the last sessions end")
