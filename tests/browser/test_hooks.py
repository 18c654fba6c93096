"""A hook written, tried and published in the browser, by keyboard and on a phone."""

from datetime import UTC, datetime

import pytest

from care.security.permissions import Role
from tests.browser.conftest import PHONE
from tests.care import samples

pytestmark = pytest.mark.browser
BROKEN = "function hook(d) {\n  return d.no.such;\n}"


def test_hook_is_written_tried_and_published(open_page, sign_in, live_server):
    services = live_server.services
    device = samples.home(services.db, services.vault, datetime.now(UTC), samples.NORVIK, 1)
    serial = services.devices.head(1, device).serial_number
    page = open_page()
    sign_in(page, Role.ENGINEER)
    page.goto("/hooks/new")
    page.locator("#name").fill("quiet")
    page.get_by_role("button", name="Add").click()
    code = page.locator("#code")
    code.fill(BROKEN)
    assert page.locator(".hl-gutter").inner_text().split() == ["1", "2", "3"]
    code.press("Tab")
    assert code.input_value() == BROKEN + "  "
    code.press("Escape")
    code.press("Tab")
    assert page.evaluate("document.activeElement.id") == "note"
    page.locator("#device").fill(serial)
    page.get_by_role("button", name="Try it").click()
    page.get_by_text("It ended with an error").wait_for()
    assert page.locator(".hl-gutter b").inner_text().strip() == "2"
    assert page.evaluate("document.activeElement.id") == "result"
    page.locator("#code").fill("function hook(d) { return { 'wifi.2g.channel': 11 }; }")
    page.get_by_role("button", name="Try it").click()
    page.get_by_text("can be written").wait_for()
    page.get_by_role("button", name="Keep as draft").click()
    page.get_by_role("button", name="Publish…").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    page.get_by_text("it runs from now on").wait_for()
    assert services.hooks.listed(1)[0].published == 1
    phone = open_page(PHONE)
    sign_in(phone, Role.ENGINEER)
    for path in ("/hooks/", "/hooks/1", "/hooks/1/versions/1", "/firmware/running"):
        phone.goto(path)
        assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
