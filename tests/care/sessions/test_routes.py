"""The viewer of recorded sessions."""

import pytest

from care.security.permissions import Role
from tests.care import samples


@pytest.fixture
def recorded(db, home, clock):
    device_id = home(read=False)
    samples.record(db, device_id, clock())
    samples.record(db, device_id, clock(), "failed", 9)
    return device_id


def test_device_lists_its_sessions_and_the_failed_page_only_failed_ones(signed_in, recorded):
    browser = signed_in()
    of_device = browser.get(f"/devices/{recorded}/sessions").get_data(as_text=True)
    assert of_device.count('href="/sessions/') >= 2
    failed = browser.get("/sessions/").get_data(as_text=True)
    assert "no envelope" in failed
    assert 'href="/sessions/1"' not in failed


def test_one_session_shows_its_messages_escaped(signed_in, recorded):
    page = signed_in().get("/sessions/1").get_data(as_text=True)
    assert "&lt;SOAP-ENV:Envelope" in page
    assert "<SOAP-ENV:Envelope" not in page
    assert "GetParameterValues" in page


def test_text_is_a_download(signed_in, recorded):
    answer = signed_in().get("/sessions/1.txt")
    assert answer.mimetype == "text/plain"
    assert 'filename="session-1.txt"' in answer.headers["Content-Disposition"]


def test_wrong_filters_are_refused(signed_in):
    browser = signed_in()
    assert browser.get("/sessions/?outcome=odd").status_code == 422
    assert browser.get("/sessions/?before=yesterday").status_code == 422


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
def test_sessions_are_for_engineers(signed_in, recorded, role):
    browser = signed_in(role)
    assert browser.get("/sessions/").status_code == 403
    assert browser.get(f"/devices/{recorded}/sessions").status_code == 403
    assert "/sessions/" not in browser.get(f"/devices/{recorded}").get_data(as_text=True)
