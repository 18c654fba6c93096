"""A web process on a free port over an SQLite file, and a Chromium that looks at it.

Pages are under a strict Content-Security-Policy: wait with locators, never with wait_for_function (it needs eval). Tests here use
Playwright's synchronous interface and no Twisted. Screenshots go to screenshots/ (not committed): look at them.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

import pytest

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.settings import Settings
from care import assets
from care.security.permissions import Role
from care.services import Services, build_services
from tests.browser.web import WebProcess

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENSHOTS = Path(__file__).parent.parent.parent / "screenshots"
PASSWORD = "correct horse battery"
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass(frozen=True)
class LiveServer:
    """A web process and, for the test, the services over its database."""

    url: str
    services: Services
    pid: int

    def path(self, path: str) -> str:
        return urljoin(self.url, path)

    def add_user(self, role: Role = Role.ADMIN, login: str = "") -> str:
        login = login or role.value
        actor = Actor.system("test", DEFAULT_TENANT)
        self.services.security.create_user(actor, login, f"Ada {login.title()}", role, PASSWORD)
        return login


@pytest.fixture
def live_server(tmp_path: Path, sqlite_template: Path) -> Iterator[LiveServer]:
    assets.fetch()
    settings = Settings(home=tmp_path, bind="127.0.0.1", web_port=0)
    shutil.copyfile(sqlite_template, tmp_path / "hearthline.db")
    db = Database(settings.database)
    process = WebProcess(tmp_path, {**os.environ, "HEARTHLINE_HOME": str(tmp_path), "HEARTHLINE_BIND": "127.0.0.1"})
    try:
        yield LiveServer(process.address(), build_services(settings, db), process.pid)
    finally:
        process.end()
        db.close()


@pytest.fixture(scope="session")
def chromium():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    if shutil.which("npm") is None and not assets.up_to_date():
        pytest.skip("no npm to fetch the front-end packages with")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, live_server: LiveServer) -> Iterator[Callable]:
    """`open_page(width, dark=…)` is a page whose console errors and broken requests fail the test at its end."""
    contexts: list = []
    complaints: list[str] = []

    def open_one(size: dict = WIDE, dark: bool = False, locale: str = "en-GB", touch: bool = False, tolerant: bool = False):
        context = chromium.new_context(
            viewport=size, base_url=live_server.url, color_scheme="dark" if dark else "light", locale=locale, has_touch=touch
        )
        contexts.append(context)
        page = context.new_page()
        if tolerant:  # of a server that goes away
            return page
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not complaints, complaints


@pytest.fixture
def sign_in(live_server: LiveServer) -> Callable:
    """`sign_in(page, Role.AGENT)` signs a new user of that role in."""
    known: set[Role] = set()

    def enter(page, role: Role = Role.ADMIN) -> None:
        if role not in known:
            live_server.add_user(role)
            known.add(role)
        page.goto("/login")
        page.locator("#login").fill(role.value)
        page.locator("#password").fill(PASSWORD)
        page.locator("main button").click()
        page.locator("#nav").wait_for(state="attached")

    return enter


@pytest.fixture
def shot() -> Callable:
    """`shot(page, "name")` keeps a picture of the whole page to look at."""

    def take(page, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=str(SCREENSHOTS / f"{name}.png"), full_page=True)

    return take


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)
