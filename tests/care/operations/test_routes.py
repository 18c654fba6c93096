"""Operations as pages: the list, one, the card that polls, cancelling."""

import re

import pytest

from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.operations.models import Operation
from care.security.permissions import Role
from tests.care import samples

ANNA = Actor("user:anna", DEFAULT_TENANT)


def test_list_is_filtered_and_pages(signed_in, services, db, home, clock, monkeypatch):
    monkeypatch.setattr("care.operations.routes.PER_PAGE", 1)
    device_id, browser = home(read=False), signed_in()
    samples.finished(db, device_id, "ping", samples.PING, clock(), {"host": "192.0.2.1"})
    services.operations.ask(ANNA, device_id, "reboot", {})
    page = browser.get("/operations/").get_data(as_text=True)
    assert "Restart" in page
    assert "before=2" in page
    assert "packets came back" in browser.get("/operations/?state=done").get_data(as_text=True)
    assert "No operation fits" in browser.get("/operations/?kind=firmware").get_data(as_text=True)
    assert browser.get("/operations/?state=odd").status_code == 422
    assert browser.get("/operations/?kind=odd").status_code == 422
    assert "<html" not in browser.get("/operations/?part=table").get_data(as_text=True)


def test_card_is_sent_again_only_when_it_looks_different(signed_in, services, db, home, clock):
    browser = signed_in()
    op = services.operations.ask(ANNA, home(read=False), "read", {"paths": ["Device.DeviceInfo."]})
    first = browser.get(f"/operations/{op}/live").get_data(as_text=True)
    seen = re.search(r"seen=([^\"&]+)", first)[1]
    assert "every 3s" in first
    assert browser.get(f"/operations/{op}/live?seen={seen}").status_code == 204
    with db.write() as unit:
        row = unit.session.get(Operation, op)
        row.state, row.finished_at, row.updated_at, row.result = "done", clock(), clock(), {"count": 4}
    ended = browser.get(f"/operations/{op}/live?seen={seen}")
    assert "4 values read." in ended.get_data(as_text=True)
    assert "every 3s" not in ended.get_data(as_text=True)
    assert ended.headers["HX-Trigger-After-Swap"] == "operation-ended"


def test_cancelled_in_time_is_cancelled_and_too_late_is_said(signed_in, services, db, home):
    browser, device_id = signed_in(), home(read=False)
    op = services.operations.ask(ANNA, device_id, "read", {"paths": ["Device.DeviceInfo."]})
    page = browser.get(browser.post(f"/operations/{op}/cancel").location).get_data(as_text=True)
    assert "Nothing was changed on the device." in page
    sent = services.operations.ask(ANNA, device_id, "reboot", {})
    with db.write() as unit:
        unit.session.get(Operation, sent).state = "waiting"
    assert "Too late" in browser.get(browser.post(f"/operations/{sent}/cancel").location).get_data(as_text=True)
    card = browser.post(f"/operations/{sent}/cancel", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "Too late to call back" in card
    assert "<html" not in card


def test_one_operation_shows_its_arguments_and_result_without_secrets(signed_in, services, db, home, clock):
    browser, device_id = signed_in(), home(read=False)
    values = [["Device.WiFi.AccessPoint.1.Security.KeyPassphrase", "horse-battery", "string"]]
    op = samples.finished(db, device_id, "write", {"written": [values[0][0]]}, clock(), {"values": values})
    page = browser.get(f"/operations/{op}").get_data(as_text=True)
    assert "KeyPassphrase" in page
    assert "horse-battery" not in page


@pytest.mark.parametrize(
    ("kind", "result", "told"),
    [
        (
            "queued_transfers", {"transfers": [{"command_key": "hl-7", "state": "waiting", "download": True, "size": 4096}], "complete": True},
            ["<th scope=\"col\">CommandKey</th>", "hl-7", "4096", "<dt>Complete</dt><dd>yes</dd>"],
        ),
        ("rpc_methods", {"methods": ["GetRPCMethods", "X_02A5C1_Blink"]}, ["<li>", "X_02A5C1_Blink"]),
        ("options", {"options": [{"name": "VoIP", "enabled": False, "from": "2026-01-01"}]}, ["VoIP", "2026-01-01", ">no<"]),
        ("attributes", {"attributes": [{"path": "Device.WiFi.SSID.1.SSID", "notification": 2, "access": ["Subscriber"]}]}, ["Who may write", "Subscriber"]),
        ("install_module", {"units": [{"name": "agent", "fault": 9025, "text": "It does not fit."}]}, ["It does not fit.", "9025"]),
        ("raw_rpc", {"method": "X_Blink", "xml": "<a><b>1</b></a>", "cut": False}, ["&lt;a&gt;&lt;b&gt;1", "<pre"]),
        ("read", {"count": 1, "values": {"Device.DeviceInfo.UpTime": "7"}, "missing": []}, ["Device.DeviceInfo.UpTime", "<dd><span"]),
    ],
)  # fmt: skip
def test_results_are_told_as_names_and_tables_not_as_data(signed_in, db, home, clock, kind, result, told):
    op = samples.finished(db, home(read=False), kind, result, clock(), {})
    page = signed_in().get(f"/operations/{op}").get_data(as_text=True)
    main = page[page.index("<main") :]
    assert [words for words in told if words not in main] == []
    assert "{&#34;" not in main and "[{" not in main and "&#39;:" not in main


def test_vouchers_are_never_shown_whole(signed_in, services, home):
    voucher = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
    op = services.operations.ask(ANNA, home(read=False), "vouchers", {"vouchers": [voucher]})
    assert voucher not in signed_in().get(f"/operations/{op}").get_data(as_text=True)


def test_viewer_may_not_cancel(signed_in, services, home):
    op = services.operations.ask(ANNA, home(read=False), "read", {"paths": ["Device.DeviceInfo."]})
    viewer = signed_in(Role.VIEWER)
    assert viewer.post(f"/operations/{op}/cancel").status_code == 403
    assert "/cancel" not in viewer.get(f"/operations/{op}").get_data(as_text=True)


def test_steps_of_an_upgrade_lead_to_each_other_and_an_undone_one_says_so(signed_in, services, db, home, clock):
    device = home()
    result = {"before": "1.0", "version": "1.5", "wanted": "1.5", "reported": True, "next": 77, "undone_at": clock().isoformat()}
    number = samples.finished(db, device, "firmware", result, clock(), args={"image": 1, "goal": 2, "step": 1, "steps": 3})
    page = signed_in().get(f"/operations/{number}").get_data(as_text=True)
    assert "Step 1 of 3 of an upgrade." in page and "/operations/77" in page
    assert "went back to 1.0 by itself" in page
