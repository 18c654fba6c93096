"""Values that are computed when they are read: clocks, counters, signal levels, the things in a home.

The profile data names them: `"=count 14000"`, `"=host 3 name"`. An expression is parsed once per shared tree and called with the facts
of the device that is read. Noise is a hash of device, path and ten-second slot, so that two reads in one session agree.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from acs.cwmp.times import format_time

if TYPE_CHECKING:
    from simulators.facts import Facts, Host

SLOT_S = 10


@dataclass(frozen=True, slots=True)
class Living:
    """One parsed expression. `row` is the number of the row it stands in, `path` the object it stands in."""

    word: str
    arguments: tuple[str, ...]
    row: int = 0
    path: str = ""

    def text(self, facts: Facts, tree: Any) -> str:
        """The value now; `tree` is the device's, for values that depend on their neighbours."""
        return _WORDS[self.word](self, facts, tree)


def parse(text: str, row: int = 0, path: str = "") -> Living:
    """`=word arguments`. ValueError for a word nobody knows: a mistake in the profile data."""
    word, *arguments = text[1:].split()
    if word not in _WORDS:
        raise ValueError(f"{text!r} in a profile: no such living value")
    return Living(word, tuple(arguments), row, path)


def _slot_noise(living: Living, facts: Facts) -> float:
    """-1 to 1, the same for ten seconds."""
    token = f"{facts.number}/{living.path}/{living.word}/{living.arguments}/{int(facts.now() // SLOT_S)}"
    return zlib.crc32(token.encode()) / 2**31 - 1


def _uptime_s(facts: Facts) -> int:
    return max(0, int(facts.now() - facts.booted))


def _profile(living: Living, facts: Facts, _tree: Any) -> str:
    return str(getattr(facts.profile, living.arguments[0]))


def _fact(living: Living, facts: Facts, _tree: Any) -> str:
    return str(getattr(facts, living.arguments[0]))


def _uptime(_living: Living, facts: Facts, _tree: Any) -> str:
    return str(_uptime_s(facts))


def _now(_living: Living, facts: Facts, _tree: Any) -> str:
    return format_time(datetime.fromtimestamp(facts.now(), UTC))


def _near(living: Living, facts: Facts, _tree: Any) -> str:
    middle, spread = (float(argument) for argument in living.arguments)
    return str(round(middle + spread * _slot_noise(living, facts)))


def _count(living: Living, facts: Facts, _tree: Any) -> str:
    """A counter since boot at so many per second, more in a home with more things; never goes back."""
    rate = float(living.arguments[0]) * len(facts.hosts) / 6
    return str(int(rate * (facts.now() - facts.booted)) if facts.now() > facts.booted else 0)


def _count32(living: Living, facts: Facts, tree: Any) -> str:
    return str(int(_count(living, facts, tree)) % 2**32)


def _row(living: Living, _facts: Facts, _tree: Any) -> str:
    first, step = (int(argument) for argument in living.arguments)
    return str(first + (living.row - 1) * step)


def _pick(living: Living, _facts: Facts, _tree: Any) -> str:
    return living.arguments[(living.row - 1) % len(living.arguments)]


def _mac(living: Living, facts: Facts, _tree: Any) -> str:
    return facts.mac(int(living.arguments[0]))


def _wan(living: Living, facts: Facts, _tree: Any) -> str:
    return {"ip": facts.wan_ip, "gateway": facts.wan_gateway, "mask": "255.192.0.0"}[living.arguments[0]]


def _ssid(living: Living, facts: Facts, _tree: Any) -> str:
    return {"2": facts.ssid, "5": facts.ssid + " 5G", "guest": facts.ssid + " Guest"}[living.arguments[0]]


def _status(living: Living, _facts: Facts, tree: Any) -> str:
    """Follows the Enable of the same object."""
    return living.arguments[0 if tree.value(living.path + "Enable") in ("true", "1") else 1]


