from __future__ import annotations

import pytest

from datamodels.canonical import Resolved, Resolver, describe, names, resolve, tables
from datamodels.tree import ROOTS, for_root
from tests.datamodels.trees import NAMES, root_of, tree


def device(name: str) -> Resolver:
    return Resolver(tree(name), root_of(name))


# Read although Device:2 dropped them: real devices still have them.
FORMER = {"Device.Time.NTPServer1", "Device.Time.NTPServer2", "Device.Time.NTPServer3", "Device.DeviceSummary"}

GATEWAY = {
    "system.model": "HL-Gateway 5",
    "system.temperature_c": 58,
    "time.enabled": True,
    "time.ntp_servers": ("0.pool.ntp.example", "1.pool.ntp.example"),
    "wan.status": "up",
    "wan.connection_type": "pppoe",
    "wan.ip_address": "203.0.113.7",
    "wan.ipv6_address": "2001:db8::7",
    "wan.gateway": "203.0.113.1",
    "wan.dns_servers": ("203.0.113.53", "203.0.113.54"),
    "wan.mac": "02:AB:34:00:00:11",
    "wan.uptime_s": 4990,
    "wan.vlan_id": 100,
    "wan.bytes_received": 9_000_000_000,
    "wan.link_status": "up",
    "lan.ip_address": "192.168.1.1",
    "lan.mac": "02:AB:34:00:00:10",
    "dhcp.dns_servers": ("192.168.1.1", "203.0.113.53"),
    "wifi.2g.ssid_advertised": False,
    "wifi.2g.channel": 6,
    "wifi.5g.channel": 36,
    "wifi.6g.channel": 5,
    "wifi.2g.bandwidth": "auto",
    "wifi.5g.bandwidth": "80",
    "wifi.6g.bandwidth": "320",
    "wifi.2g.security_mode": "wpa2",
    "wifi.5g.security_mode": "wpa2-wpa3",
    "wifi.6g.security_mode": "wpa3",
    "wifi.6g.noise_dbm": None,
    "optical.rx_power_dbm": -21.5,
    "optical.tx_power_dbm": 2.3,
    "optical.voltage_v": 3.3,
    "optical.bias_ma": 12.5,
    "voip.status": "registering",
    "voip.registrar": "reg.voip.example",
    "system.other_image_version": "5.0.9",
    "management.web_remote_enabled": True,
    "management.web_remote_protocol": "https",
    "management.web_username": "admin",
    "security.firewall_enabled": True,
    "security.firewall_level": "advanced",
    "security.dmz_address": "192.168.1.30",
    "ipv6.wan_prefix": "2001:db8:100::/56",
    "ipv6.lan_prefix": "2001:db8:100::/64",
    "ipv6.advertisement_enabled": True,
    "wifi.2g.guest_ssid": "Hearth guests",
    "wifi.5g.guest_ssid": "Gäste",
    "wifi.6g.guest_ssid": "Sixth",
    "ethernet.lan1.status": "up",
    "ethernet.lan1.rate_mbps": 1000,
    "ethernet.lan2.status": "down",
    "ethernet.wan.status": "down",
    "ethernet.wan.duplex": "auto",
    "voip.caller_id": True,
    "iptv.hdmi_status": "up",
    "iptv.hdmi_resolution": "1920x1080i/50Hz",
}
DSL_ROUTER = {
    "wan.status": "up",
    "wan.connection_type": "dhcp",
    "wan.ip_address": "198.51.100.77",
    "wan.gateway": "198.51.100.1",
    "wan.dns_servers": ("198.51.100.53",),
    "dsl.down_rate_kbps": 99995,
    "dsl.down_margin_db": 9.5,
    "dsl.up_attenuation_db": 16.1,
    "optical.rx_power_dbm": -19.5,
    "dsl.down_power_dbmv": 12.5,
    "dsl.up_power_dbmv": -3.1,
    "wan.atm_circuit": "8/35",
}
ONT = {
    "wan.connection_type": "pppoe",
    "wan.ip_address": "203.0.113.9",
    "wan.mtu": 1492,
    "wan.vlan_id": 200,
    "time.status": "error",
    "time.local_time": "1970-01-01T00:20:00",
    "system.provisioning_code": "",
    "dhcp.lease_time_s": -1,
    "wifi.2g.ssid": "Hearth",
    "wifi.5g.ssid": "Hearth5",
    "wifi.2g.channel": None,
    "wifi.5g.channel": 44,
    "wifi.2g.security_mode": "wpa-wpa2",
    "wifi.5g.security_mode": "wpa2",
    "optical.rx_power_dbm": -26.1,
    "optical.temperature_c": 47.0,
    "optical.voltage_v": 3.28,
    "voip.enabled": True,
    "voip.status": "registered",
    "wan.line_down_kbps": 2488320,
    "wan.line_up_kbps": 1244160,
    "security.firewall_enabled": False,
    "security.firewall_level": "off",
    "management.web_remote_enabled": False,
    "wifi.2g.guest_ssid": "Hearth guest",
    "wifi.5g.guest_ssid": "Fifth",
    "wifi.2g.guest_security_mode": "open",
    "wifi.5g.guest_security_mode": "wpa2",
    "ethernet.lan1.status": "down",
    "ethernet.lan2.status": "up",
    "ethernet.lan4.status": "disabled",
    "ethernet.wan.rate_mbps": 1000,
    "optical.distance_m": 1840,
    "iptv.igmp_proxy": False,
    "iptv.hdmi_status": "off",
    "voip.jitter_ms": 12.5,
}
OLD_ROUTER = {
    "wan.ip_address": "203.0.113.99",
    "wan.connection_type": "static",
    "wan.link_status": "up",
    "dsl.down_margin_db": 2.5,
    "wifi.2g.ssid": "Old",
    "wifi.2g.security_mode": "wep",
    "dsl.down_power_dbmv": 12.5,
    "wan.atm_circuit": "PVC:8/35",
}


