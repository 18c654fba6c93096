"""The query box by keyboard, its errors, ticked rows and groups in a browser, wide and on a phone."""

import pytest
from playwright.sync_api import expect

from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role
from tests.browser.conftest import PHONE, WIDE
from tests.care import samples

pytestmark = pytest.mark.browser
ANNA = Actor("user:anna", DEFAULT_TENANT)


@pytest.fixture
def homes(live_server, now) -> list[int]:
    ids = [samples.home(live_server.services.db, live_server.services.vault, now, number=number, read=False) for number in (1, 2, 3)]
    group = live_server.services.finding.create(ANNA, "canaries", None, "")
    live_server.services.finding.add(ANNA, group, ids[:2])
    return ids


def test_a_query_is_typed_with_proposals_by_keyboard(open_page, sign_in, homes):
    page = open_page(WIDE)
    sign_in(page, Role.ENGINEER)
    page.goto("/devices/")
    box = page.get_by_role("combobox", name="Query")
    box.press_sequentially("gro")
    expect(page.get_by_role("option")).to_have_count(1)
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "query-proposals-0")
    box.press("Tab")
    expect(box).to_have_value("group:")
    expect(page.get_by_role("option")).to_contain_text("canaries")
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("group:canaries ")
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    box.press("Enter")
    expect(page.locator(".hl-row-title")).to_have_count(2)
    page.get_by_label("Without group canaries").click()
    expect(page.locator(".hl-row-title")).to_have_count(3)


def test_ticked_rows_are_counted_and_carried_to_the_preview(open_page, sign_in, homes):
    page = open_page(WIDE)
    sign_in(page, Role.ENGINEER)
    page.goto("/devices/")
    button = page.get_by_role("button", name="With the ticked…")
    expect(button).to_be_disabled()
    page.get_by_label("Tick NV240000001").check()
    page.get_by_label("Tick NV240000003").check()
    expect(page.locator("[data-ticked-count]")).to_have_text("2 ticked")
    button.click()
    page.get_by_label("Tag", exact=True).fill("lab")
    page.get_by_role("button", name="Add…").click()
    expect(page.get_by_role("button", name="Add tag lab: 2 devices")).to_be_visible()
    page.get_by_role("button", name="Add tag lab: 2 devices").click()
    expect(page.get_by_role("heading", name="Add tag lab")).to_be_visible()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_pages_of_finding_are_no_wider_than_the_window(open_page, sign_in, shot, homes, size):
    page = open_page(size)
    sign_in(page, Role.ENGINEER)
    places = {
        "list": "/devices/?query=serial+%3D+NV*+and+presence:online", "groups": "/groups/",
        "group": "/groups/1", "new": "/groups/new?query=tag:vip", "bulk": "/bulk/new?query=&scope=query",
        "ask": "/bulk/new?query=&scope=query&do=operation:write",
        "many": "/bulk/",
    }  # fmt: skip
    for name, path in places.items():
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name} is {wide} px wider than the window"
        shot(page, f"finding-{name}-{size['width']}")
