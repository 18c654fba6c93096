"""Which ways lead to a device, and in which order."""

import pytest

from acs.reach.views import Facts, Method
from acs.reach.ways import is_hidden, is_private, of_values, ways_of

URL = "http://192.168.1.4:7547/cr"


def methods(facts: Facts, xmpp: bool = True, udp: bool = True) -> list[Method]:
    return [way.method for way in ways_of(facts, xmpp, udp)]


@pytest.mark.cwmp("F-60")
def test_order_is_xmpp_then_udp_through_a_nat_then_http():
    facts = Facts(url=URL, source="203.0.113.7", stun_on=True, nat_detected=True, udp_address="203.0.113.7:4000", jabber_id="cpe@x/cwmp")
    assert methods(facts) == [Method.XMPP, Method.UDP, Method.HTTP]
    assert methods(facts, xmpp=False) == [Method.UDP, Method.HTTP]
    assert methods(facts, xmpp=False, udp=False) == [Method.HTTP]


@pytest.mark.cwmp("F-60")
def test_device_without_a_nat_is_called_by_http_before_udp():
    facts = Facts(url="http://203.0.113.7:7547/cr", source="203.0.113.7", stun_on=True, udp_address="203.0.113.7:4000")
    assert methods(facts) == [Method.HTTP, Method.UDP]


@pytest.mark.quirk("K-72", "K-69")
@pytest.mark.parametrize("address", ["", ":4000", "203.0.113.7:0", "nonsense:port"])
def test_udp_address_that_is_none_is_no_way(address: str):
    assert methods(Facts(url="", source="203.0.113.7", stun_on=True, nat_detected=True, udp_address=address)) == []


def test_address_of_a_device_that_does_not_use_stun_is_no_way():
    assert methods(Facts(url=URL, source="203.0.113.7", udp_address="192.168.1.4:4000")) == [Method.HTTP]


@pytest.mark.parametrize(
    ("host", "private"),
    [("192.168.1.4", True), ("10.0.0.1", True), ("100.64.3.2", True), ("8.8.8.8", False), ("name.example", False), ("fd00::1", True)],
)
def test_private_addresses_are_those_no_other_network_reaches(host: str, private: bool):
    assert is_private(host) is private


def test_private_address_it_also_speaks_from_is_reachable():
    assert not is_hidden(Facts(url=URL, source="192.168.1.4"))
    assert is_hidden(Facts(url=URL, source="203.0.113.7"))


@pytest.mark.cwmp("F-61")
def test_leaves_of_the_management_server_are_read_alike_for_both_roots():
    told = of_values(
        {"STUNEnable": "1", "NATDetected": "true", "UDPConnectionRequestAddress": "a:1 ", "SupportedConnReqMethods": "HTTP, XMPP"}
    )
    assert told == {"stun_on": True, "nat_detected": True, "udp_address": "a:1", "jabber_id": "", "xmpp_known": True}
