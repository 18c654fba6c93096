"""What a data model says and where a value comes from, in a browser: the leaf of the tree, the rule it breaks, the explanation."""

import pytest

from care.security.permissions import Role
from tests.browser.conftest import PHONE, WIDE
from tests.care import samples

pytestmark = pytest.mark.browser
CHANNEL = "Device.WiFi.Radio.1.Channel"


@pytest.fixture
def device_id(live_server, now):
    return samples.home(live_server.services.db, live_server.services.vault, now, samples.NORVIK, 1)


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_the_explanation_is_reached_from_the_leaf_and_fits_any_window(open_page, sign_in, shot, device_id):
    page = open_page(WIDE)
    sign_in(page, Role.ENGINEER)
    page.goto(f"/devices/{device_id}/parameters/detail?path={CHANNEL}")
    page.get_by_text("version 2.0 of the model").wait_for()
    shot(page, "models-leaf-1440")
    page.get_by_role("link", name="(wifi.2g.channel)").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Where it was looked for").wait_for()
    taken = page.locator(".hl-way-taken").inner_text()
    assert taken.startswith("{radio.2g}.Channel")
    assert "by rule 1 of 2" in taken
    shot(page, "models-explain-1440")
    assert fits(page)
    page.set_viewport_size(PHONE)
    assert fits(page)
    shot(page, "models-explain-390")
    page.goto(f"/devices/{device_id}/parameters/explain")
    page.get_by_text("Which value?").wait_for()
    assert fits(page)
    shot(page, "models-explain-empty-390")
    page.goto(f"/devices/{device_id}/parameters?path=Device.WiFi.SSID.")
    page.get_by_text("Rows can be added and deleted.").wait_for()
    assert fits(page)
    shot(page, "models-branch-390")


def test_in_german_the_rule_that_is_broken_is_told_in_german(open_page, sign_in, shot, device_id):
    page = open_page(locale="de-DE", tolerant=True)
    sign_in(page, Role.ENGINEER)
    page.goto(f"/devices/{device_id}/parameters/detail?path={CHANNEL}")
    page.locator("input[name=value]").fill("300")
    page.locator("form.hl-detail-form button").click()
    page.locator(".hl-error").first.wait_for()
    said = page.locator(".hl-error").first.inner_text()
    assert "muss 1 bis 255 sein" in said
    shot(page, "models-rule-de")
