"""What makers do beside the standard, each as the few parameters of one device that show it."""

from __future__ import annotations

import pytest

from datamodels.canonical import Resolver, to_raw
from datamodels.tree import for_root

IGD = "InternetGatewayDevice."
WAN = IGD + "WANDevice.1."
PPP = WAN + "WANConnectionDevice.1.WANPPPConnection.1."


def read(name: str, **tree: str):
    found = Resolver(tree, "InternetGatewayDevice").get(name)
    return None if found is None else found.value


def under(prefix: str, **leaves: str) -> dict[str, str]:
    return {prefix + leaf: text for leaf, text in leaves.items()}


HUAWEI = under(
    WAN + "X_GponInterafceConfig.", RXPower="-21", TXPower="2", TransceiverTemperature="48", SupplyVottage="3280", BiasCurrent="12", Status="Up"
)
HUAWEI_LINEAR = under(WAN + "X_GponInterafceConfig.", RXPower="23.7", TXPower="15849", SupplyVoltage="3.3")
ZTE = under(WAN + "X_ZTE-COM_WANPONInterfaceConfig.", RXPower="-16.25", TXPower="2.4")
ZTE_LINEAR = under(WAN + "X_ZTE-COM_WANPONInterfaceConfig.", RXPower="233", TXPower="18000")
FIBERHOME = under(WAN + "X_FH_GponInterfaceConfig.", RXPower="-23.01", TXPower="1.9", Status="Up")
NOKIA = under(IGD + "X_ALU_OntOpticalParam.", RXPower="-19.2", TXPower="2.1", Voltage="3.31")
CHINA_TELECOM = under(
    WAN + "X_CT-COM_GponInterfaceConfig.",
    RXPower="63", TXPower="16982", TransceiverTemperature="12288", SupplyVottage="32950", BiasCurrent="6250", Status="NoLink",
)  # fmt: skip
CHINA_MOBILE = under(WAN + "X_CMCC_GponInterfaceConfig.", RXPower="-18.4 dBm", TXPower="2.3 dBm", TransceiverTemperature="51")


@pytest.mark.quirk("K-43")
@pytest.mark.cwmp("H-97")
@pytest.mark.parametrize(
    ("tree", "received", "launched"),
    [
        (HUAWEI, -21.0, 2.0), (HUAWEI_LINEAR, -26.253, 2.0), (ZTE, -16.25, 2.4), (ZTE_LINEAR, -16.326, 2.553), (FIBERHOME, -23.01, 1.9),
        (NOKIA, -19.2, 2.1), (CHINA_TELECOM, -22.007, 2.3), (CHINA_MOBILE, -18.4, 2.3),
    ],
    ids=["huawei", "huawei-linear", "zte", "zte-linear", "fiberhome", "nokia", "china-telecom", "china-mobile"],
)  # fmt: skip
def test_light_is_in_dbm_whoever_reports_it_and_how(tree, received, launched):
    assert read("optical.rx_power_dbm", **tree) == received
    assert read("optical.tx_power_dbm", **tree) == launched


@pytest.mark.quirk("K-43")
@pytest.mark.parametrize(
    ("name", "tree", "value"),
    [
        ("optical.voltage_v", HUAWEI, 3.28), ("optical.voltage_v", HUAWEI_LINEAR, 3.3), ("optical.voltage_v", NOKIA, 3.31),
        ("optical.voltage_v", CHINA_TELECOM, 3.295), ("optical.temperature_c", HUAWEI, 48.0), ("optical.temperature_c", CHINA_TELECOM, 48.0),
        ("optical.temperature_c", CHINA_MOBILE, 51.0), ("optical.bias_ma", HUAWEI, 12.0), ("optical.bias_ma", CHINA_TELECOM, 12.5),
        ("optical.status", HUAWEI, "up"), ("optical.status", CHINA_TELECOM, "down"), ("optical.status", FIBERHOME, "up"),
    ],
)  # fmt: skip
def test_supply_heat_and_current_come_in_one_unit(name, tree, value):
    assert read(name, **tree) == value


@pytest.mark.parametrize(
    ("leaf", "wire"),
    [(PPP + "X_HW_VLAN", "xsd:unsignedInt"), (PPP + "X_ZTE-COM_VLANID", "xsd:unsignedInt"),
     (WAN + "WANConnectionDevice.1.X_CT-COM_WANGponLinkConfig.VLANIDMark", "xsd:unsignedInt")],
)  # fmt: skip
@pytest.mark.cwmp("H-23")
def test_the_vlan_of_a_connection_stands_where_its_maker_put_it(leaf, wire):
    tree = {PPP + "Enable": "1", PPP + "ConnectionStatus": "Connected", leaf: "835"}
    resolver = Resolver(tree, "InternetGatewayDevice")
    assert resolver.get("wan.vlan_id").value == 835
    assert to_raw(resolver, "wan.vlan_id", 7) == [(leaf, "7", wire)]


def test_load_of_a_huawei_stands_beside_the_standard_object():
    tree = {IGD + "DeviceInfo.X_HW_CpuUsed": "35", IGD + "DeviceInfo.X_HW_MemUsed": "61"}
    assert (read("system.cpu_percent", **tree), read("system.memory_used_percent", **tree)) == (35, 61)


@pytest.mark.parametrize("leaf", ["X_HW_RSSI", "X_ZTE-COM_RSSI", "AssociatedDeviceRssi", "X_TP_StaSignalStrength"])
def test_the_signal_of_a_client_has_a_name_of_its_own_with_each_maker(leaf):
    client = IGD + "LANDevice.1.WLANConfiguration.1.AssociatedDevice.1."
    tree = {IGD + "LANDevice.1.WLANConfiguration.1.Channel": "6", client + "AssociatedDeviceMACAddress": "02:00:00:00:00:05", client + leaf: "-63"}
    (row,) = Resolver(tree, "InternetGatewayDevice").rows("wifi.clients")
    assert (row.values["signal_dbm"], row.values["band"]) == (-63, "2g")


def test_multicast_of_ont_gateways_is_that_of_china_telecom():
    tree = under(IGD + "Services.X_CT-COM_IPTV.", IGMPEnable="1", SnoopingEnable="0", ProxyEnable="1")
    assert (read("iptv.igmp_enabled", **tree), read("iptv.igmp_snooping", **tree), read("iptv.igmp_proxy", **tree)) == (True, False, True)
    path = IGD + "Services.X_CT-COM_IPTV.SnoopingEnable"
    assert to_raw(Resolver(tree, "InternetGatewayDevice"), "iptv.igmp_snooping", True) == [(path, "true", "xsd:boolean")]


def test_no_makers_object_is_one_of_the_standard():
    model = for_root("InternetGatewayDevice")
    for tree in (HUAWEI, ZTE, FIBERHOME, NOKIA, CHINA_TELECOM, CHINA_MOBILE):
        assert all(model.lookup(path) is None for path in tree)
