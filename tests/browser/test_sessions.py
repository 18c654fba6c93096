"""Looking for sessions as an engineer does: wide and on a phone, by keyboard, in each state the list can be in."""

from datetime import timedelta

import pytest

from care.security.permissions import Role
from tests.browser.conftest import PHONE, WIDE
from tests.browser.test_shell import overflows
from tests.care import samples

pytestmark = pytest.mark.browser


@pytest.fixture
def recorded(live_server, now):
    """A router with a day of trouble."""
    db, vault = live_server.services.db, live_server.services.vault
    device_id = samples.home(db, vault, now, samples.NORVIK, 1, read=False)
    for epoch in range(1, 8):
        samples.record(db, device_id, now - timedelta(hours=epoch), "ok", epoch, rpcs=("GetParameterValues", "SetParameterValues"))
    samples.record(db, device_id, now - timedelta(minutes=5), "failed", 9, faults=(8003,))
    samples.record(db, device_id, now - timedelta(minutes=9), "ok", 10, events="6 CONNECTION REQUEST", rpcs=("SetParameterValues",), faults=(9003, 9007))
    samples.record(db, device_id, now - timedelta(minutes=11), "lost", 11, events="1 BOOT, M Reboot", rpcs=("Reboot",))
    return device_id


@pytest.mark.parametrize(("size", "dark", "locale"), [(WIDE, False, "en-GB"), (PHONE, False, "de-DE"), (PHONE, True, "en-GB")])
def test_list_and_session_fit_the_window_in_every_state(open_page, sign_in, shot, recorded, size, dark, locale):
    page = open_page(size, dark=dark, locale=locale, touch=size is PHONE)
    sign_in(page, Role.ENGINEER)
    suffix = f"{size['width']}{'-dark' if dark else ''}-{locale[:2]}"
    nothing = "/sessions/?outcome=lost&fault=9007&rpc=Upload"
    urls = {"list": "/sessions/", "filtered": "/sessions/?outcome=ok&fault=9007", "nothing": nothing, "one": "/sessions/9"}
    for name, url in urls.items():
        page.goto(url)
        page.locator("h1").first.wait_for()
        assert not overflows(page), f"{name} is wider than {size['width']}"
        assert page.locator("[style]").count() == 0
        shot(page, f"sessions-{name}-{suffix}")


def test_first_time_says_what_will_be_here(open_page, sign_in, shot):
    page = open_page()
    sign_in(page, Role.ENGINEER)
    page.goto("/sessions/")
    page.get_by_text("No session is recorded yet").wait_for()
    shot(page, "sessions-first-time")


def test_fault_is_found_by_keyboard_and_its_session_taken_away(open_page, sign_in, recorded):
    page = open_page()
    sign_in(page, Role.ENGINEER)
    page.goto("/sessions/")
    page.locator("#fault").focus()
    page.keyboard.type("9007")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sessions/?**fault=9007**")
    rows = page.locator("table tbody tr")
    assert rows.count() == 1
    rows.first.locator(".hl-row-title a").click()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download for replay").click()
    assert taken.value.suggested_filename.endswith(".json")
