"""Results of diagnoses with their message."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from care.devices import diagnoses
from tests.care import samples


@pytest.fixture
def results(services, db, home, clock):
    device_id = home(read=False)
    samples.diagnosed(db, device_id, clock())
    return services.devices.look(DEFAULT_TENANT, device_id).results


def test_ping_says_what_was_lost(results):
    drawn = diagnoses.ping(results["ping"])
    assert (drawn.state, drawn.says) == ("warn", "11 ms on average, 19 ms at worst, 1 of 20 lost.")
    assert [lost for _x, lost in drawn.bars].count(True) == 1
    assert drawn.spread[0] < drawn.spread[1] < drawn.spread[2] <= diagnoses.WIDTH


def test_ping_of_which_nothing_came_back(services, db, home, clock):
    device_id = home(read=False)
    samples.finished(db, device_id, "ping", {"received": 0, "lost": 5}, clock(), {"host": "192.0.2.1"})
    drawn = diagnoses.ping(services.devices.look(DEFAULT_TENANT, device_id).results["ping"])
    assert (drawn.state, drawn.says) == ("bad", "All 5 packets were lost.")


def test_first_slow_hop_is_named_and_silent_ones_are_not_blamed(results):
    drawn = diagnoses.trace(results["traceroute"])
    assert drawn.says == "Slow from hop 4 on: far.example."
    assert [hop.silent for hop in drawn.hops] == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("times", "slow"), [([1, 90, 2, 3], None), ([1, 2, 60, 61], 2), ([40, 41, 42], 0), ([1, 2, 3], None), ([None, 50, 52], 1)]
)
def test_slow_is_what_stays_slow(times, slow):
    assert diagnoses._first_slow(times) == slow


def test_speeds_stand_on_one_scale(results):
    down, up = diagnoses.speeds(results)
    assert (down.text, up.text) == ("89\xa0Mbit/s", "38\xa0Mbit/s")
    assert down.width == diagnoses.WIDTH
    assert up.width < down.width / 2


def test_lookup_tells_the_address(results):
    assert diagnoses.lookup(results["nslookup"]).says == "example.com is 192.0.2.80, answered in 12 ms."


def test_failed_test_keeps_its_reason(services, db, home, clock):
    device_id = home(read=False)
    samples.finished(db, device_id, "nslookup", {"state": "Error"}, clock(), {"host": "x.example"}, "failed", "The device gave no reason.")
    drawn = diagnoses.lookup(services.devices.look(DEFAULT_TENANT, device_id).results["nslookup"])
    assert drawn.origin.problem == "The device gave no reason."


def test_nothing_measured_draws_nothing():
    assert [diagnoses.ping(None), diagnoses.trace(None), diagnoses.speed(None, 1), diagnoses.lookup(None)] == [None] * 4


@pytest.mark.parametrize(
    ("kind", "result", "says", "state"),
    [
        ("udp_echo", {"received": 3, "lost": 1, "average_us": 13_400}, "13.4 ms on average, 1 of 4 lost.", "warn"),
        ("atm_loopback", {"received": 0, "lost": 0}, "Nothing was measured.", "idle"),
        ("server_selection", {"fastest": "b.example", "average_us": 900}, "b.example answers fastest: 0.9 ms on average.", "ok"),
        ("line_test", {"measured": {"LATNpbds": "65"}}, "1 value measured.", "ok"),
        ("self_test", {"text": "flash ok"}, "flash ok", "info"),
    ],
)
def test_a_rarer_test_is_told_in_a_sentence(services, db, home, clock, kind, result, says, state):
    device_id = home(read=False)
    samples.finished(db, device_id, kind, result, clock())
    (drawn,) = diagnoses.plain(services.devices.look(DEFAULT_TENANT, device_id).results)
    assert (drawn.kind, drawn.says.replace("\xa0", " "), drawn.state) == (kind, says, state)
