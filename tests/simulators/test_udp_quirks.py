"""Devices that are odd about datagrams (quirk K-72)."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from acs.cwmp import udp_request
from simulators.stun import StunLink
from tests.simulators.kit import ScriptedAcs, make_device, pass_time

LOGIN = {"Device.ManagementServer.ConnectionRequestUsername": "acs", "Device.ManagementServer.ConnectionRequestPassword": "s3cret"}


def link(*quirks):
    """A device, and what hears its datagrams."""
    device, clock = make_device(ScriptedAcs(), quirks=quirks)
    for path, text in LOGIN.items():
        device.cpe.tree.put(path, text)
    device.start(0)
    pass_time(clock, 1)
    return device, StunLink(device, None)


def copies(hears, device, datagram, count):
    calls = []
    for _ in range(count):
        hears.datagramReceived(datagram, ("192.0.2.1", 3478))
        calls.append(device.counts.calls)
    return calls


HONEST = udp_request.make("127.0.0.1", 7547, 1_700_000_000, 7, "acs", "s3cret", "c0ffee")


@pytest.mark.quirk("K-72")
def test_only_the_third_copy_is_heard():
    device, hears = link("udp-three-datagrams")
    assert copies(hears, device, HONEST, 4) == [0, 0, 1, 1]
    device, hears = link()
    assert copies(hears, device, HONEST, 3) == [1, 1, 1]


@pytest.mark.quirk("K-72")
def test_signed_over_sorted_fields():
    device, hears = link("udp-sorted-hmac")
    assert copies(hears, device, HONEST, 3) == [0, 0, 0]
    sig = udp_request.signature("s3cret", "c0ffee", "7", "1700000000", "acs")
    query = f"ts=1700000000&id=7&un={quote('acs')}&cn=c0ffee&sig={sig}"
    assert copies(hears, device, f"GET http://127.0.0.1:7547?{query} HTTP/1.1\r\n\r\n".encode(), 1) == [1]