def _rows(living: Living, _facts: Facts, tree: Any) -> str:
    return str(len(tree.rows(living.arguments[0])))


def _optical(living: Living, facts: Facts, _tree: Any) -> str:
    """In dBm as text, tenths, or thousandths in steps of two: as each model has it (conformance X-12)."""
    level = facts.optical_rx_dbm if living.arguments[0] == "rx" else facts.optical_tx_dbm
    level += 0.06 * _slot_noise(living, facts)
    match living.arguments[1]:
        case "dbm":
            return f"{level:.1f}"
        case "deci":
            return str(round(level * 10))
    return str(round(level * 500) * 2)


def _log(_living: Living, facts: Facts, _tree: Any) -> str:
    return "\n".join(facts.log)[-30000:]


def _is_active(host: Host, facts: Facts) -> bool:
    """Phones and laptops leave the house for some hours of the day; what hangs on the wall stays."""
    if not any(word in host.name for word in ("phone", "laptop", "Tablet")):
        return True
    return zlib.crc32(f"{host.mac}/{int(facts.now() // 7200)}".encode()) % 4 != 0


def _host(living: Living, facts: Facts, _tree: Any) -> str:
    host, wanted = facts.hosts[int(living.arguments[0]) - 1], living.arguments[1]
    place = int(living.arguments[0])
    nth = facts.on_link(host.link).index(host) + 1
    band = {"2": 1, "5": 2}.get(host.link, 0)
    answers: dict[str, Callable[[], str]] = {
        "name": lambda: host.name,
        "mac": lambda: host.mac,
        "ip": lambda: host.ip,
        "active": lambda: "true" if _is_active(host, facts) else "false",
        "type": lambda: "Wi-Fi" if band else "Ethernet",
        "type98": lambda: "802.11" if band else "Ethernet",
        "since": lambda: format_time(datetime.fromtimestamp(facts.booted, UTC)),
        "lease_end": lambda: format_time(datetime.fromtimestamp(facts.now() // 3600 * 3600 + 43200, UTC)),
        "associated": lambda: f"Device.WiFi.AccessPoint.{band}.AssociatedDevice.{nth}" if band else "",
        "layer1": lambda: f"Device.WiFi.Radio.{band}" if band else f"Device.Ethernet.Interface.{1 + nth}",
        "layer2": lambda: (
            f"InternetGatewayDevice.LANDevice.1.{f'WLANConfiguration.{band}' if band else f'LANEthernetInterfaceConfig.{nth}'}"
        ),
        "client": lambda: f"Device.DHCPv4.Server.Pool.1.Client.{place}",
    }
    return answers[wanted]()


def _wifi(living: Living, facts: Facts, _tree: Any) -> str:
    host, wanted = facts.on_link(living.arguments[0])[int(living.arguments[1]) - 1], living.arguments[2]
    signal = host.signal_dbm + round(2 * _slot_noise(living, facts)) if wanted in ("signal", "snr") else host.signal_dbm
    match wanted:
        case "mac":
            return host.mac
        case "ip":
            return host.ip
        case "signal":
            return str(signal)
        case "snr":
            return str(max(0, signal + 93))
        case "down":
            return str(host.down_kbps)
        case "up":
            return str(host.up_kbps)
        case "rate":
            return str(host.down_kbps // 1000)
        case "since":
            return format_time(datetime.fromtimestamp(facts.booted, UTC))
        case "active":
            return "true" if _is_active(host, facts) else "false"
    raise ValueError(f"no fact {wanted!r} about a Wi-Fi client")


_WORDS: dict[str, Callable[[Living, Any, Any], str]] = {
    "profile": _profile, "fact": _fact, "uptime": _uptime, "now": _now, "near": _near, "count": _count, "count32": _count32, "row": _row,
    "pick": _pick, "mac": _mac, "wan": _wan, "ssid": _ssid, "status": _status, "rows": _rows, "optical": _optical, "log": _log,
    "host": _host, "wifi": _wifi,
}  # fmt: skip
