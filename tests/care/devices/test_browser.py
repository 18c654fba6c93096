"""Rows of the parameter browser."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from care.devices import browser
from tests.care import samples


@pytest.fixture
def known(services, home):
    return services.devices.known(DEFAULT_TENANT, home())[1]


def test_instances_are_called_what_the_device_calls_them(known):
    rows = browser.rows(known, "Device.WiFi.SSID.").rows
    assert rows[0].hint
    assert [row.view.name for row in rows if row.view.is_object] == ["1", "2", "3"][: len([r for r in rows if r.view.is_object])]


def test_every_word_of_a_search_must_fit(known):
    found = [row.view.path for row in browser.search(known, "WiFi radio 1 channel").rows]
    assert "Device.WiFi.Radio.1.Channel" in found
    assert browser.search(known, "channel banana").rows == ()


def test_long_lists_are_cut_and_say_how_much_is_left(known, monkeypatch):
    monkeypatch.setattr(browser, "SEARCH_MAX", 5)
    branch = browser.search(known, "device")
    assert len(branch.rows) == 5
    assert branch.left_out == len(known.values) - 5


def test_detail_knows_type_range_and_meaning(known):
    detail = browser.detail(known, "Device.WiFi.Radio.1.Channel")
    assert (detail.type, detail.allowed, detail.model_writable) == ("unsignedInt", "1 to 255", True)
    assert "radio channel" in detail.description
    assert browser.detail(known, "Device.WiFi.Radio.1.AutoChannelEnable").options == ("true", "false")
    assert browser.detail(known, "Device.Nothing") is None


@pytest.mark.cwmp("K-15")
def test_vendor_parameter_says_that_no_standard_describes_it(services, home):
    known = services.devices.known(DEFAULT_TENANT, home(samples.GATEWAY_098))[1]
    path = next(path for path in known.values if ".X_" in path and "NeighboringWiFi" not in path)
    assert not browser.detail(known, path).known_to_model


def test_trail_leads_up():
    assert browser.trail("Device.WiFi.Radio.") == (("Device", "Device."), ("WiFi", "Device.WiFi."), ("Radio", "Device.WiFi.Radio."))