@pytest.mark.parametrize(
    ("name", "expected"), [("tr181-gateway", GATEWAY), ("tr181-dsl", DSL_ROUTER), ("tr098-ont", ONT), ("tr098-dsl", OLD_ROUTER)]
)
def test_values_mean_the_same_whatever_the_model(name, expected):
    resolver = device(name)
    found = {each: resolver.get(each) for each in expected}
    assert {each: None if value is None else value.value for each, value in found.items()} == expected
    assert None not in found.values()


@pytest.mark.parametrize("root", ROOTS)
def test_every_name_is_found_in_a_test_tree_of_every_root_it_claims(root):
    covered = {found for name in NAMES if root_of(name) == root for found in device(name).all()}
    assert {name for name in names() if root in describe(name).roots} == covered


@pytest.mark.parametrize("name", NAMES)
def test_paths_found_are_those_of_the_data_model_or_a_vendor(name):
    model = for_root(root_of(name))
    paths = {each.path for each in device(name).all().values()}
    assert {path for path in paths if model.lookup(path) is None and "X_" not in path} <= FORMER


@pytest.mark.parametrize("name", NAMES)
def test_the_test_trees_themselves_keep_to_the_data_model(name):
    model = for_root(root_of(name))
    assert {path for path in tree(name) if model.lookup(path) is None and "X_" not in path} <= FORMER


def test_a_resolved_value_says_where_it_stands():
    assert device("tr181-gateway").get("optical.rx_power_dbm") == Resolved(
        "optical.rx_power_dbm", "Device.XPON.ONU.1.ANI.1.Transceiver.1.RxPower", "-215", -21.5, "dBm"
    )
    assert resolve(tree("tr098-ont"), "InternetGatewayDevice.", "wifi.5g.channel").writable
    assert not resolve(tree("tr098-ont"), "InternetGatewayDevice", "wifi.5g.standard").writable
    assert resolve(tree("tr181-gateway"), "Device", "wifi.5g.standard").writable


