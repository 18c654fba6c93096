"""The made-up network that diagnoses measure."""

from __future__ import annotations

import random

import pytest

from simulators.probe import Probe, Unresolved
from tests.simulators.kit import clock_at, make_cpe


def probe(**given):
    return Probe(clock_at(), make_cpe(**given), "Device.IP.Diagnostics.IPPing.", random.Random(1))


def test_names_and_addresses_resolve_but_not_the_impossible():
    assert probe().resolve("192.0.2.7") == "192.0.2.7"
    assert probe().resolve("example.com") == probe().resolve("EXAMPLE.com")
    for host in ("", "no such host", "x.invalid"):
        with pytest.raises(Unresolved):
            probe().resolve(host)
    with pytest.raises(Unresolved):
        probe(faults=("bad-dns",)).resolve("example.com")
    assert probe(faults=("bad-dns",)).resolve("192.0.2.7") == "192.0.2.7"


def test_round_trips_are_stable_near_and_lost_where_nobody_is():
    near, far = probe().rtt_ms("192.168.1.20"), probe().rtt_ms("198.51.100.7")
    assert near is not None
    assert far is not None
    assert 0 < near < 5 < far < 40
    assert probe().rtt_ms("240.0.0.1") is None


def test_route_begins_at_the_gateway_and_ends_at_the_goal():
    route = probe().route("198.51.100.7")
    assert route[0][1] == "100.64.0.1"
    assert route[-1][1] == "198.51.100.7"
    assert 4 <= len(route) <= 8


def test_weak_optics_lose_packets():
    weak = probe(name="ONT-4", faults=("weak-signal",))
    assert any(weak.rtt_ms("198.51.100.7") is None for _ in range(50))
