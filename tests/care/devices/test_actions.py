"""Asking something of a device: the card that follows, and who may ask for what."""


import pytest

from care.security.permissions import Role
from tests.care.devices.conftest import text


def test_asking_redirects_to_the_card_of_the_operation(signed_in, services, home):
    device_id, browser = home(), signed_in()
    answer = browser.post(f"/devices/{device_id}/ask/reboot", {"tab": "show"})
    assert answer.status_code == 302
    assert "op=1" in answer.location
    assert 'data-operation="1"' in text(browser.get(answer.location))
    again = browser.post(f"/devices/{device_id}/ask/reboot", {"tab": "show"})
    assert "op=1" in again.location


@pytest.mark.parametrize("kind", ["factory_reset", "firmware", "add_object", "backup"])
def test_agent_may_not_ask_for_what_is_not_theirs(signed_in, home, kind):
    assert signed_in(Role.AGENT).post(f"/devices/{home()}/ask/{kind}").status_code == 403


@pytest.mark.parametrize("kind", ["reboot", "ping", "refresh"])
def test_viewer_asks_for_nothing(signed_in, home, kind):
    assert signed_in(Role.VIEWER).post(f"/devices/{home()}/ask/{kind}", {"host": "192.0.2.1"}).status_code == 403


def test_write_does_not_pass_by_the_door_for_everything_else(signed_in, home):
    assert signed_in().post(f"/devices/{home()}/ask/write", {"values": "x"}).status_code == 422


def test_host_that_does_not_fit_comes_back_as_it_was_typed(signed_in, home):
    browser = signed_in()
    answer = browser.post(f"/devices/{home()}/ask/ping", {"host": "not a host!", "tab": "diagnostics"})
    assert answer.status_code == 302
    page = text(browser.get(answer.location))
    assert 'value="not a host!" aria-invalid="true"' in page
    assert 'class="hl-note hl-warn"' in page
