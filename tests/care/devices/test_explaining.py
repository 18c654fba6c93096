"""Where a named value comes from: the page and its words."""

import re
import shutil
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from acs.cwmp.identity import Identity
from acs.cwmp.messages import ParameterValueStruct
from acs.db.engine import Database
from acs.errors import NotFound
from acs.secrets import MASK, Vault
from care.devices.explaining import FATES, offered, told
from datamodels import library
from datamodels.canonical import Fate
from datamodels.cli import datamodel
from tests.acs.kit import store_values
from tests.care import samples
from tests.care.conftest import ADMIN
from tests.care.devices.conftest import text


@pytest.fixture
def known(services, home):
    return services.devices.known(1, home())[1]


def test_path_row_rule_raw_text_and_age_are_told(app, known):
    with app.test_request_context():
        found = told(known, "wifi.2g.channel")
    way = found.ways[0]
    assert (found.path, found.value, found.known) == ("Device.WiFi.Radio.1.Channel", int(found.raw), True)
    assert (way.template, way.fate, way.anchor, way.row, way.rule) == ("{radio.2g}.Channel", "taken", "radio.2g", "Device.WiFi.Radio.1.", 1)
    assert way.says.startswith("Device.WiFi.Radio.{i}. with OperatingFrequencyBand is")
    assert found.at == known.values[found.path].at


def test_a_secret_stays_masked_all_the_way(app, db, services, home, clock):
    device_id, path = home(), "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
    with db.write() as unit:
        store_values(unit.connection, services.vault, 1, device_id, [ParameterValueStruct(path, "horse-battery", "string")], clock(), "session")
    with app.test_request_context():
        found = told(services.devices.known(1, device_id)[1], "wifi.2g.passphrase")
    assert (found.raw, found.value) == (MASK, MASK)
    assert "horse" not in repr(found)


def test_what_is_not_there_is_told_and_what_is_no_name_refused(app, known):
    with app.test_request_context():
        gone = told(known, "dsl.down_margin_db")
        assert (gone.known, gone.at, {way.fate for way in gone.ways}) == (False, None, {"no_row"})
        with pytest.raises(NotFound, match=r"wifi\.colour is no canonical name"):
            told(known, "wifi.colour")
        assert "wifi.2g.channel" in {name for _group, names in offered(known) for name, _label in names}
        assert set(FATES) == set(Fate)


def test_the_page_offers_what_the_device_has_and_explains_one(signed_in, home):
    device_id, browser = home(), signed_in()
    assert "Which value?" in text(browser.get(f"/devices/{device_id}/parameters/explain"))
    page = text(browser.get(f"/devices/{device_id}/parameters/explain?name=wifi.2g.channel"))
    assert "{radio.2g}.Channel" in page
    assert "Where it was looked for" in page
    assert browser.get(f"/devices/{device_id}/parameters/explain?name=wifi.colour").status_code == 404
    missing = text(browser.get(f"/devices/{device_id}/parameters/explain?name=dsl.down_margin_db"))
    assert "This device has no value for it." in missing
    assert "the device has no such row" in missing


def test_the_command_line_says_the_same_of_a_device_by_serial_number(tmp_path, sqlite_template, monkeypatch):
    shutil.copy(sqlite_template, tmp_path / "hearthline.db")
    monkeypatch.setenv("HEARTHLINE_HOME", str(tmp_path))
    db = Database(f"sqlite:///{tmp_path / 'hearthline.db'}")
    samples.home(db, Vault.of(tmp_path), datetime.now(UTC), samples.NORVIK, 1)
    db.close()
    try:
        result = CliRunner().invoke(datamodel, ["explain", "NV240000001", "wifi.2g.channel"])
        nobody = CliRunner().invoke(datamodel, ["explain", "NV1", "wifi.2g.channel"])
    finally:
        library.use(None)
    assert result.exit_code == 0, result.output
    assert "Device NV240000001, Norvik G240" in result.output
    assert "Path:  Device.WiFi.Radio.1.Channel  (may be written)" in result.output
    assert re.search(r"Age:   \d+ s, since 20\d\d-.* UTC, origin session", result.output)
    assert nobody.exit_code == 1
    assert "NV1" in nobody.output


def test_a_device_of_which_nothing_is_known_says_so(signed_in, services):
    device_id = services.devices.preregister(ADMIN, Identity("02A5C1", "G240", "X1"))
    browser = signed_in()
    assert "Which value?" not in text(browser.get(f"/devices/{device_id}/parameters/explain"))
    assert browser.get(f"/devices/{device_id}/parameters/explain?name=wifi.2g.channel").status_code == 404
