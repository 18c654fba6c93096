"""Aliases and wildcards in parameter names."""

from __future__ import annotations

import pytest

from acs.cwmp.codec import decode
from acs.cwmp.messages import (
    AddObject,
    DeleteObject,
    GetParameterAttributes,
    GetParameterNames,
    GetParameterValues,
    SetParameterAttributes,
    SetParameterAttributesStruct,
    SetParameterValuesResponse,
)
from simulators import rpc
from simulators.session import Session
from tests.simulators.kit import make_cpe, set_values

PORTS = "Device.NAT.PortMapping."


def read(cpe, *names):
    return {item.name: item.value for item in rpc.answer(cpe, GetParameterValues(names)).parameter_list}


@pytest.mark.cwmp("K-20")
def test_support_is_told_in_every_inform():
    inform = decode(Session(make_cpe()).first()).message
    assert {item.name: item.value for item in inform.parameter_list}["Device.ManagementServer.AliasBasedAddressing"] == "true"


@pytest.mark.cwmp("K-21", "K-24", "C-76", "K-26")
def test_a_row_made_with_an_alias_is_found_by_it_and_by_its_number():
    cpe = make_cpe()
    number = rpc.answer(cpe, AddObject(PORTS + "[cam]", "")).code
    assert number == 9003  # no dot at the end
    made = rpc.answer(cpe, AddObject(PORTS + "[cam].", "k")).instance_number
    assert read(cpe, f"{PORTS}[cam].Alias") == {f"{PORTS}{made}.Alias": "cam"}
    assert isinstance(rpc.answer(cpe, set_values({f"{PORTS}[cam].Description": "Camera"})), SetParameterValuesResponse)
    assert cpe.tree.value(f"{PORTS}{made}.Description") == "Camera"
    assert rpc.answer(cpe, AddObject(PORTS + "[cam].", "k")).code == 9005
    assert rpc.answer(cpe, DeleteObject(PORTS + "[cam].", "k")).status == 0
    assert not cpe.tree.is_object(f"{PORTS}{made}.")
    assert rpc.answer(cpe, GetParameterValues((f"{PORTS}[cam].Alias",))).code == 9005


@pytest.mark.cwmp("K-22")
@pytest.mark.parametrize("alias", ["1st", "a" * 65, "-x"])
def test_an_alias_begins_with_a_letter_and_is_not_too_long(alias):
    assert rpc.answer(make_cpe(), AddObject(f"{PORTS}[{alias}].", "k")).code == 9005


@pytest.mark.cwmp("K-23")
def test_the_device_writes_aliases_when_told_to():
    cpe = make_cpe()
    cpe.tree.put("Device.ManagementServer.InstanceMode", "InstanceAlias")
    assert list(read(cpe, "Device.WiFi.SSID.1.SSID")) == ["Device.WiFi.SSID.[cpe-1].SSID"]
    listed = rpc.answer(cpe, GetParameterNames("Device.WiFi.SSID.[cpe-2].", True)).parameter_list
    assert "Device.WiFi.SSID.[cpe-2].SSID" in [info.name for info in listed]


@pytest.mark.cwmp("K-25", "C-34")
def test_unknown_aliases_are_created_only_when_asked_and_only_whole():
    cpe = make_cpe()
    wanted = {f"{PORTS}[web].ExternalPort": "80", f"{PORTS}[web].Description": "Web"}
    assert [fault.name for fault in rpc.answer(cpe, set_values(wanted)).parameters] == list(wanted)
    cpe.tree.put("Device.ManagementServer.AutoCreateInstances", "true")
    before = cpe.tree.rows(PORTS)
    refused = rpc.answer(cpe, set_values({**wanted, f"{PORTS}[web].ExternalPort": "many"}))
    assert [fault.name for fault in refused.parameters] == [f"{PORTS}[web].ExternalPort"]
    assert cpe.tree.rows(PORTS) == before
    assert isinstance(rpc.answer(cpe, set_values(wanted)), SetParameterValuesResponse)
    assert read(cpe, f"{PORTS}[web].Description").popitem()[1] == "Web"


@pytest.mark.cwmp("K-30", "C-46")
def test_a_star_stands_for_any_instance_in_questions_only():
    cpe = make_cpe()
    assert list(read(cpe, "Device.WiFi.SSID.*.SSID")) == [f"Device.WiFi.SSID.{n}.SSID" for n in cpe.tree.rows("Device.WiFi.SSID.")]
    names = [info.name for info in rpc.answer(cpe, GetParameterNames("Device.WiFi.Radio.*.Stats.", True)).parameter_list]
    assert {"Device.WiFi.Radio.1.Stats.BytesSent", "Device.WiFi.Radio.2.Stats.BytesSent"} <= set(names)
    assert len(rpc.answer(cpe, GetParameterAttributes(("Device.WiFi.SSID.*.Enable",))).parameter_list) > 1
    watch = SetParameterAttributes((SetParameterAttributesStruct("Device.WiFi.SSID.*.SSID", True, 1, False, ()),))
    assert rpc.answer(cpe, watch).code == 9005
    assert rpc.answer(cpe, set_values({"Device.WiFi.SSID.*.SSID": "x"})).code == 9003
    assert rpc.answer(cpe, GetParameterValues(("Device.Nonsense.*.SSID",))).code == 9005


@pytest.mark.cwmp("K-20", "K-30")
def test_a_model_without_either_refuses_both():
    cpe = make_cpe("R110")
    assert rpc.answer(cpe, GetParameterValues(("InternetGatewayDevice.LANDevice.*.Hosts.HostNumberOfEntries",))).code == 9005
    assert rpc.answer(cpe, GetParameterValues(("InternetGatewayDevice.LANDevice.[cpe-1].Hosts.HostNumberOfEntries",))).code == 9005
