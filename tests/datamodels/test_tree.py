from __future__ import annotations

import pytest

from datamodels import tree
from datamodels.entry import Status
from datamodels.tree import for_root, forced_inform, load, template_of, words

# live objects, tables, tables with AddObject, parameters below objects, writable, write-once: counted from the BBF files
COUNTS = {
    "Device:2": ("Device:2.19", 860, 439, 191, 7210, 2644, 0),
    "Device:1": ("Device:1.14", 120, 47, 15, 848, 338, 0),
    "InternetGatewayDevice:1": ("InternetGatewayDevice:1.14", 192, 91, 39, 1800, 756, 0),
    "VoiceService:1": ("VoiceService:1.1", 43, 18, 9, 349, 222, 0),
    "VoiceService:2": ("VoiceService:2.0", 113, 56, 40, 848, 514, 0),
    "STBService:1": ("STBService:1.4", 99, 32, 0, 518, 123, 0),
    "StorageService:1": ("StorageService:1.3", 19, 9, 7, 125, 67, 0),
    "FAPService:2": ("FAPService:2.1", 245, 55, 38, 1733, 964, 37),
}


@pytest.mark.parametrize("name", COUNTS)
def test_each_model_has_the_objects_and_parameters_of_its_standard(name):
    model = load(name)
    objects = list(model.objects())
    parameters = [each for each in model.parameters() if "." in each.template]
    written = [each for each in parameters if each.writable]
    assert COUNTS[name] == (
        model.name,
        len(objects),
        sum(each.is_table for each in objects),
        sum(each.creatable for each in objects),
        len(parameters),
        sum(not each.write_once for each in written),
        sum(each.write_once for each in written),
    )


@pytest.mark.parametrize("name", COUNTS)
def test_nothing_deleted_is_left_and_every_parent_is_there(name):
    model = load(name)
    entries = [*model.objects(), *model.parameters()]
    assert all(each.status is not Status.DELETED for each in entries)
    known = {each.template for each in model.objects()}
    # a service starts at VoiceService.{i}. without a parent of its own; one FAP object has none in the standard either
    orphans = [each.template for each in model.objects() if tree._parent(each.template) not in known and each.template.count(".") > 2]
    assert not orphans


@pytest.mark.parametrize("name", COUNTS)
def test_count_parameters_of_tables_exist(name):
    model = load(name)
    for table in model.objects():
        if table.num_entries_parameter and table.template.count("{i}") and table.template.count(".") > 2:
            assert model.lookup(tree._parent(table.template) + table.num_entries_parameter) is not None, table.template


def test_a_path_is_found_with_numbers_aliases_wildcards_and_placeholders():
    device = for_root("Device")
    for row in ("1", "17", "[cpe-radio.1]", "*", "{i}"):
        found = device.lookup(f"Device.WiFi.Radio.{row}.Channel")
        assert found is not None
        assert found.template == "Device.WiFi.Radio.{i}.Channel"
    assert template_of("Device.WiFi.Radio.[a.b].Stats.") == "Device.WiFi.Radio.{i}.Stats."


def test_an_entry_says_what_the_standard_says():
    channel = for_root("Device").lookup("Device.WiFi.Radio.1.Channel")
    assert channel is not None
    assert (channel.name, channel.type, channel.writable, channel.since) == ("Channel", "unsignedInt", True, "2.0")
    assert channel.ranges == (("1", "255", None),)
    assert channel.description.startswith("The current radio channel used by the connection.")
    mapping = for_root("Device").lookup("Device.NAT.PortMapping.3.")
    assert mapping is not None
    assert mapping.creatable
    assert for_root("InternetGatewayDevice").lookup("InternetGatewayDevice.ManagementServer.Password").hidden
    assert for_root("Device").lookup("Device.WiFi.AccessPoint.1.Security.KeyPassphrase").secured
    assert for_root("Device").lookup("Device.WiFi.Radio.1.LastChange").active_notify == "canDeny"


@pytest.mark.parametrize(
    "path", ["Device.X_EXAMPLE_Thing", "Device.WiFi.Radio.1", "Device.WiFi.Nothing.", "", ".", "Device.Time.NTPServer1"]
)
def test_what_no_model_has_is_none(path):
    assert for_root("Device").lookup(path) is None


