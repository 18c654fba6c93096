"""What is wrong, told in plain words: each planted trouble of the demo, and what is said where nothing is known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from acs.devices.views import Presence
from care.devices.channels import Crowding
from care.devices.verdict import Area, Band, Dhcp, Facts, judge
from datamodels.canonical import Health, Limits

NOW = datetime(2026, 11, 21, 20, 52, tzinfo=UTC)
LIMITS = Limits(bad_low=-27, warn_low=-25, bad_high=-8)
DHCP = Dhcp(True, "192.168.1.20", "192.168.1.200", ("192.168.1.1",), "192.168.1.1", "255.255.255.0")
WELL = Facts(
    now=NOW, presence=Presence.ONLINE, has_tree=True, last_inform_at=NOW - timedelta(seconds=38), uptime_s=12 * 86400, version="3.2.4",
    rx_dbm=-21.3, rx_health=Health.GOOD, rx_limits=LIMITS, wan_status="up", bands=(Band("2.4 GHz", True, "wpa2"),), dhcp=DHCP,
)  # fmt: skip


def cell(verdict, area):
    return next(each for each in verdict.cells if each.area is area)


def test_healthy_home_is_called_healthy_in_every_cell_but_the_account():
    verdict = judge(WELL)
    assert verdict.state == "ok"
    assert [(c.area, c.state) for c in verdict.cells] == [
        (Area.ACCOUNT, "idle"), (Area.CIRCUIT, "ok"), (Area.ROUTER, "ok"), (Area.HOME, "ok"),
    ]  # fmt: skip
    assert cell(verdict, Area.CIRCUIT).evidence == "Light −21.3\xa0dBm, internet up"
    assert cell(verdict, Area.ROUTER).evidence == "Up 12\xa0d, firmware 3.2.4"


def test_account_is_said_to_be_unconnected_never_guessed():
    assert cell(judge(WELL), Area.ACCOUNT).evidence == "Not connected to an account yet"


def test_weak_light_is_the_cause_with_its_limit():
    verdict = judge(replace(WELL, rx_dbm=-28.0, rx_health=Health.BAD))
    assert verdict.sentence == "Too little light reaches the router over the fibre: −28.0\xa0dBm, the limit is −27\xa0dBm."
    assert cell(verdict, Area.CIRCUIT).is_cause
    assert not cell(verdict, Area.HOME).is_cause


def test_light_near_its_limit_is_a_warning():
    verdict = judge(replace(WELL, rx_dbm=-26.0, rx_health=Health.WARN))
    assert (verdict.state, cell(verdict, Area.CIRCUIT).word) == ("warn", "Weak")


def test_too_much_light_is_not_called_weak():
    assert cell(judge(replace(WELL, rx_dbm=-6.0, rx_health=Health.BAD)), Area.CIRCUIT).word == "Too strong"


def test_addresses_of_another_network_are_told_with_both_networks():
    verdict = judge(replace(WELL, dhcp=replace(DHCP, first="192.168.8.100", last="192.168.8.199")))
    assert "another network (192.168.8.100 to 192.168.8.199)" in verdict.sentence
    assert "its own (192.168.1.1)" in verdict.sentence
    assert verdict.fix == "home"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"first": "192.168.1.200", "last": "192.168.1.20"}, "No addresses"),
        ({"gateways": ("192.168.8.1",)}, "Wrong gateway"),
        ({"enabled": False}, "No addresses"),
    ],
)
def test_other_ways_of_a_wrong_pool_are_told(change, word):
    assert cell(judge(replace(WELL, dhcp=replace(DHCP, **change))), Area.HOME).word == word


@pytest.mark.parametrize("change", [{"first": ""}, {"lan_mask": "not a mask"}, {"lan_address": ""}])
def test_pool_that_cannot_be_judged_is_not_blamed(change):
    assert judge(replace(WELL, dhcp=replace(DHCP, **change))).state == "ok"


def test_open_wifi_names_its_bands():
    verdict = judge(replace(WELL, bands=(Band("2.4 GHz", True, "open"), Band("5 GHz", True, "open"))))
    assert verdict.sentence.startswith("The WiFi on 2.4 GHz and 5 GHz has no password")


def test_open_network_that_is_switched_off_harms_nobody():
    assert judge(replace(WELL, bands=(Band("2.4 GHz", False, "open"),))).state == "ok"


def test_old_firmware_is_told_after_everything_that_hurts_more():
    old = replace(WELL, version="2.9.1", newest_version="3.2.4")
    assert judge(old).sentence == "The router runs old firmware: 2.9.1, while 3.2.4 is in the library."
    both = judge(replace(old, bands=(Band("2.4 GHz", True, "open"),)))
    assert "no password" in both.sentence
    assert [found.area for found in both.findings] == [Area.HOME, Area.ROUTER]
    assert not cell(both, Area.ROUTER).is_cause


def test_crowded_channel_offers_a_quieter_one():
    verdict = judge(replace(WELL, crowding=Crowding(6, 4, -48, 11)))
    assert verdict.sentence == "The 2.4 GHz WiFi shares channel 6 with 4 strong neighbours."
    assert verdict.advice == "Channel 11 is quieter."


def test_silent_router_comes_before_what_was_read_long_ago():
    verdict = judge(replace(WELL, presence=Presence.SILENT, last_inform_at=NOW - timedelta(hours=5), rx_dbm=-28.0, rx_health=Health.BAD))
    assert verdict.sentence.startswith("The router has been silent for 5\xa0h")
    assert cell(verdict, Area.ROUTER).word == "Silent"


def test_connection_that_is_down_is_told():
    assert cell(judge(replace(WELL, wan_status="down")), Area.CIRCUIT).word == "Down"
    assert cell(judge(replace(WELL, wan_status="connecting")), Area.CIRCUIT).state == "warn"


@pytest.mark.parametrize(
    ("presence", "word"), [(Presence.NEVER, "Not seen yet"), (Presence.QUARANTINE, "In quarantine"), (Presence.BLOCKED, "Blocked")]
)
def test_nothing_known_is_said_to_be_nothing_known(presence, word):
    verdict = judge(Facts(now=NOW, presence=presence, has_tree=False))
    assert verdict.state == "idle"
    assert cell(verdict, Area.ROUTER).word == word
    assert cell(verdict, Area.HOME).word == "Not known yet"


def test_fresh_restart_is_mentioned():
    assert cell(judge(replace(WELL, uptime_s=120)), Area.ROUTER).word == "Just restarted"


def test_uptime_has_grown_since_it_was_told():
    told = replace(WELL, uptime_s=120, uptime_at=NOW - timedelta(hours=2))
    assert cell(judge(told), Area.ROUTER).evidence == "Up 2\xa0h, firmware 3.2.4"


def test_restart_after_the_uptime_was_told_counts_instead():
    told = replace(WELL, uptime_at=NOW - timedelta(hours=2), last_boot_at=NOW - timedelta(minutes=3))
    assert cell(judge(told), Area.ROUTER).word == "Just restarted"


def test_every_cell_has_the_age_of_what_it_is_decided_from():
    line, home = NOW - timedelta(minutes=5), NOW - timedelta(hours=5)
    verdict = judge(replace(WELL, line_at=line, home_at=home))
    assert [each.at for each in verdict.cells] == [None, line, WELL.last_inform_at, home]


def test_weak_signal_is_not_nothing_wrong():
    verdict = judge(replace(WELL, weak_clients=2))
    assert (verdict.state, verdict.sentence) == ("warn", "2 devices have a weak signal.")
    assert cell(verdict, Area.HOME).is_cause
