from __future__ import annotations

from click.testing import CliRunner

from datamodels import library
from datamodels.check import is_secret
from datamodels.cli import datamodel
from datamodels.overlay import model_of
from datamodels.tree import load
from tests.datamodels.trees import DATA


def run(*arguments: str):
    return CliRunner().invoke(datamodel, list(arguments))


def test_import_compiles_files_and_notes_what_must_travel_along(tmp_path):
    result = run("import", str(DATA / "mini-full.xml"), "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert result.output == "Mini:1.3: 3 objects, 18 parameters -> Mini-1.index.zz\n"
    assert "Copyright (c) 2024, Nobody" in (tmp_path / "NOTICE").read_text()
    assert (tmp_path / "secret-paths.txt").read_text() == "Mini.Box.Row.{i}.Password\n"


def test_of_two_versions_the_newer_is_kept(tmp_path):
    older = tmp_path / "older.xml"
    older.write_text((DATA / "mini-full.xml").read_text().replace("Mini:1.3", "Mini:1.2"))
    result = run("import", str(DATA / "mini-full.xml"), str(older), "--out", str(tmp_path))
    assert "Mini:1.3" in result.output
    assert "Mini:1.2" not in result.output


def test_import_says_which_file_is_no_model(tmp_path):
    wrong = tmp_path / "wrong.xml"
    wrong.write_text("<html/>")
    result = run("import", str(wrong), "--out", str(tmp_path))
    assert result.exit_code == 1
    assert "wrong.xml must be a dm:document" in result.output


def test_without_a_folder_it_goes_to_the_data_directory_and_counts_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("HEARTHLINE_HOME", str(tmp_path))
    library.use(tmp_path / "datamodels")
    try:
        assert model_of("Device", "00D0FF", "G1", "2.1").lookup("Device.X_00D0FF_Light.Rx") is None
        result = run("import", str(DATA / "overlay.toml"))
        assert result.output == "Nobody G1: 7 changes of Device, 1 canonical paths -> nobody_g1.json\n"
        assert model_of("Device", "00D0FF", "G1", "2.1").lookup("Device.X_00D0FF_Light.Rx").units == "0.1 dBm"
        assert is_secret("Device.X_00D0FF_Light.Code")
        listed = run("list").output
        assert "Nobody G1                        overlay   Device, 00D0FF, G1*, >=2.0 <3: 7 changes, 1 canonical paths" in listed
        assert "Device:2.19                      shipped" in listed
        scoped = run("show", "Device.WiFi.Radio.1.Channel", "--oui", "00d0ff", "--product-class", "G1", "--firmware", "2.0")
        assert "Allowed: 1 to 11" in scoped.output
        assert run("remove", "Nobody G1").output == "Nobody G1 is taken away.\n"
        assert model_of("Device", "00D0FF", "G1", "2.1").lookup("Device.X_00D0FF_Light.Rx") is None
        assert "Nothing named Nobody G1 was imported" in run("remove", "Nobody G1").output
    finally:
        library.use(None)


def test_a_vendors_xml_becomes_an_overlay_of_the_devices_named(tmp_path):
    result = run("import", str(DATA / "vendor.xml"), "--oui", "00D0FF", "--name", "Box", "--out", str(tmp_path))
    assert result.output == "Box: 8 changes of InternetGatewayDevice, 0 canonical paths -> box.json\n"
    assert "InternetGatewayDevice.WANDevice.{i}.X_00D0FF_Optics.Token" in (tmp_path / "secret-paths.txt").read_text()
    library.use(None)


def test_an_imported_model_takes_the_place_of_the_shipped_one(tmp_path):
    newer = tmp_path / "tr-140-full.xml"
    newer.write_text((DATA / "mini-full.xml").read_text().replace('name="Mini:1.3"', 'name="StorageService:1.9"'))
    assert run("import", str(newer), "--out", str(tmp_path / "models")).exit_code == 0
    try:
        assert "StorageService:1.9               imported  tr-140-full.xml" in run("list", "--out", str(tmp_path / "models")).output
        assert load("StorageService:1").name == "StorageService:1.9"
        assert run("remove", "StorageService:1", "--out", str(tmp_path / "models")).exit_code == 0
        library.refresh()
        assert load("StorageService:1").name == "StorageService:1.3"
    finally:
        library.use(None)


def test_a_value_of_a_file_is_explained():
    result = run("explain", str(DATA / "tr181-gateway.txt"), "wifi.5g.channel")
    assert result.output.splitlines()[:4] == [
        "wifi.5g.channel: Channel, int",
        "Value: 36",
        "Path:  Device.WiFi.Radio.1.Channel  (may be written)",
        "Raw:   '36'",
    ]
    assert "{radio.5g} is Device.WiFi.Radio.1. by rule 1 of 2: Device.WiFi.Radio.{i}. with OperatingFrequencyBand is 5ghz" in result.output
    library.use(None)


def test_a_name_that_is_not_canonical_is_met_with_what_is_near():
    result = run("explain", str(DATA / "tr181-gateway.txt"), "radio.channel")
    assert "radio.channel is no canonical name. Near it: wifi.2g.channel" in result.output


def test_show_explains_a_parameter():
    result = run("show", "Device.WiFi.Radio.1.Channel")
    assert result.exit_code == 0
    assert "Device.WiFi.Radio.{i}.Channel  (unsignedInt, may be written)" in result.output
    assert "Allowed: 1 to 255" in result.output


def test_show_lists_what_is_below_an_object():
    result = run("show", "InternetGatewayDevice.ManagementServer")
    assert "  w PeriodicInformInterval" in result.output
    assert "  - ParameterKey" in result.output


def test_show_says_what_it_does_not_know():
    assert "knows no Device.Nothing" in run("show", "Device.Nothing").output
    assert "no data model for the root 'Router'" in run("show", "Router.X").output
