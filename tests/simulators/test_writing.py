"""SetParameterValues: all or nothing, with the right fault for each bad value, and what follows from a write."""

from __future__ import annotations

import pytest

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import AddObject, ParameterValueStruct, SetParameterValues, SetParameterValuesResponse
from simulators import rpc
from tests.simulators.kit import make_cpe, set_values

SSID = "Device.WiFi.SSID.1.SSID"
CHANNEL = "Device.WiFi.Radio.1.Channel"
PING = "Device.IP.Diagnostics.IPPing."
DONE = SetParameterValuesResponse(0)


def details(answer):
    assert isinstance(answer, CwmpFault)
    return answer.code, {fault.name: fault.code for fault in answer.parameters}


@pytest.mark.cwmp("C-22", "C-29", "C-31", "B-85", "L-34")
def test_one_bad_value_refuses_all_and_each_bad_one_is_named():
    cpe = make_cpe()
    before = cpe.tree.value(SSID)
    values = {
        SSID: "New", "Device.Nonsense": "1", "Device.DHCPv4.Server.Pool.1.LeaseTime": "soon", CHANNEL: "99",
        "Device.DeviceInfo.UpTime": "5", "Device.WiFi.Radio.1.OperatingFrequencyBand": "7GHz", "Device.WiFi.": "x",
    }  # fmt: skip
    code, faults = details(rpc.answer(cpe, set_values(values, "key")))
    assert code == 9003
    assert faults == {
        "Device.Nonsense": 9005, "Device.DHCPv4.Server.Pool.1.LeaseTime": 9006, "Device.DeviceInfo.UpTime": 9008, "Device.WiFi.": 9005,
        CHANNEL: 9007, "Device.WiFi.Radio.1.OperatingFrequencyBand": 9007,
    }  # fmt: skip
    assert cpe.tree.value(SSID) == before
    assert cpe.setting("ParameterKey") == ""


@pytest.mark.cwmp("C-31", "B-62")
def test_value_outside_its_list_or_range_is_9007():
    cpe = make_cpe()
    for name, text in (
        (CHANNEL, "14"),
        ("Device.WiFi.AccessPoint.1.Security.ModeEnabled", "WPA9"),
        (PING + "DSCP", "64"),
        (PING + "NumberOfRepetitions", "0"),
    ):
        assert details(rpc.answer(cpe, set_values({name: text}))) == (9003, {name: 9007})


@pytest.mark.cwmp("C-24", "L-35")
def test_a_name_listed_twice_refuses_the_call():
    cpe = make_cpe()
    twice = SetParameterValues((ParameterValueStruct(SSID, "A", "string"), ParameterValueStruct(SSID, "B", "string")), "")
    assert details(rpc.answer(cpe, twice)) == (9003, {})


@pytest.mark.cwmp("B-52", "B-56", "L-36")
def test_booleans_in_all_four_spellings_and_a_type_judged_by_its_text():
    cpe = make_cpe()
    path = "Device.WiFi.SSID.3.Enable"
    for text, kept in (("1", "true"), ("0", "false"), ("true", "true"), ("false", "false")):
        assert rpc.answer(cpe, SetParameterValues((ParameterValueStruct(path, text, "string"),), "")) == DONE
        assert cpe.tree.value(path) == kept
    assert details(rpc.answer(cpe, set_values({path: "TRUE"}))) == (9003, {path: 9006})


@pytest.mark.cwmp("C-26", "C-29")
def test_empty_list_takes_over_the_key():
    cpe = make_cpe()
    assert rpc.answer(cpe, set_values({}, "hash")) == DONE
    assert cpe.setting("ParameterKey") == "hash"


@pytest.mark.cwmp("C-30")
def test_what_the_acs_sets_is_no_change_to_notify():
    cpe = make_cpe()
    cpe.notifications[SSID] = 2
    rpc.answer(cpe, set_values({SSID: "New"}))
    assert not cpe.changed
    assert not cpe.has_news


@pytest.mark.cwmp("C-83", "L-87")
def test_enabling_a_second_row_with_the_same_key_is_refused():
    cpe = make_cpe()
    row = f"Device.NAT.PortMapping.{rpc.answer(cpe, AddObject('Device.NAT.PortMapping.')).instance_number}."
    twin = {row + "ExternalPort": "32400", row + "Protocol": "TCP", row + "InternalClient": "192.168.1.30", row + "InternalPort": "80"}
    assert rpc.answer(cpe, set_values(twin)) == DONE
    assert details(rpc.answer(cpe, set_values({row + "Enable": "true"})))[0] == 9003
    assert rpc.answer(cpe, set_values({row + "Enable": "true", row + "Protocol": "UDP"})) == DONE
    assert cpe.tree.value(row + "Status") == "Enabled"


@pytest.mark.cwmp("H-43")
def test_writing_a_channel_ends_automatic_choice_and_automatic_choice_takes_a_quiet_one():
    cpe = make_cpe(faults=("crowded-channel",))
    auto = "Device.WiFi.Radio.1.AutoChannelEnable"
    assert cpe.tree.value(CHANNEL) == "1"
    rpc.answer(cpe, set_values({auto: "1"}))
    assert cpe.tree.value(CHANNEL) in ("6", "11")
    rpc.answer(cpe, set_values({CHANNEL: "3"}))
    assert cpe.tree.value(auto) == "false"


