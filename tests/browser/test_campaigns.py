"""A firmware that makes its devices restart in a loop is given to canaries of a fleet: the campaign stops itself, takes it back, and its page says why.

Real processes, SQLite and simulated CPEs over loopback; the page is never loaded anew, what changes on it came by the live stream.
"""

import io
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from acs.audit import Actor
from acs.campaigns.views import Member, State
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device
from acs.firmware import service as firmware
from care import assets
from care.security.permissions import Role
from care.services import Services, build_services
from simulators.firmware import make_image
from simulators.profile import profiles
from tests.browser.conftest import PASSWORD, PHONE, SCREENSHOTS, WIDE
from tests.integration.processes import Premises

pytestmark = pytest.mark.browser
MODEL = "Norvik G240"
ACTOR = Actor("user:test", DEFAULT_TENANT)


@pytest.fixture
def premises(tmp_path: Path, chromium: object) -> Iterator[Premises]:
    assets.fetch()  # without htmx the form has no preview and the page no stream
    found = Premises(tmp_path, HEARTHLINE_CPE_AUTH="none")
    yield found
    found.stop()


def until(done, seconds: float, what: str):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if found := done():
            return found
        time.sleep(0.5)
    raise AssertionError(f"not in {seconds} s: {what}")


def add_image(services: Services, folder: Path, version: str, loops_s: float = 0) -> int:
    _place, sha256, size = firmware.store_upload(io.BytesIO(make_image(MODEL, version, loops_s=loops_s)), folder, 10**7)
    with services.db.write() as unit:
        return firmware.add(unit, ACTOR, services.clock(), sha256, size, f"g240-{version}.bin", version, MODEL)


def canary_of_a_bad_firmware(premises: Premises, chromium, count: int, canaries: int, seconds: float) -> None:
    settings = premises.settings()
    up = premises.run("up")
    until(lambda: "ready " in up.said, 60, "the house is up")
    services = build_services(settings)
    services.security.create_user(ACTOR, "ada", "Ada Admin", Role.ADMIN, PASSWORD)
    running = profiles()[MODEL].firmware
    add_image(services, settings.files_dir, running)
    bad = add_image(services, settings.files_dir, "9.9.9", loops_s=3)
    premises.run("simulate", "--count", str(count), "--model", MODEL, "--url", premises.url, "--boot-time", "0.5")
    until(lambda: known(services) >= count, seconds, "all devices there")
    page: Page = chromium.new_context(viewport=WIDE, base_url=f"http://127.0.0.1:{premises.web}").new_page()
    page.goto("/login")
    page.locator("#login").fill("ada")
    page.locator("#password").fill(PASSWORD)
    page.locator("main button").click()
    page.locator("#nav").wait_for(state="attached")
    services.campaigns.set_settings(ACTOR, "UTC", None)
    page.goto(f"/campaigns/new?image={bad}")
    page.locator("#c-name").fill("Firmware 9.9.9")
    page.locator("#c-canary").fill(str(canaries))
    page.locator("#c-watch_min").fill("2")
    page.locator("#c-image").select_option(str(bad))
    page.locator("#c-in_flight").click()
    expect(page.locator("#preview")).to_contain_text("devices fit", timeout=10_000)
    expect(page.locator("#preview")).to_contain_text("→ 9.9.9")
    shot(page, "campaign-form")
    page.get_by_role("button", name="Save the draft").click()
    page.wait_for_url(re.compile(r"/campaigns/\d+$"))
    campaign = int(page.url.rpartition("/")[2])
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#why")).to_contain_text("It stopped by itself", timeout=int(seconds * 1000))
    told = page.locator("#why").inner_text()
    assert "restart again and again" in told or "failed" in told, told
    until(lambda: services.campaigns.get(DEFAULT_TENANT, campaign).state is State.ABORTED, seconds, "taken back")
    expect(page.locator("h1 + .hl-chip")).to_contain_text("Ended early", timeout=20_000)
    view = services.campaigns.get(DEFAULT_TENANT, campaign)
    touched = view.count(Member.REVERTED)  # it may stop before the last of its canaries is begun
    assert 0 < touched <= canaries, view.waves
    assert view.count(Member.CANCELLED) == count - touched
    for name, size in (("1440", WIDE), ("390", PHONE)):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        shot(page, f"campaign-{name}")
    page.goto(f"/campaigns/{campaign}/results?state=reverted")
    assert page.locator("tbody tr").count() == min(touched, 50)
    services.db.close()


def shot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def known(services: Services) -> int:
    """How many devices are there and read."""
    with services.db.read() as session:
        return session.scalar(select(func.count()).select_from(Device).where(Device.path_set_id.is_not(None))) or 0


def test_a_bad_firmware_stops_at_its_canaries_and_is_taken_back(premises, chromium):
    canary_of_a_bad_firmware(premises, chromium, 40, 4, 90)


@pytest.mark.soak
@pytest.mark.feature("U-29")
def test_a_bad_firmware_stops_at_the_canaries_of_a_thousand_devices(premises, chromium):
    canary_of_a_bad_firmware(premises, chromium, 1000, 20, 600)
