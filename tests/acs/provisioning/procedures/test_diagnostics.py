"""The diagnoses on both data models: started in one call, awaited, judged by their state, and told alike."""

from datetime import timedelta

import pytest

from acs.cwmp.faults import CwmpFault, ParameterFault
from acs.cwmp.messages import (
    GetParameterNames,
    GetParameterValues,
    GetParameterValuesResponse,
    SetParameterValues,
    SetParameterValuesResponse,
)
from acs.provisioning.procedure import Done, Failed, Trigger, Wait
from acs.provisioning.procedures import diagnostics
from acs.provisioning.procedures.diagnostics import DIAGNOSES, ERRORS, throughput
from tests.acs.provisioning.scripted import NOW, Device, context, play

ROOTS = ("Device", "InternetGatewayDevice")
ARGS = {
    "ping": {"host": "192.0.2.1", "count": 4, "timeout_ms": 1000, "size": 64},
    "traceroute": {"host": "192.0.2.1", "timeout_ms": 1000, "max_hops": 30},
    "download_test": {"url": "http://speed/down"},
    "upload_test": {"url": "http://speed/up", "bytes": 1000},
    "nslookup": {"host": "example.net", "count": 1, "timeout_ms": 1000},
    "wifi_scan": {},
    "udp_echo": {"host": "192.0.2.1", "port": 7, "size": 64, "count": 4, "timeout_ms": 1000},
    "server_selection": {"hosts": ["a.example", "b.example"], "protocol": "ICMP", "count": 3, "timeout_ms": 1000},
    "line_test": {"interface": "Device.DSL.Channel.1"},
    "atm_loopback": {"interface": "Device.ATM.Link.1", "count": 2, "timeout_ms": 1000},
    "self_test": {},
}
SCAN_098 = "InternetGatewayDevice.LANDevice.1.X_FOO_NeighboringWiFiDiagnostic."


def start(name, device, root="Device", **given):
    return play(diagnostics.start(name)(context(root, args=ARGS[name], **given)), device)


def collect(name, path, values, root="Device", now=NOW, state="Complete", until=NOW + timedelta(minutes=5)):
    tree = {path + DIAGNOSES[name][root].state: state, **{path + column: value for column, value in values.items()}}
    memo = {"path": path, "until": until.isoformat()}
    return play(diagnostics.collect(name)(context(root, args=ARGS[name], memo=memo, now=now)), Device(tree))


# ---- start -----------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("G-2")
def test_a_ping_is_started_in_one_call():
    d = Device()
    outcome = start("ping", d)
    (request,) = d.asked_for(SetParameterValues)
    assert {v.name.removeprefix("Device.IP.Diagnostics.IPPing."): v.value for v in request.parameter_list} == {
        "Host": "192.0.2.1", "NumberOfRepetitions": "4", "Timeout": "1000", "DataBlockSize": "64", "DSCP": "0", "DiagnosticsState": "Requested",
    }  # fmt: skip
    assert (outcome.phase, outcome.on) == ("collect", {Trigger.DIAGNOSTICS})


@pytest.mark.cwmp("G-1", "G-2", "G-11")
@pytest.mark.parametrize(("name", "root"), [(name, root) for name, roots in DIAGNOSES.items() for root in roots])
def test_every_diagnosis_is_requested_last_and_waits_longer_than_it_lasts(name, root):
    d = Device({SCAN_098 + "DiagnosticsState": "None"})
    outcome = start(name, d, root)
    request = d.asked[-1]
    assert request.parameter_list[-1].name == outcome.memo["path"] + DIAGNOSES[name][root].state
    assert [v.value for v in request.parameter_list].count("Requested") == 1
    assert all(v.name.startswith(outcome.memo["path"]) and v.name.startswith(root + ".") for v in request.parameter_list)
    lasts = DIAGNOSES[name][root].lasts_s(ARGS[name])
    assert outcome.until > NOW + timedelta(seconds=lasts)


def test_a_throughput_test_without_an_address_uses_the_one_it_is_briefed_on():
    d = Device()
    play(diagnostics.start("download_test")(context(brief={"download_url": "http://ours/down"})), d)
    play(diagnostics.start("upload_test")(context(brief={"upload_url": "http://ours/up"}, args={"bytes": 5})), d)
    assert [request.parameter_list[0].value for request in d.asked] == ["http://ours/down", "http://ours/up"]


def test_inputs_a_device_does_not_know_are_left_out():
    path = "Device.IP.Diagnostics.IPPing."
    d = Device(refused={path + "DSCP": 9005})
    assert isinstance(start("ping", d), Wait)
    first, second = d.asked_for(SetParameterValues)
    assert {v.name for v in first.parameter_list} - {v.name for v in second.parameter_list} == {path + "DSCP"}


