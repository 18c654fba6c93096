"""What makes one simulated device different from the next: its serial, its addresses, the home it stands in.

Everything is derived from a seed and a number, so a thousand devices cost little memory and a demo is the same each time.
`living.py` reads these facts when a parameter is read; nothing here knows a data model. Data: profiles/homes.toml.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from simulators.profile import Profile

DATA = Path(__file__).parent / "profiles"
MAX_HOSTS = 9


@dataclass(frozen=True, slots=True)
class Host:
    """One thing in the home. `link` is "2" or "5" (GHz) or "e" (cable); signal in dBm, rates in kbit/s."""

    name: str
    mac: str
    ip: str
    link: str
    signal_dbm: int
    down_kbps: int
    up_kbps: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A Wi-Fi network next door, as a scan finds it."""

    ssid: str
    bssid: str
    channel: int
    signal_dbm: int
    security: str

    @property
    def is_5ghz(self) -> bool:
        return self.channel > 14


@dataclass(slots=True)
class Facts:
    """`started` and `booted` are instants in seconds as `now` tells them; `booted` moves with every reboot."""

    profile: Profile
    number: int
    serial: str
    ssid: str
    passphrase: str
    home: tuple[str, int, int, bool, bool]
    """What the home is drawn from; its things and its neighbours are drawn again when somebody looks: most homes are never looked at."""
    mac_base: int
    wan_ip: str
    wan_gateway: str
    now: Callable[[], float]
    version: str
    optical_rx_dbm: float = -19.0
    optical_tx_dbm: float = 2.3
    line_down_kbps: int = 100_000
    line_up_kbps: int = 40_000
    acs_url: str = ""
    username: str = ""
    password: str = ""
    inform_interval_s: int = 300
    connection_request_url: str = ""
    booted: float = 0.0
    flags: frozenset[str] = frozenset()
    log: list[str] = field(default_factory=list)

    @property
    def hosts(self) -> tuple[Host, ...]:
        return _drawn(*self.home).hosts

    @property
    def neighbours(self) -> tuple[Neighbour, ...]:
        return _drawn(*self.home).neighbours

    @property
    def ppp_username(self) -> str:
        return f"{self.serial.lower()}@fibre.example"

    @property
    def ppp_password(self) -> str:
        return f"ppp-{self.mac_base & 0xFFFFFF:06x}"

    @property
    def web_password(self) -> str:
        return f"web-{self.mac_base & 0xFFFFFF:06x}"

    def mac(self, offset: int) -> str:
        raw = f"{self.mac_base + offset:012X}"
        return ":".join(raw[i : i + 2] for i in range(0, 12, 2))

    def on_link(self, link: str) -> tuple[Host, ...]:
        return tuple(host for host in self.hosts if host.link == link)

    def note(self, text: str) -> None:
        """A line of the device's own log; the last hundred are kept."""
        self.log.append(f"{self.now():.0f} {text}")
        del self.log[:-100]


@cache
def _homes() -> dict[str, Any]:
    return tomllib.loads((DATA / "homes.toml").read_text())


def make_facts(
    profile: Profile, number: int, seed: int, now: Callable[[], float], *, flags: frozenset[str] = frozenset(), home: str = "", **given: Any
) -> Facts:
    """The facts of device `number` (from 1) of a fleet; the same for the same seed. `home` names the network, else one is drawn."""
    source = (profile.name, number, seed, bool(home), "crowded" in flags)
    drawn = _drawn(*source)
    serial = profile.serial.format(number=number)
    mac_base = (int(profile.oui, 16) << 24) + ((seed * 7919 + number * 16) & 0xFFFFF0)
    return Facts(
        profile, number, serial, home or drawn.ssid, drawn.passphrase, source, mac_base, drawn.wan_ip, "100.64.0.1", now,
        profile.old_firmware if "old-firmware" in flags else profile.firmware,
        optical_rx_dbm=given.pop("optical_rx_dbm", drawn.optical_rx_dbm), optical_tx_dbm=drawn.optical_tx_dbm,
        line_down_kbps=drawn.down_kbps, line_up_kbps=drawn.up_kbps, flags=flags, **given,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn:
    """What chance gives a home."""

    ssid: str
    passphrase: str
    hosts: tuple[Host, ...]
    neighbours: tuple[Neighbour, ...]
    wan_ip: str
    optical_rx_dbm: float
    optical_tx_dbm: float
    down_kbps: int
    up_kbps: int


@lru_cache(1000)
def _drawn(model: str, number: int, seed: int, is_named: bool, crowded: bool) -> Drawn:
    rng = random.Random(f"{seed}/{model}/{number}")  # noqa: S311 - a home, not a secret
    data = _homes()
    down, up = rng.choice(((100_000, 40_000), (250_000, 50_000), (500_000, 100_000)))
    ssid = "" if is_named else rng.choice(data["ssids"])
    passphrase = f"{rng.choice(data['people']).lower()}-{rng.randrange(10**6):06d}"
    hosts, neighbours = _hosts(data, rng), _neighbours(data, rng, crowded)
    wan_ip = f"100.{64 + rng.randrange(64)}.{rng.randrange(256)}.{2 + number % 250}"
    return Drawn(ssid, passphrase, hosts, neighbours, wan_ip, round(rng.uniform(-22.5, -16.5), 2), round(rng.uniform(1.8, 3.1), 2), down, up)


def _hosts(data: dict[str, Any], rng: random.Random) -> tuple[Host, ...]:
    """The first n of the list, so that n alone decides how many are on which link: devices with the same n share their tree."""
    found = []
    people = rng.sample(data["people"], 4)
    for place, (name, link) in enumerate(data["hosts"][: rng.randint(4, MAX_HOSTS)]):
        name = name.replace("Anna", people[0]).replace("Ben", people[1])
        mac = ":".join(f"{octet:02X}" for octet in (0x06, *rng.randbytes(5)))
        signal = rng.randint(-74, -41) if link == "2" else rng.randint(-79, -44)
        down = (72_000 if link == "2" else 866_000) * max(10, 100 + signal) // 60
        found.append(Host(name, mac, f"192.168.1.{20 + place}", link, signal, down, down * 2 // 3))
    return tuple(found)


def _neighbours(data: dict[str, Any], rng: random.Random, crowded: bool) -> tuple[Neighbour, ...]:
    found = []
    for ssid in rng.sample(data["neighbours"], rng.randint(10, 15) if crowded else rng.randint(3, 9)):
        two = crowded or rng.random() < 0.65
        channel = (1 if crowded and rng.random() < 0.8 else rng.choice((1, 6, 11, 6, 3))) if two else rng.choice((36, 40, 44, 48, 100))
        bssid = ":".join(f"{octet:02X}" for octet in (0x06, *rng.randbytes(5)))
        signal = rng.randint(-70, -48) if crowded else rng.randint(-91, -58)
        found.append(Neighbour(ssid, bssid, channel, signal, rng.choice(("WPA2", "WPA2", "WPA2", "WPA2-PSK-WPA3-SAE", "WPA-WPA2", "None"))))
    return tuple(sorted(found, key=lambda n: -n.signal_dbm))
