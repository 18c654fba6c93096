"""What one Inform changes in what is known of a device, and what it does not: rules of the conformance list on acs/devices."""

from dataclasses import replace
from datetime import timedelta

import pytest

from acs.devices import service
from acs.devices.store import load_tree, store_snapshot
from acs.provisioning.procedure import Snapshot
from tests.acs.kit import head, inform, inform_in, informed, value

MINUTE = timedelta(minutes=1)
NAME, OTHER = "Device.DeviceInfo.X_00D09E_Lamp.Colour", "Device.DeviceInfo.ProvisioningCode"


@pytest.fixture
def tell(any_database, vault, now):
    """`tell(message, minutes)` stores an Inform of the device and gives its id."""

    def one(message, minutes=0):
        return informed(any_database, vault, inform_in(message, now + minutes * MINUTE), admit_all=True)[0].device_id

    return one


def known(database, device_id):
    with database.read() as session:
        return {path: stored.value for path, stored in load_tree(session.connection(), device_id, "").values.items()}


@pytest.mark.cwmp("D-69")
def test_connection_request_url_is_that_of_the_last_inform(any_database, tell):
    device = tell(inform("1 BOOT"))
    assert head(any_database, device).connection_request_url == "http://192.0.2.20:7547/cr"
    moved = value("Device.ManagementServer.ConnectionRequestURL", "http://198.51.100.7:7547/other")
    tell(inform("4 VALUE CHANGE", more=[moved]), 1)
    assert head(any_database, device).connection_request_url == "http://198.51.100.7:7547/other"


@pytest.mark.cwmp("D-70", "K-47")
def test_inform_refreshes_what_it_names_and_nothing_else(any_database, vault, tell, now):
    device = tell(inform("1 BOOT"))
    before = (value(NAME, "red"), value(OTHER, "p1"))
    with any_database.write() as unit:
        names = tuple((v.name, True) for v in before)
        store_snapshot(unit.connection, vault, 1, device, Snapshot("Device.DeviceInfo.", names, before), now, "discover")
    tell(inform("4 VALUE CHANGE", more=[value(NAME, "blue")]), 1)
    assert {path: known(any_database, device)[path] for path in (NAME, OTHER)} == {NAME: "blue", OTHER: "p1"}


@pytest.mark.cwmp("K-47")
def test_value_change_without_a_changed_value_or_with_one_nobody_watches_is_taken(any_database, tell):
    device = tell(inform("4 VALUE CHANGE"))
    tell(inform("4 VALUE CHANGE", more=[value("Device.X_00D09E_Never.Watched", "1")]), 1)
    row = head(any_database, device)
    assert row.inform_count == 2
    assert known(any_database, device)["Device.X_00D09E_Never.Watched"] == "1"


@pytest.mark.cwmp("D-67", "K-16")
@pytest.mark.parametrize("root", ["Device", "InternetGatewayDevice"])
def test_root_is_that_of_the_names_in_the_inform(any_database, tell, root):
    other = "InternetGatewayDevice" if root == "Device" else "Device"
    assert head(any_database, tell(inform("1 BOOT", root=root))).root == root
    assert head(any_database, tell(inform("1 BOOT", root=other), 1)).root == other


@pytest.mark.cwmp("D-68")
def test_inform_without_the_forced_parameters_is_taken_and_forgets_nothing(any_database, tell):
    device = tell(inform("1 BOOT", version="1.2.3"))
    tell(replace(inform("2 PERIODIC"), parameter_list=()), 1)
    row = head(any_database, device)
    assert (row.inform_count, row.software_version, row.root) == (2, "1.2.3", "Device")


@pytest.mark.cwmp("D-68")
def test_missing_forced_parameters_are_noted_once_per_device_and_firmware(any_database, tell):
    def without(event, version, *names):
        whole = inform(event, version=version)
        return replace(whole, parameter_list=tuple(v for v in whole.parameter_list if v.name.rpartition(".")[2] not in names))

    def noted(device):
        with any_database.read() as session:
            return [e.detail for e in service.events(session, 1, device, None, 50) if e.code == "missing_forced"]

    device = tell(without("0 BOOTSTRAP", "1.0", "ParameterKey", "HardwareVersion"))
    assert noted(device) == ["DeviceInfo.HardwareVersion, ManagementServer.ParameterKey"]
    tell(without("2 PERIODIC", "1.0", "ParameterKey"), 1)
    tell(without("1 BOOT", "1.0", "ParameterKey"), 2)
    assert len(noted(device)) == 1
    tell(without("1 BOOT", "2.0", "ParameterKey"), 3)
    tell(inform("1 BOOT", version="3.0"), 4)
    assert noted(device) == ["ManagementServer.ParameterKey", "DeviceInfo.HardwareVersion, ManagementServer.ParameterKey"]


@pytest.mark.cwmp("K-15")
@pytest.mark.parametrize("name", [NAME, "Device.X_example-com_Top.Leaf", "Device.WiFi.X_00D09E_Steering"])
def test_vendor_names_are_kept_at_any_level(any_database, tell, name):
    device = tell(inform("1 BOOT", more=[value(name, "v")]))
    assert known(any_database, device)[name] == "v"
