from __future__ import annotations

from datamodels.canonical.selectors import TreeIndex, split_anchor
from datamodels.canonical.shapes import Anchor, Condition, Rule

STACK = {
    "Device.IP.Interface.2.LowerLayers": "Device.PPP.Interface.1",
    "Device.PPP.Interface.1.LowerLayers": "Device.Ethernet.Link.1.,Device.IP.Interface.2",
    "Device.Ethernet.Link.1.LowerLayers": "Device.Ethernet.Interface.10",
    "Device.Ethernet.Interface.10.Upstream": "true",
    "Device.Ethernet.Interface.9.Upstream": "false",
    "Device.Ethernet.Interface.[wan].Upstream": "true",
    "Device.Hosts.Host.3.IPv4Address.1.IPAddress": "192.0.2.1",
}


def index(**anchors: tuple[Rule, ...]) -> TreeIndex:
    return TreeIndex(STACK, "Device", {name: Anchor(name, rules) for name, rules in anchors.items()})


def test_rows_come_by_number_with_aliases_last():
    assert index().rows("Device.Ethernet.Interface.{i}.") == (
        "Device.Ethernet.Interface.9.",
        "Device.Ethernet.Interface.10.",
        "Device.Ethernet.Interface.[wan].",
    )


def test_a_row_is_known_by_its_sub_objects_alone():
    assert index().rows("Device.Hosts.Host.{i}.") == ("Device.Hosts.Host.3.",)


def test_a_stack_is_walked_even_if_it_bites_its_tail():
    assert list(index().stack_below("Device.IP.Interface.2.")) == [
        "Device.IP.Interface.2.",
        "Device.PPP.Interface.1.",
        "Device.Ethernet.Link.1.",
        "Device.Ethernet.Interface.10.",
    ]


def test_anchors_hang_on_anchors():
    found = index(
        wan=(Rule(table="Device.IP.Interface.{i}.", any_of=((Condition("", "upstream", ()),),)),),
        port=(Rule(below="wan", kind="Device.Ethernet.Interface."),),
        host=(Rule(table="Device.Hosts.Host.{i}."),),
        address=(Rule(table="{host}.IPv4Address.{i}."),),
        ppp=(Rule(same="wan", kind=".PPP."),),
    )
    assert found.anchor("wan") == "Device.IP.Interface.2."
    assert found.anchor("port") == "Device.Ethernet.Interface.10."
    assert found.path("address", "IPAddress") == "Device.Hosts.Host.3.IPv4Address.1.IPAddress"
    assert found.anchor("ppp") is None
    assert found.path("ppp", "Username") is None


def test_an_anchor_that_needs_itself_finds_nothing():
    assert index(loop=(Rule(below="loop", kind="Device."),)).anchor("loop") is None


def test_references_may_lack_the_root_or_end_in_a_dot():
    for text in ("Device.PPP.Interface.1", "Device.PPP.Interface.1.", "PPP.Interface.1", " .PPP.Interface.1. "):
        assert index().referred(text) == "Device.PPP.Interface.1."
    assert index().referred("") is None
    assert index().referred("Device.PPP.Interface.7") is None


def test_a_path_may_begin_with_an_anchor():
    assert split_anchor("{radio.2g}.Stats.Noise") == ("radio.2g", "Stats.Noise")
    assert split_anchor("Device.Time.Enable") == (None, "Device.Time.Enable")
