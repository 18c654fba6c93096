"""The quirk registry in a browser: list, entry, import and the card of the device page, wide and on a phone."""

import pytest

from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.operations.models import Operation
from acs.provisioning.procedure import Learned
from acs.quirks import learning
from acs.quirks import service as quirks
from care.security.permissions import Role
from tests.browser.conftest import PHONE, WIDE
from tests.care import samples

pytestmark = pytest.mark.browser
ANNA = Actor("user:anna", DEFAULT_TENANT)
FOUND = (
    Learned("read_batch", 32, "", "values of 32 names", "answered; 33 are too many"),
    Learned("refused_names", 9005, "Device.WiFi.Radio.2.Stats.X_NORVIK_AirtimeUtilisation", "the value of it, which it lists", "9005 Invalid parameter name"),
    Learned("not_kept", {"wrote": "11", "shows": "6"}, "Device.WiFi.Radio.1.Channel", "Device.WiFi.Radio.1.Channel written twice: 11", "accepted; shows 6"),
)


@pytest.fixture
def places(live_server, now):
    db = live_server.services.db
    ids = [samples.home(db, live_server.services.vault, now, samples.NORVIK, number) for number in (1, 2, 3)]
    with db.write() as unit:
        for number, device_id in enumerate(ids):
            learning.learn(unit, [(device_id, 1, now, FOUND[: 3 - number])])
        quirks.import_(unit, ANNA, quirks.field_text(), now, origin="seed")
    entry = live_server.services.quirks.listed(DEFAULT_TENANT, knob="read_batch", q="G240")[0]
    values = [["Device.WiFi.SSID.1.SSID", "Anna", "string"], ["Device.WiFi.Radio.1.Channel", "14", "unsignedInt"]]
    number = live_server.services.operations.ask(ANNA, ids[0], "write", {"values": values})
    with db.write() as unit:
        row = unit.session.get(Operation, number)
        row.state, row.finished_at, row.updated_at = "failed", now, now
        row.error = "The device refused Device.WiFi.Radio.1.Channel. Nothing was changed."
        row.fault = {"code": 9003, "text": "Invalid arguments", "parameters": [{"name": values[1][0], "code": 9007, "text": "Invalid parameter value"}]}
        each = [{"path": values[0][0], "state": "not_tried"}, {"path": values[1][0], "state": "refused", "fault": "9007 Invalid parameter value"}]
        row.result = {"written": [], "each": each}
    return {
        "index": "/quirks/", "entry": f"/quirks/{entry.id}", "new": "/quirks/new?product_class=G240", "import": "/quirks/import?field=yes",
        "device": f"/devices/{ids[0]}", "operation": f"/operations/{number}",
    }  # fmt: skip


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_what_is_known_is_shown_and_nothing_is_wider_than_the_window(open_page, sign_in, shot, places, size):
    page = open_page(size)
    sign_in(page, Role.ENGINEER)
    for name, path in places.items():
        page.goto(path)
        if name == "device":
            page.locator("#known-quirks li").first.wait_for()
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name} is {wide} px wider than the window"
        shot(page, f"quirks-{name}-{size['width']}")


def test_a_proposal_is_confirmed_by_keyboard(open_page, sign_in, places):
    page = open_page()
    sign_in(page, Role.ENGINEER)
    page.goto("/quirks/?state=proposed")
    page.locator("main table a").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Confirm").focus()
    page.keyboard.press("Enter")
    page.get_by_text("It counts from the next contact of each device on.").wait_for()
    assert page.locator(".hl-title-line .hl-chip").inner_text().strip() == "In use"
