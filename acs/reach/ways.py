"""Which ways lead to a device, and in which order they are tried (conformance F-60). Pure."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from acs.cwmp.udp_request import split_address
from acs.reach.views import Facts, Method, Way

TRUE = frozenset({"1", "true"})


def host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_private(host: str) -> bool:
    """An address no other network can reach: private, or shared by a carrier's NAT."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    return ip.is_private or (ip.version == 4 and ip in ipaddress.IPv4Network("100.64.0.0/10"))


def is_hidden(facts: Facts) -> bool:
    """Whether something translates between us and the device: it says so, or it speaks from another address than the one it gives."""
    host = host_of(facts.url)
    return facts.nat_detected or (is_private(host) and bool(facts.source) and host != facts.source)


def of_values(values: Mapping[str, str]) -> dict[str, object]:
    """What leaves of ManagementServer tell, as fields of Facts."""
    methods = {word.strip().upper() for word in values.get("SupportedConnReqMethods", "").split(",")}
    return {
        "stun_on": values.get("STUNEnable", "").lower() in TRUE,
        "nat_detected": values.get("NATDetected", "").lower() in TRUE,
        "udp_address": values.get("UDPConnectionRequestAddress", "").strip(),
        "jabber_id": values.get("ConnReqJabberID", "").strip(),
        "xmpp_known": "XMPP" in methods,
    }


def ways_of(facts: Facts, xmpp: bool, udp: bool) -> tuple[Way, ...]:
    """In order: XMPP, UDP through a NAT, HTTP, UDP without one. `xmpp` and `udp`: whether we can use them at all."""
    found = []
    if xmpp and facts.jabber_id:
        found.append(Way(Method.XMPP, facts.jabber_id))
    over_udp = udp and (facts.stun_on or facts.udp_at is not None) and split_address(facts.udp_address) is not None
    hidden = is_hidden(facts) or (bool(facts.source) and host_of(facts.url) != facts.source)
    if over_udp and hidden:
        found.append(Way(Method.UDP, facts.udp_address))
    if facts.url:
        found.append(Way(Method.HTTP, facts.url))
    if over_udp and not hidden:
        found.append(Way(Method.UDP, facts.udp_address))
    return tuple(found)
