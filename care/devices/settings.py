"""The forms of a device's settings, made from the canonical parameters it has: WiFi per band, the home network. Pure.

A field shows what the device has, its unit, what is allowed before it is broken, and nothing of a secret. Who may change what is
decided by proposals.py; here it only decides whether a field is offered.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from acs.errors import Invalid, NotFound
from care.devices import words
from care.devices.known import Known, Reading
from care.devices.proposals import is_basic, parsed
from care.devices.rules import SSID_OCTETS
from datamodels import canonical
from datamodels.canonical import CanonicalParameter, Value, ValueType

WIFI = ("enabled", "ssid", "security_mode", "passphrase", "auto_channel", "channel", "bandwidth")
HOME = (
    "lan.ip_address", "lan.subnet_mask", "dhcp.enabled", "dhcp.min_address", "dhcp.max_address", "dhcp.gateways", "dhcp.dns_servers",
    "dhcp.lease_time_s",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One input. `kind` is text, number, select, check or secret; `value` as the input shows it."""

    name: str
    label: str
    kind: str
    value: str
    options: tuple[tuple[str, str], ...]
    help: str
    reading: Reading
    offered: bool
    error: str = ""

    @property
    def id(self) -> str:
        return "f-" + self.name.replace(".", "-")


@dataclass(frozen=True, slots=True)
class Group:
    """A card with a form: "wifi-2g", "home"."""

    key: str
    title: str
    fields: tuple[Field, ...]

    @property
    def editable(self) -> bool:
        return any(field.offered for field in self.fields)


def names_of(key: str) -> tuple[str, ...]:
    """The canonical names of a group. NotFound for none of ours."""
    if key == "home":
        return HOME
    band = key.removeprefix("wifi-")
    if key.startswith("wifi-") and band in words.BANDS:
        return tuple(f"wifi.{band}.{leaf}" for leaf in WIFI)
    raise NotFound(_("There are no settings %(key)s.", key=key))


def group(
    known: Known, key: str, *, may_all: bool, may_basic: bool, typed: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None
) -> Group:
    """The form of a group, with what was typed and what was wrong with it, if it comes back."""
    title = _("Home network") if key == "home" else _("WiFi %(band)s", band=words.BANDS[key.removeprefix("wifi-")])
    fields = tuple(
        _field(known, reading, may_all or (may_basic and is_basic(reading.name)), (typed or {}).get(reading.name), (errors or {}).get(reading.name, ""))
        for reading in known.readings(names_of(key))
    )  # fmt: skip
    return Group(key, title, fields)


def changed(known: Known, key: str, typed: Mapping[str, str], *, may_all: bool, may_basic: bool) -> dict[str, Value]:
    """The values that the form asks for, of the fields it offered. An empty secret stays as it is. Invalid names the field."""
    wanted: dict[str, Value] = {}
    for field in group(known, key, may_all=may_all, may_basic=may_basic).fields:
        text = typed.get(field.name)
        if not field.offered or (text is None and field.kind != "check") or (field.kind == "secret" and not text):
            continue
        if field.kind != "secret" and text == field.value:
            continue
        if field.name.endswith(".channel") and not text:
            continue
        value = parsed(field.name, text or "")
        if value != field.reading.value:
            wanted[field.name] = value
    for name in [name for name in wanted if name.endswith(".channel")]:
        if wanted.get(name.replace(".channel", ".auto_channel")) is True:
            del wanted[name]  # picking by itself wins over a number that was left in the field
    return wanted


def repaired(known: Known) -> dict[str, Value]:
    """Addresses that fit the router's own network, for a pool that does not: .100 to .199 or what a small network has, gateway itself.

    Invalid where the router's own address is not known.
    """
    own = f"{known.value('lan.ip_address') or ''}/{known.value('lan.subnet_mask') or ''}"
    try:
        interface = ipaddress.IPv4Interface(own)
    except ValueError:
        raise Invalid(_("The router's own address is not known: set the range by hand.")) from None
    network, router = interface.network, interface.ip
    room = network.num_addresses
    first, last = (network[100], network[199]) if room >= 256 else (network[2], network[-2])
    if router == first:
        first += 1
    values: dict[str, Value] = {"dhcp.min_address": str(first), "dhcp.max_address": str(last), "dhcp.gateways": (str(router),)}
    if known.value("dhcp.enabled") is False:
        values["dhcp.enabled"] = True
    return {name: value for name, value in values.items() if known.reading(name) is not None}


def _field(known: Known, reading: Reading, may: bool, typed: str | None, error: str) -> Field:
    parameter = canonical.describe(reading.name)
    options = _options(known, parameter, reading)
    kind = _kind(parameter, options)
    value = typed if typed is not None else "" if parameter.secret else _shown(reading.value)
    return Field(reading.name, reading.label, kind, value, options, _help(parameter), reading, may and reading.writable, error)


def _kind(parameter: CanonicalParameter, options: tuple[tuple[str, str], ...]) -> str:
    if parameter.secret:
        return "secret"
    if parameter.type is ValueType.BOOL:
        return "check"
    if options:
        return "select"
    return "number" if parameter.type is ValueType.INT else "text"


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, tuple):
        return ", ".join(value)
    return "" if value is None else str(value)


def _options(known: Known, parameter: CanonicalParameter, reading: Reading) -> tuple[tuple[str, str], ...]:
    """Words or channels this device takes; the present one always among them."""
    if parameter.type is ValueType.ENUM:
        taken = [word for word in parameter.words if word == reading.value or _takes(known, parameter.name, word)]
        if reading.value is not None and reading.value not in taken:
            taken.insert(0, str(reading.value))
        return tuple((word, words.word(word)) for word in taken)
    if parameter.name.endswith(".channel"):
        possible = known.value(parameter.name.replace(".channel", ".possible_channels")) or ()
        numbers = sorted({n for item in possible for n in _span(item)} | ({reading.value} if isinstance(reading.value, int) else set()))
        return tuple((str(n), str(n)) for n in numbers)
    return ()


def _span(item: str) -> range:
    first, _dash, last = item.partition("-")
    return range(int(first), int(last or first) + 1) if first.isdigit() and (not last or last.isdigit()) else range(0)


def _takes(known: Known, name: str, word: str) -> bool:
    try:
        canonical.to_raw(known.resolver, name, word)  # type: ignore[arg-type]
    except ValueError:
        return False
    return True


def _help(parameter: CanonicalParameter) -> str:
    if parameter.secret:
        return _("%(low)d to %(high)d characters. Left empty, it stays as it is.", low=parameter.min_length or 1, high=parameter.max_length or 64)
    if parameter.type is ValueType.LIST:
        return _("Several are separated by commas.")
    if parameter.name.endswith(".ssid"):
        return _("At most %(high)d octets: letters such as ä or é take two.", high=SSID_OCTETS)
    if parameter.max_length:
        return _("At most %(high)d characters.", high=parameter.max_length)
    if parameter.name == "dhcp.lease_time_s":
        return _("86,400 is a day; -1 never ends.")
    return ""
