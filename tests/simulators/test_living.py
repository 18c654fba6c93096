"""Values that are computed when read."""

from __future__ import annotations

import pytest

from simulators.living import parse
from tests.simulators.kit import clock_at, make_cpe


def test_uptime_and_counters_run_and_start_again_at_a_boot():
    clock = clock_at()
    cpe = make_cpe(clock=clock)
    cpe.boot()
    clock.advance(100)
    sent = int(cpe.tree.value("Device.IP.Interface.1.Stats.BytesSent"))
    assert cpe.tree.value("Device.DeviceInfo.UpTime") == "100"
    clock.advance(10)
    assert int(cpe.tree.value("Device.IP.Interface.1.Stats.BytesSent")) > sent > 0
    cpe.boot()
    assert cpe.tree.value("Device.IP.Interface.1.Stats.BytesSent") == "0"


@pytest.mark.cwmp("H-26")
def test_tr098_counters_wrap_at_32_bits():
    clock = clock_at()
    cpe = make_cpe("R110", clock)
    cpe.boot()
    clock.advance(10**7)
    assert int(cpe.tree.value("InternetGatewayDevice.WANDevice.1.WANCommonInterfaceConfig.TotalBytesReceived")) < 2**32


@pytest.mark.cwmp("H-95", "H-97", "X-12", "L-84")
def test_optical_level_in_each_models_unit_with_a_little_noise():
    clock = clock_at()
    tr181, tr098 = make_cpe("ONT-4", clock, faults=("weak-signal",)), make_cpe("G8", clock, faults=("weak-signal",))
    levels = set()
    for _ in range(20):
        clock.advance(10)
        levels.add(int(tr181.tree.value("Device.Optical.Interface.1.OpticalSignalLevel")))
    assert all(-28_480 < level < -28_320 and level % 2 == 0 for level in levels)
    assert len(levels) > 3
    assert float(tr098.tree.value("InternetGatewayDevice.WANDevice.1.X_HEARTHLINE_GponInterfaceConfig.RXPower")) == pytest.approx(
        -28.4, abs=0.11
    )


def test_two_reads_within_a_session_agree():
    cpe = make_cpe()
    path = "Device.WiFi.AccessPoint.1.AssociatedDevice.1.SignalStrength"
    assert cpe.tree.value(path) == cpe.tree.value(path)


def test_status_follows_enable():
    cpe = make_cpe()
    assert cpe.tree.value("Device.WiFi.Radio.1.Status") == "Up"
    cpe.tree.put("Device.WiFi.Radio.1.Enable", "false")
    assert cpe.tree.value("Device.WiFi.Radio.1.Status") == "Down"


def test_hosts_look_like_a_home():
    cpe = make_cpe()
    names = [cpe.tree.value(f"Device.Hosts.Host.{row}.HostName") for row in cpe.tree.rows("Device.Hosts.Host.")]
    assert names[0] == "Living-room TV"
    for row, name in enumerate(names, 1):
        lower = cpe.tree.value(f"Device.Hosts.Host.{row}.AssociatedDevice")
        assert bool(lower) == (cpe.tree.value(f"Device.Hosts.Host.{row}.InterfaceType") == "Wi-Fi"), name
        if lower:
            assert cpe.tree.value(lower + ".MACAddress") == cpe.tree.value(f"Device.Hosts.Host.{row}.PhysAddress")


def test_unknown_word_in_a_profile_is_refused():
    with pytest.raises(ValueError, match="no such living value"):
        parse("=weather")
