from __future__ import annotations

import pytest

from datamodels import library
from datamodels.canonical.catalogue import CatalogueError
from datamodels.check import check
from datamodels.flatten import Unresolved
from datamodels.importing import Wanted, gather
from datamodels.overlay import model_of, store
from datamodels.reader import NotADataModel
from tests.datamodels.trees import DATA

BOX = Wanted(oui="00D0FF", product_class="Box*")


@pytest.fixture
def folder(tmp_path):
    library.use(tmp_path)
    yield tmp_path
    library.use(None)


def test_a_vendors_xml_is_laid_over_the_model_we_hold(folder):
    found = gather([DATA / "vendor.xml"], wanted=BOX)
    assert found.models == ()
    (overlay,) = found.overlays
    assert {change.template.rpartition(".")[2] for change in overlay.changes if not change.template.endswith(".")} == {
        "Channel", "BeaconType", "X_00D0FF_Width", "RxPower", "Frames", "Token",
    }  # fmt: skip
    store(overlay, folder)
    library.touch(folder)
    model = model_of("InternetGatewayDevice", "00D0FF", "Box 2", "1")
    wlan = "InternetGatewayDevice.LANDevice.1.WLANConfiguration.1."
    assert check(model.lookup(wlan + "Channel"), "14").sentence == "Channel must be 1 to 13; 14 is above."
    assert check(model.lookup(wlan + "BeaconType"), "WPA3") is None
    assert check(model.lookup(wlan + "BeaconType"), "Basic") is not None
    assert check(model.lookup(wlan + "X_00D0FF_Width"), "80").words == ("20", "40")
    light = model.lookup("InternetGatewayDevice.WANDevice.1.X_00D0FF_Optics.RxPower")
    assert (light.type, light.units, light.description) == ("int", "0.1 dBm", "Received RxPower.")
    assert model.lookup("InternetGatewayDevice.WANDevice.1.X_00D0FF_Optics.Frames").type == "unsignedLong"
    assert model.lookup("InternetGatewayDevice.WANDevice.1.X_00D0FF_Optics.Token").hidden


def test_a_device_type_names_what_it_changes_by_ref(tmp_path):
    text = (DATA / "vendor.xml").read_text().replace(' base="InternetGatewayDevice.LAN', ' ref="InternetGatewayDevice.LAN')
    text = text.replace('parameter base=', 'parameter ref=').replace('name="X_00D0FF_InternetGatewayDevice:1.0" base=', "ref=")
    (tmp_path / "type.xml").write_text(text)
    assert gather([tmp_path / "type.xml"], wanted=BOX).overlays[0].changes == gather([DATA / "vendor.xml"], wanted=BOX).overlays[0].changes


def test_a_vendors_own_root_needs_to_know_whose_it_is():
    with pytest.raises(NotADataModel, match="say of which devices by --oui"):
        gather([DATA / "vendor.xml"])


def test_an_overlay_file_is_checked_with_its_canonical_paths(tmp_path):
    assert gather([DATA / "overlay.toml"]).overlays[0].name == "Nobody G1"
    wrong = (DATA / "overlay.toml").read_text().replace("optical.rx_power_dbm", "optical.rx_colour")
    (tmp_path / "wrong.toml").write_text(wrong)
    with pytest.raises(CatalogueError, match=r"no canonical parameter 'optical\.rx_colour'"):
        gather([tmp_path / "wrong.toml"])
    (tmp_path / "worse.toml").write_text(wrong.replace("optical.rx_colour", "optical.rx_power_dbm").replace("scale = 0.1", "colour = 1"))
    with pytest.raises(CatalogueError, match="unknown keys: colour"):
        gather([tmp_path / "worse.toml"])


def test_a_flat_model_for_some_devices_only_is_an_overlay_of_its_root():
    with pytest.raises(NotADataModel, match="nothing below Device or InternetGatewayDevice"):
        gather([DATA / "mini-full.xml"], wanted=BOX)


def test_what_is_missing_is_named(tmp_path):
    (tmp_path / "own.xml").write_text(
        "<document><import file='gone.xml'><component name='C'/></import><model name='M:1.0'><component ref='C'/></model></document>"
    )
    with pytest.raises(Unresolved, match=r"component C from gone\.xml"):
        gather([tmp_path / "own.xml"])
