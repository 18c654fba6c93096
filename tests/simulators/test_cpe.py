"""Events, notification and what an Inform carries."""

from __future__ import annotations

import pytest

from acs.cwmp.messages import AddObject, SetParameterAttributes, SetParameterAttributesStruct
from simulators import rpc
from tests.simulators.kit import clock_at, make_cpe, set_values

SSID = "Device.WiFi.SSID.1.SSID"


def codes(cpe):
    return [event.event_code for event in cpe.inform().event]


def names(cpe):
    return [value.name for value in cpe.inform().parameter_list]


def watch(cpe, path, level):
    rpc.answer(cpe, SetParameterAttributes((SetParameterAttributesStruct(path, True, level, False, ()),)))


@pytest.mark.cwmp("D-60", "D-61", "D-66", "L-90")
def test_every_inform_carries_the_forced_parameters_once():
    assert names(make_cpe("G240")) == [
        "Device.RootDataModelVersion", "Device.DeviceInfo.HardwareVersion", "Device.DeviceInfo.SoftwareVersion",
        "Device.DeviceInfo.ProvisioningCode", "Device.ManagementServer.ParameterKey", "Device.ManagementServer.ConnectionRequestURL",
        "Device.ManagementServer.AliasBasedAddressing",
    ]  # fmt: skip
    dhcp, ppp = names(make_cpe("R110")), names(make_cpe("Halden G8"))
    assert "InternetGatewayDevice.DeviceSummary" in dhcp
    assert "InternetGatewayDevice.DeviceInfo.SpecVersion" in dhcp
    assert dhcp[-1] == "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.ExternalIPAddress"
    assert ppp[-1] == "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANPPPConnection.1.ExternalIPAddress"


@pytest.mark.cwmp("D-1", "D-3", "A-99")
def test_identity_agrees_with_the_tree_and_the_login():
    cpe = make_cpe("Halden ONT-4", number=7)
    device = cpe.inform().device_id
    assert (device.oui, device.product_class, device.serial_number) == ("02B7D3", "ONT-4", "HLDN00000007")
    assert cpe.tree.value("Device.DeviceInfo.ManufacturerOUI") == device.oui
    assert cpe.tree.value("Device.DeviceInfo.SerialNumber") == device.serial_number
    assert cpe.setting("Username") == "02B7D3-ONT%2D4-HLDN00000007"


@pytest.mark.cwmp("D-20", "D-46", "L-91")
def test_bootstrap_drops_what_else_was_waiting():
    cpe = make_cpe()
    cpe.add_event("6 CONNECTION REQUEST")
    cpe.changed[SSID] = None
    cpe.boot(first=True)
    assert codes(cpe) == ["0 BOOTSTRAP", "1 BOOT"]


@pytest.mark.cwmp("D-7")
def test_single_events_come_once_and_m_events_once_per_key():
    cpe = make_cpe()
    for code, key in (("2 PERIODIC", ""), ("2 PERIODIC", ""), ("M Reboot", "a"), ("M Reboot", "b"), ("M Reboot", "a")):
        cpe.add_event(code, key)
    assert codes(cpe) == ["2 PERIODIC", "M Reboot", "M Reboot"]


@pytest.mark.cwmp("D-21", "D-24", "D-35", "C-142")
def test_a_boot_keeps_what_must_be_kept():
    cpe = make_cpe()
    for code in ("2 PERIODIC", "8 DIAGNOSTICS COMPLETE", "6 CONNECTION REQUEST"):
        cpe.add_event(code)
    cpe.add_event("M Reboot", "r7")
    cpe.boot()
    assert [(e.event_code, e.command_key) for e in cpe.inform().event] == [("M Reboot", "r7"), ("1 BOOT", "")]


@pytest.mark.cwmp("C-62", "D-63", "D-64", "K-40")
def test_passive_change_waits_for_the_next_inform_active_calls_for_one():
    cpe = make_cpe()
    watch(cpe, SSID, 1)
    assert cpe.change(SSID, "Passive") is False
    assert not cpe.has_news
    watch(cpe, SSID, 2)
    assert cpe.change(SSID, "Active") is True
    assert cpe.has_news
    inform = cpe.inform()
    assert [event.event_code for event in inform.event] == ["4 VALUE CHANGE"]
    assert (inform.parameter_list[-1].name, inform.parameter_list[-1].value) == (SSID, "Active")
    cpe.acknowledged()
    assert not cpe.has_news


@pytest.mark.cwmp("K-42")
def test_passive_counter_is_reported_when_it_moved():
    clock = clock_at()
    cpe = make_cpe(clock=clock)
    cpe.boot()
    path = "Device.IP.Interface.1.Stats.BytesSent"
    watch(cpe, path, 1)
    assert path not in names(cpe)
    clock.advance(60)
    assert path in names(cpe)
    cpe.acknowledged()
    assert path not in names(cpe)


@pytest.mark.cwmp("D-65", "L-94")
def test_inform_parameter_rows_add_to_informs_of_their_events():
    cpe = make_cpe()
    table = "Device.ManagementServer.InformParameter."
    row = f"{table}{rpc.answer(cpe, AddObject(table)).instance_number}."
    rpc.answer(
        cpe, set_values({row + "ParameterName": "Device.WiFi.Radio.*.Channel", row + "EventList": "2 PERIODIC", row + "Enable": "1"})
    )
    cpe.add_event("2 PERIODIC")
    assert {"Device.WiFi.Radio.1.Channel", "Device.WiFi.Radio.2.Channel"} <= set(names(cpe))
    cpe.acknowledged()
    cpe.add_event("1 BOOT")
    assert "Device.WiFi.Radio.1.Channel" not in names(cpe)


@pytest.mark.cwmp("D-26", "A-66")
def test_failed_session_counts_and_forgets_the_connection_request():
    cpe = make_cpe()
    cpe.add_event("6 CONNECTION REQUEST")
    cpe.add_event("2 PERIODIC")
    cpe.failed()
    assert cpe.retry_count == 1
    assert codes(cpe) == ["2 PERIODIC"]


@pytest.mark.cwmp("C-143", "L-52", "C-69")
def test_factory_reset_leaves_nothing_of_the_acs():
    cpe = make_cpe()
    rpc.answer(cpe, set_values({SSID: "New", "Device.ManagementServer.Password": "own"}, "key"))
    watch(cpe, SSID, 2)
    rpc.answer(cpe, AddObject("Device.NAT.PortMapping."))
    cpe.factory_reset()
    assert cpe.tree.value(SSID) != "New"
    assert cpe.setting("Password") == "onboarding"
    assert cpe.setting("ParameterKey") == ""
    assert cpe.notification(SSID) == 0
    assert cpe.tree.rows("Device.NAT.PortMapping.") == [1]


def test_state_outlives_a_restart():
    cpe = make_cpe()
    rpc.answer(cpe, set_values({SSID: "Kept"}, "key"))
    rpc.answer(cpe, AddObject("Device.NAT.PortMapping.", "key2"))
    cpe.facts.version = "9.9.9"
    cpe.add_event("M Reboot", "r1")
    again = make_cpe()
    again.from_json(cpe.to_json())
    assert again.tree.value(SSID) == "Kept"
    assert again.setting("ParameterKey") == "key2"
    assert again.tree.rows("Device.NAT.PortMapping.") == [1, 2]
    assert again.tree.value("Device.DeviceInfo.SoftwareVersion") == "9.9.9"
    assert again.pending[0].command_key == "r1"
