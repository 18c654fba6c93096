"""The viewer of recorded sessions."""

import html
import re

import pytest

from acs.db.tenancy import DEFAULT_TENANT
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
    failed = browser.get("/sessions/?outcome=failed").get_data(as_text=True)
    assert "no envelope" in failed
    assert 'href="/sessions/1"' not in failed
    both = browser.get("/sessions/").get_data(as_text=True)
    assert 'href="/sessions/1"' in both and 'href="/sessions/2"' in both


@pytest.mark.parametrize(
    ("filters", "found"),
    [("fault=9005", True), ("fault=9006", False), ("rpc=Reboot", True), ("rpc=Upload", False), ("event=1+BOOT", True), ("event=8+DIAGNOSTICS+COMPLETE", False),
     ("serial=NV240000001", True), ("serial=NV2", False), ("model=G240", True), ("model=Other", False), ("oui=02A5C1", True), ("oui=FFFFFF", False),
     ("text=no+envelope", True), ("text=else", False), ("since=2026-11-21T20:00", True), ("until=2026-11-21T20:00", False)],
)  # fmt: skip
def test_sessions_are_found_by_what_is_in_the_address(signed_in, db, home, clock, filters, found):
    samples.record(db, home(read=False), clock(), "failed", 9, faults=(9005,), rpcs=("Reboot",))
    page = signed_in().get(f"/sessions/?{filters}").get_data(as_text=True)
    assert ('href="/sessions/1"' in page) == found
    assert ("No such session is recorded" in page) != found


def test_nothing_found_offers_to_remove_the_last_condition(signed_in, recorded):
    page = signed_in().get("/sessions/?outcome=failed&fault=9000").get_data(as_text=True)
    assert "Remove the last condition" in page
    assert 'href="/sessions/?outcome=failed"' in page


def test_first_time_says_what_will_be_here(signed_in):
    assert "No session is recorded yet" in signed_in().get("/sessions/").get_data(as_text=True)


def test_older_sessions_are_a_page_away_with_the_same_filters(signed_in, db, home, clock):
    device_id = home(read=False)
    for epoch in range(1, 53):
        samples.record(db, device_id, clock(), "failed", epoch)
    browser = signed_in()
    first = browser.get("/sessions/?outcome=failed").get_data(as_text=True)
    (older,) = set(re.findall(r'href="(/sessions/\?before=[^"]+)"', first))
    second = browser.get(html.unescape(older)).get_data(as_text=True)
    assert "outcome=failed" in older
    shown = [set(re.findall(r'href="/sessions/(\d+)"', page)) for page in (first, second)]
    assert (len(shown[0]), len(shown[1])) == (50, 2)
    assert not shown[0] & shown[1]


def test_recording_is_a_download_that_leaves_an_audit_line(signed_in, recorded, services):
    answer = signed_in().get("/sessions/1.json")
    assert 'filename="session-1.json"' in answer.headers["Content-Disposition"]
    assert answer.json["format"] == "hearthline-session"
    assert [line.after["form"] for line in services.audit.lines(DEFAULT_TENANT, "session:1", None, 5)] == ["json"]


def test_operation_leads_to_the_sessions_while_it_ran(signed_in, db, home, clock):
    device_id = home(read=False)
    number = samples.finished(db, device_id, "reboot", {}, clock())
    page = signed_in().get(f"/operations/{number}").get_data(as_text=True)
    assert re.search(r'href="/sessions/\?serial=NV240000001&amp;since=2026[^"]+&amp;until=2026', page)


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
    assert browser.get("/sessions/?before=2026-11-21T20:52:00~5").status_code == 422
    assert browser.get("/sessions/?since=yesterday").status_code == 422
    assert browser.get("/sessions/?fault=many").status_code == 422


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
def test_sessions_are_for_engineers(signed_in, recorded, role):
    browser = signed_in(role)
    assert browser.get("/sessions/").status_code == 403
    assert browser.get("/sessions/1.json").status_code == 403
    assert browser.get(f"/devices/{recorded}/sessions").status_code == 403
    assert "/sessions/" not in browser.get(f"/devices/{recorded}").get_data(as_text=True)
