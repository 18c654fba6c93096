"""The door of the package: names, groups, tables, limits and prefixes."""

from __future__ import annotations

import pytest

from datamodels.canonical import (
    Health,
    Resolver,
    ValueType,
    describe,
    describe_table,
    group_label,
    groups,
    judge,
    names,
    prefixes,
    tables,
)
from datamodels.tree import for_root
from tests.datamodels.trees import NAMES, root_of, tree


def test_there_is_a_name_for_what_people_care_about():
    assert len(names()) >= 90
    assert {"wifi.2g.channel", "wifi.5g.passphrase", "optical.rx_power_dbm", "dhcp.lease_time_s", "wan.ppp_username"} <= set(names())
    assert names("optical")[0] == "optical.rx_power_dbm"
    assert names("nothing") == ()


def test_every_name_has_a_label_a_group_and_a_root():
    for name in names():
        parameter = describe(name)
        assert parameter.label[:1].isupper() or parameter.label.startswith("VDSL"), name
        assert parameter.group in groups()
        assert parameter.roots
        assert (parameter.type is ValueType.ENUM) == bool(parameter.words), name


def test_names_say_their_unit():
    units = {"_s": "s", "_dbm": "dBm", "_percent": "%", "_kbps": "kbit/s", "_db": "dB", "_kib": "KiB", "_c": "°C", "_v": "V", "_ma": "mA"}
    for name in names():
        for ending, unit in units.items():
            if name.endswith(ending):
                assert describe(name).unit == unit, name


def test_secrets_are_marked():
    assert {name for name in names() if describe(name).secret} == {
        "management.acs_password",
        "management.connection_request_password",
        "wan.ppp_password",
        "voip.password",
        "wifi.2g.passphrase",
        "wifi.5g.passphrase",
        "wifi.6g.passphrase",
        "wifi.2g.guest_passphrase",
        "wifi.5g.guest_passphrase",
        "wifi.6g.guest_passphrase",
        "management.stun_password",
        "management.web_password",
    }


def test_groups_have_labels_in_the_order_of_screens():
    assert groups()[0] == "system"
    assert group_label("wifi") == "WiFi"
    with pytest.raises(KeyError, match="'kitchen'"):
        group_label("kitchen")


def test_tables_describe_their_columns():
    assert {"lan.hosts", "wifi.clients", "nat.port_mappings", "ethernet.ports", "wifi.neighbours"} <= set(tables())
    assert [column.name for column in describe_table("wifi.clients").columns][:5] == ["mac", "band", "signal_dbm", "rate_mbps", "retries"]
    with pytest.raises(KeyError, match=r"'wifi\.nothing'"):
        describe_table("wifi.nothing")


@pytest.mark.parametrize(
    ("name", "value", "health"),
    [
        ("optical.rx_power_dbm", -20.0, Health.GOOD),
        ("optical.rx_power_dbm", -25.0, Health.GOOD),
        ("optical.rx_power_dbm", -25.1, Health.WARN),
        ("optical.rx_power_dbm", -27.5, Health.BAD),
        ("optical.rx_power_dbm", -7.0, Health.BAD),
        ("system.cpu_percent", 96, Health.BAD),
        ("system.cpu_percent", None, None),
        ("system.uptime_s", 5, None),
        ("wifi.2g.enabled", True, None),
    ],
)
def test_readings_are_judged(name, value, health):
    assert judge(name, value) is health


def test_an_unknown_name_is_named():
    with pytest.raises(KeyError, match=r"'wifi\.7g\.channel'"):
        describe("wifi.7g.channel")


def test_prefixes_are_partial_paths_of_the_model():
    for root in ("Device", "InternetGatewayDevice"):
        for group in groups():
            for path in prefixes(root, group):
                assert path.endswith(".")
                assert "X_" in path or for_root(root).lookup(path) or for_root(root).lookup(path + "1."), path


@pytest.mark.parametrize("name", NAMES)
def test_reading_the_prefixes_of_a_group_refreshes_all_of_it(name):
    root = root_of(name)
    resolver = Resolver(tree(name), root)
    read = {group: prefixes(root, group, tree(name)) for group in groups()}
    for found in resolver.all().values():
        if found.name != "system.data_model":  # stands in the root object, and comes with every Inform
            assert found.path.startswith(read[describe(found.name).group]), found.path
    for table in tables():
        if table != "wifi.neighbours":  # filled by a diagnostic, not by reading
            for row in resolver.rows(table):
                assert row.path.startswith(read[describe_table(table).group]), row.path


def test_prefixes_use_the_instance_numbers_of_the_device():
    assert prefixes("InternetGatewayDevice", "wifi") == ("InternetGatewayDevice.LANDevice.1.WLANConfiguration.",)
    moved = {path.replace("LANDevice.1.", "LANDevice.7."): raw for path, raw in tree("tr098-ont").items()}
    assert prefixes("InternetGatewayDevice", "wifi", moved) == ("InternetGatewayDevice.LANDevice.7.WLANConfiguration.",)
    assert prefixes("InternetGatewayDevice", "dsl", tree("tr098-ont")) == ()
    assert prefixes("InternetGatewayDevice", "dsl", tree("tr098-dsl")) == ("InternetGatewayDevice.WANDevice.2.WANDSLInterfaceConfig.",)


def test_prefixes_name_what_they_do_not_know():
    with pytest.raises(KeyError, match="'Router'"):
        prefixes("Router", "wifi")
    with pytest.raises(KeyError, match="'kitchen'"):
        prefixes("Device", "kitchen")
