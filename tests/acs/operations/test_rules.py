from __future__ import annotations

import pytest

from acs import audit
from acs.errors import Invalid
from acs.operations import rules, service
from acs.operations.arguments import checked
from datamodels import library
from datamodels.overlay import read_toml, store
from datamodels.tree import for_root
from tests.datamodels.trees import DATA

CHANNEL = "Device.WiFi.Radio.1.Channel"
G1 = ("Device", "00D0FF", "G1", "2.1")
OTHER = ("Device", "02A5C1", "Box", "1")


def write(path, value, kind="string", device=OTHER, override=False):
    return rules.judged("write", checked("write", {"values": [[path, value, kind]]}), *device, override)["values"][0]


@pytest.mark.cwmp("B-61")
@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (CHANNEL, "300", "Device.WiFi.Radio.1.Channel: Channel must be 1 to 255; 300 is above."),
        (CHANNEL, "six", "must be a whole number; six is not"),
        ("Device.WiFi.SSID.1.SSID", "x" * 33, "at most 32 characters"),
        ("Device.DeviceInfo.SoftwareVersion", "9", "SoftwareVersion is read only"),
        ("Device.WiFi.Radio.1.OperatingFrequencyBand", "7GHz", "must be one of 2.4GHz, 5GHz, 6GHz; 7GHz is none of them"),
        ("Device.WiFi.AccessPoint.1.Security.KeyPassphrase", "short", "the value given has 5"),
    ],
)
def test_a_wrong_value_is_refused_with_the_rule_it_breaks(path, value, why):
    with pytest.raises(Invalid, match=why.replace("(", "\\(")) as refused:
        write(path, value)
    assert refused.value.field == "values"


def test_a_new_row_is_judged_by_the_table_it_goes_into():
    given = checked("add_object", {"table": "Device.NAT.PortMapping", "values": [["ExternalPort", "99999999", "unsignedInt"]]})
    with pytest.raises(Invalid, match=r"Device\.NAT\.PortMapping\.ExternalPort: .* 0 to 65535; 99999999 is above"):
        rules.judged("add_object", given, *OTHER)
    fine = checked("add_object", {"table": "Device.NAT.PortMapping", "values": [["ExternalPort", " 80 ", "string"], ["Enable", "on", "string"]]})
    assert rules.judged("add_object", fine, *OTHER)["values"] == [["ExternalPort", "80", "unsignedInt"], ["Enable", "1", "boolean"]]


@pytest.mark.parametrize(
    ("path", "value", "sent"),
    [
        ("Device.WiFi.Radio.1.Enable", "On", ["1", "boolean"]),
        ("Device.WiFi.Radio.1.Enable", "disabled", ["0", "boolean"]),
        ("Device.WiFi.Radio.1.Enable", "true", ["true", "boolean"]),
        (CHANNEL, " 11", ["11", "unsignedInt"]),
        ("Device.WiFi.SSID.1.SSID", " on ", [" on ", "string"]),
        ("Device.WiFi.Radio.1.OperatingStandards", "g,n", ["g,n", "string"]),
    ],
)
def test_what_is_meant_goes_out_in_the_form_and_type_of_the_model(path, value, sent):
    assert write(path, value) == [path, *sent]


def test_what_no_model_knows_passes_as_it_is():
    assert write("Device.X_ACME_Thing", "anything", "int") == ["Device.X_ACME_Thing", "anything", "int"]
    assert write("Other.Root.Thing", "1", "string", ("", "", "", "")) == ["Other.Root.Thing", "1", "string"]
    assert write("InternetGatewayDevice.DeviceInfo.ProvisioningCode", "x" * 64, device=("", "", "", ""))[2] == "string"
    assert rules.judged("reboot", {}, *OTHER) == {}


def test_an_override_sends_what_was_given_and_says_so_in_the_arguments():
    given = rules.judged("write", checked("write", {"values": [[CHANNEL, "300", "string"]]}), *OTHER, True)
    assert given == {"values": [[CHANNEL, "300", "string"]], "override": True}
    assert rules.without_override(given) == ({"values": [[CHANNEL, "300", "string"]]}, True)
    with pytest.raises(Invalid, match="no rule to override"):
        rules.judged("reboot", {}, *OTHER, True)
    with pytest.raises(Invalid, match="Say why"):
        rules.explained(True, " ")
    with pytest.raises(Invalid, match="no argument 'override'"):
        checked("write", {"values": [[CHANNEL, "6", "string"]], "override": True})


def test_a_vendors_narrower_rule_counts_for_its_devices_alone(tmp_path):
    library.use(tmp_path)
    try:
        store(read_toml((DATA / "overlay.toml").read_text()), tmp_path)
        library.touch(tmp_path)
        with pytest.raises(Invalid, match="1 to 11; 13 is above"):
            write(CHANNEL, "13", device=G1)
        assert write(CHANNEL, "13")[1] == "13"
        assert rules.problem_of(for_root("Device"), CHANNEL, "13") is None
        with pytest.raises(Invalid, match="red, green; blue"):
            write("Device.X_00D0FF_Light.Lamp.1.Colour", "blue", device=G1)
    finally:
        library.use(None)


def test_asking_refuses_and_an_override_is_audited_with_its_reason(play):
    args = {"values": [[CHANNEL, "300", "unsignedInt"]]}
    with pytest.raises(Invalid, match="300 is above"):
        play.request("write", args)
    with pytest.raises(Invalid, match="Say why"):
        play.request("write", args, override=True)
    number = play.request("write", args, override=True, reason="firmware 2.1 counts from 200")
    assert play.view(number).args["override"] is True
    assert play.view(number).args["values"] == [[CHANNEL, "300", "unsignedInt"]]
    (line,) = play.ask(audit.lines, 1)
    assert (line.after["override"], line.after["reason"]) == (True, "firmware 2.1 counts from 200")
    assert service.check("write", args)[0]["values"][0][1] == "300"