@pytest.mark.cwmp("H-36")
def test_tr098_passphrase_has_two_names():
    cpe = make_cpe("R110")
    radio = "InternetGatewayDevice.LANDevice.1.WLANConfiguration.1."
    rpc.answer(cpe, set_values({radio + "PreSharedKey.1.KeyPassphrase": "correct horse"}))
    assert cpe.tree.value(radio + "KeyPassphrase") == "correct horse"
    rpc.answer(cpe, set_values({radio + "KeyPassphrase": "battery staple"}))
    assert cpe.tree.value(radio + "PreSharedKey.1.KeyPassphrase") == "battery staple"


@pytest.mark.cwmp("G-1", "G-3", "G-6", "G-8")
def test_diagnostics_state_takes_requested_only_and_inputs_reset_it():
    cpe = make_cpe()
    assert details(rpc.answer(cpe, set_values({PING + "DiagnosticsState": "Complete"}))) == (9003, {PING + "DiagnosticsState": 9007})
    assert rpc.answer(cpe, set_values({PING + "Host": "example.com", PING + "DiagnosticsState": "Requested"})) == DONE
    assert cpe.tree.value(PING + "DiagnosticsState") == "Requested"
    assert list(cpe.to_start) == [PING]
    rpc.answer(cpe, set_values({PING + "Host": "example.org"}))
    assert cpe.tree.value(PING + "DiagnosticsState") == "None"
    assert not cpe.to_start
    rpc.answer(cpe, set_values({PING + "DiagnosticsState": "Requested"}))
    rpc.answer(cpe, set_values({PING + "DiagnosticsState": "Canceled"}))
    assert cpe.tree.value(PING + "DiagnosticsState") == "None"


@pytest.mark.cwmp("G-8")
def test_canceled_is_refused_where_the_model_does_not_list_it():
    cpe = make_cpe("R110")
    state = "InternetGatewayDevice.IPPingDiagnostics.DiagnosticsState"
    assert details(rpc.answer(cpe, set_values({state: "Canceled"}))) == (9003, {state: 9007})


@pytest.mark.cwmp("G-14")
def test_diagnosis_over_an_interface_that_is_not_there_is_refused():
    cpe = make_cpe()
    assert details(rpc.answer(cpe, set_values({PING + "Interface": "Device.IP.Interface.9"}))) == (9003, {PING + "Interface": 9007})
    assert rpc.answer(cpe, set_values({PING + "Interface": "Device.IP.Interface.1"})) == DONE


@pytest.mark.cwmp("H-118")
def test_boot_image_must_be_available():
    cpe = make_cpe()
    path = "Device.DeviceInfo.BootFirmwareImage"
    assert details(rpc.answer(cpe, set_values({path: "Device.DeviceInfo.FirmwareImage.2"}))) == (9003, {path: 9007})


@pytest.mark.cwmp("H-16")
def test_reset_reads_false_after_it_was_set():
    cpe = make_cpe()
    assert rpc.answer(cpe, set_values({"Device.PPP.Interface.1.Reset": "true"})) == DONE
    assert cpe.tree.value("Device.PPP.Interface.1.Reset") == "false"


@pytest.mark.cwmp("B-64")
def test_a_reference_must_lead_somewhere_and_may_begin_with_a_dot():
    cpe = make_cpe()
    path = "Device.NAT.PortMapping.1.Interface"
    assert details(rpc.answer(cpe, set_values({path: "Device.IP.Interface.99"}))) == (9003, {path: 9007})
    assert rpc.answer(cpe, set_values({path: ".IP.Interface.1"})).status == 0
    assert rpc.answer(cpe, set_values({path: ""})).status == 0


@pytest.mark.cwmp("D-65", "L-94")
def test_what_every_inform_has_cannot_be_asked_for_again():
    cpe = make_cpe()
    row = f"Device.ManagementServer.InformParameter.{cpe.tree.add_row('Device.ManagementServer.InformParameter.')}."
    assert list(details(rpc.answer(cpe, set_values({row + "ParameterName": "Device.DeviceInfo.SoftwareVersion"})))[1].values()) == [
        9007
    ]
    assert list(details(rpc.answer(cpe, set_values({row + "EventList": "1 BOOT,4 VALUE CHANGE"})))[1].values()) == [9007]
    assert rpc.answer(cpe, set_values({row + "ParameterName": "Device.DeviceInfo.UpTime", row + "EventList": "2 PERIODIC"})).status == 0


@pytest.mark.cwmp("F-3")
def test_without_connection_requests_by_http_there_is_no_url():
    cpe = make_cpe()
    url = cpe.setting("ConnectionRequestURL")
    rpc.answer(cpe, set_values({"Device.ManagementServer.HTTPConnectionRequestEnable": "false"}))
    assert cpe.setting("ConnectionRequestURL") == ""
    rpc.answer(cpe, set_values({"Device.ManagementServer.HTTPConnectionRequestEnable": "true"}))
    assert cpe.setting("ConnectionRequestURL") == url != ""


@pytest.mark.cwmp("A-13")
def test_only_supported_codings_can_be_chosen():
    cpe = make_cpe()
    assert list(details(rpc.answer(cpe, set_values({"Device.ManagementServer.HTTPCompression": "Compress"})))[1].values()) == [9007]
    assert rpc.answer(cpe, set_values({"Device.ManagementServer.HTTPCompression": "GZIP"})).status == 0