def test_services_are_mounted_below_either_root():
    line = for_root("InternetGatewayDevice").lookup("InternetGatewayDevice.Services.VoiceService.1.VoiceProfile.1.Line.1.Enable")
    assert line is not None
    assert line.template == "InternetGatewayDevice.Services.VoiceService.{i}.VoiceProfile.{i}.Line.{i}.Enable"
    device = for_root("Device")
    assert device.lookup("Device.Services.VoiceService.1.CallControl.Line.1.Enable").type == "boolean"
    assert device.lookup("Device.Services.VoiceService.1.VoiceProfile.1.Line.1.Enable").type == "string"
    assert device.lookup("Device.Services.StorageServiceNumberOfEntries").type == "unsignedInt"
    assert device.lookup("Device.Services.VoiceService.1.VoiceProfile.1.Line.1.SIP.AuthPassword").hidden


def test_a_full_tree_can_be_walked_from_the_root():
    device = for_root("Device")
    seen, waiting = [], ["Device."]
    while waiting:
        here = waiting.pop()
        seen.append(here)
        waiting.extend(each.template for each in device.children(here))
    assert {each.template for each in device.objects()} <= set(seen)
    assert "Device.Services.VoiceService.{i}.POTS.FXS.{i}." in seen
    assert [each.name for each in device.parameters_of("Device.DeviceInfo.MemoryStatus.")][:2] == ["Total", "Free"]
    assert device.parameters_of("Device.Nothing.") == ()


def test_iterators_take_in_the_services_only_when_asked():
    device = for_root("Device")
    own = sum(1 for _ in device.parameters())
    assert own == 7210
    assert sum(1 for _ in device.parameters(with_services=True)) > own + 3000
    assert sum(1 for _ in device.objects(with_services=True)) > 860


def test_forced_inform_parameters_are_those_of_the_standard():
    assert {path.removeprefix("Device.") for path in forced_inform("Device")} == {
        "RootDataModelVersion",
        "DeviceInfo.HardwareVersion",
        "DeviceInfo.SoftwareVersion",
        "DeviceInfo.ProvisioningCode",
        "ManagementServer.ParameterKey",
        "ManagementServer.ConnectionRequestURL",
        "ManagementServer.AliasBasedAddressing",
    }
    connection = "WANDevice.{i}.WANConnectionDevice.{i}."
    assert {path.removeprefix("InternetGatewayDevice.") for path in forced_inform("InternetGatewayDevice")} == {
        "DeviceSummary",
        "DeviceInfo.SpecVersion",
        "DeviceInfo.HardwareVersion",
        "DeviceInfo.SoftwareVersion",
        "DeviceInfo.ProvisioningCode",
        "ManagementServer.ParameterKey",
        "ManagementServer.ConnectionRequestURL",
        "ManagementServer.AliasBasedAddressing",
        connection + "WANIPConnection.{i}.ExternalIPAddress",
        connection + "WANPPPConnection.{i}.ExternalIPAddress",
    }


def test_an_unknown_root_or_model_is_named():
    with pytest.raises(KeyError, match="'Gateway'"):
        for_root("Gateway")
    with pytest.raises(KeyError, match="Nothing:1"):
        load("Nothing:1")
    assert for_root("Device.").name == "Device:2.19"
    assert load("Device:2.4").name == "Device:2.19"


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("Device.ManagementServer.PeriodicInformInterval", "Periodic inform interval"),
        ("DNSServers", "DNS servers"),
        ("SSIDAdvertisementEnabled", "SSID advertisement enabled"),
        ("Device.IP.Interface.1.IPv4Address.1.", "IPv4 address"),
        ("Device.WiFi.", "WiFi"),
        ("Device.WiFi.Radio.2.", "Radio"),
        ("NTPServer1", "NTP server 1"),
        ("SupportedURLs", "Supported URLs"),
        ("X_HEARTHLINE_RXPower", "RX power"),
        ("UpTime", "Up time"),
        ("BSSID", "BSSID"),
        ("", ""),
    ],
)
def test_words_read_like_a_label(path, label):
    assert words(path) == label


def test_every_parameter_has_a_label():
    assert all(words(each.template) for root in tree.ROOTS for each in for_root(root).parameters(with_services=True))
