from __future__ import annotations

from click.testing import CliRunner

from datamodels.cli import datamodel
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
