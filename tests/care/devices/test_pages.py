"""Every tab of the device page, for every model, and of devices of which little is known."""

import pytest

from acs.cwmp import messages as m
from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role
from tests.acs.kit import store_values
from tests.care import samples
from tests.care.devices.conftest import text

TABS = ("", "/wifi", "/hosts", "/line", "/diagnostics", "/parameters", "/operations", "/sessions", "/backups", "/history", "/firmware")


@pytest.mark.parametrize("model", [samples.NORVIK, samples.ONT, samples.ROUTER_098, samples.GATEWAY_098])
def test_every_tab_of_every_model_is_drawn(signed_in, db, home, clock, model):
    browser, device_id = signed_in(), home(model)
    samples.diagnosed(db, device_id, clock())
    samples.record(db, device_id, clock())
    for tab in TABS:
        answer = browser.get(f"/devices/{device_id}{tab}")
        assert answer.status_code == 200, tab
        assert " style=" not in text(answer), tab
        assert text(answer).count("<h1>") == 1, tab


@pytest.mark.parametrize("given", [{"read": False}, {"read": False, "admit": False}, {"admit": False}])
def test_tabs_of_a_device_of_which_little_is_known_are_drawn_too(signed_in, home, given):
    browser, device_id = signed_in(), home(**given)
    for tab in TABS:
        assert browser.get(f"/devices/{device_id}{tab}").status_code == 200, tab


def test_page_of_a_registered_device_that_never_spoke_says_so(signed_in):
    browser = signed_in()
    answer = browser.post("/devices/new", {"serial_number": "NV1", "oui": "02a5c1", "product_class": "G240", "tags": "pilot, vip"})
    page = text(browser.get(answer.location))
    assert "has never spoken to us" in page
    assert "pilot" in page


def test_viewer_sees_no_button_that_would_fail(signed_in, home):
    page = text(signed_in(Role.VIEWER).get(f"/devices/{home()}"))
    assert "/ask/" not in page
    assert "look, but change nothing" in page


def test_history_tells_events_and_what_people_did_and_why(signed_in, services, home):
    device_id, browser = home(read=False), signed_in()
    browser.post(f"/devices/{device_id}/ask/reboot", {"reason": "customer asked"})
    browser.post(f"/devices/{device_id}/labels", {"tags": "pilot", "note": ""})
    page = text(browser.get(f"/devices/{device_id}/history"))
    assert "Restarted" in page
    assert "Asked for: Restart" in page
    assert "customer asked" in page
    assert "Tags changed" in page
    assert "Tags changed" not in text(signed_in(Role.AGENT).get(f"/devices/{device_id}/history"))


def test_note_stands_escaped_on_every_tab_for_everybody(signed_in, services, home):
    device_id = home()
    signed_in().post(f"/devices/{device_id}/labels", {"tags": "", "note": "Key <b>at</b> No. 4"})
    viewer = signed_in(Role.VIEWER)
    for tab in ("", "/wifi", "/history"):
        assert "Key &lt;b&gt;at&lt;/b&gt; No. 4" in text(viewer.get(f"/devices/{device_id}{tab}")), tab


def test_counts_of_the_tabs_follow_when_an_operation_ends(signed_in, home):
    device_id, browser = home(), signed_in()
    browser.post(f"/devices/{device_id}/ask/reboot")
    page = text(browser.get(f"/devices/{device_id}/wifi"))
    assert '<div id="tabs" hx-get="/devices/' in page
    assert 'hx-select="#tabs"' in page


def test_handing_out_new_logins_is_asked_first(signed_in, home):
    page = text(signed_in().get(f"/devices/{home()}"))
    assert 'data-dialog="dialog-secure"' in page
    assert 'id="dialog-secure"' in page


def test_tests_of_the_access_line_are_offered_where_there_is_one_and_the_dropping_one_is_asked_first(signed_in, services, db, home, clock):
    fibre, dsl = home(samples.NORVIK), home(samples.NORVIK, 2)
    with db.write() as unit:
        line = m.ParameterValueStruct("Device.DSL.Line.1.Status", "Up", "string")
        store_values(unit.connection, services.vault, int(DEFAULT_TENANT), dsl, [line], clock(), "session")
    shown = text(signed_in().get(f"/devices/{fibre}/diagnostics"))
    assert "Self test" in shown
    assert "/ask/line_test" not in shown and "/ask/atm_loopback" not in shown
    shown = text(signed_in().get(f"/devices/{dsl}/diagnostics"))
    assert '<dialog class="hl-dialog" id="dialog-line-test"' in shown and shown.count("/ask/line_test") == 1
    assert "The line drops while it is measured" in shown
