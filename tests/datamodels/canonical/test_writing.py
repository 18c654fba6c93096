from __future__ import annotations

import pytest

from datamodels.canonical import Correction, Resolver, describe, names, to_raw
from datamodels.check import wire_type
from datamodels.tree import for_root
from tests.datamodels.trees import NAMES, root_of, tree


def device(name: str) -> Resolver:
    return Resolver(tree(name), root_of(name))


@pytest.mark.quirk("K-43", "K-44")
def test_what_a_model_means_otherwise_is_turned_round_when_reading_and_when_writing():
    path = WLAN + "1.AutoChannelEnable"
    found = tree("tr098-ont")
    plain = Resolver(found, "InternetGatewayDevice")
    odd = Resolver(found, "InternetGatewayDevice", {"wifi.5g.auto_channel": Correction(inverted=True)})
    told = plain.get("wifi.5g.auto_channel")
    assert told is not None and told.path == path
    assert odd.get("wifi.5g.auto_channel").value is (not told.value)
    assert to_raw(odd, "wifi.5g.auto_channel", True)[0][:2] == (path, "false")
    assert to_raw(plain, "wifi.5g.auto_channel", True)[0][:2] == (path, "true")


@pytest.mark.quirk("K-43")
def test_a_number_in_another_unit_is_brought_into_ours_and_back():
    found = {"Device.DHCPv4.Server.Pool.1.LeaseTime": "1440", "Device.DHCPv4.Server.Pool.1.Enable": "true"}
    odd = Resolver(found, "Device", {"dhcp.lease_time_s": Correction(scale=10)})
    assert odd.get("dhcp.lease_time_s").value == 14400
    assert to_raw(odd, "dhcp.lease_time_s", 28800)[0][:2] == ("Device.DHCPv4.Server.Pool.1.LeaseTime", "2880")


GATEWAY, ONT = "tr181-gateway", "tr098-ont"
WLAN = "InternetGatewayDevice.LANDevice.1.WLANConfiguration."


def test_a_channel_ends_automatic_choice():
    assert to_raw(device(GATEWAY), "wifi.2g.channel", 11) == [
        ("Device.WiFi.Radio.2.Channel", "11", "xsd:unsignedInt"),
        ("Device.WiFi.Radio.2.AutoChannelEnable", "false", "xsd:boolean"),
    ]
    assert to_raw(device(ONT), "wifi.5g.channel", 48) == [
        (WLAN + "1.Channel", "48", "xsd:unsignedInt"),
        (WLAN + "1.AutoChannelEnable", "false", "xsd:boolean"),
    ]


def test_a_channel_must_be_one_the_device_supports():
    with pytest.raises(ValueError, match=r"wifi\.5g\.channel must be one of those the device supports \(36,40,44,48\); 52 is not\."):
        to_raw(device(GATEWAY), "wifi.5g.channel", 52)
    with pytest.raises(ValueError, match=r"wifi\.2g\.channel must be one of those the device supports \(1-13\); 14 is not\."):
        to_raw(device(ONT), "wifi.2g.channel", 14)


@pytest.mark.cwmp("L-85")
def test_security_in_tr098_is_written_to_all_its_parameters():
    assert to_raw(device(ONT), "wifi.5g.security_mode", "wpa-wpa2") == [
        (WLAN + "1.BeaconType", "WPAand11i", "xsd:string"),
        (WLAN + "1.WPAAuthenticationMode", "PSKAuthentication", "xsd:string"),
        (WLAN + "1.WPAEncryptionModes", "TKIPandAESEncryption", "xsd:string"),
        (WLAN + "1.IEEE11iAuthenticationMode", "PSKAuthentication", "xsd:string"),
        (WLAN + "1.IEEE11iEncryptionModes", "TKIPandAESEncryption", "xsd:string"),
    ]


@pytest.mark.cwmp("H-39")
@pytest.mark.parametrize("mode", ["open", "wep", "wpa", "wpa2", "wpa-wpa2", "enterprise"])
def test_a_security_mode_written_reads_back_as_itself(mode):
    written = tree(ONT) | {path: raw for path, raw, _ in to_raw(device(ONT), "wifi.5g.security_mode", mode)}
    assert Resolver(written, "InternetGatewayDevice").get("wifi.5g.security_mode").value == mode


def test_security_that_a_device_cannot_do_is_refused():
    with pytest.raises(ValueError, match=r"wifi\.5g\.security_mode must be one of enterprise, wpa2.* on this device; 'wpa3' is not"):
        to_raw(device(ONT), "wifi.5g.security_mode", "wpa3")
    with pytest.raises(ValueError, match="one of those the device supports"):
        to_raw(device(GATEWAY), "wifi.2g.security_mode", "wpa3")
    with pytest.raises(ValueError, match="one of open, wep"):
        to_raw(device(GATEWAY), "wifi.2g.security_mode", "tight")


@pytest.mark.cwmp("L-85")
def test_tr181_security_is_one_word():
    assert to_raw(device(GATEWAY), "wifi.5g.security_mode", "wpa3") == [
        ("Device.WiFi.AccessPoint.1.Security.ModeEnabled", "WPA3-Personal", "xsd:string")
    ]


