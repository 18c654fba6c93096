"""The root of a tree that no Inform names: acs/provisioning/procedures/roots.py."""

import pytest

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import GetParameterNames, GetParameterNamesResponse, ParameterInfoStruct
from acs.provisioning.procedure import Done, Failed, Wait
from acs.provisioning.procedures.parameters import discover
from acs.provisioning.procedures.roots import rooted
from tests.acs.provisioning.scripted import NOW, Device, context, play


def looked(device, root=""):
    def procedure():
        found, fault = yield from rooted(context(root))
        return Done({"root": found.facts.root, "fault": fault})

    return dict(play(procedure(), device).result)


def test_a_root_that_is_known_is_not_asked_for():
    d = Device()
    assert looked(d, "Device") == {"root": "Device", "fault": None}
    assert d.asked == []


@pytest.mark.quirk("K-36")
@pytest.mark.parametrize("root", ["Device", "InternetGatewayDevice"])
def test_the_root_is_what_the_empty_path_lists(root):
    d = Device({f"{root}.DeviceInfo.UpTime": "1"})
    assert looked(d) == {"root": root, "fault": None}
    assert d.asked == [GetParameterNames("", True)]


@pytest.mark.quirk("K-36", "K-45")
def test_where_the_empty_path_is_refused_each_root_is_tried():
    d = Device({"InternetGatewayDevice.DeviceInfo.UpTime": "1"})
    listed = GetParameterNamesResponse((ParameterInfoStruct("InternetGatewayDevice.DeviceInfo.", False),))
    d.answers = {GetParameterNames: lambda request: listed if request.parameter_path.startswith("Internet") else CwmpFault(9005)}
    assert looked(d)["root"] == "InternetGatewayDevice"


def test_a_tree_of_its_own_is_no_root():
    assert looked(Device({"Elsewhere.Name": "x"})) == {"root": "", "fault": CwmpFault(9005)}
    empty = Device(answers={GetParameterNames: GetParameterNamesResponse(())})
    assert looked(empty)["fault"].code == 9005


@pytest.mark.quirk("K-36")
def test_a_discovery_reads_below_the_root_that_was_found():
    outcome = play(discover(context("")), Device({"Device.DeviceInfo.UpTime": "1"}))
    assert [value.name for value in outcome.snapshots[0].values] == ["Device.DeviceInfo.UpTime"]


@pytest.mark.quirk("K-57")
def test_a_discovery_waits_for_the_root_of_a_device_that_is_not_ready():
    d = Device(answers={GetParameterNames: CwmpFault(9002)})
    assert isinstance(play(discover(context("", booted_at=NOW)), d), Wait)
    assert isinstance(play(discover(context("")), d), Failed)


@pytest.mark.quirk("K-36")
@pytest.mark.parametrize("deep", [True, False])
def test_names_relative_to_what_was_asked_for_are_made_whole(deep):
    d = Device({"Device.DeviceInfo.UpTime": "1", "Device.WiFi.Radio.1.Channel": "6"}, deep=deep)

    def relative(request):
        told = d._GetParameterNames(request)
        if isinstance(told, CwmpFault):
            return told
        infos = (ParameterInfoStruct(info.name.removeprefix(request.parameter_path), info.writable) for info in told.parameter_list)
        return GetParameterNamesResponse(tuple(info for info in infos if info.name))

    d.answers = {GetParameterNames: relative}
    values = play(discover(context()), d).snapshots[0].values
    assert {value.name for value in values} == {"Device.DeviceInfo.UpTime", "Device.WiFi.Radio.1.Channel"}
