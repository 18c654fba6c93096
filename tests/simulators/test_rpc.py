"""Every RPC of an ACS, answered as the conformance list says."""

from __future__ import annotations

import pytest

from acs.cwmp.codec import UnknownRpc
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    AddObject,
    AddObjectResponse,
    DeleteObject,
    DeleteObjectResponse,
    Download,
    DownloadResponse,
    FactoryReset,
    GetParameterAttributes,
    GetParameterNames,
    GetParameterValues,
    GetRPCMethods,
    Reboot,
    SetParameterAttributes,
    SetParameterAttributesResponse,
    SetParameterAttributesStruct,
    SetParameterValuesResponse,
    Upload,
)
from acs.cwmp.times import UNKNOWN_TIME
from simulators import rpc, transfer_queue
from simulators.profile import profiles
from tests.simulators.kit import START, make_cpe, set_values

PORTS = "Device.NAT.PortMapping."


def names(cpe, path, next_level):
    return [info.name for info in rpc.answer(cpe, GetParameterNames(path, next_level)).parameter_list]


def code(answer):
    assert isinstance(answer, CwmpFault)
    return answer.code


@pytest.mark.cwmp("C-10", "C-11", "C-1")
def test_methods_are_listed_by_bare_name():
    listed = rpc.answer(make_cpe(), GetRPCMethods()).method_list
    assert {"GetRPCMethods", "SetParameterValues", "GetParameterNames", "AddObject", "Reboot", "FactoryReset", "Download", "Upload"} <= set(
        listed
    )
    assert not any(name.endswith("Response") for name in listed)


@pytest.mark.cwmp("B-88", "L-56", "X-5")
def test_unknown_rpc_is_9000():
    assert code(rpc.answer(make_cpe(), UnknownRpc("ScheduleUpload"))) == 9000


@pytest.mark.cwmp("C-40", "C-41")
def test_partial_path_reads_everything_below_and_the_empty_path_all():
    cpe = make_cpe()
    got = rpc.answer(cpe, GetParameterValues(("Device.DeviceInfo.MemoryStatus.",))).parameter_list
    assert {value.name.rpartition(".")[2] for value in got} == {"Total", "Free", "TotalPersistent", "FreePersistent"}
    assert {value.type for value in got} == {"unsignedInt"}
    assert len(rpc.answer(cpe, GetParameterValues(("",))).parameter_list) == len(cpe.tree.under(""))


@pytest.mark.cwmp("C-42", "C-44", "L-46")
def test_empty_table_is_no_error_and_an_unknown_name_refuses_the_whole_call():
    cpe = make_cpe()
    assert rpc.answer(cpe, GetParameterValues(("Device.DHCPv4.Server.Pool.1.StaticAddress.",))).parameter_list == ()
    assert code(rpc.answer(cpe, GetParameterValues(("Device.DeviceInfo.UpTime", "Device.DeviceInfo.Nonsense")))) == 9005
    assert code(rpc.answer(cpe, GetParameterValues(("Device.Nonsense.",)))) == 9005


@pytest.mark.cwmp("C-47", "B-69")
def test_hidden_values_read_empty_though_the_device_knows_them():
    cpe = make_cpe()
    path = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
    assert cpe.tree.value(path)
    assert rpc.answer(cpe, GetParameterValues((path,))).parameter_list[0].value == ""


@pytest.mark.cwmp("C-51", "C-52", "L-45")
def test_names_with_next_level_are_the_children_without_it_everything():
    cpe = make_cpe()
    listed = names(cpe, "Device.DeviceInfo.", True)
    assert "Device.DeviceInfo.SoftwareVersion" in listed
    assert "Device.DeviceInfo.MemoryStatus." in listed
    assert "Device.DeviceInfo." not in listed
    assert "Device.DeviceInfo.MemoryStatus.Total" not in listed
    everything = names(cpe, "Device.DeviceInfo.", False)
    assert everything[0] == "Device.DeviceInfo."
    assert "Device.DeviceInfo.MemoryStatus.Total" in everything


@pytest.mark.cwmp("C-53", "L-45")
@pytest.mark.parametrize(("model", "root"), [("G240", "Device."), ("R110", "InternetGatewayDevice.")])
def test_names_of_the_empty_path_are_the_root_alone(model, root):
    assert names(make_cpe(model), "", True) == [root]
    assert names(make_cpe(model), "", False)[0] == root


@pytest.mark.cwmp("C-54", "K-14")
def test_writable_of_a_table_and_of_a_row_means_add_and_delete():
    cpe = make_cpe()
    writable = {info.name: info.writable for info in rpc.answer(cpe, GetParameterNames("Device.", False)).parameter_list}
    assert writable[PORTS]
    assert writable[PORTS + "1."]
    assert not writable["Device.Hosts.Host."]
    assert not writable["Device.DeviceInfo."]
    assert writable["Device.WiFi.Radio.1.Channel"]
    assert not writable["Device.DeviceInfo.UpTime"]


