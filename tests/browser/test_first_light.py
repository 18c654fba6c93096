"""First light, as its user sees it: `hearthline up --demo`, then log in, ping, scan, rename the WiFi and update the firmware, each watched to its end.

Nothing is faked: the real processes, SQLite, simulated CPEs over loopback, Chromium. No page is reloaded while an operation runs: what
changes on it came by the live stream.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from simulators.firmware import make_image
from tests.browser.conftest import PHONE, WIDE
from tests.ports import free_ports

pytestmark = pytest.mark.browser
FINISH_MS = 60_000


@dataclass(frozen=True)
class House:
    """A running demo: where its pages are, and the administrator's password it printed."""

    url: str
    password: str


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, chromium: object) -> Iterator[House]:
    home = tmp_path_factory.mktemp("house")
    names = ("CWMP_PORT", "FILES_PORT", "WEB_PORT")
    ports = {f"HEARTHLINE_{name}": str(port) for name, port in zip(names, free_ports(3), strict=True)}
    environment = {**os.environ, **ports, "HEARTHLINE_HOME": str(home), "HEARTHLINE_METRICS_PORT": "0"}
    process = subprocess.Popen([sys.executable, "-m", "acs.cli", "up", "--demo"], env=environment, stdout=subprocess.PIPE, text=True)
    killer = threading.Timer(90, process.kill)
    killer.start()
    said = ""
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if said.count("read everything done") == 20:
                break
        url = re.search(r"^ready (\S+)$", said, re.M)
        password = re.search(r"with the password (\S+)", said)
        assert url and password, said
        reader = threading.Thread(target=process.stdout.read, daemon=True)  # or the pipe fills
        reader.start()
        killer.cancel()
        yield House(url[1], password[1])
    finally:
        killer.cancel()
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
        reader.join()
        process.stdout.close()


@pytest.fixture
def page(chromium, house: House) -> Iterator[Page]:
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


def _open(page: Page, serial: str, tab: str = "") -> None:
    page.goto("/devices/?q=" + serial)  # an exact serial number opens its device at once
    expect(page.locator("h1")).to_be_visible()
    assert re.search(r"/devices/\d+$", page.url)
    if tab:
        page.get_by_role("link", name=tab, exact=False).first.click()


def _finished(page: Page, title: str) -> None:
    """The live card of this operation reaches its last station by itself."""
    card = page.locator("section, article, div.hl-card").filter(has_text=title).first
    expect(card.get_by_text("Done").first).to_be_visible(timeout=FINISH_MS)


def test_ping_and_scan_finish_live_with_drawn_results(page: Page) -> None:
    _open(page, "NV240000005", "Diagnostics")
    page.get_by_role("button", name="Ping").click()
    expect(page.locator(".hl-op-message").filter(has_text="ms on average")).to_be_visible(timeout=FINISH_MS)
    page.get_by_role("button", name="Scan WiFi").first.click()
    expect(page.get_by_text("networks are heard on 2.4 GHz")).to_be_visible(timeout=FINISH_MS)
    expect(page.locator("svg").filter(has_text="ch 6, now").first).to_be_visible()


def test_network_name_is_shown_as_a_difference_then_written_and_read_back(page: Page) -> None:
    _open(page, "NV240000009", "WiFi")
    page.locator("#f-wifi-2g-ssid").fill("Seaside")
    page.get_by_role("button", name="See what changes…").first.click()
    expect(page.get_by_text("Seaside").first).to_be_visible()
    page.get_by_role("button", name="Write to the device").click()
    _finished(page, "Change settings")
    _open(page, "NV240000009", "WiFi")
    expect(page.locator("#f-wifi-2g-ssid")).to_have_value("Seaside")


def test_firmware_is_uploaded_and_the_device_informs_with_its_version(page: Page, tmp_path: Path) -> None:
    image = tmp_path / "g240-4.0.1.bin"
    image.write_bytes(make_image("Norvik G240", "4.0.1", 300_000))
    page.goto("/firmware/")
    _upload(page, image)
    expect(page.get_by_text("4.0.1").first).to_be_visible()
    _open(page, "NV240000013")
    page.locator("summary").filter(has_text="Actions").click()
    page.get_by_role("group").get_by_role("link", name="Update firmware…").click()
    page.get_by_label("4.0.1").check()
    page.get_by_role("button", name="Update firmware").click()
    _finished(page, "Update firmware")
    expect(page.get_by_text("4.0.1").first).to_be_visible()
    _open(page, "NV240000013")
    expect(page.get_by_text("Firmware 4.0.1")).to_be_visible()


def _upload(page: Page, image: Path) -> None:
    page.locator("input[type=file]").set_input_files(str(image))
    page.locator("input[name=version]").fill("4.0.1")
    page.locator("[name=model]").fill("Norvik G240")
    page.get_by_role("button", name="Add to the library").click()


def test_planted_faults_are_told_in_plain_words(page: Page) -> None:
    _open(page, "NV240000001")
    expect(page.get_by_text("The router gives the home addresses of another network")).to_be_visible(timeout=FINISH_MS)


def test_device_page_fits_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    _open(page, "NV240000005")
    assert page.locator("html").evaluate("e => e.scrollWidth") <= PHONE["width"]
