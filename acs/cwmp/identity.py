"""Who a device says it is: DeviceId, and the username made of it (TR-069 3.4.4; conformance A-99 to A-102, D-1 to D-4)."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NewType
from urllib.parse import unquote

from acs.cwmp.messages import DeviceIdStruct

DeviceKey = NewType("DeviceKey", str)
"""`OUI-ProductClass-SerialNumber` or `OUI-SerialNumber`, each part percent-encoded: unique, printable, and the CPE's username."""

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_ALL_PLAIN = re.compile(r"[A-Za-z0-9_]*")


@lru_cache(maxsize=4096)
def escape_part(text: str) -> str:
    """Percent-encode every UTF-8 octet but ASCII letters, digits and underscore, so that the hyphen can separate."""
    if _ALL_PLAIN.fullmatch(text):
        return text
    return "".join(chr(octet) if octet in _PLAIN else f"%{octet:02X}" for octet in text.encode())


@dataclass(frozen=True, slots=True)
class Identity:
    """The triple that names a device. OUI in upper case; parts trimmed of what devices add by mistake (quirk K-35)."""

    oui: str
    product_class: str
    serial_number: str
    key: DeviceKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = (self.oui, self.product_class, self.serial_number) if self.product_class else (self.oui, self.serial_number)
        object.__setattr__(self, "key", DeviceKey("-".join([escape_part(part) for part in parts])))


@lru_cache(maxsize=4096)
def identity_of(device: DeviceIdStruct) -> Identity:
    return Identity(device.oui.strip().upper(), device.product_class.strip(), device.serial_number.strip())


def split_username(username: str) -> Identity | None:
    """The identity a username spells, or None when it does not follow the rule: then it is looked up whole (conformance A-101)."""
    parts = username.split("-")
    if len(parts) not in (2, 3) or not re.fullmatch(r"[0-9A-Fa-f]{6}", parts[0]):
        return None
    decoded = [unquote(part) for part in parts]
    return Identity(decoded[0].upper(), decoded[1] if len(parts) == 3 else "", decoded[-1])