def test_what_a_device_does_not_have_is_none():
    assert device("tr098-dsl").get("optical.rx_power_dbm") is None
    assert device("tr098-ont").get("wifi.6g.channel") is None
    assert Resolver({}, "Device").get("wan.ip_address") is None
    assert Resolver({}, "Device").all() == {}


def test_unknown_names_and_roots_are_named():
    with pytest.raises(KeyError, match=r"'wan\.colour'"):
        device("tr098-ont").get("wan.colour")
    with pytest.raises(KeyError, match="'Router'"):
        Resolver({}, "Router")
    with pytest.raises(KeyError, match=r"'lan\.cats'"):
        device("tr098-ont").rows("lan.cats")


def test_an_enum_word_nobody_knows_stays_as_the_device_wrote_it():
    changed = tree("tr181-gateway") | {"Device.WiFi.AccessPoint.2.Security.ModeEnabled": "WPA9-Future"}
    assert Resolver(changed, "Device").get("wifi.2g.security_mode").value == "WPA9-Future"
    beacon = tree("tr098-ont") | {"InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.BeaconType": "Basicand11i"}
    assert Resolver(beacon, "InternetGatewayDevice").get("wifi.5g.security_mode").value == "Basicand11i"


def test_an_empty_first_choice_gives_way_to_a_filled_second():
    changed = tree("tr181-gateway") | {"Device.DeviceInfo.ModelName": ""}
    assert Resolver(changed, "Device").get("system.model").value == "HLG5"


WLAN = "InternetGatewayDevice.LANDevice.1.WLANConfiguration.1."


@pytest.mark.parametrize(
    ("spelled", "word"),
    [
        ({"BeaconType": "None"}, "open"),
        ({"BeaconType": "Basic"}, "open"),
        ({"BeaconType": "Basic", "BasicEncryptionModes": "None"}, "open"),
        ({"BeaconType": "Basic", "BasicEncryptionModes": "WEPEncryption"}, "wep"),
        ({"BeaconType": "WPA", "WPAAuthenticationMode": "PSKAuthentication"}, "wpa"),
        ({"BeaconType": "WPA", "WPAAuthenticationMode": "EAPAuthentication"}, "enterprise"),
        ({"BeaconType": "11i"}, "wpa2"),
        ({"BeaconType": "11i", "IEEE11iAuthenticationMode": "EAPAuthentication"}, "enterprise"),
        ({"BeaconType": "WPAand11i", "IEEE11iAuthenticationMode": "PSKAuthentication"}, "wpa-wpa2"),
        ({"BeaconType": "WPA3"}, "wpa3"),
        ({"BeaconType": "11iandWPA3"}, "wpa2-wpa3"),
    ],
)
def test_security_of_tr098_is_spelled_by_several_parameters(spelled, word):
    small = {WLAN + leaf: text for leaf, text in {"Channel": "6", **spelled}.items()}
    assert Resolver(small, "InternetGatewayDevice").get("wifi.2g.security_mode").value == word


@pytest.mark.parametrize(
    ("radio", "band"),
    [
        ({"Channel": "1"}, "2g"),
        ({"Channel": "149"}, "5g"),
        ({"Channel": "0", "PossibleChannels": "36,40"}, "5g"),
        ({"Channel": "0", "PossibleChannels": "1-11"}, "2g"),
        ({"Channel": "0", "Standard": "a/n/ac"}, "5g"),
        ({"Channel": "0", "Standard": "b/g/n"}, "2g"),
        ({"Standard": "g-only"}, "2g"),
        ({"Standard": "n"}, None),
    ],
)
def test_the_band_of_a_tr098_network_is_known_by_channel_or_standard(radio, band):
    small = {WLAN + leaf: text for leaf, text in {"SSID": "X", **radio}.items()}
    resolver = Resolver(small, "InternetGatewayDevice")
    assert [each for each in ("2g", "5g") if resolver.get(f"wifi.{each}.ssid")] == ([band] if band else [])


