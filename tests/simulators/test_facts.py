"""Homes drawn from a seed."""

from __future__ import annotations

from simulators.facts import MAX_HOSTS, make_facts
from simulators.profile import profiles
from tests.simulators.kit import clock_at

PROFILE = profiles()["Norvik R110"]


def test_same_seed_same_home_another_number_another():
    one, same, other = (make_facts(PROFILE, number, 1, clock_at().seconds) for number in (1, 1, 2))
    assert (one.serial, one.ssid, one.hosts, one.neighbours) == (same.serial, same.ssid, same.hosts, same.neighbours)
    assert one.serial != other.serial
    assert one.hosts != other.hosts


def test_addresses_are_locally_administered_and_do_not_overlap():
    macs = [make_facts(PROFILE, number, 1, clock_at().seconds).mac(offset) for number in range(1, 50) for offset in range(8)]
    assert len(set(macs)) == len(macs)
    assert all(mac.startswith("02:A5:C1:") for mac in macs)


def test_hosts_have_a_link_an_address_and_believable_rates():
    for number in range(1, 30):
        facts = make_facts(PROFILE, number, 3, clock_at().seconds)
        assert 4 <= len(facts.hosts) <= MAX_HOSTS
        assert len({host.ip for host in facts.hosts}) == len(facts.hosts)
        assert all(-90 < host.signal_dbm < -35 and host.down_kbps > 5000 for host in facts.hosts)
        assert all(-95 < neighbour.signal_dbm < -45 for neighbour in facts.neighbours)


def test_crowded_home_has_most_neighbours_on_its_channel():
    facts = make_facts(PROFILE, 1, 1, clock_at().seconds, flags=frozenset({"crowded"}))
    assert sum(neighbour.channel == 1 for neighbour in facts.neighbours) > len(facts.neighbours) / 2


def test_own_log_is_bounded():
    facts = make_facts(PROFILE, 1, 1, clock_at().seconds)
    for number in range(300):
        facts.note(f"line {number}")
    assert len(facts.log) == 100
