"""The tab "Desired state", and a device's replacement by another."""

from acs.db.tenancy import DEFAULT_TENANT
from acs.operations.personal import PersonalValue
from care.security.permissions import Role
from tests.care import samples
from tests.care.conftest import ADMIN, OTHER_TENANT
from tests.care.devices.conftest import text

DOCUMENT = {"settings": [{"name": "wifi.2g.channel", "value": 13}, {"name": "wifi.2g.ssid", "value": "Default"}]}
SSID = "Device.WiFi.SSID.1.SSID"


def profile(services, **given):
    return services.profiles.add(ADMIN, {"name": "Basic", "enabled": True, "document": DOCUMENT, **given})


def test_without_a_profile_the_tab_says_so(signed_in, home):
    page = text(signed_in(Role.VIEWER).get(f"/devices/{home()}/desired"))
    assert "No profile fits" in page


def test_the_tab_says_what_should_hold_from_whom_and_what_would_be_sent(signed_in, services, home):
    view, device = profile(services), home()
    page = text(signed_in(Role.ENGINEER).get(f"/devices/{device}/desired"))
    assert f"/profiles/{view.id}" in page
    assert "Differs" in page
    assert "What would be sent" in page
    assert "cwmp:SetParameterValues" in page
    assert "Bring it there now" in page
    assert "Bring it there now" not in text(signed_in(Role.VIEWER).get(f"/devices/{device}/desired"))


def test_what_a_person_set_is_left_alone_until_it_is_given_up(signed_in, services, db, clock, home):
    profile(services)
    device = home()
    with db.write() as unit:
        unit.session.add(PersonalValue(device_id=device, path=SSID, tenant_id=1, value="Anna", type="string", by="user:anna", at=clock(), operation_id=1))
    browser = signed_in(Role.ENGINEER)
    page = text(browser.get(f"/devices/{device}/desired"))
    assert "set by anna on this device" in page
    browser.post(f"/devices/{device}/desired/give-up", {"path": SSID})
    assert "set by anna" not in text(browser.get(f"/devices/{device}/desired"))
    assert browser.post(f"/devices/{device}/desired/give-up", {"path": SSID}).status_code == 404


def test_repair_is_asked_for_and_shown(signed_in, services, home):
    profile(services)
    device = home()
    answer = signed_in(Role.ENGINEER).post(f"/devices/{device}/desired/repair")
    assert answer.location.startswith(f"/devices/{device}/desired?op=")
    assert signed_in(Role.AGENT).post(f"/devices/{device}/desired/repair").status_code == 403
    assert [op.kind for op in services.operations.listed(DEFAULT_TENANT, device)] == ["configure"]


def test_a_device_is_replaced_after_a_look_at_what_goes_along(signed_in, services, home):
    old, new = home(samples.OLD if hasattr(samples, "OLD") else samples.NORVIK, 1), home(samples.NORVIK, 2)
    serial = services.devices.head(DEFAULT_TENANT, new).serial_number
    browser = signed_in(Role.AGENT)
    assert "Its successor" in text(browser.get(f"/devices/{old}/replace"))
    page = text(browser.get(f"/devices/{old}/replace?successor={serial}"))
    assert "Give it to the successor" in page
    missing = browser.get(f"/devices/{old}/replace?successor=nobody")
    assert missing.status_code == 422
    assert 'id="successor-error"' in text(missing)
    browser.post(f"/devices/{old}/replace", {"successor": new, "name": ["wifi.2g.ssid"], "tags": "yes", "reason": "broken"})
    ops = services.operations.listed(DEFAULT_TENANT, new)
    assert {op.kind for op in ops} <= {"write", "add_object"}
    lines = [line.action for line in services.audit.lines(DEFAULT_TENANT, f"device:{old}")]
    assert "device.replace" in lines
    assert signed_in(Role.VIEWER).get(f"/devices/{old}/replace").status_code == 403
    assert signed_in(Role.ADMIN, OTHER_TENANT).get(f"/devices/{old}/replace").status_code == 404
