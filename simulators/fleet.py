"""A fleet of simulated CPEs on one reactor, with one listener for connection requests. The door of this package.

    fleet = Fleet(reactor, FleetOptions(count=3, url="http://127.0.0.1:7547/"))
    await fleet.start()
    fleet.devices[0].set_local("Device.WiFi.SSID.1.SSID", "Orchard")
    await fleet.stop()

Tests: tests/simulators/test_fleet.py.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from twisted.internet.error import CannotListenError

from acs import log
from acs.errors import WrongEnvironment
from simulators import acts, planting, state
from simulators.chance import Chance
from simulators.connection_request import ConnectionRequests
from simulators.cpe import Cpe
from simulators.device import HANGS_S, Counts, Device, Habits
from simulators.facts import make_facts
from simulators.http import SharedLine
from simulators.nat import Nat
from simulators.quirks import check, quirks_of
from simulators.stun import StunLink
from simulators.xmpp import XmppLink

SAVE_AT_ONCE = 50
"""Fleets up to this size save after every session that changed something, larger ones once a second."""
SAY_AGAIN_S = 30.0


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """What `hearthline simulate` can be told; times in seconds.

    `password` is the login all devices begin with: the onboarding secret. An empty `username` is the standard's OUI-ProductClass-Serial.
    `faults` are names of profiles/faults.toml, with `:n` for the first n; `quirks` names of quirks/profiles.toml, for every device.
    `acts` is what every device does of its own (acts.py). `nat` puts every device behind a NAT of its own, with a private address that begins so (`192.168`).
    `clip_retry_s` bounds the waits of the retry table, None follows it; `deaf_share` of the devices do not heed Retry-After.
    `ca` is a PEM file to trust for https instead of the system's; `certificate`
    one of a client certificate and its key to show there, or a folder of them named OUI-ProductClass-SerialNumber.pem.
    """

    count: int = 1
    url: str = "http://127.0.0.1:7547/"
    models: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    quirks: tuple[str, ...] = ()
    demo: bool = False
    inform_interval_s: int = 300
    username: str = ""
    password: str = ""
    state: Path | None = None
    seed: int = 1
    first_number: int = 1
    bind: str = "127.0.0.1"
    connection_request_port: int = 0
    start_spread_s: float = 0.0
    boot_s: tuple[float, float] = (2.0, 4.0)
    flash_s: tuple[float, float] = (1.0, 2.0)
    clip_retry_s: float | None = None
    ca: Path | None = None
    certificate: Path | None = None
    acts: tuple[str, ...] = ()
    nat: str = ""
    hangs_s: float = HANGS_S
    deaf_share: float = 0.0
    say: Callable[[str], None] | None = None


class Fleet:
    """`devices` are there from the beginning; they live from `start` to `stop`. `reactor` may be a Clock where nothing connects."""

    def __init__(self, reactor: Any, options: FleetOptions) -> None:
        self.reactor, self.options = reactor, options
        self._rng = random.Random(f"fleet/{options.seed}")  # noqa: S311 - spreads boots, keeps no secret
        check(options.quirks)
        self._kept = state.load(options.state) if options.state else {}
        say = options.say or (lambda _text: None)
        self._habits = Habits(
            options.boot_s,
            options.flash_s,
            options.clip_retry_s,
            options.ca,
            options.certificate,
            say=say,
            saved=self._changed,
            failed=self._failed,
            reached=self._reached,
            ended=self._ended,
            hangs_s=options.hangs_s,
            deaf_share=options.deaf_share,
        )
        self._calls = ConnectionRequests(reactor.seconds)
        self._port: Any = None
        self._saving: Any = None
        self._arrived = 0
        self._said: dict[str, float] = {}
        self._line: SharedLine | None = None
        self._ports: list[Any] = []
        self.devices: list[Device] = [self._make(options.first_number + n, seat) for n, seat in enumerate(self._seats())]

    def _seats(self) -> list[planting.Seat]:
        if self.options.demo:
            return planting.demo_seats()
        return planting.seats(self.options.count, self.options.models, self.options.faults)

    def _make(self, number: int, seat: planting.Seat) -> Device:
        options = self.options
        facts = make_facts(
            seat.profile, number, options.seed, self.reactor.seconds, flags=planting.flags_of(seat.faults), home=seat.home,
            acs_url=options.url, password=options.password, inform_interval_s=options.inform_interval_s, **planting.facts_of(seat.faults),
        )  # fmt: skip
        cpe = Cpe(facts, quirks_of((*options.quirks, *seat.quirks, *planting.quirks_in(seat.faults))))
        facts.username = options.username or str(cpe.identity.key)
        kept = self._kept.get(str(cpe.identity.key))
        if kept is None:
            planting.plant(cpe, seat.faults)
        else:
            cpe.from_json(kept)
        token = (kept or {}).get("token") or secrets.token_hex(12)
        device = Device(self.reactor, cpe, self._habits, Chance(f"{options.seed}/{number}"), token)
        if cpe.quirks.shared_line:
            device.client = self._line = self._line or SharedLine(self.reactor, options.ca)
        device.acts = [acts.parse(text) for text in (*options.acts, *planting.acts_of(seat.faults))]
        return device

    async def start(self) -> None:
        """Listen, and switch all devices on. WrongEnvironment when the port is taken."""
        self.listen()
        for device in self.devices:
            self.switch_on(device, self._rng.uniform(0, self.options.start_spread_s) if self.options.start_spread_s else 0.0)

    def listen(self) -> None:
        """For connection requests to all devices, which stay dark. WrongEnvironment when the port is taken."""
        port = self.options.connection_request_port
        try:
            self._port = self.reactor.listenTCP(port, self._calls.site(), backlog=1024, interface=self.options.bind)
        except CannotListenError as error:
            raise WrongEnvironment(f"Port {port} for connection requests: {error}") from None
        host = self._port.getHost()
        if any(device.cpe.quirks.cr_url == "ipv6" for device in self.devices):
            self._ports.append(self.reactor.listenTCP(host.port, self._calls.site(), interface="::1"))
        name = f"[{host.host}]" if ":" in host.host else host.host
        for device in self.devices:
            self._calls.devices[device.token] = device
            device.cpe.facts.connection_request_url = f"http://{name}:{host.port}/cr/{device.token}"
            self._join(device)

    def switch_on(self, device: Device, delay_s: float = 0.0) -> None:
        """For the first time."""
        acts.schedule(device, device.acts)
        device.start(delay_s, fresh=str(device.cpe.identity.key) not in self._kept)

    def _join(self, device: Device) -> None:
        """The ways to be called beside HTTP. Behind a NAT the private address it gives leads nowhere."""
        network, ca = self.reactor, self.options.ca
        if self.options.nat:
            network = Nat(self.reactor, f"{self.options.nat}.{device.cpe.facts.number % 250}.4")
            device.cpe.facts.connection_request_url = f"http://{network.inside}:7547/cr/{device.token}"
        clip = self.options.clip_retry_s
        device.links = (StunLink(device, network, clip), XmppLink(device, ca.read_text() if ca is not None else ""))

    async def stop(self) -> None:
        """End all devices, close the port, save the state."""
        for device in self.devices:
            device.stop()
        if self._saving is not None and self._saving.active():
            self._saving.cancel()
        if self._line is not None:
            self._line.end()
        while self._ports:
            await self._ports.pop().stopListening()
        if self._port is not None:
            port, self._port = self._port, None
            await port.stopListening()
        self.save()

    def device(self, serial: str) -> Device:
        """By serial number; KeyError if there is none."""
        return {device.serial: device for device in self.devices}[serial]

    def totals(self) -> Counts:
        total = Counts()
        for device in self.devices:
            for each in fields(Counts):
                value = getattr(device.counts, each.name)
                if isinstance(value, int):
                    setattr(total, each.name, getattr(total, each.name) + value)
                elif value:
                    setattr(total, each.name, value)
        return total

    def _reached(self, _device: Device) -> None:
        self._arrived += 1
        if self._arrived == len(self.devices):
            self._habits.say(f"All {len(self.devices)} devices have reached {self.options.url}")

    def _ended(self, device: Device) -> None:
        """A session ended well; for fleets that count."""

    def _failed(self, device: Device, why: str) -> None:
        """Say it once per reason in half a minute: when the ACS is away, all devices say the same."""
        now = self.reactor.seconds()
        if now - self._said.get(why, -SAY_AGAIN_S) >= SAY_AGAIN_S:
            self._said[why] = now
            self._habits.say(f"{device.serial}: session failed, {why}; trying again by the retry table")

    def _changed(self, _device: Device) -> None:
        if self.options.state is None:
            return
        if len(self.devices) <= SAVE_AT_ONCE:
            self.save()
        elif self._saving is None or not self._saving.active():
            self._saving = self.reactor.callLater(1.0, self.save)

    def save(self) -> None:
        """Write the state file, if there is one; trouble with it is logged and the fleet lives on."""
        if self.options.state is None:
            return
        devices = dict(self._kept)
        for device in self.devices:
            if device.counts.boots:
                devices[str(device.cpe.identity.key)] = {**device.cpe.to_json(), "token": device.token}
        try:
            state.save(self.options.state, devices)
        except WrongEnvironment as error:
            log.get("cpe").error(str(error))