@pytest.mark.cwmp("C-55", "C-56", "X-14", "L-45")
def test_empty_table_lists_nothing_a_leaf_with_next_level_is_refused():
    cpe = make_cpe()
    assert names(cpe, "Device.DHCPv4.Server.Pool.1.StaticAddress.", True) == []
    assert code(rpc.answer(cpe, GetParameterNames("Device.DeviceInfo.UpTime", True))) == 9003
    assert names(cpe, "Device.DeviceInfo.UpTime", False) == ["Device.DeviceInfo.UpTime"]
    assert code(rpc.answer(cpe, GetParameterNames("Device.Nowhere.", False))) == 9005


def attribute(name, notification, change=True):
    return SetParameterAttributes((SetParameterAttributesStruct(name, change, notification, False, ()),))


@pytest.mark.cwmp("C-66", "C-67", "L-49")
def test_counters_may_refuse_active_notification_and_forced_ones_stay_active():
    cpe = make_cpe()
    counter = "Device.IP.Interface.1.Stats.BytesSent"
    assert code(rpc.answer(cpe, attribute(counter, 2))) == 9009
    assert isinstance(rpc.answer(cpe, attribute(counter, 1)), SetParameterAttributesResponse)
    assert rpc.answer(cpe, GetParameterAttributes((counter,))).parameter_list[0].notification == 1
    rpc.answer(cpe, attribute("Device.DeviceInfo.SoftwareVersion", 0))
    assert rpc.answer(cpe, GetParameterAttributes(("Device.DeviceInfo.SoftwareVersion",))).parameter_list[0].notification == 2


@pytest.mark.cwmp("C-60", "C-63", "C-64", "C-65")
def test_attributes_on_a_partial_path_are_all_or_nothing_and_heed_the_change_flag():
    cpe = make_cpe()
    assert code(rpc.answer(cpe, attribute("Device.Nowhere.", 1))) == 9005
    rpc.answer(cpe, attribute("Device.WiFi.SSID.1.SSID", 2))
    rpc.answer(cpe, attribute("Device.WiFi.SSID.1.SSID", 0, change=False))
    assert cpe.notification("Device.WiFi.SSID.1.SSID") == 2
    assert code(rpc.answer(cpe, attribute("Device.WiFi.SSID.1.", 2))) == 9009
    assert cpe.notification("Device.WiFi.SSID.1.Enable") == 0


@pytest.mark.cwmp("C-75", "C-77", "C-78", "L-47")
def test_a_number_is_never_given_twice_and_rows_begin_with_their_defaults():
    cpe = make_cpe()
    assert rpc.answer(cpe, AddObject(PORTS, "k1")) == AddObjectResponse(2, 0)
    assert rpc.answer(cpe, DeleteObject(PORTS + "2.", "k2")) == DeleteObjectResponse(0)
    assert rpc.answer(cpe, AddObject(PORTS, "k3")) == AddObjectResponse(3, 0)
    values = {leaf: cpe.tree.value(f"{PORTS}3.{leaf}") for leaf in ("Enable", "Description", "ExternalPortEndRange")}
    assert values == {"Enable": "false", "Description": "", "ExternalPortEndRange": "0"}
    assert cpe.tree.value("Device.NAT.PortMappingNumberOfEntries") == "2"
    assert cpe.setting("ParameterKey") == "k3"


@pytest.mark.cwmp("C-76", "C-82")
def test_what_cannot_be_added_or_deleted_is_refused():
    cpe = make_cpe()
    assert code(rpc.answer(cpe, AddObject("Device.Hosts.Host."))) == 9005
    assert code(rpc.answer(cpe, AddObject(PORTS + "1."))) == 9005
    assert code(rpc.answer(cpe, AddObject("Device.NAT.PortMapping"))) == 9003
    assert code(rpc.answer(cpe, DeleteObject("Device.NAT.PortMapping."))) == 9005
    assert code(rpc.answer(cpe, DeleteObject("Device.Hosts.Host.1."))) == 9005
    assert code(rpc.answer(cpe, DeleteObject(PORTS + "99."))) == 9005
    while isinstance(last := rpc.answer(cpe, AddObject(PORTS)), AddObjectResponse):
        assert len(cpe.tree.rows(PORTS)) <= rpc.MAX_ROWS
    assert code(last) == 9004