@pytest.mark.parametrize(
    "fault",
    [CwmpFault(9003, "", (ParameterFault("Device.IP.Diagnostics.IPPing.DiagnosticsState", 9005),)), CwmpFault(9003), CwmpFault(9001)],
)
def test_a_test_the_device_does_not_have_or_refuses_fails(fault):
    outcome = start("ping", Device(answers={SetParameterValues: fault}))
    assert isinstance(outcome, Failed)
    assert outcome.fault == fault


def test_the_wifi_scan_of_a_vendor_is_found_below_the_lan():
    d = Device({SCAN_098 + "DiagnosticsState": "None"})
    outcome = start("wifi_scan", d, "InternetGatewayDevice")
    assert d.asked[0] == GetParameterNames("InternetGatewayDevice.LANDevice.1.", True)
    assert outcome.memo["path"] == SCAN_098


@pytest.mark.parametrize("device", [Device(), Device({"InternetGatewayDevice.LANDevice.1.X": "1"})])
def test_a_gateway_without_a_wifi_scan_says_so(device):
    assert isinstance(start("wifi_scan", device, "InternetGatewayDevice"), Failed)


def test_a_data_model_we_know_no_test_for_says_so():
    d = Device()
    assert isinstance(start("ping", d, "Gateway"), Failed)
    assert d.asked == []


# ---- state -----------------------------------------------------------------------------------------------------

PING = "Device.IP.Diagnostics.IPPing."
PING_098 = "InternetGatewayDevice.IPPingDiagnostics."
PONG = {"SuccessCount": "3", "FailureCount": "1", "AverageResponseTime": "20", "MinimumResponseTime": "10", "MaximumResponseTime": "30"}


@pytest.mark.cwmp("L-83", "G-12")
@pytest.mark.parametrize(("path", "root"), [(PING, "Device"), (PING_098, "InternetGatewayDevice")])
@pytest.mark.parametrize("state", ["Complete", "Completed"])
def test_complete_and_completed_are_both_success_on_both_models(path, root, state):
    outcome = collect("ping", path, PONG, root, state=state)
    assert {k: outcome.result[k] for k in ("received", "lost", "average_ms", "minimum_ms", "maximum_ms")} == {
        "received": 3, "lost": 1, "average_ms": 20, "minimum_ms": 10, "maximum_ms": 30,
    }  # fmt: skip
    assert (outcome.result["target"], outcome.result["measured_at"]) == ("192.0.2.1", NOW.isoformat())


@pytest.mark.cwmp("G-12")
@pytest.mark.parametrize("state", [*ERRORS, "Error_SomethingNew"])
def test_every_error_is_a_failure_in_words(state):
    outcome = collect("ping", PING, {}, state=state)
    assert isinstance(outcome, Failed)
    assert outcome.result == {"state": state}
    assert outcome.text.endswith(".")


@pytest.mark.cwmp("G-12")
@pytest.mark.parametrize("state", ["None", "Canceled", "", "Nonsense"])
def test_any_other_state_means_the_test_was_lost(state):
    assert "lost" in collect("ping", PING, {}, state=state).text


@pytest.mark.cwmp("G-11", "D-51")
def test_a_test_that_still_runs_is_looked_at_again_until_its_time_is_over():
    until = NOW + timedelta(seconds=40)
    first = collect("ping", PING, {}, state="Requested", until=until)
    assert (type(first), first.until) == (Wait, NOW + timedelta(seconds=30))
    second = collect("ping", PING, {}, state="Requested", until=until, now=NOW + timedelta(seconds=30))
    assert second.until == until
    assert isinstance(collect("ping", PING, {}, state="Requested", until=until, now=until), Failed)


@pytest.mark.parametrize("answer", [CwmpFault(9005), GetParameterValuesResponse()])
def test_a_state_that_cannot_be_read_fails(answer):
    d = Device(answers={GetParameterValues: answer})
    assert isinstance(
        play(diagnostics.collect("ping")(context(args=ARGS["ping"], memo={"path": PING, "until": NOW.isoformat()})), d), Failed
    )


@pytest.mark.quirk("R-7")
def test_results_that_cannot_be_read_as_a_subtree_are_read_by_name():
    d = Device({PING + "DiagnosticsState": "Complete", **{PING + k: v for k, v in PONG.items()}}, partial=False)
    outcome = play(diagnostics.collect("ping")(context(args=ARGS["ping"], memo={"path": PING, "until": NOW.isoformat()})), d)
    assert outcome.result["received"] == 3


