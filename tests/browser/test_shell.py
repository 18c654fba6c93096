"""The shell as people see it: signed in, wide and on a phone, light and dark, by keyboard."""

from datetime import timedelta

import pytest

from acs import jobs
from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role
from tests.browser.conftest import PHONE, WIDE, LiveServer

pytestmark = pytest.mark.browser
PAGES = {
    "users": "/users/", "user": "/users/1", "new-user": "/users/new", "profile": "/profile/", "jobs": "/jobs/", "audit": "/audit/",
}  # fmt: skip


def some_jobs(server: LiveServer, now) -> None:
    with server.services.db.write() as unit:
        for number in range(3):
            jobs.enqueue(unit, DEFAULT_TENANT, "operations.expire", {"n": number}, now - timedelta(minutes=7 * number), "system:beat")
        failing = jobs.enqueue(unit, DEFAULT_TENANT, "firmware.fetch", {}, now - timedelta(hours=3), "user:admin")
        for _attempt in range(5):
            jobs.begin(unit, failing, now, timedelta(minutes=1))
            jobs.fail(unit, failing, now, "ConnectionRefusedError: images.example:443 refused the connection")


def overflows(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


LOOKS = [(WIDE, False, "en-GB"), (PHONE, False, "de-DE"), (WIDE, True, "de-DE"), (PHONE, True, "en-GB")]


@pytest.mark.parametrize(("size", "dark", "locale"), LOOKS)
def test_every_page_of_the_shell_fits_its_window(open_page, sign_in, shot, live_server, now, size, dark, locale):
    page = open_page(size, dark=dark, locale=locale, touch=size is PHONE)
    page.goto("/login")
    suffix = f"{size['width']}{'-dark' if dark else ''}-{locale[:2]}"
    shot(page, f"login-{suffix}")
    sign_in(page)
    some_jobs(live_server, now)
    live_server.add_user(Role.AGENT, "bo")
    live_server.services.security.issue_token(Actor.system("test", DEFAULT_TENANT), 1, "monitoring", 30)
    for name, url in PAGES.items():
        page.goto(url)
        page.locator("h1").first.wait_for()
        assert not overflows(page), f"{name} is wider than {size['width']}"
        assert page.locator("[style]").count() == 0 or name == "docs"
        shot(page, f"{name}-{suffix}")


def test_drawer_and_menu_open_on_a_phone(open_page, sign_in, shot):
    page = open_page(PHONE, touch=True)
    sign_in(page)
    assert not page.locator("#nav").is_visible()
    page.locator(".hl-nav-open").click()
    page.locator("#nav a", has_text="Users").wait_for()
    shot(page, "drawer-390")
    page.keyboard.press("Escape")
    page.locator(".hl-avatar").click()
    page.locator("#self").wait_for()
    shot(page, "menu-390")


def test_dark_theme_is_kept_by_the_server(open_page, sign_in, shot):
    page = open_page()
    sign_in(page)
    page.goto("/users/")
    page.locator(".hl-avatar").click()
    shot(page, "menu-1440")
    page.get_by_role("button", name="Dark").click()
    page.locator('html[data-theme="dark"][data-bs-theme="dark"]').wait_for(state="attached")
    assert page.url.endswith("/users/?") or page.url.endswith("/users/")


def test_dialog_asks_before_a_user_is_shut_out(open_page, sign_in, shot, live_server):
    page = open_page()
    sign_in(page)
    live_server.add_user(Role.AGENT, "bo")
    page.goto("/users/2")
    page.get_by_role("button", name="Shut out…").click()
    dialog = page.locator("dialog[open]")
    dialog.wait_for()
    shot(page, "dialog-1440")
    dialog.get_by_role("button", name="Cancel").click()
    page.locator("dialog#active:not([open])").wait_for(state="attached")
    page.get_by_role("button", name="Shut out…").click()
    dialog.get_by_role("button", name="Shut out", exact=True).click()
    page.locator("#messages", has_text="may no longer sign in").wait_for()


def test_interface_documentation_draws_itself_under_the_policy(open_page, sign_in, shot):
    page = open_page()
    sign_in(page)
    page.goto("/api/v1/docs")
    page.locator("#swagger .opblock").first.wait_for()
    shot(page, "docs-1440")


def test_whoever_lacks_a_permission_is_told_what_and_by_whom(open_page, sign_in, shot, live_server):
    live_server.add_user(Role.ADMIN, "boss")
    page = open_page()
    sign_in(page, Role.VIEWER)
    page.goto("/profile/")
    response = page.request.get("/users/")
    assert response.status == 403
    assert "Ada Boss" in response.text()
