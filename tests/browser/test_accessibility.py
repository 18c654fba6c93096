"""axe-core finds nothing on the pages of the shell, and they can be walked by keyboard."""

import pytest

from acs import jobs
from acs.db.tenancy import DEFAULT_TENANT
from care import assets
from care.security.permissions import Role
from tests.browser.conftest import PHONE, WIDE
from tests.care import samples

pytestmark = pytest.mark.browser
AXE = assets.MODULES / "axe-core" / "axe.min.js"
RULES = '{runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}'


def violations(page) -> list[str]:
    """What axe complains about: rule, sentence, and the first element."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(f"axe.run({RULES}).then(r => r.violations.map(v => `${{v.id}}: ${{v.help}}: ${{v.nodes[0].html}}`))")
    return list(found)


@pytest.fixture
def server(live_server, now):
    if not AXE.is_file():
        pytest.skip("axe-core is not fetched")
    with live_server.services.db.write() as unit:
        jobs.enqueue(unit, DEFAULT_TENANT, "firmware.fetch", {}, now, "user:anna")
    live_server.add_user(Role.AGENT, "bo")
    return live_server


@pytest.mark.parametrize(("size", "dark"), [(WIDE, False), (WIDE, True), (PHONE, False)])
def test_axe_finds_nothing(open_page, sign_in, server, size, dark):
    page = open_page(size, dark=dark)
    page.goto("/login")
    found = {"/login": violations(page)}
    sign_in(page)
    for path in ("/users/", "/users/1", "/users/new", "/profile/", "/jobs/", "/audit/", "/nothing-here"):
        page.goto(path) if path != "/nothing-here" else page.set_content(page.request.get(path).text())
        found[path] = violations(page)
    assert {path: list(bad) for path, bad in found.items() if bad} == {}


HOUSE = (
    "/devices/", "/operations/", "/sessions/", "/sessions/?fault=9005", "/firmware/", "/quirks/", "/quirks/new", "/quirks/import", "/quirks/import?field=yes",
    "/redirects/", "/onboarding/", "/access/", "/access/waiting", "/access/blocks", "/access/certificates", "/access/alarms",
)  # fmt: skip
DEVICE = ("", "/wifi", "/hosts", "/line", "/diagnostics", "/parameters", "/software", "/operations", "/sessions", "/backups", "/identity", "/history",
          "/reach/")  # fmt: skip


@pytest.mark.parametrize(("size", "dark"), [(WIDE, True), (PHONE, False)])
def test_axe_finds_nothing_in_the_network(open_page, sign_in, server, now, size, dark):
    """Every list and every tab, with what is folded opened; a device behind a NAT shows why no call brings it."""
    device = samples.home(server.services.db, server.services.vault, now, samples.NORVIK, 1, ["open-wifi"])
    page = open_page(size, dark=dark)
    sign_in(page)
    found = {}
    for path in (*HOUSE, *(f"/devices/{device}{tab}" for tab in DEVICE)):
        page.goto(path)
        page.evaluate("document.querySelectorAll('main details').forEach(folded => { folded.open = true })")
        found[path] = violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert {path: list(bad) for path, bad in found.items() if bad} == {}


def test_keyboard_reaches_content_and_search_first(open_page, sign_in, server):
    page = open_page()
    sign_in(page)
    page.goto("/users/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "hl-skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_slash_goes_to_the_search_but_not_while_typing(open_page, sign_in, server):
    page = open_page()
    sign_in(page)
    page.goto("/users/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("a/b")
    assert page.locator("#search").input_value() == "a/b"
    page.goto("/users/new")
    page.locator("#name").fill("")
    page.locator("#name").press("/")
    assert page.locator("#name").input_value() == "/"
