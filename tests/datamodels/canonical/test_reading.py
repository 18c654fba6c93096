"""A plan made from one device reads others of its kind as the Resolver does: datamodels/canonical/reading.py."""

import pytest

from datamodels.canonical import Resolver
from datamodels.canonical.reading import plan_of

IGD = "InternetGatewayDevice."
WLAN = IGD + "LANDevice.1.WLANConfiguration.{}."


def tr098(first="2", second="36", **changed):
    """Two radios that only their channels tell apart, and a WAN connection."""
    tree = {IGD + "DeviceInfo.ModelName": "X", IGD + "LANDevice.1.Hosts.HostNumberOfEntries": "2"}
    for number, channel in ((1, first), (2, second)):
        wlan = WLAN.format(number)
        tree |= {wlan + "Enable": "1", wlan + "SSID": f"net{number}", wlan + "Channel": channel, wlan + "BeaconType": "11i", wlan + "Standard": ""}
    wan = IGD + "WANDevice.1.WANConnectionDevice.1.WANIPConnection.1."
    return tree | {wan + "ConnectionStatus": "Connected", wan + "NATEnabled": "1", wan + "ExternalIPAddress": "10.0.0.1"} | changed


def read(plan, tree, names=None):
    return {parameter.name: value for parameter, value in plan.read(tree, names or plan.chosen)}


def resolved(tree):
    found = Resolver(tree, "InternetGatewayDevice").all()
    return {name: each.value for name, each in found.items() if each.value not in (None, "", ())}


def test_plan_reads_what_the_resolver_reads():
    tree = tr098()
    plan = plan_of(tree, "InternetGatewayDevice")
    assert read(plan, tree) == resolved(tree)
    assert read(plan, tree)["wifi.2g.ssid"] == "net1"


def test_plan_reads_other_values_of_a_device_with_the_same_deciding_ones():
    plan = plan_of(tr098(), "InternetGatewayDevice")
    other = tr098(**{WLAN.format(1) + "SSID": "other", IGD + "LANDevice.1.Hosts.HostNumberOfEntries": "9"})
    assert plan.fits(other)
    assert read(plan, other) == resolved(other)


def test_plan_does_not_fit_a_device_with_its_radios_the_other_way_round():
    plan, other = plan_of(tr098(), "InternetGatewayDevice"), tr098("40", "6")
    assert not plan.fits(other)
    assert read(plan_of(other, "InternetGatewayDevice"), other)["wifi.2g.ssid"] == "net2"


def test_paths_are_enough_to_make_the_same_plan_again():
    """What a device of the kind is asked for by name tells all that its whole tree would."""
    tree = tr098()
    plan = plan_of(tree, "InternetGatewayDevice")
    part = {path: tree[path] for path in plan.paths}
    again = plan_of(part, "InternetGatewayDevice")
    assert plan.decides_by(part)
    assert read(again, part) == read(plan, tree)


def test_deciding_values_and_names_are_enough_to_make_the_same_plan_again():
    tree = tr098()
    plan = plan_of(tree, "InternetGatewayDevice")
    again = plan_of({path: plan.deciding.get(path) or "" for path in tree}, "InternetGatewayDevice")
    assert (again.chosen, again.indexed, again.deciding) == (plan.chosen, plan.indexed, plan.deciding)


@pytest.mark.parametrize("missing", ["Channel", "ConnectionStatus"])
def test_part_of_a_tree_without_a_deciding_value_cannot_tell(missing):
    tree = tr098()
    plan = plan_of(tree, "InternetGatewayDevice")
    assert not plan.decides_by({path: text for path, text in tree.items() if not path.endswith(missing)})


def test_names_are_read_from_what_arrived_only_where_their_best_source_did():
    tree = tr098()
    plan = plan_of(tree, "InternetGatewayDevice")
    assert plan.names_in({WLAN.format(1) + "SSID"}, plan.indexed) == ["wifi.2g.ssid"]
    assert plan.names_in({IGD + "DeviceInfo.ModelName"}, plan.indexed) == []
    assert WLAN.format(1) + "SSID" in plan.indexed_paths
