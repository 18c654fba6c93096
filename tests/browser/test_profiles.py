"""The screens of profiles in a browser: wide and on a phone, by keyboard, under the strict policy; nothing wider than the window."""

from datetime import UTC, datetime

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.desired import service as desired
from tests.browser.conftest import PHONE, WIDE
from tests.care import samples

pytestmark = pytest.mark.browser


def test_a_profile_is_written_by_keyboard_tried_seen_at_the_device_and_on_a_phone(live_server, open_page, sign_in, shot):
    services, now = live_server.services, datetime.now(UTC)
    device = samples.home(services.db, services.vault, now, samples.NORVIK, 1)
    page = open_page(WIDE, tolerant=True)  # a form that is refused is a 422, which the console tells
    sign_in(page)
    page.goto("/profiles/new")
    page.keyboard.type("Basic")
    page.locator("[name=setting-name]").first.focus()
    page.keyboard.type("wifi.2g.channel")
    page.keyboard.press("Tab")
    page.keyboard.type("many")
    page.get_by_role("button", name="Save").press("Enter")
    page.locator("#settings-0-value-error").wait_for()
    page.locator("[name=setting-value]").first.fill("13")
    page.get_by_role("button", name="Save").press("Enter")
    page.get_by_role("button", name="Dry run").click()
    page.get_by_text("Looking…").wait_for()
    while desired.report_goes_on(services.db, services.vault, 1, now):
        pass
    page.get_by_text("2.4 GHz Channel").first.wait_for()
    page.goto("/profiles/1")
    page.get_by_role("button", name="Put in force").click()
    page.goto(f"/devices/{device}/desired")
    page.get_by_text("Differs").wait_for()
    shot(page, "desired-1440")
    other = samples.home(services.db, services.vault, now, samples.ROUTER_098, 2, ssid="Tulip")
    serial = services.devices.head(DEFAULT_TENANT, other).serial_number
    phone = open_page(PHONE, locale="de-DE")
    sign_in(phone)
    pages = {
        "list": "/profiles/", "profile": "/profiles/1", "form": "/profiles/1/edit", "report": "/profiles/reports/1", "tab": f"/devices/{device}/desired",
        "replace": f"/devices/{device}/replace?successor={serial}",
    }  # fmt: skip
    for name, path in pages.items():
        phone.goto(path)
        phone.locator("h1").wait_for()
        assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
        shot(phone, f"profiles-{name}-390")
