"""Rows and values of one device over a shared tree."""

from __future__ import annotations

import pytest

from tests.simulators.kit import make_cpe

PORTS = "Device.NAT.PortMapping."
LEASES = "Device.DHCPv4.Server.Pool."


def test_what_one_device_changes_the_next_does_not_see():
    first, second = make_cpe(), make_cpe()
    first.tree.put("Device.WiFi.SSID.1.SSID", "Mine")
    first.tree.delete_row(PORTS + "1.")
    assert second.tree.value("Device.WiFi.SSID.1.SSID") != "Mine"
    assert second.tree.rows(PORTS) == [1]
    assert first.tree.rows(PORTS) == []
    assert first.tree.leaf(PORTS + "1.Enable") is None


def test_new_row_has_its_objects_and_empty_tables():
    tree = make_cpe().tree
    number = tree.add_row(LEASES)
    row = f"{LEASES}{number}."
    assert tree.value(row + "LeaseTime") == "86400"
    assert tree.value(row + "Status") == "Disabled"
    assert tree.value(row + "Alias") == f"cpe-{number}"
    assert tree.is_object(row + "StaticAddress.")
    assert tree.rows(row + "StaticAddress.") == []
    inner = tree.add_row(row + "StaticAddress.")
    assert tree.value(row + "StaticAddressNumberOfEntries") == "1"
    assert tree.is_object(f"{row}StaticAddress.{inner}.")
    tree.delete_row(row)
    assert not tree.is_object(f"{row}StaticAddress.{inner}.")


@pytest.mark.cwmp("K-1")
def test_numbers_outlive_a_restart():
    tree = make_cpe().tree
    tree.add_row(PORTS)
    tree.delete_row(PORTS + "2.")
    again = make_cpe().tree
    again.from_json(tree.to_json())
    assert again.rows(PORTS) == [1]
    assert again.add_row(PORTS) == 3


def test_unknown_path_is_a_key_error():
    tree = make_cpe().tree
    with pytest.raises(KeyError):
        tree.value("Device.Nowhere")
    with pytest.raises(KeyError):
        tree.put("Device.Nowhere", "1")
