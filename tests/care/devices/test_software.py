"""The engineer's tab: modules, transfers, and what is shown before it is asked."""

import re

import pytest

from acs.audit import Actor
from acs.cwmp.messages import ParameterValueStruct, RequestDownload
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import reports
from acs.operations import service as operations
from acs.operations.models import Operation
from care.security.permissions import Role
from tests.acs.kit import store_values
from tests.care.devices.conftest import text

UUID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
ROOT = "Device.SoftwareModules."
UNIT = ROOT + "DeploymentUnit.1."
MODULES = {
    UNIT + "UUID": UUID, UNIT + "Name": "meter", UNIT + "Version": "1.2", UNIT + "Status": "Installed", UNIT + "Vendor": "Hearth",
    UNIT + "ExecutionUnitList": ROOT + "ExecutionUnit.3.", ROOT + "ExecutionUnit.3.Status": "Active", ROOT + "ExecEnv.1.Name": "Linux",
}  # fmt: skip
TYPED = {
    "install_module": {"url": "http://apps.example/x.ipk"}, "update_module": {"uuid": UUID, "version": "2"}, "uninstall_module": {"uuid": UUID},
    "vouchers": {"vouchers": "Zm9v\nYmFy"}, "raw_rpc": {"xml": "<X_A_Blink><Key>1</Key></X_A_Blink>"}, "move_acs": {"url": "https://acs2.example/cwmp"},
}  # fmt: skip


@pytest.fixture
def open_to_moves(services):
    services.operations._move_hosts = ("acs2.example",)


def with_modules(db, services, device_id, clock):
    with db.write() as unit:
        values = [ParameterValueStruct(name, value, "string") for name, value in MODULES.items()]
        store_values(unit.connection, services.vault, int(DEFAULT_TENANT), device_id, values, clock(), "session")


def sealed_in(page: str) -> str:
    return re.search(r'name="sealed" value="([^"]+)"', page)[1]


def asked(db, kind):
    with db.read() as session:
        rows = list(session.query(Operation).filter_by(kind=kind))
        session.expunge_all()
        return rows


def test_units_are_shown_with_version_state_and_what_runs(signed_in, home, db, services, clock):
    device_id = home()
    with_modules(db, services, device_id, clock)
    page = text(signed_in(Role.ENGINEER).get(f"/devices/{device_id}/software"))
    row = page[page.index("<tbody>") : page.index("</tbody>")]
    for word in ("meter", "Hearth", UUID, "1.2", "Installed", "Active", "Update…", "Uninstall…"):
        assert word in row
    assert f'value="{ROOT}ExecEnv.1."' in page


def test_a_device_without_modules_says_so(signed_in, home):
    page = text(signed_in().get(f"/devices/{home()}/software"))
    assert "No unit is installed" in page or "No software modules are known" in page
    assert "Never asked" in page


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
def test_the_tab_is_not_in_the_way_of_agents(signed_in, home, role):
    browser, device_id = signed_in(role), home()
    assert browser.get(f"/devices/{device_id}/software").status_code == 403
    assert f"/devices/{device_id}/software" not in text(browser.get(f"/devices/{device_id}"))


@pytest.mark.parametrize(
    ("role", "kind", "status"),
    [
        (Role.AGENT, "install_module", 403), (Role.VIEWER, "vouchers", 403), (Role.ENGINEER, "raw_rpc", 403), (Role.ENGINEER, "move_acs", 403),
        (Role.ENGINEER, "install_module", 200), (Role.ADMIN, "raw_rpc", 200), (Role.ADMIN, "move_acs", 200),
    ],
)  # fmt: skip
def test_who_may_see_what_would_be_asked(signed_in, home, open_to_moves, role, kind, status):
    assert signed_in(role).post(f"/devices/{home()}/preview/{kind}", TYPED[kind]).status_code == status


@pytest.mark.parametrize("kind", TYPED)
def test_what_cannot_be_taken_back_is_shown_and_asked_only_after_that(signed_in, home, db, open_to_moves, kind):
    browser, device_id = signed_in(Role.ADMIN), home()
    assert browser.post(f"/devices/{device_id}/ask/{kind}", TYPED[kind]).status_code == 422
    page = text(browser.post(f"/devices/{device_id}/preview/{kind}", TYPED[kind]))
    assert asked(db, kind) == []
    answer = browser.post(f"/devices/{device_id}/confirm", {"sealed": sealed_in(page), "tab": "software"})
    assert answer.status_code == 302
    assert f"/devices/{device_id}/software" in answer.location
    (row,) = asked(db, kind)
    assert row.requested_by.startswith("user:")
    assert text(browser.get(answer.location)).count(f'data-operation="{row.id}"') == 1


