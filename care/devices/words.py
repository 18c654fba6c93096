"""Names, values and numbers as people read them: one place that knows minus signs, no-break spaces and what a word of the models means.

Labels of canonical parameters come from datamodels and are English there; those shown on fixed panels are named again here, so that the
catalogue of translations finds them. No context is needed: outside of a request everything is English.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from datamodels import canonical
from datamodels.canonical import Value

NBSP, MINUS = "\u00a0", "\u2212"

LABELS: Mapping[str, Any] = {
    "system.uptime_s": _l("Up for"),
    "system.memory_free_kib": _l("Memory free"),
    "system.memory_total_kib": _l("Memory"),
    "system.cpu_percent": _l("Processor load"),
    "system.temperature_c": _l("Temperature"),
    "wan.status": _l("Internet"),
    "wan.connection_type": _l("Connection type"),
    "wan.ip_address": _l("Internet address"),
    "wan.ipv6_address": _l("IPv6 address"),
    "wan.gateway": _l("Gateway"),
    "wan.dns_servers": _l("DNS servers"),
    "wan.mac": _l("MAC address"),
    "wan.uptime_s": _l("Connected for"),
    "wan.mtu": _l("Largest packet"),
    "wan.vlan_id": _l("VLAN"),
    "wan.ppp_username": _l("Login name"),
    "wan.last_error": _l("Last error"),
    "wan.nat_enabled": _l("Address translation"),
    "wan.bytes_sent": _l("Sent"),
    "wan.bytes_received": _l("Received"),
    "wan.errors_received": _l("Receive errors"),
    "optical.rx_power_dbm": _l("Light received"),
    "optical.tx_power_dbm": _l("Light sent"),
    "optical.temperature_c": _l("Transceiver temperature"),
    "optical.voltage_v": _l("Transceiver supply"),
    "optical.bias_ma": _l("Laser current"),
    "optical.status": _l("Fibre"),
    "dsl.status": _l("DSL"),
    "dsl.down_rate_kbps": _l("Rate down"),
    "dsl.up_rate_kbps": _l("Rate up"),
    "dsl.down_margin_db": _l("Noise margin down"),
    "dsl.up_margin_db": _l("Noise margin up"),
    "dsl.down_attenuation_db": _l("Attenuation down"),
    "dsl.up_attenuation_db": _l("Attenuation up"),
    "lan.ip_address": _l("Router's own address"),
    "lan.subnet_mask": _l("Subnet mask"),
    "dhcp.enabled": _l("Hands out addresses (DHCP)"),
    "dhcp.min_address": _l("First address handed out"),
    "dhcp.max_address": _l("Last address handed out"),
    "dhcp.gateways": _l("Gateway handed out"),
    "dhcp.dns_servers": _l("DNS servers handed out"),
    "dhcp.lease_time_s": _l("Lease time, seconds"),
    "time.status": _l("Clock"),
    "time.ntp_server_1": _l("Time server"),
}
_LEAVES: Mapping[str, Any] = {
    "enabled": _l("WiFi on"),
    "status": _l("State"),
    "ssid": _l("Network name"),
    "security_mode": _l("Security"),
    "passphrase": _l("Password"),
    "channel": _l("Channel"),
    "auto_channel": _l("Picks its channel itself"),
    "bandwidth": _l("Channel width, MHz"),
    "standard": _l("Standard"),
    "clients": _l("Devices connected"),
    "noise_dbm": _l("Noise"),
    "tx_power_percent": _l("Transmit power, %"),
    "bssid": _l("Radio address"),
    "regulatory_domain": _l("Country"),
}
BANDS = {"2g": f"2.4{NBSP}GHz", "5g": f"5{NBSP}GHz", "6g": f"6{NBSP}GHz"}

_WORDS: Mapping[str, Any] = {
    "up": _l("up"),
    "down": _l("down"),
    "connecting": _l("connecting"),
    "disabled": _l("switched off"),
    "error": _l("error"),
    "open": _l("open, no password"),
    "wep": "WEP",
    "wpa": "WPA",
    "wpa2": "WPA2",
    "wpa-wpa2": "WPA + WPA2",
    "wpa3": "WPA3",
    "wpa2-wpa3": "WPA2 + WPA3",
    "enterprise": _l("company login"),
    "owe": _l("open, encrypted"),
    "dhcp": "DHCP",
    "static": _l("fixed"),
    "pppoe": "PPPoE",
    "bridge": _l("bridge"),
    "ethernet": _l("Cable"),
    "wifi": _l("WiFi"),
    "powerline": _l("Power line"),
    "moca": "MoCA",
    "usb": "USB",
    "other": _l("other"),
    "auto": _l("automatic"),
    "half": _l("half duplex"),
    "full": _l("full duplex"),
}
_DIGITS = {"dBm": 1, "dB": 1, "V": 2, "mA": 1, "°C": 0, "%": 0, "Mbit/s": 1}
_SCALES = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


def label(name: str) -> str:
    """What a canonical parameter is called on screens; of a WiFi band without the band."""
    if name in LABELS:
        return str(LABELS[name])
    if name.startswith("wifi.") and (leaf := name.rpartition(".")[2]) in _LEAVES:
        return str(_LEAVES[leaf])
    return _(canonical.describe(name).label)


def full_label(name: str) -> str:
    """With the band or the port where there is one: for diffs and messages."""
    _group, _dot, rest = name.partition(".")
    part = rest.partition(".")[0]
    if name.startswith("wifi.") and part in BANDS:
        return f"{BANDS[part]} {label(name)}"
    return f"{part.upper()} {label(name)}" if name.startswith("ethernet.lan") else label(name)


def note(name: str) -> str:
    """What is said beside a field of it; "" for most."""
    text = canonical.describe(name).help
    return _(text) if text else ""


def group(name: str) -> str:
    """What a group of canonical names is called."""
    return _(canonical.group_label(name))


def word(text: str) -> str:
    """A word of an enum in the reader's language; what we do not know stays as the device wrote it."""
    known = _WORDS.get(text)
    return text if known is None else str(known)


