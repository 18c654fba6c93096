"""Diagnoses take time, go through DiagnosticsState and end with event 8."""

from __future__ import annotations

import pytest

from datamodels.check import check
from tests.simulators.kit import ScriptedAcs, make_device, pass_time, set_values

PING = "Device.IP.Diagnostics.IPPing."
TRACE = "Device.IP.Diagnostics.TraceRoute."
OLD = "InternetGatewayDevice."


def run(inputs, place, seconds, model="G240", **given):
    """A device that was asked for one diagnosis, some time later."""
    acs = ScriptedAcs(
        questions=[set_values({**{place + leaf: text for leaf, text in inputs.items()}, place + "DiagnosticsState": "Requested"})]
    )
    device, clock = make_device(acs, model, **given)
    device.start(0)
    pass_time(clock, seconds)
    return acs, device, clock


def results_are_legal(device, place):
    for path in device.cpe.tree.under(place):
        assert check(device.cpe.tree.leaf(path).entry, device.value(path), writing=False) is None, path


@pytest.mark.cwmp("G-2", "G-3", "G-4", "G-15", "L-80", "D-28")
def test_ping_takes_its_time_and_reports():
    acs, device, clock = run({"Host": "example.com", "NumberOfRepetitions": "4"}, PING, 0.5)
    assert device.value(PING + "DiagnosticsState") == "Requested"
    assert len(acs.informs) == 1
    pass_time(clock, 5)
    assert acs.events() == ["8 DIAGNOSTICS COMPLETE"]
    assert device.value(PING + "DiagnosticsState") == "Complete"
    assert int(device.value(PING + "SuccessCount")) + int(device.value(PING + "FailureCount")) == 4
    low, mean, high = (int(device.value(f"{PING}{word}ResponseTime")) for word in ("Minimum", "Average", "Maximum"))
    assert 0 < low <= mean <= high
    assert int(device.value(PING + "AverageResponseTimeDetailed")) // 1000 in range(mean - 1, mean + 2)
    results_are_legal(device, PING)


@pytest.mark.cwmp("G-4", "L-81")
def test_name_that_does_not_resolve_is_an_error_with_event_8():
    acs, device, _ = run({"Host": "no-such-host.invalid"}, PING, 1)
    assert device.value(PING + "DiagnosticsState") == "Error_CannotResolveHostName"
    assert acs.events() == ["8 DIAGNOSTICS COMPLETE"]


@pytest.mark.cwmp("G-6", "L-81")
def test_new_input_stops_a_running_ping_without_event():
    acs, device, clock = run({"Host": "example.com", "NumberOfRepetitions": "20"}, PING, 1)
    acs.questions.append(set_values({PING + "Host": "example.org"}))
    device.trigger("2 PERIODIC")
    assert device.value(PING + "DiagnosticsState") == "None"
    pass_time(clock, 30, 0.5)
    assert "8 DIAGNOSTICS COMPLETE" not in acs.events()
    assert not device.diagnostics.running


@pytest.mark.cwmp("G-7", "G-9")
def test_two_at_once_each_end_and_one_asked_again_starts_anew():
    acs, device, clock = run({"Host": "example.com", "NumberOfRepetitions": "10"}, PING, 1)
    acs.questions.append(
        set_values({PING + "DiagnosticsState": "Requested", TRACE + "Host": "example.com", TRACE + "DiagnosticsState": "Requested"})
    )
    device.trigger("2 PERIODIC")
    pass_time(clock, 30)
    assert device.value(PING + "DiagnosticsState") == "Complete"
    assert device.value(TRACE + "DiagnosticsState") == "Complete"
    assert [event for n in range(len(acs.informs)) for event in acs.events(n)].count("8 DIAGNOSTICS COMPLETE") == 2


@pytest.mark.cwmp("G-5", "D-50")
def test_reboot_forgets_a_running_and_a_finished_diagnosis():
    _, device, clock = run({"Host": "example.com"}, PING, 5)
    device.power_cut()
    pass_time(clock, 3)
    assert device.value(PING + "DiagnosticsState") == "None"


@pytest.mark.cwmp("G-20", "L-82")
def test_tr098_ping_and_trace_have_their_own_names():
    _, device, _ = run({"Host": "example.com"}, OLD + "IPPingDiagnostics.", 5, "R110")
    assert device.value(OLD + "IPPingDiagnostics.SuccessCount") == "3"
    acs, device, _ = run({"Host": "example.com"}, OLD + "TraceRouteDiagnostics.", 10, "R110")
    count = int(device.value(OLD + "TraceRouteDiagnostics.RouteHopsNumberOfEntries"))
    assert count >= 3
    assert device.value(f"{OLD}TraceRouteDiagnostics.RouteHops.{count}.HopHost")
    assert len(device.value(f"{OLD}TraceRouteDiagnostics.RouteHops.1.HopRTTimes").split(",")) == 3
    results_are_legal(device, OLD + "TraceRouteDiagnostics.")
    assert acs.events() == ["8 DIAGNOSTICS COMPLETE"]


