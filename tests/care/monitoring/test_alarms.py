"""Alarms on their pages: care/monitoring/alarms.py."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role
from tests.care.conftest import OTHER_TENANT


def html(answer):
    return answer.get_data(as_text=True)


@pytest.fixture
def alarm(services, device):
    (found,) = services.monitoring.open_of(DEFAULT_TENANT, device)
    return found.id


def test_open_alarms_are_listed_with_device_and_severity(signed_in, alarm):
    page = html(signed_in(Role.AGENT).get("/alarms/"))
    assert "Light received: \u221228.0\u00a0dBm, below \u221227.0\u00a0dBm" in page
    assert "Critical" in page


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("?severity=critical", True), ("?severity=minor", True), ("?state=unacknowledged", True), ("?state=suppressed", False), ("?state=all", True),
        ("?monitor=99", False), ("?severity=nonsense&state=nonsense", True),
    ],
)  # fmt: skip
def test_list_is_filtered(signed_in, alarm, query, there):
    page = html(signed_in(Role.VIEWER).get(f"/alarms/{query}"))
    assert ("below \u221227.0" in page) is there
    assert ("No alarm like that" in page) is not there


def test_no_alarm_says_what_will_be_here(signed_in):
    assert "No alarm is open" in html(signed_in(Role.VIEWER).get("/alarms/"))


@pytest.mark.feature("U-49")
def test_alarm_shows_evidence_diagnosis_and_repair_in_one_panel(signed_in, alarm, device):
    page = html(signed_in(Role.ENGINEER).get(f"/alarms/{alarm}"))
    panel = page[page.index("Look, and repair") : page.index("Say what becomes of it")]
    assert f"/devices/{device}/series.json?name=optical.rx_power_dbm" in panel
    for kind in ("refresh", "ping", "reboot"):
        assert f'hx-post="/devices/{device}/ask/{kind}"' in panel
    assert "thresholdCrossed" in page


def test_only_what_the_reader_may_ask_is_offered(signed_in, alarm, device):
    page = html(signed_in(Role.VIEWER).get(f"/alarms/{alarm}"))
    assert "/ask/" not in page[page.index("Look, and repair") :]
    assert "Acknowledge" not in page


def test_people_act_with_a_note(signed_in, services, alarm):
    browser = signed_in(Role.AGENT)
    assert browser.post(f"/alarms/{alarm}", {"deed": "acknowledge", "back": "list"}).headers["Location"].endswith("/alarms/")
    answer = browser.post(f"/alarms/{alarm}", {"deed": "clear", "note": ""})
    assert answer.status_code == 422
    assert "Say why in a few words" in html(answer)
    assert browser.post(f"/alarms/{alarm}", {"deed": "clear", "note": "seen to"}).status_code == 302
    assert services.monitoring.alarm(DEFAULT_TENANT, alarm).cleared_by == "user:agent"
    assert browser.post(f"/alarms/{alarm}", {"deed": "acknowledge"}).status_code == 409
    assert browser.post(f"/alarms/{alarm}", {"deed": "eat"}).status_code == 422
    assert "seen to" in html(browser.get(f"/alarms/{alarm}"))


def test_device_page_shows_its_alarms(signed_in, alarm, device):
    page = html(signed_in(Role.AGENT).get(f"/devices/{device}"))
    assert f'href="/alarms/{alarm}"' in page
    assert "Critical:" in page


def test_viewer_may_not_act_and_others_see_nothing(signed_in, alarm):
    assert signed_in(Role.VIEWER).post(f"/alarms/{alarm}", {"deed": "acknowledge"}).status_code == 403
    stranger = signed_in(Role.ADMIN, OTHER_TENANT)
    assert stranger.get(f"/alarms/{alarm}").status_code == 404
    assert stranger.post(f"/alarms/{alarm}", {"deed": "acknowledge"}).status_code == 404
    assert "No alarm is open" in html(stranger.get("/alarms/"))