def test_the_preview_shows_what_goes_out_and_no_password(signed_in, home):
    given = {**TYPED["install_module"], "username": "anna", "password": "hush hush"}
    page = text(signed_in(Role.ENGINEER).post(f"/devices/{home()}/preview/install_module", given))
    assert "http://apps.example/x.ipk" in page
    assert "anna" in page
    assert "hush" not in page


def test_a_confirmation_counts_for_its_device_its_person_and_ten_minutes(signed_in, home, db, clock):
    first, second = home(number=1), home(number=2)
    browser = signed_in(Role.ADMIN)
    sealed = sealed_in(text(browser.post(f"/devices/{first}/preview/uninstall_module", TYPED["uninstall_module"])))
    assert browser.post(f"/devices/{second}/confirm", {"sealed": sealed}).status_code == 422
    assert signed_in(Role.ENGINEER).post(f"/devices/{first}/confirm", {"sealed": sealed}).status_code == 422
    assert browser.post(f"/devices/{first}/confirm", {"sealed": "made up"}).status_code == 422
    assert asked(db, "uninstall_module") == []


@pytest.mark.cwmp("J-17")
@pytest.mark.parametrize(
    "url", ["https://evil.example/", "https://acs2.example.evil.example/", "ftp://acs2.example/", "https://x@acs2.example/"]
)
def test_a_device_is_moved_to_no_acs_but_those_the_settings_name(signed_in, home, db, open_to_moves, url):
    browser, device_id = signed_in(Role.ADMIN), home()
    answer = browser.post(f"/devices/{device_id}/preview/move_acs", {"url": url})
    assert answer.status_code == 302
    assert "hl-warn" in text(browser.get(answer.location))
    assert asked(db, "move_acs") == []


def test_what_is_wrong_comes_back_with_its_reason(signed_in, home):
    browser, device_id = signed_in(), home()
    answer = browser.post(f"/devices/{device_id}/preview/uninstall_module", {"uuid": "not one"})
    assert answer.status_code == 302
    assert "not one" in text(browser.get(answer.location))
    assert browser.post(f"/devices/{device_id}/preview/reboot").status_code == 422


def test_transfers_are_listed_with_a_way_to_call_them_off(signed_in, home, db, clock):
    browser, device_id = signed_in(), home()
    browser.post(f"/devices/{device_id}/ask/queued_transfers", {"tab": "software"})
    with db.write() as unit:
        row = unit.session.query(Operation).filter_by(kind="queued_transfers").one()
        row.state, row.finished_at = "done", clock()
        transfer = {
            "command_key": "k7",
            "state": "waiting",
            "download": True,
            "file_type": "1 Firmware Upgrade Image",
            "size": 2_000_000,
            "file_name": "f.bin",
        }
        row.result = {"transfers": [transfer], "complete": True}
    page = text(browser.get(f"/devices/{device_id}/software"))
    assert "1 Firmware Upgrade Image" in page
    assert 'name="command_key" value="k7"' in page
    browser.post(f"/devices/{device_id}/ask/cancel_transfer", {"command_key": "k7", "tab": "software"})
    assert asked(db, "cancel_transfer")[0].args == {"command_key": "k7"}


def test_an_appointment_is_made_in_minutes(signed_in, home, db):
    browser, device_id = signed_in(), home()
    browser.post(f"/devices/{device_id}/ask/schedule_inform", {"delay_min": "10", "tab": "software"})
    assert asked(db, "schedule_inform")[0].args == {"delay_s": 600}
    answer = browser.post(f"/devices/{device_id}/ask/schedule_inform", {"delay_min": "soon", "tab": "software"})
    assert "number of minutes" in text(browser.get(answer.location))


@pytest.mark.cwmp("C-171")
def test_what_the_device_wants_is_shown_to_people(signed_in, home, db, clock):
    device_id = home()
    with db.write() as unit:
        report = reports.of(RequestDownload("1 Firmware Upgrade Image"), 1)
        reports.store(unit.connection, int(DEFAULT_TENANT), device_id, clock(), [report])
    browser = signed_in()
    assert "Wants a file" in text(browser.get(f"/devices/{device_id}/software"))
    assert "Wants a file" in text(browser.get(f"/devices/{device_id}/history"))
    data = browser.get(f"/api/v1/devices/{device_id}/events").get_json()["items"][0]["data"]
    assert data == {"file_type": "1 Firmware Upgrade Image", "args": {}}


def test_the_right_to_call_off_is_that_to_cancel(signed_in, home, db, clock, services):
    device_id = home()
    with db.write() as unit:
        actor = Actor("user:anna", DEFAULT_TENANT)
        operations.request(unit, actor, device_id, "backup", {}, clock())
    assert signed_in(Role.VIEWER).post(f"/devices/{device_id}/ask/cancel_transfer", {"command_key": "k"}).status_code == 403
