"""What several settings must be together, checked before the difference is drawn. Pure: Invalid names the field.

A rule speaks only if the change touches it: what was wrong before is no reason to refuse something else.
"""

import ipaddress
from collections.abc import Mapping

from flask_babel import gettext as _

from acs.errors import Invalid
from care.devices import words
from care.devices.known import Known
from datamodels.canonical import Value

KEYLESS = ("open", "owe", None)
"""Security modes that have no password, or where none is known to be set."""
SSID_OCTETS = 32
_POOL = ("dhcp.enabled", "dhcp.min_address", "dhcp.max_address", "dhcp.gateways")
_OWN = ("lan.ip_address", "lan.subnet_mask")


def check(known: Known, wanted: Mapping[str, Value]) -> None:
    """Invalid for the first rule that the device would break with these values."""
    _names(wanted)
    _protected(known, wanted)
    _home(known, wanted)


def _names(wanted: Mapping[str, Value]) -> None:
    """A network name has so many octets; a letter beyond ASCII takes two or more of them."""
    for name, value in wanted.items():
        octets = len(str(value).encode())
        if name.startswith("wifi.") and name.endswith(".ssid") and octets > SSID_OCTETS:
            text = _(
                "A network name has at most %(high)d octets, this one has %(octets)d: letters such as ä or é take two.",
                high=SSID_OCTETS,
                octets=octets,
            )
            raise Invalid(text, name)


def _protected(known: Known, wanted: Mapping[str, Value]) -> None:
    """A network that leaves the open mode without a password would have one that nobody knows, or none."""
    for name, mode in wanted.items():
        if not name.endswith(".security_mode") or not str(mode).startswith("wpa") or known.value(name) not in KEYLESS:
            continue
        key = name.replace(".security_mode", ".passphrase")
        if not wanted.get(key):
            raise Invalid(_("%(mode)s needs a password of 8 to 63 characters.", mode=words.word(str(mode))), key)


def _home(known: Known, wanted: Mapping[str, Value]) -> None:
    """The router's own address, and a pool inside its network."""
    if not any(name in wanted for name in (*_OWN, *_POOL)):
        return

    def then(name: str) -> Value:
        return wanted[name] if name in wanted else known.value(name)

    network = _own(str(then("lan.ip_address") or ""), str(then("lan.subnet_mask") or ""), any(name in wanted for name in _OWN))
    if network is None or then("dhcp.enabled") is False or known.reading("dhcp.min_address") is None:
        return
    first = _in(network, "dhcp.min_address", then("dhcp.min_address"))
    last = _in(network, "dhcp.max_address", then("dhcp.max_address"))
    if first is None or last is None:
        return
    if first > last:
        raise Invalid(_("The last address must not be below the first, %(first)s.", first=first), "dhcp.max_address")
    if first <= network.ip <= last:
        raise Invalid(_("The router's own address %(own)s must not be among those it gives away.", own=network.ip), "dhcp.min_address")
    gateways = then("dhcp.gateways")
    for gateway in gateways if isinstance(gateways, tuple) else ():
        _in(network, "dhcp.gateways", gateway)


def _own(address: str, mask: str, touched: bool) -> ipaddress.IPv4Interface | None:
    """The router in its network; None if it is not known, Invalid only if the change touches it."""
    try:
        bits = int(ipaddress.IPv4Address(mask))
        own = ipaddress.IPv4Address(address)
    except ValueError:
        return None
    hosts = bits ^ 0xFFFFFFFF
    if hosts & (hosts + 1) or not 2 <= hosts.bit_length() <= 24:
        if touched:
            raise Invalid(_("%(mask)s is no netmask of a home network, such as 255.255.255.0.", mask=mask), "lan.subnet_mask")
        return None
    found = ipaddress.IPv4Interface(f"{own}/{mask}")
    odd = own.is_loopback or own.is_link_local or own.is_multicast or own.is_unspecified or not own.is_private
    if touched and (odd or own in (found.network.network_address, found.network.broadcast_address)):
        raise Invalid(_("%(own)s cannot be the router's own address: take a private one such as 192.168.1.1.", own=own), "lan.ip_address")
    return found


def _in(own: ipaddress.IPv4Interface, name: str, value: Value) -> ipaddress.IPv4Address | None:
    """An address of the router's network; None if it is not one at all, which the data model tells."""
    try:
        address = ipaddress.IPv4Address(str(value or ""))
    except ValueError:
        return None
    if address not in own.network or address in (own.network.network_address, own.network.broadcast_address):
        raise Invalid(
            _("%(address)s is not an address of the router's own network, %(network)s.", address=address, network=own.network), name
        )
    return address
