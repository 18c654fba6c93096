from __future__ import annotations

import json

import pytest

from datamodels import library
from datamodels.canonical import Resolver, to_raw
from datamodels.check import check, is_secret
from datamodels.overlay import OverlayError, model_of, overlays, read, read_toml, remove, store
from datamodels.tree import for_root
from tests.datamodels.trees import DATA

G1 = ("Device", "00D0FF", "G1-plus", "2.4.1")
CHANNEL = "Device.WiFi.Radio.1.Channel"
LAMP = "Device.X_00D0FF_Light.Lamp.3.Colour"


@pytest.fixture
def folder(tmp_path):
    library.use(tmp_path)
    yield tmp_path
    library.use(None)


def keep(folder, text=None):
    overlay = read_toml(text or (DATA / "overlay.toml").read_text())
    store(overlay, folder)
    library.touch(folder)
    return overlay


def test_an_overlay_counts_for_its_devices_at_once_and_for_no_others(folder):
    assert model_of(*G1) is for_root("Device")
    keep(folder)
    model = model_of(*G1)
    assert check(model.lookup(CHANNEL), "12").sentence == "Channel must be 1 to 11; 12 is above."
    assert check(for_root("Device").lookup(CHANNEL), "12") is None
    for other in (("Device", "00D0FF", "G1", "3.0"), ("Device", "00D0FF", "G2", "2.4"), ("Device", "00D0FE", "G1", "2.4")):
        assert model_of(*other) is for_root("Device")
    assert remove("Nobody G1", folder)
    library.touch(folder)
    assert model_of(*G1) is for_root("Device")


def test_what_is_not_said_stays_as_the_standard_has_it(folder):
    keep(folder)
    model, standard = model_of(*G1), for_root("Device")
    assert model.lookup(CHANNEL).description == standard.lookup(CHANNEL).description
    assert not model.lookup("Device.WiFi.Radio.1.TransmitPower").writable
    assert model.lookup("Device.WiFi.Radio.1.TransmitPower").ranges == standard.lookup("Device.WiFi.Radio.1.TransmitPower").ranges
    assert model.lookup("Device.WiFi.Radio.1.GuardInterval") is None
    assert model.lookup("Device.WiFi.SSID.1.SSID") is standard.lookup("Device.WiFi.SSID.1.SSID")
    assert model.name == standard.name


def test_own_objects_and_parameters_stand_in_the_tree(folder):
    keep(folder)
    model = model_of(*G1)
    lamp = model.lookup(LAMP)
    assert (lamp.type, lamp.writable, lamp.since, lamp.description) == ("string", True, "2.0", "What colour it shines in.")
    assert check(lamp, "blue").words == ("red", "green")
    assert check(lamp, "broken").rule == "reported_only"
    assert model.lookup("Device.X_00D0FF_Light.Lamp.3.").creatable
    assert model.lookup("Device.X_00D0FF_Light.").is_object
    assert "Device.X_00D0FF_Light." in {entry.template for entry in model.children("Device.")}
    assert [entry.template for entry in model.children("Device.X_00D0FF_Light.")] == ["Device.X_00D0FF_Light.Lamp.{i}."]
    assert {entry.name for entry in model.parameters_of("Device.X_00D0FF_Light.")} == {"Rx", "Code"}
    radio = {entry.name for entry in model.parameters_of("Device.WiFi.Radio.1.")}
    assert "Channel" in radio
    assert "GuardInterval" not in radio
    assert sum(1 for entry in model.objects() if "X_00D0FF" in entry.template) == 2
    assert sum(1 for entry in model.parameters(with_services=True) if "X_00D0FF" in entry.template) == 3
    assert "Device.X_00D0FF_Light.Code" in model.secret_templates()


def test_its_canonical_paths_are_read_and_written_under_the_narrower_rules(folder):
    tree = {"Device.X_00D0FF_Light.Rx": "-215", "Device.WiFi.Radio.1.OperatingFrequencyBand": "2.4GHz", CHANNEL: "6"}
    assert Resolver(tree, "Device").get("optical.rx_power_dbm") is None
    keep(folder)
    resolver = Resolver(tree, "Device", model=model_of(*G1))
    assert resolver.get("optical.rx_power_dbm").value == -21.5
    with pytest.raises(ValueError, match="1 to 11; 13 is above"):
        to_raw(resolver, "wifi.2g.channel", 13)
    assert to_raw(Resolver(tree, "Device"), "wifi.2g.channel", 13)[0][1] == "13"


def test_the_more_specific_overlay_has_the_last_word(folder):
    keep(folder)
    wide = 'name = "A wide one"\nroot = "Device"\n[[parameter]]\npath = "Device.WiFi.Radio.{i}.Channel"\nrange = [{ max = 5 }]\nunits = "slots"\n'
    keep(folder, wide)
    channel = model_of(*G1).lookup(CHANNEL)
    assert (channel.ranges[0].maximum, channel.units) == ("11", "slots")
    assert model_of("Device").lookup(CHANNEL).ranges[0].maximum == "5"


def test_a_hidden_parameter_of_a_vendor_is_masked_once_its_overlay_is_in(folder):
    assert not is_secret("Device.X_00D0FF_Light.Code")
    (folder / library.SECRETS).write_text("Device.X_00D0FF_Light.Code\n")
    library.touch(folder)
    library.refresh()
    assert is_secret("Device.X_00D0FF_Light.Code")


def test_a_spoilt_file_is_left_out(folder, caplog):
    keep(folder)
    (folder / library.OVERLAYS / "bad.json").write_text("{")
    (folder / library.OVERLAYS / "worse.json").write_text(json.dumps({"name": "x", "root": "Router"}))
    library.touch(folder)
    library.refresh()
    assert [each.name for each in overlays()] == ["Nobody G1"]
    assert "bad.json is left out" in caplog.text


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"name": "", "root": "Device"}, "needs a name"),
        ({"root": "Router"}, "root is one of"),
        ({"colour": 1}, "unknown keys: colour"),
        ({"firmware": ">=2 <3 <4"}, "no range of versions"),
        ({"parameter": [{"path": "InternetGatewayDevice.X"}]}, "no path below Device"),
        ({"parameter": [{"path": "Device.X", "type": "number"}]}, "type is one of"),
        ({"parameter": [{"path": "Device.X", "access": "rw"}]}, "access is one of"),
        ({"parameter": [{"path": "Device.X", "status": "gone"}]}, "status is one of"),
        ({"parameter": [{"path": "Device.X", "hidden": 1}]}, "neither true nor false"),
        ({"parameter": [{"path": "Device.X", "size": [{"max": -1}]}]}, "no whole number"),
        ({"parameter": [{"path": "Device.X", "range": [{"min": "low"}]}]}, "min of a range"),
        ({"parameter": [{"path": "Device.X", "word": 1}]}, "unknown keys: word"),
        ({"parameter": [{"path": "Device.X."}]}, "ends in a dot"),
        ({"parameter": [{"path": "Device.X", "description": 1}]}, "a text of at most"),
    ],
)
def test_mistakes_are_named(spec, why):
    with pytest.raises(OverlayError, match=why):
        read({"name": "N", "root": "Device", **spec})


def test_toml_that_is_none_is_named():
    with pytest.raises(OverlayError, match="some"):
        read_toml("= 1", "some")
