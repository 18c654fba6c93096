"""The panels of a device page: which readings stand where, hosts with how they are connected, ages of whole panels. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from care.devices import drawings, words
from care.devices.drawings import Scale
from care.devices.known import Known, Reading
from datamodels import canonical

WAN = (
    "wan.status", "wan.connection_type", "wan.ip_address", "wan.ipv6_address", "wan.gateway", "wan.dns_servers", "wan.uptime_s", "wan.mtu",
    "wan.vlan_id", "wan.ppp_username", "wan.mac", "wan.nat_enabled", "wan.last_error", "wan.bytes_received", "wan.bytes_sent",
    "wan.errors_received",
)  # fmt: skip
OPTICAL = ("optical.status", "optical.tx_power_dbm", "optical.temperature_c", "optical.voltage_v", "optical.bias_ma")
DSL = (
    "dsl.status", "dsl.down_rate_kbps", "dsl.up_rate_kbps", "dsl.down_margin_db", "dsl.up_margin_db", "dsl.down_attenuation_db",
    "dsl.up_attenuation_db",
)  # fmt: skip
SYSTEM = ("system.uptime_s", "system.memory_free_kib", "system.cpu_percent", "system.temperature_c")
WIFI_FACTS = ("status", "standard", "clients", "noise_dbm", "tx_power_percent", "regulatory_domain", "bssid")
WEAK_DBM, FAIR_DBM = -75, -67
"""Signal of a client at the router: below the first weak, below the second fair (guesses from practice)."""


@dataclass(frozen=True, slots=True)
class Host:
    """A thing in the home. `state` and `word` judge its WiFi signal; cable has none."""

    name: str
    mac: str
    ip: str
    active: bool | None
    by: str
    band: str
    signal_dbm: int | None
    state: str
    word: str
    rate: str
    lease: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Hosts:
    hosts: tuple[Host, ...]
    connected: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Light:
    """The optical panel: the one number, its scale, the rest."""

    reading: Reading
    scale: Scale | None
    word: str


def hosts(known: Known) -> Hosts:
    """Everything the router knows in the home, weak signals first, then what is connected, then the rest."""
    clients = {str(row.cells.get("mac") or ""): row for row in known.rows("wifi.clients")}
    found = []
    for row in known.rows("lan.hosts"):
        cells = row.cells
        mac = str(cells.get("mac") or "")
        client = clients.get(mac)
        band = str(client.cells.get("band") or "") if client else ""
        signal = client.cells.get("signal_dbm") if client else None
        state, word = _signal(signal)
        rate = client.cells.get("rate_mbps") if client else None
        by = words.word(str(cells.get("connected_by") or ("wifi" if client else "")))
        found.append(
            Host(
                str(cells.get("name") or "") or mac or _("unnamed"), mac, str(cells.get("ip") or ""), cells.get("active"), by,
                words.BANDS.get(band, ""), signal, state, word, words.number(rate, 0 if rate >= 10 else 1) if rate else "",
                words.duration(cells["lease_s"]) if isinstance(cells.get("lease_s"), int) and cells["lease_s"] > 0 else "", row.at,
            )
        )  # fmt: skip
    found.sort(key=lambda h: (h.active is False, h.state != "warn", h.name.lower()))
    return Hosts(tuple(found), sum(1 for h in found if h.active is not False), max((h.at for h in found if h.at), default=None))


def _signal(dbm: int | None) -> tuple[str, str]:
    if dbm is None:
        return "", ""
    told = words.quantity(float(dbm), "").replace(".0", "") + f"{words.NBSP}dBm"
    if dbm < WEAK_DBM:
        return "warn", _("Weak %(signal)s", signal=told)
    return "ok", _("Fair %(signal)s", signal=told) if dbm < FAIR_DBM else _("Good %(signal)s", signal=told)


def light(known: Known) -> Light | None:
    """None for a device without fibre of its own."""
    reading = known.reading("optical.rx_power_dbm")
    limits = canonical.describe("optical.rx_power_dbm").limits
    if reading is None or limits is None:
        return None
    drawn = drawings.scale(float(reading.value), limits, "dBm") if isinstance(reading.value, int | float) else None
    word = {"ok": _("Within limits"), "warn": _("Near its limit"), "bad": _("Outside its limits")}.get(reading.state, _("not reported"))
    return Light(reading, drawn, word)


def has(known: Known, *marks: str) -> bool:
    """Whether one of these is part of a known path. Of a device that was never read we do not know: yes."""
    return not known.values or any(mark in path for path in known.values for mark in marks)


def oldest(readings: Iterable[Reading]) -> datetime | None:
    """The age a panel may claim: that of its oldest value."""
    return min((reading.at for reading in readings), default=None)


def prefixes(known: Known, *groups: str) -> tuple[str, ...]:
    """What to read so that a panel becomes fresh."""
    if known.resolver is None:
        return ()
    tree = {path: stored.value for path, stored in known.values.items()}
    return tuple(dict.fromkeys(prefix for group in groups for prefix in canonical.prefixes(known.root, group, tree)))