@pytest.mark.parametrize("text", ["", "many", "--5", "²", "9" * 5000])
def test_a_result_that_is_no_number_is_unknown(text):
    assert collect("ping", PING, {**PONG, "SuccessCount": text}).result["received"] is None


# ---- results ---------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("L-82", "G-21")
def test_a_trace_reads_the_same_from_both_models():
    old = {
        "ResponseTime": "30", "RouteHops.2.HopHost": "b", "RouteHops.2.HopHostAddress": "192.0.2.2", "RouteHops.2.HopErrorCode": "0",
        "RouteHops.2.HopRTTimes": "3, 4,x", "RouteHops.10.HopHost": "c", "RouteHops.1.HopHost": "a", "RouteHops.1.HopErrorCode": "11",
        "RouteHops.1.HopRTTimes": "",
    }  # fmt: skip
    new = {column.replace(".Hop", "."): value for column, value in old.items()}
    a = collect("traceroute", "InternetGatewayDevice.TraceRouteDiagnostics.", old, "InternetGatewayDevice").result
    b = collect("traceroute", "Device.IP.Diagnostics.TraceRoute.", new).result
    assert a == b
    assert a["total_ms"] == 30
    assert [(hop["host"], hop["error"], hop["times_ms"]) for hop in a["hops"]] == [("a", 11, []), ("b", 0, [3, 4]), ("c", None, [])]


@pytest.mark.cwmp("L-83", "G-24")
@pytest.mark.parametrize("counter", ["TestBytesReceived", "TotalBytesReceived"])
def test_throughput_is_that_of_the_vector(counter):
    values = {counter: "10485760", "BOMTime": "2026-03-01T09:00:02.300000Z", "EOMTime": "2026-03-01T09:00:12.500000Z"}
    assert collect("download_test", "Device.IP.Diagnostics.DownloadDiagnostics.", values).result["mbps"] == 8.224


@pytest.mark.cwmp("G-24", "G-23")
def test_an_upload_counts_its_test_bytes_before_the_total():
    values = {"TestBytesSent": "1000000", "TotalBytesSent": "9000000", "BOMTime": "2026-03-01T09:00:00Z", "EOMTime": "2026-03-01T09:00:08Z"}
    assert collect("upload_test", "InternetGatewayDevice.UploadDiagnostics.", values, "InternetGatewayDevice").result["mbps"] == 1.0


@pytest.mark.cwmp("G-24")
def test_connect_time_is_told_in_milliseconds():
    values = {"TCPOpenRequestTime": "2026-03-01T09:00:00.000100Z", "TCPOpenResponseTime": "2026-03-01T09:00:00.025100Z"}
    assert throughput(values, ())["connect_ms"] == 25.0


@pytest.mark.cwmp("G-24")
@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("2026-03-01T09:00:10Z", "2026-03-01T09:00:10Z"),
        ("2026-03-01T09:00:11Z", "2026-03-01T09:00:10Z"),
        ("0001-01-01T00:00:00Z", "2026-03-01T09:00:10Z"),
        ("", ""),
    ],
)
def test_times_that_make_no_sense_give_no_rate(begin, end):
    assert throughput({"TestBytesReceived": "1000", "BOMTime": begin, "EOMTime": end}, ("TestBytesReceived",))["mbps"] is None


@pytest.mark.cwmp("G-28")
@pytest.mark.parametrize(
    ("path", "root"),
    [("Device.DNS.Diagnostics.NSLookupDiagnostics.", "Device"), ("InternetGatewayDevice.NSLookupDiagnostics.", "InternetGatewayDevice")],
)
def test_a_name_lookup_tells_each_answer(path, root):
    values = {
        "SuccessCount": "1", "Result.1.Status": "Success", "Result.1.AnswerType": "NonAuthoritative", "Result.1.HostNameReturned": "example.net",
        "Result.1.IPAddresses": "192.0.2.1, 192.0.2.2", "Result.1.DNSServerIP": "192.0.2.53", "Result.1.ResponseTime": "12",
    }  # fmt: skip
    assert collect("nslookup", path, values, root).result["answers"] == [
        {
            "status": "Success", "answer": "NonAuthoritative", "name": "example.net", "addresses": ["192.0.2.1", "192.0.2.2"],
            "server": "192.0.2.53", "time_ms": 12,
        }
    ]  # fmt: skip


