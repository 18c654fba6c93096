"""The vendor configuration file."""

from __future__ import annotations

import json

import pytest

from acs.cwmp.messages import AddObject, DeleteObject
from simulators import rpc
from simulators.config_file import dump, restore
from tests.simulators.kit import make_cpe, set_values

PORTS = "Device.NAT.PortMapping."


def test_rows_come_back_with_their_numbers_and_values():
    cpe = make_cpe()
    rpc.answer(cpe, AddObject(PORTS))
    rpc.answer(cpe, set_values({PORTS + "2.Description": "Game"}))
    saved = dump(cpe)
    rpc.answer(cpe, DeleteObject(PORTS + "2."))
    rpc.answer(cpe, AddObject(PORTS))
    assert cpe.tree.rows(PORTS) == [1, 3]
    restore(cpe, saved)
    assert cpe.tree.rows(PORTS) == [1, 2]
    assert cpe.tree.value(PORTS + "2.Description") == "Game"


def test_keys_are_in_it_the_way_to_the_acs_is_not():
    cpe = make_cpe()
    values = json.loads(dump(cpe))["values"]
    assert values["Device.WiFi.AccessPoint.1.Security.KeyPassphrase"] == cpe.facts.passphrase
    assert "Device.ManagementServer.Password" not in values
    assert "Device.ManagementServer.URL" not in values


@pytest.mark.cwmp("K-41")
def test_restored_values_count_as_changed_by_the_device():
    cpe = make_cpe()
    saved = dump(cpe)
    rpc.answer(cpe, set_values({"Device.WiFi.SSID.1.SSID": "Other"}))
    cpe.notifications["Device.WiFi.SSID.1.SSID"] = 2
    restore(cpe, saved)
    assert "Device.WiFi.SSID.1.SSID" in cpe.changed


@pytest.mark.parametrize("raw", [b"", b"{}", b"[1]", b"\xff", b'{"format": "other", "rows": [], "values": {}, "model": ""}'])
def test_other_files_are_refused(raw):
    with pytest.raises(ValueError, match="not a configuration"):
        restore(make_cpe(), raw)


def test_file_of_another_model_is_refused():
    with pytest.raises(ValueError, match="Halden ONT-4"):
        restore(make_cpe(), dump(make_cpe("ONT-4")))
