"""Which onboarding rule fits a stranger: by OUI, product class, network, and the beginning or a pattern of its serial number. Pure.

Letter by letter: a database's LIKE knows wildcards nobody meant, and no capitals on SQLite. A serial number with `*` or `?` is a pattern
for the whole of it, any other text its beginning.
"""

import ipaddress
import re
from functools import lru_cache
from typing import Any

from acs.cwmp.identity import Identity


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in text), re.S)


def fits_text(pattern: str, text: str) -> bool:
    """Whether a pattern with * and ? describes the whole text; an empty one describes every text."""
    return not pattern or _pattern(pattern).fullmatch(text) is not None


def fits_serial(rule: str, serial_number: str) -> bool:
    return fits_text(rule, serial_number) if "*" in rule or "?" in rule else serial_number.startswith(rule)


@lru_cache(maxsize=4096)
def network_of(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """ValueError for what is neither an address nor a network."""
    return ipaddress.ip_network(text, strict=False)


def in_network(address: str, network: str) -> bool:
    """Whether the address lies in it; an IPv4 address written as IPv6 counts as IPv4, and "" is everywhere."""
    if not network:
        return True
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed in network_of(network)


def fits_rule(rule: Any, identity: Identity, address: str) -> bool:
    """`rule` is a row or a view of an onboarding rule."""
    return (
        rule.oui in ("", identity.oui)
        and rule.product_class in ("", identity.product_class)
        and fits_serial(rule.serial_prefix, identity.serial_number)
        and in_network(address, rule.network)
    )