@pytest.mark.cwmp("C-81", "B-64", "L-48")
def test_references_to_a_deleted_row_become_empty():
    cpe = make_cpe()
    assert cpe.tree.value("Device.WiFi.AccessPoint.3.SSIDReference") == "Device.WiFi.SSID.3"
    rpc.answer(cpe, DeleteObject("Device.WiFi.SSID.3."))
    assert cpe.tree.value("Device.WiFi.AccessPoint.3.SSIDReference") == ""


@pytest.mark.cwmp("C-90", "C-91", "C-100", "C-101")
def test_download_is_accepted_for_later_or_refused_at_once():
    cpe = make_cpe()
    good = Download("k", "1 Firmware Upgrade Image", "http://127.0.0.1/f.bin", "", "", 10, "", 0, "", "")
    assert rpc.answer(cpe, good) == DownloadResponse(1, UNKNOWN_TIME, UNKNOWN_TIME)
    assert cpe.transfers[0].command_key == "k"
    assert code(rpc.answer(cpe, Download("k", "1 Firmware Upgrade Image", "ftp://h/f", "", "", 0, "", 0, "", ""))) == 9013
    assert code(rpc.answer(cpe, Download("k", "77 Nonsense", "http://h/f", "", "", 0, "", 0, "", ""))) == 9003


@pytest.mark.cwmp("C-97")
def test_transfer_queue_holds_several_and_then_is_full():
    cpe = make_cpe()
    answers = [
        rpc.answer(cpe, Upload(f"k{n}", "1 Vendor Configuration File", "http://h/f", "", "", 0))
        for n in range(transfer_queue.MAX_TRANSFERS + 1)
    ]
    assert len(cpe.transfers) >= 3
    assert code(answers[-1]) == 9004


@pytest.mark.cwmp("C-111", "C-113")
def test_upload_of_a_file_that_does_not_exist_is_refused():
    cpe = make_cpe()
    assert code(rpc.answer(cpe, Upload("k", "3 Vendor Configuration File 9", "http://h/f", "", "", 0))) == 9003
    assert rpc.answer(cpe, Upload("k", "4 Vendor Log File 1", "http://h/f", "", "", 0)).status == 1


@pytest.mark.cwmp("C-140", "C-143")
def test_reboot_and_factory_reset_are_only_noted():
    cpe = make_cpe()
    rpc.answer(cpe, Reboot("r7"))
    rpc.answer(cpe, FactoryReset())
    assert cpe.after.reboot
    assert cpe.after.factory_reset
    assert cpe.rpcs == ["Reboot", "FactoryReset"]


@pytest.mark.parametrize("name", sorted(profiles()))
def test_every_model_answers_a_full_read(name):
    cpe = make_cpe(name)
    assert len(rpc.answer(cpe, GetParameterValues(("",))).parameter_list) > 400


def test_keys_longer_than_the_standard_allows_are_refused():
    cpe = make_cpe()
    assert code(rpc.answer(cpe, set_values({}, "k" * 33))) == 9003
    assert rpc.answer(cpe, set_values({}, "k" * 32)) == SetParameterValuesResponse(0)


@pytest.mark.cwmp("C-6", "C-11")
def test_the_vendors_own_method_blinks():
    cpe = make_cpe()
    assert rpc.BLINK in rpc.answer(cpe, GetRPCMethods()).method_list
    answered = rpc.answer(cpe, UnknownRpc(rpc.BLINK, f"<a:{rpc.BLINK} xmlns:a='x'><Seconds>20</Seconds></a:{rpc.BLINK}>"))
    assert answered.name == rpc.BLINK + "Response"
    assert "<Until>2023-11-14T22:13:40Z</Until>" in answered.xml
    assert cpe.blinks_until == START + 20
    assert code(rpc.answer(cpe, UnknownRpc(rpc.BLINK, f"<{rpc.BLINK}/>"))) == 9003


@pytest.mark.cwmp("I-18")
def test_a_stored_image_runs_after_it_was_chosen_and_the_device_restarted():
    cpe = make_cpe()
    info = "Device.DeviceInfo."
    for leaf, text in (("Version", "9.9"), ("Status", "Available"), ("Available", "true")):
        cpe.tree.put(f"{info}FirmwareImage.2.{leaf}", text)
    before = cpe.tree.value(info + "SoftwareVersion")
    rpc.answer(cpe, set_values({info + "BootFirmwareImage": info + "FirmwareImage.2"}))
    cpe.boot()
    assert [cpe.tree.value(info + leaf) for leaf in ("SoftwareVersion", "ActiveFirmwareImage")] == ["9.9", info + "FirmwareImage.2"]
    assert [cpe.tree.value(f"{info}FirmwareImage.{n}.Status") for n in (1, 2)] == ["Available", "Active"]
    assert cpe.tree.value(info + "FirmwareImage.1.Version") == before
    assert info + "SoftwareVersion" in cpe.changed
