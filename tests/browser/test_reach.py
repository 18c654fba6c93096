"""Waking devices from their page, with the real processes: one behind a NAT through STUN and UDP, one through a real prosody.

`hearthline up` and `hearthline simulate --nat` as users start them; nothing is called from inside. What changes on the page came by itself.
"""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE
from tests.ports import free_ports
from tests.prosody import Prosody

pytestmark = [pytest.mark.browser, pytest.mark.prosody]
ROOT = Path(__file__).parent.parent.parent
FINISH_MS = 60_000
INSIDE = "127.200"
"""How the private addresses begin: nothing listens there, and no test leaves the machine."""
ONBOARDING = "enrol-me-please"
INTERVAL_S = "15"
"""How long what is queued waits for a device that nothing wakes yet."""


@dataclass(frozen=True)
class House:
    """A running ACS: its pages, the administrator's password, and what a simulated device needs."""

    url: str
    password: str
    environment: dict[str, str]


@contextmanager
def _running(environment: dict[str, str], *args: str) -> Iterator[Callable[[str], str]]:
    """A command of ours; the value waits for a line with a text and gives all that was said."""
    process = subprocess.Popen([sys.executable, "-m", "acs.cli", *args], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    said: list[str] = []
    changed = threading.Condition()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with changed:
                said.append(line)
                changed.notify_all()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()

    def wait_for(pattern: str) -> str:
        with changed:
            assert changed.wait_for(lambda: re.search(pattern, "".join(said), re.M), 60), "".join(said)
        return "".join(said)

    try:
        yield wait_for
    finally:
        process.terminate()  # a shell's background job ignores SIGINT, and so do its children
        process.wait(40)
        reader.join()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, chromium: object, prosody: Prosody) -> Iterator[House]:
    cwmp, files, web, stun = map(str, free_ports(4))
    given = {key.upper(): str(value) for key, value in prosody.settings().items()}
    settings = {
        "HOME": str(tmp_path_factory.mktemp("house")), "CWMP_PORT": cwmp, "FILES_PORT": files, "WEB_PORT": web,
        "METRICS_PORT": "0", "STUN_PORT": stun, "STUN_HOST": "127.0.0.1", "BIND": "127.0.0.1", "ONBOARDING": ONBOARDING,
        "XMPP_ACCOUNTS": "1", "CPE_NETWORKS": "127.0.0.0/8", **given,
    }  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEARTHLINE_")}
    environment = {**kept, "PYTHONUNBUFFERED": "1", **{f"HEARTHLINE_{name}": value for name, value in settings.items()}}
    with _running(environment, "up") as says:
        said = says(r"with the password \S+")
        password, url = re.search(r"with the password (\S+)", said), re.search(r"^ready (\S+)$", said, re.M)
        assert password and url, said
        url_of_acs = f"http://127.0.0.1:{settings['CWMP_PORT']}/"
        with _running(environment, "simulate", "--model", "G240", "--count", "2", "--nat", INSIDE, "--clip-retry", "1", "--ca", str(prosody.ca),
                      "--url", url_of_acs, "--onboarding", ONBOARDING, "--inform-interval", INTERVAL_S) as devices:  # fmt: skip
            devices("All 2 devices have reached")
            yield House(url[1], password[1], environment)


@pytest.fixture
def page(chromium: Any, house: House) -> Iterator[Page]:
    context = chromium.new_context(viewport=WIDE, base_url=house.url)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/")
    page.locator("input[name=login]").fill("admin")
    page.locator("input[type=password]").fill(house.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/fleet/")
    yield page
    context.close()
    assert not errors


def _open(page: Page, serial: str) -> None:
    page.goto("/devices/?q=" + serial)
    expect(page.locator("h1")).to_be_visible()
    admit = page.get_by_role("button", name="Admit")
    if admit.count():
        admit.first.click()
    page.goto("/devices/?q=" + serial)


def _shots(page: Page, shot: Callable[..., None], name: str) -> None:
    shot(page, name + "-1440")
    page.set_viewport_size(PHONE)
    shot(page, name + "-390")
    page.set_viewport_size(WIDE)


def _box(page: Page, text: str) -> None:
    """The box says so, now or after a look at what the device told since."""
    box = page.locator("#reach")
    for _ in range(12):
        try:
            expect(box).to_contain_text(text, timeout=2500)
        except AssertionError:
            page.reload()
        else:
            return
    expect(box).to_contain_text(text)


def _set_up(page: Page, shot: Callable[..., None], serial: str, link: str, button: str, name: str) -> None:
    """Admit the device, take the offer in its box, look at what will be written, and have it written at the next contact."""
    _open(page, serial)
    _box(page, "Behind a NAT")
    _box(page, link)
    _shots(page, shot, f"reach-{name}-before")
    page.get_by_role("link", name=link).click()
    expect(page.get_by_role("button", name=button)).to_be_visible()
    expect(page.locator(".hl-reach-preview").first).to_contain_text("ConnectionRequestPassword")
    _shots(page, shot, f"reach-{name}-preview")
    page.get_by_role("button", name=button).click()
    card = page.locator(".hl-op").filter(has_text=button).first
    expect(card).to_contain_text("Done", timeout=FINISH_MS)


def _wake(page: Page, way: str) -> None:
    """Press the button: the card comes to its end, and the box says by which way."""
    page.locator("#wake-now").click()
    expect(page.locator(".hl-op").filter(has_text="Wake the device").first).to_contain_text("Done", timeout=FINISH_MS)
    expect(page.locator("#reach")).to_contain_text(f"It comes when it is called by {way}", timeout=10_000)
    expect(page.locator(".hl-reach-tries li").first).to_contain_text(way)
    expect(page.locator(".hl-reach-tries li").first).to_contain_text("came after")


@pytest.mark.cwmp("F-30", "F-36", "F-37", "F-39")
def test_device_behind_a_nat_is_woken_from_its_page_by_stun_and_udp(page: Page, shot: Callable[..., None]) -> None:
    _set_up(page, shot, "NV240000001", "Turn on STUN…", "Turn on STUN", "stun")
    _box(page, "127.0.0.1:")
    _wake(page, "UDP through STUN")
    _shots(page, shot, "reach-stun-woken")
    page.get_by_role("link", name="All tries").click()
    expect(page.locator("table")).to_contain_text("heard of")
    _shots(page, shot, "reach-tries")


@pytest.mark.cwmp("F-50", "F-52", "F-53")
def test_device_is_woken_from_its_page_through_an_xmpp_server(page: Page, shot: Callable[..., None]) -> None:
    _set_up(page, shot, "NV240000002", "Set up XMPP…", "Set up XMPP", "xmpp")
    _box(page, "@xmpp.test/cwmp")
    _wake(page, "XMPP")
    _shots(page, shot, "reach-xmpp-woken")