def test_wifi_neighbours_are_told_strongest_first():
    values = {
        "Result.1.SSID": "weak", "Result.1.SignalStrength": "-80", "Result.2.SSID": "strong", "Result.2.SignalStrength": "-40",
        "Result.2.Channel": "6", "Result.3.SSID": "unknown", "ResultNumberOfEntries": "3",
    }  # fmt: skip
    found = collect("wifi_scan", "Device.WiFi.NeighboringWiFiDiagnostic.", values).result["neighbours"]
    assert [n["ssid"] for n in found] == ["strong", "weak", "unknown"]
    assert found[0]["channel"] == 6


def test_a_test_that_was_started_while_another_ran_is_simply_requested_again():
    d = Device({PING + "DiagnosticsState": "Requested"}, answers={SetParameterValues: SetParameterValuesResponse(0)})
    assert isinstance(start("ping", d), Wait)


def test_every_diagnosis_ends_done_with_its_results_empty():
    for name in DIAGNOSES:
        assert isinstance(collect(name, "Device.X.", {}), Done)


# ---- echo by UDP, server selection, the line, self test ----------------------------------------------------------


@pytest.mark.cwmp("G-26", "G-15")
def test_an_echo_by_udp_tells_microseconds():
    path = "Device.IP.Diagnostics.UDPEchoDiagnostics."
    d = Device()
    start("udp_echo", d)
    assert {v.name.removeprefix(path): v.value for v in d.asked[0].parameter_list} == {
        "Host": "192.0.2.1", "Port": "7", "DataBlockSize": "64", "NumberOfRepetitions": "4", "Timeout": "1000", "DiagnosticsState": "Requested",
    }  # fmt: skip
    outcome = collect("udp_echo", path, {**PONG, "IPAddressUsed": "192.0.2.9"})
    assert (
        outcome.result.items()
        >= {"received": 3, "lost": 1, "average_us": 20, "minimum_us": 10, "maximum_us": 30, "address": "192.0.2.9"}.items()
    )


@pytest.mark.cwmp("G-27", "G-15")
def test_server_selection_names_the_fastest_of_the_list():
    path = "Device.IP.Diagnostics.ServerSelectionDiagnostics."
    d = Device()
    start("server_selection", d)
    assert (path + "HostList", "a.example,b.example") in {(v.name, v.value) for v in d.asked[0].parameter_list}
    outcome = collect("server_selection", path, {"FastestHost": "b.example", "AverageResponseTime": "900", "MinimumResponseTime": "800"})
    assert outcome.result.items() >= {"fastest": "b.example", "average_us": 900, "minimum_us": 800, "maximum_us": None}.items()


@pytest.mark.cwmp("G-26", "G-27")
@pytest.mark.parametrize("name", ["udp_echo", "server_selection"])
def test_what_tr_098_has_no_object_for_says_so(name):
    d = Device()
    assert isinstance(start(name, d, "InternetGatewayDevice"), Failed)
    assert d.asked == []


@pytest.mark.cwmp("G-31")
@pytest.mark.parametrize(
    ("root", "path", "state"),
    [
        ("Device", "Device.DSL.Diagnostics.ADSLLineTest.", "DiagnosticsState"),
        ("InternetGatewayDevice", "InternetGatewayDevice.WANDevice.1.WANDSLDiagnostics.", "LoopDiagnosticsState"),
    ],
)
def test_a_line_test_waits_out_the_new_synchronisation_and_keeps_what_was_measured(root, path, state):
    d = Device()
    outcome = start("line_test", d, root)
    assert (d.asked[0].parameter_list[-1].name, outcome.until) == (path + state, NOW + timedelta(seconds=315))
    result = collect("line_test", path, {"SNRpsds": "1,2,3", "LATNpbds": "65"}, root).result
    assert result["measured"] == {"LATNpbds": "65", "SNRpsds": "1,2,3"}


@pytest.mark.cwmp("G-32")
def test_an_atm_loopback_names_its_interface_only_where_the_model_has_one():
    d, igd = Device(), Device()
    start("atm_loopback", d)
    start("atm_loopback", igd, "InternetGatewayDevice")
    assert ("Device.ATM.Diagnostics.F5Loopback.Interface", "Device.ATM.Link.1") in {(v.name, v.value) for v in d.asked[0].parameter_list}
    assert not [v.name for v in igd.asked[0].parameter_list if v.name.endswith("Interface")]
    outcome = collect("atm_loopback", "Device.ATM.Diagnostics.F5Loopback.", PONG)
    assert outcome.result.items() >= {"received": 3, "lost": 1, "average_ms": 20}.items()


@pytest.mark.cwmp("G-33")
@pytest.mark.parametrize("root", ROOTS)
def test_a_self_test_tells_what_the_device_wrote(root):
    assert collect("self_test", f"{root}.SelfTestDiagnostics.", {"Results": "flash ok"}, root).result["text"] == "flash ok"