@pytest.mark.parametrize(
    ("raw", "value"),
    [("true", True), ("1", True), ("Yes", True), ("on", True), ("Enabled", True), ("0", False), ("off", False), ("?", None)],
)
def test_booleans_come_in_many_spellings(raw, value):
    assert resolve({"Device.Time.Enable": raw}, "Device", "time.enabled").value is value


def test_the_default_connection_wins_over_order_and_may_be_named_without_root():
    base = "InternetGatewayDevice.WANDevice.1.WANConnectionDevice."
    small = {
        base + "1.WANIPConnection.1.ConnectionStatus": "Connected",
        base + "1.WANIPConnection.1.ExternalIPAddress": "192.0.2.1",
        base + "2.WANIPConnection.1.ConnectionStatus": "Disconnected",
        base + "2.WANIPConnection.1.ExternalIPAddress": "192.0.2.2",
    }

    def address(default: str) -> object:
        named = small | {"InternetGatewayDevice.Layer3Forwarding.DefaultConnectionService": default}
        return Resolver(named, "InternetGatewayDevice").get("wan.ip_address").value

    assert address(base + "2.WANIPConnection.1") == "192.0.2.2"
    assert address("WANDevice.1.WANConnectionDevice.2.WANIPConnection.1.") == "192.0.2.2"
    assert address("") == "192.0.2.1"
    assert address("InternetGatewayDevice.WANDevice.9.") == "192.0.2.1"


def rows(name: str, table: str) -> list[dict[str, object]]:
    return [{key: value for key, value in row.values.items() if value is not None} for row in device(name).rows(table)]


def test_hosts_look_alike_from_either_model():
    assert rows("tr181-gateway", "lan.hosts")[1] == {
        "name": "desk",
        "mac": "02:00:00:00:00:21",
        "ip": "192.168.1.21",
        "active": False,
        "connected_by": "ethernet",
        "interface": "Device.Ethernet.Interface.1",
    }
    assert rows("tr098-ont", "lan.hosts") == [
        {"name": "server", "mac": "02:00:00:00:00:05", "ip": "192.168.1.5", "active": True, "connected_by": "wifi", "lease_s": 3000}
    ]


def test_wifi_clients_know_their_band():
    assert [(row["band"], row["signal_dbm"], row["rate_mbps"]) for row in rows("tr181-gateway", "wifi.clients")] == [
        ("5g", -61, 866.7),
        ("2g", -74, 65.0),
    ]
    assert [(row["band"], row["signal_dbm"], row["rate_mbps"]) for row in rows("tr098-ont", "wifi.clients")] == [("5g", -58, 433.0)]


def test_port_mappings_come_by_number_and_from_every_connection():
    mappings = device("tr181-gateway").rows("nat.port_mappings")
    assert [row.path for row in mappings] == ["Device.NAT.PortMapping.2.", "Device.NAT.PortMapping.10."]
    assert mappings[1].values["external_port_end"] == 27020
    assert [row["protocol"] for row in rows("tr098-ont", "nat.port_mappings")] == ["tcp", "both"]


def test_ports_neighbours_leases_and_lines():
    assert [(row["name"], row["status"], row["duplex"]) for row in rows("tr181-gateway", "ethernet.ports")[:2]] == [
        ("eth0", "up", "full"),
        ("wan0", "down", "auto"),
    ]
    assert rows("tr181-gateway", "wifi.neighbours")[0]["bandwidth"] == "20"
    assert rows("tr098-ont", "wifi.neighbours") == [{"ssid": "Over the road", "channel": 11, "signal_dbm": -85}]
    assert rows("tr098-ont", "dhcp.static_leases") == [{"mac": "02:00:00:00:00:05", "ip": "192.168.1.5", "enabled": True}]
    assert rows("tr181-gateway", "voip.lines")[0]["number"] == "+4930123456"


@pytest.mark.parametrize("name", NAMES)
def test_every_table_can_be_asked_of_every_device(name):
    for table in tables():
        for row in device(name).rows(table):
            assert row.path.endswith(".")
