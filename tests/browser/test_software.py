"""The engineer's tab and the page of other ACSs, as people see them: a desk and a phone, and what is asked twice."""

from datetime import UTC, datetime

import pytest

from acs.audit import Actor
from acs.cwmp import messages as m
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import reports, service
from acs.operations.models import Operation
from tests.acs.kit import store_values
from tests.browser.conftest import PHONE, SCREENSHOTS, WIDE
from tests.browser.test_accessibility import AXE, violations
from tests.care import samples
from tests.care.devices.test_software import MODULES

pytestmark = pytest.mark.browser


@pytest.fixture
def device(live_server) -> int:
    """A device with a software module, a queue, and a wish."""
    services, now = live_server.services, datetime.now(UTC)
    services.redirects.hosts = ("acs2.example",)
    found = samples.home(services.db, services.vault, now, samples.NORVIK, 1, ["open-wifi"])
    values = [m.ParameterValueStruct(name, value, "string") for name, value in MODULES.items()]
    transfer = {
        "command_key": "hl0123456789abcdef",
        "state": "waiting",
        "download": True,
        "file_type": "1 Firmware Upgrade Image",
        "size": 9_000_000,
        "file_name": "g240-3.4.bin",
    }
    told = {"rpc_methods": {"methods": ["GetRPCMethods", "SetParameterValues", "ScheduleInform", "ScheduleDownload", "CancelTransfer", "ChangeDUState"]},
            "queued_transfers": {"transfers": [transfer], "complete": True}}  # fmt: skip
    with services.db.write() as unit:
        store_values(unit.connection, services.vault, int(DEFAULT_TENANT), found, values, now, "session")
        reports.store(unit.connection, int(DEFAULT_TENANT), found, now, [reports.of(m.RequestDownload("1 Firmware Upgrade Image"), 1)])
        service.set_tags(unit, Actor("user:ada", DEFAULT_TENANT), found, ["pilot"], now)
    for kind, result in told.items():
        services.operations.ask(Actor("user:ada", DEFAULT_TENANT), found, kind, {})
        with services.db.write() as unit:
            row = unit.session.query(Operation).filter_by(kind=kind).one()
            row.state, row.result, row.finished_at = "done", result, now
    return found


def shot(page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("size", "name"), [(WIDE, "software-1440"), (PHONE, "software-390")])
def test_the_tab_fits_and_shows_modules_transfers_and_what_the_device_told(open_page, sign_in, device, size, name):
    page = open_page(size)
    sign_in(page)
    page.goto(f"/devices/{device}/software")
    for words in ("meter", "Installed", "1 Firmware Upgrade Image", "Wants a file", "ScheduleInform"):
        assert page.get_by_text(words).first.is_visible()
    shot(page, name)
    for summary in page.locator("#panel details > summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shot(page, name + "-open")


def test_uninstalling_is_shown_by_keyboard_and_then_asked(open_page, sign_in, device):
    page = open_page()
    sign_in(page)
    page.goto(f"/devices/{device}/software")
    button = page.get_by_role("button", name="Uninstall…")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/preview/uninstall_module")
    assert page.get_by_text("What it does for the home ends.").is_visible()
    shot(page, "preview-1440")
    page.get_by_role("button", name="Uninstall a module").click()
    page.wait_for_url("**/software?op=*")
    assert page.locator("[data-operation]").first.is_visible()


@pytest.mark.parametrize(("size", "name"), [(WIDE, "redirects-1440"), (PHONE, "redirects-390")])
def test_the_page_of_other_acss_fits(open_page, sign_in, live_server, device, size, name):
    live_server.services.redirects.add(
        Actor("user:ada", DEFAULT_TENANT), "pilot", "", "https://acs2.example/cwmp", "trial of the new platform"
    )
    page = open_page(size)
    sign_in(page)
    page.goto("/redirects/")
    assert page.get_by_text("https://acs2.example/cwmp").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shot(page, name)


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not fetched")
def test_axe_finds_nothing_on_them(open_page, sign_in, device):
    page = open_page()
    sign_in(page)
    page.goto(f"/devices/{device}/software")
    for summary in page.locator("#panel details > summary").all():
        summary.click()
    found = {"software": violations(page)}
    page.get_by_role("button", name="Uninstall…").click()
    page.wait_for_url("**/preview/uninstall_module")
    found["preview"] = violations(page)
    page.goto("/redirects/")
    found["redirects"] = violations(page)
    assert found == {"software": [], "preview": [], "redirects": []}


@pytest.mark.parametrize(("size", "name"), [(WIDE, "operation-result-1440"), (PHONE, "operation-result-390")])
def test_result_of_an_operation_is_a_table_that_fits(live_server, open_page, sign_in, device, size, name):
    with live_server.services.db.read() as session:
        found = session.query(Operation).filter_by(kind="queued_transfers").one().id
    page = open_page(size)
    sign_in(page)
    page.goto(f"/operations/{found}")
    assert page.get_by_text("1 Firmware Upgrade Image").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    shot(page, name)
