"""Campaigns on pages: written, looked ahead, begun, stopped by a rule that the page tells, results and their CSV."""

import pytest
from sqlalchemy import select

from acs.campaigns import service as campaigns
from acs.devices.models import Device
from acs.operations.models import Operation
from care.security.permissions import Role
from tests.care import samples

FORM = {
    "name": "Restart the hall", "selection": "", "action": "operation", "kind": "inform_interval", "interval_s": "60", "canary": "1", "waves": "50, 100",
    "rate": "0", "rate_unit": "minute", "in_flight": "5", "watch_min": "1",
    "expires_days": "2", "max_failed_share": "10", "min_measured": "1", "on_stop": "pause",
    "gates": ["reboots"], "gate_share": "10", "reboots_allowed": "2",
}  # fmt: skip


@pytest.fixture
def fleet(services, clock) -> list[int]:
    return [samples.home(services.db, services.vault, clock.now, number=n, read=False) for n in (1, 2, 3)]


def tick(services, clock, seconds=3) -> None:
    clock.advance(seconds=seconds)
    campaigns.tick(services.db, services.vault, clock)


def test_the_form_says_what_it_would_do_before_anything_is_done(signed_in, fleet):
    browser = signed_in(Role.ENGINEER)
    assert "Save the draft" in browser.get("/campaigns/new").get_data(as_text=True)
    page = browser.post("/campaigns/preview", FORM).get_data(as_text=True)
    assert "3</b> devices fit" in page and "The interval known before is set again." in page and "1 canary" in page
    assert "is no query" in (told := browser.post("/campaigns/preview", {**FORM, "selection": "model ="}).get_data(as_text=True)) or "hl-muted" in told


def test_a_campaign_that_fails_stands_and_its_page_says_why(signed_in, services, clock, fleet):
    browser = signed_in(Role.ENGINEER)
    answer = browser.post("/campaigns/new", FORM)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    page = answer.headers["Location"]
    assert "Begin" in browser.get(page).get_data(as_text=True)
    browser.post(page + "/start")
    tick(services, clock)
    with services.db.write() as unit:
        row = unit.session.scalars(select(Operation)).one()
        row.state, row.error, row.attempts, row.finished_at = "failed", "The device refused.", 1, clock.now
    tick(services, clock)
    tick(services, clock)
    text = browser.get(page).get_data(as_text=True)
    assert "It stopped by itself." in text and "Canary: 1 of 1 devices failed, 100 %. It stops above 10 %." in text and "Go on" in text
    assert "The device refused." in browser.get(page + "/results?state=failed").get_data(as_text=True)
    sheet = browser.get(page + "/results.csv").get_data(as_text=True)
    assert sheet.count("\n") == 4 and "The device refused." in sheet
    assert "Restart the hall" in browser.get("/campaigns/").get_data(as_text=True)
    assert "Restart the hall" in browser.get(f"/campaigns/of-device/{fleet[0]}").get_data(as_text=True)
    browser.post(page + "/roll-back")
    for _ in range(3):
        tick(services, clock)
    assert "Ended early" in browser.get(page).get_data(as_text=True) or "Rolling back" in browser.get(page).get_data(as_text=True)


def test_a_viewer_looks_and_an_agent_runs_none(signed_in, services, fleet):
    viewer = signed_in(Role.VIEWER)
    assert viewer.get("/campaigns/").status_code == 200
    assert viewer.post("/campaigns/new", FORM).status_code == 403
    assert signed_in(Role.AGENT).get("/campaigns/new").status_code == 403


@pytest.mark.feature("U-57")
def test_the_same_restart_is_offered_on_one_device_and_on_a_saved_group(signed_in, services, clock, fleet):
    browser = signed_in(Role.ENGINEER)
    assert f"/devices/{fleet[0]}" in browser.get(f"/devices/{fleet[0]}").get_data(as_text=True)
    with services.db.read() as session:
        model = session.get(Device, fleet[0]).model
    with services.db.write() as unit:
        from acs.finding import groups
        from tests.care.conftest import ADMIN

        groups.create(unit, ADMIN, "hall", clock.now, f'model = "{model}"')
    services.operations.ask(samples_actor(), fleet[0], "reboot", {})
    page = browser.post("/campaigns/new", {**FORM, "kind": "reboot", "selection": 'group:"hall"', "canary": "0", "waves": "100"}).headers["Location"]
    browser.post(page + "/start")
    tick(services, clock)
    tick(services, clock)
    with services.db.read() as session:
        asked = list(session.scalars(select(Operation).where(Operation.kind == "reboot")))
        assert {row.device_id for row in asked} == set(fleet) and len(asked) == 3


def samples_actor():
    from tests.care.conftest import ADMIN

    return ADMIN
