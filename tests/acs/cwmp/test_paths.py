"""Parameter paths: what may be sent, and the parts of one."""

import pytest

from acs.cwmp.faults import AcsProtocolError
from acs.cwmp.paths import is_object, leaf, parent, parse_path, root_of, template


@pytest.mark.parametrize(
    "path",
    [
        "Device.",
        "Device.DeviceInfo.UpTime",
        "Device.WiFi.Radio.1.",
        "Device.X_00A0C5_Foo.Bar-Baz",
        "Device.NAT.PortMapping.[cpe-web].Enable",
        "A" * 256,
    ],
)
def test_a_path_that_devices_know_may_be_sent(path):
    assert parse_path(path) == path


@pytest.mark.cwmp("B-60")
@pytest.mark.parametrize(
    "path",
    ["", ".", "Device..X", ".Device", "Device. X", "Device.X ", "Device.{i}.X", "Device.*.X", "Device.X<", "Device.X\n", "A" * 257, "-x"],
)
def test_a_path_with_blanks_empty_parts_or_too_many_characters_is_never_sent(path):
    with pytest.raises(AcsProtocolError):
        parse_path(path)


def test_an_object_ends_in_a_dot():
    assert is_object("Device.")
    assert not is_object("Device.X")


@pytest.mark.parametrize(
    ("path", "above"), [("Device.WiFi.Radio.1.Channel", "Device.WiFi.Radio.1."), ("Device.WiFi.", "Device."), ("Device.", ""), ("", "")]
)
def test_the_parent_of_a_path(path, above):
    assert parent(path) == above


@pytest.mark.parametrize(
    ("path", "last"), [("Device.X.Channel", "Channel"), ("Device.WiFi.Radio.1.", "1"), ("Device.", "Device"), ("", "")]
)
def test_the_last_part_of_a_path(path, last):
    assert leaf(path) == last


@pytest.mark.parametrize(
    ("path", "general"),
    [
        ("Device.WiFi.Radio.1.Channel", "Device.WiFi.Radio.{i}.Channel"),
        ("Device.A.1.B.22.", "Device.A.{i}.B.{i}."),
        ("Device.A.[cpe-1].B", "Device.A.{i}.B"),
        ("Device.A1.B2", "Device.A1.B2"),
    ],
)
def test_instances_become_placeholders(path, general):
    assert template(path) == general


def test_the_root_is_the_first_part():
    assert [root_of(p) for p in ("Device.X", "InternetGatewayDevice.", "Foo")] == ["Device", "InternetGatewayDevice", "Foo"]