@pytest.mark.cwmp("L-85", "H-52")
def test_a_passphrase_goes_where_the_device_keeps_it():
    assert to_raw(device(ONT), "wifi.5g.passphrase", "correct horse")[0][0] == WLAN + "1.PreSharedKey.1.KeyPassphrase"
    assert to_raw(device(ONT), "wifi.2g.passphrase", "correct horse")[0][0] == WLAN + "2.KeyPassphrase"
    assert to_raw(device(GATEWAY), "wifi.6g.passphrase", "correct horse")[0][0] == "Device.WiFi.AccessPoint.3.Security.SAEPassphrase"


def test_a_refused_secret_is_not_repeated():
    with pytest.raises(ValueError, match="at least 8 characters long; the value given is not") as caught:
        to_raw(device(GATEWAY), "wifi.2g.passphrase", "hunter2")
    assert "hunter2" not in str(caught.value)


def test_values_are_converted_to_what_the_device_speaks():
    assert to_raw(device(GATEWAY), "wifi.5g.bandwidth", "40") == [
        ("Device.WiFi.Radio.1.OperatingChannelBandwidth", "40MHz", "xsd:string")
    ]
    assert to_raw(device(GATEWAY), "dhcp.dns_servers", ("192.0.2.1", "192.0.2.2")) == [
        ("Device.DHCPv4.Server.Pool.1.DNSServers", "192.0.2.1,192.0.2.2", "xsd:string")
    ]
    assert to_raw(device(ONT), "voip.enabled", False)[0][1:] == ("Disabled", "xsd:string")
    assert to_raw(device(GATEWAY), "voip.enabled", False)[0][1:] == ("false", "xsd:boolean")
    assert to_raw(device(GATEWAY), "wifi.2g.regulatory_domain", "fr")[0][1] == "FR "
    assert to_raw(device(GATEWAY), "time.ntp_server_1", "ntp.example") == [("Device.Time.NTPServer1", "ntp.example", "xsd:string")]
    assert to_raw(device(ONT), "wan.vlan_id", 7)[0][1:] == ("7", "xsd:unsignedInt")


def test_a_plain_tree_will_do():
    assert to_raw(tree(ONT), "dhcp.lease_time_s", 3600)[0][1:] == ("3600", "xsd:int")
    assert to_raw(tree(GATEWAY), "dhcp.enabled", True, "Device")[0] == ("Device.DHCPv4.Server.Enable", "true", "xsd:boolean")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("system.uptime_s", 5, "can only be read"),
        ("wan.ip_address", "192.0.2.1", "can only be read"),
        ("wan.dns_servers", ("192.0.2.1",), "can only be read on this device"),
        ("wifi.2g.enabled", 1, "true or false"),
        ("wifi.2g.channel", "6", "a whole number"),
        ("wifi.2g.channel", True, "a whole number"),
        ("wifi.2g.channel", 0, "1 to 233"),
        ("wifi.2g.ssid", "", "at least 1 characters"),
        ("wifi.2g.ssid", "x" * 33, "at most 32 characters"),
        ("wifi.2g.ssid", 5, "a text"),
        ("lan.ip_address", "192.168.1", "an IP address"),
        ("dhcp.min_address", "2001:db8::1", "IPv4Address"),
        ("dhcp.dns_servers", "192.0.2.1", "a list"),
        ("dhcp.dns_servers", ("here",), "DNSServers must have the form"),
        ("management.periodic_inform_interval_s", 0, "at least 1"),
        ("management.periodic_inform_time", "tomorrow", "a date and time"),
    ],
)
def test_what_may_not_be_written_says_name_and_rule(name, value, why):
    with pytest.raises(ValueError, match=why) as caught:
        to_raw(device(GATEWAY), name, value)
    assert name in str(caught.value)


def test_a_device_without_the_parameter_says_so():
    with pytest.raises(ValueError, match=r"wifi\.6g\.channel cannot be set: the device has no parameter for it"):
        to_raw(device(ONT), "wifi.6g.channel", 5)
    with pytest.raises(ValueError, match="can only be read on this device"):
        to_raw(device(ONT), "wifi.2g.standard", ("n",))


def test_unknown_names_and_roots_are_named():
    with pytest.raises(KeyError, match=r"'wifi\.colour'"):
        to_raw(device(ONT), "wifi.colour", 5)
    with pytest.raises(KeyError, match="'Router'"):
        to_raw({"Router.X": "1"}, "wifi.2g.channel", 5)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_writable_can_be_written_as_it_reads(name):
    """Every readable value of a writable name goes back to the same meaning, with the type of the data model."""
    resolver = device(name)
    model = for_root(root_of(name))
    for canonical, resolved in resolver.all().items():
        if not resolved.writable or resolved.value in (None, "", ()):
            continue
        value = resolved.value.split(" ")[0] if canonical.endswith("regulatory_domain") else resolved.value
        writes = to_raw(resolver, canonical, value)
        assert writes[0][0] == resolved.path
        written = tree(name) | {path: raw for path, raw, _ in writes}
        assert Resolver(written, root_of(name)).get(canonical).value == resolved.value
        for path, _, type_ in writes:
            entry = model.lookup(path)
            assert entry is None or type_ == wire_type(entry)


def test_every_writable_name_can_be_written_on_some_device():
    writable = {canonical for name in NAMES for canonical, found in device(name).all().items() if found.writable}
    assert {name for name in names() if describe(name).writable} == writable