def number(value: float, digits: int = 0) -> str:
    """By the reader's locale, with a true minus sign."""
    return format_decimal(round(value, digits), f"#,##0.{'0' * digits}" if digits else "#,##0").replace("-", MINUS)


def quantity(value: float, unit: str) -> str:
    """A number with its unit after a no-break space, as many digits as that unit deserves."""
    if unit == "s":
        return duration(value)
    if unit == "bytes":
        return size(value)
    if unit == "kbit/s":
        return quantity(value / 1000, "Mbit/s")
    if unit == "KiB":
        return size(value * 1024)
    digits = 0 if unit == "Mbit/s" and value >= 10 else _DIGITS.get(unit, 0 if float(value).is_integer() else 1)
    return f"{number(value, digits)}{NBSP}{unit}" if unit else number(value, digits)


def size(octets: float) -> str:
    """Bytes in the unit that leaves few digits; what a packet or a line of text may have stays in bytes."""
    for unit, factor in _SCALES if octets >= 10_000 else ():
        if octets >= factor:
            return f"{number(octets / factor, 1)}{NBSP}{unit}"
    return f"{number(octets)}{NBSP}bytes"


def duration(seconds: float | timedelta) -> str:
    """ "31 s", "12 min", "5 h", "12 d"; below ten seconds with one digit."""
    s = seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
    if s < 10 and not s.is_integer():
        return f"{number(s, 1)}{NBSP}s"
    for unit, factor, below in (("s", 1, 90), ("min", 60, 90 * 60), ("h", 3600, 36 * 3600)):
        if s < below:
            return f"{number(int(s // factor))}{NBSP}{unit}"
    return f"{number(int(s // 86400))}{NBSP}d"


def text_of(value: Value, unit: str = "") -> str:
    """A canonical value as text; None is "not reported", which is neither 0 nor a dash."""
    if value is None or value in ("", ()):
        return _("not reported")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, int | float):
        return quantity(value, unit)
    return word(value)


_ORIGINS: Mapping[str, Any] = {
    "session": _l("read or written in a session"),
    "inform": _l("told by the device at its contact"),
    "discover": _l("read when everything was read"),
    "read": _l("read on request"),
    "write": _l("written by us"),
}


def origin_words(origin: str) -> str:
    """Where a value comes from, as the title of its age chip."""
    head = origin.partition(":")[0].partition(" ")[0]
    return str(_ORIGINS[head]) if origin in _ORIGINS else origin.replace("_", " ")