@pytest.mark.cwmp("G-21")
def test_trace_that_needs_more_hops_than_allowed_says_so():
    _, device, _ = run({"Host": "example.com", "MaxHopCount": "2"}, TRACE, 10)
    assert device.value(TRACE + "DiagnosticsState") == "Error_MaxHopCountExceeded"
    assert device.value(TRACE + "RouteHopsNumberOfEntries") == "2"


@pytest.mark.cwmp("G-28")
@pytest.mark.parametrize(
    ("model", "place"), [("G240", "Device.DNS.Diagnostics.NSLookupDiagnostics."), ("R110", OLD + "NSLookupDiagnostics.")]
)
def test_name_lookup_has_a_row_per_repetition(model, place):
    _, device, _ = run({"HostName": "example.com", "NumberOfRepetitions": "3"}, place, 3, model)
    assert device.value(place + "DiagnosticsState") == "Complete"
    assert device.value(place + "SuccessCount") == "3"
    assert device.value(place + "Result.2.Status") == "Success"
    assert device.value(place + "Result.2.IPAddresses").startswith("198.51.100.")
    results_are_legal(device, place)


@pytest.mark.cwmp("G-28")
def test_lookup_with_a_dead_server_and_of_an_unknown_name():
    place = "Device.DNS.Diagnostics.NSLookupDiagnostics."
    _, device, _ = run({"HostName": "example.com", "Timeout": "500"}, place, 3, faults=("bad-dns",))
    assert device.value(place + "Result.1.Status") == "Error_DNSServerNotAvailable"
    _, device, _ = run({"HostName": "x.invalid"}, place, 3)
    assert device.value(place + "Result.1.Status") == "Error_HostNameNotResolved"
    assert device.value(place + "SuccessCount") == "0"


@pytest.mark.cwmp("G-29")
@pytest.mark.parametrize(
    ("model", "place"),
    [("G240", "Device.WiFi.NeighboringWiFiDiagnostic."), ("R110", OLD + "LANDevice.1.X_HEARTHLINE_NeighboringWiFiDiagnostic.")],
)
def test_scan_finds_the_neighbours_and_again_from_row_one(model, place):
    acs, device, clock = run({}, place, 7, model)
    assert device.value(place + "DiagnosticsState") == "Complete"
    found = int(device.value(place + "ResultNumberOfEntries"))
    assert 2 <= found <= len(device.cpe.facts.neighbours)
    assert -100 < int(device.value(place + "Result.1.SignalStrength")) < -30
    assert device.value(place + "Result.1.OperatingFrequencyBand") in ("2.4GHz", "5GHz")
    results_are_legal(device, place)
    acs.questions.append(set_values({place + "DiagnosticsState": "Requested"}))
    device.trigger("2 PERIODIC")
    pass_time(clock, 7)
    assert device.value(place + "Result.1.SSID")


def test_weak_signal_and_packet_loss_show_in_a_ping():
    _, device, _ = run({"Host": "example.com", "NumberOfRepetitions": "40"}, PING, 60, faults=("packet-loss",))
    assert 3 < int(device.value(PING + "FailureCount")) < 25


ECHO = "Device.IP.Diagnostics.UDPEchoDiagnostics."
SELECTION = "Device.IP.Diagnostics.ServerSelectionDiagnostics."


@pytest.mark.cwmp("G-26", "G-15")
def test_udp_echo_counts_and_tells_microseconds():
    acs, device, _ = run({"Host": "example.com", "NumberOfRepetitions": "4"}, ECHO, 5)
    assert acs.events() == ["8 DIAGNOSTICS COMPLETE"]
    assert (device.value(ECHO + "SuccessCount"), device.value(ECHO + "FailureCount")) == ("4", "0")
    low, mean, high = (int(device.value(f"{ECHO}{word}ResponseTime")) for word in ("Minimum", "Average", "Maximum"))
    assert 400 <= low <= mean <= high
    results_are_legal(device, ECHO)


@pytest.mark.cwmp("G-27")
def test_server_selection_finds_the_nearest_and_says_so_where_none_answers():
    _, device, _ = run({"HostList": "240.0.0.1,192.168.1.10,nobody.invalid", "Timeout": "100"}, SELECTION, 5)
    assert (device.value(SELECTION + "DiagnosticsState"), device.value(SELECTION + "FastestHost")) == ("Complete", "192.168.1.10")
    results_are_legal(device, SELECTION)
    _, device, _ = run({"HostList": "240.0.0.1", "Timeout": "100"}, SELECTION, 5)
    assert device.value(SELECTION + "DiagnosticsState").startswith("Error_")


@pytest.mark.cwmp("G-33")
def test_self_test_tells_what_is_the_matter():
    place = "Device.SelfTestDiagnostics."
    acs, device, _ = run({}, place, 5)
    assert (device.value(place + "DiagnosticsState"), acs.events()) == ("Complete", ["8 DIAGNOSTICS COMPLETE"])
    assert "flash ok" in device.value(place + "Results")
