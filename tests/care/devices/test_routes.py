"""The list of devices, registering, admitting; and that nobody reaches another tenant by any route."""

import re

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role
from tests.care import samples
from tests.care.conftest import OTHER_TENANT
from tests.care.devices.conftest import text


def test_wrong_oui_comes_back_with_what_was_typed(signed_in):
    answer = signed_in().post("/devices/new", {"serial_number": "NV1", "oui": "nope"})
    assert answer.status_code == 422
    assert 'value="NV1"' in text(answer)


def test_list_finds_filters_and_pages_by_key(signed_in, home, monkeypatch):
    monkeypatch.setattr("care.devices.routes.PER_PAGE", 2)
    for number in (1, 2, 3):
        home(number=number, read=False)
    browser = signed_in()
    first = text(browser.get("/devices/"))
    assert "NV240000001" in first
    assert "NV240000003" not in first
    later = re.search(r'href="(/devices/\?after=\d+)" rel="next"', first)
    second = text(browser.get(later[1]))
    assert "NV240000003" in second
    back = re.search(r'href="(/devices/\?before=\d+)" rel="prev"', second)
    assert "NV240000001" in text(browser.get(back[1]))
    assert "NV240000002" in text(browser.get("/devices/?q=nv240000002&model="))
    assert "No device fits" in text(browser.get("/devices/?q=nothing"))
    assert browser.get("/devices/?presence=nonsense").status_code == 422


def test_whole_serial_number_or_key_opens_the_device(signed_in, services, home):
    device_id, browser = home(read=False), signed_in()
    key = services.devices.head(DEFAULT_TENANT, device_id).key
    for q in ("NV240000001", "nv240000001", key):
        answer = browser.get(f"/devices/?q={q}")
        assert (answer.status_code, answer.location) == (302, f"/devices/{device_id}"), q
    assert browser.get(f"/devices/?q={device_id}").status_code == 200


def test_filtered_list_says_how_many_match(signed_in, home):
    for number in (1, 2, 3):
        home(number=number, read=False)
    assert "1 of 3 match" in text(signed_in().get("/devices/?q=NV240000002&tag="))


def test_tags_that_do_not_fit_come_back_in_the_open_dialog(signed_in, home):
    answer = signed_in().post(f"/devices/{home()}/labels", {"tags": "<No>", "note": "typed already"})
    page = text(answer)
    assert answer.status_code == 422
    assert 'id="dialog-labels" open' in page
    assert 'value="&lt;No&gt;"' in page
    assert "typed already" in page
    assert 'id="labels-error"' in page


def test_quarantine_is_left_by_one_press(signed_in, services, home):
    device_id, browser = home(admit=False, read=False), signed_in()
    page = text(browser.get("/devices/?presence=quarantine"))
    assert "Admit" in page
    browser.post(f"/devices/{device_id}/trust", {"trust": "admitted", "back": "list"})
    assert services.devices.head(DEFAULT_TENANT, device_id).trust == "admitted"


@pytest.mark.feature("U-65")
def test_nobody_reaches_a_device_operation_image_or_session_of_another_tenant_by_any_route(app, signed_in, services, db, home, clock):
    import io

    from acs.audit import Actor

    theirs = home(tenant=OTHER_TENANT)
    boss = Actor("user:theirs", OTHER_TENANT)
    samples.diagnosed(db, theirs, clock(), OTHER_TENANT)
    samples.record(db, theirs, clock(), tenant=OTHER_TENANT)
    image = services.firmware.upload(boss, io.BytesIO(b"image"), "theirs.bin", "9.9.9")
    rule = services.devices.add_rule(boss, "their rule", "02A5C1")
    op = services.operations.ask(boss, theirs, "read", {"paths": ["Device.DeviceInfo."]})
    ids = {"device_id": theirs, "operation_id": op, "image_id": image.id, "record_id": 1, "rule_id": rule, "file_id": 1, "name": theirs,
           "kind": "reboot", "key": "wifi-2g"}  # fmt: skip
    browser = signed_in(Role.ADMIN)
    walked = 0
    for rule_ in app.url_map.iter_rules():
        if not (rule_.arguments & {"device_id", "operation_id", "image_id", "record_id", "rule_id", "name"}) or not rule_.arguments <= set(ids):
            continue
        url = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(ids[m[1]]), rule_.rule)
        for method in sorted((rule_.methods or set()) - {"HEAD", "OPTIONS"}):
            query = "?path=Device.WiFi.Radio.1." if "parameters" in url else ""
            body = {"csrf_token": browser.token(), "trust": "blocked", "path": "Device.WiFi.Radio.1.Channel", "value": "6"}
            if url.startswith("/api/"):
                headers = {"X-CSRFToken": browser.token()}
                json = {"kind": "reboot", "values": {"wifi.2g.ssid": "x"}, "trust": "blocked"}
                answer = browser.client.open(url + query, method=method, json=json if method != "GET" else None, headers=headers)
            else:
                answer = browser.client.open(url + query, method=method, data=body if method != "GET" else None)
            assert answer.status_code in (404, 422), f"{method} {url}: {answer.status_code}"
            walked += 1
    assert walked >= 45
    assert services.devices.head(OTHER_TENANT, theirs).trust == "admitted"
    assert services.operations.get(OTHER_TENANT, op).is_open
    for url in ("/devices/", "/operations/", "/firmware/", "/sessions/?outcome=ok", "/onboarding/", "/api/v1/devices", "/api/v1/operations",
                "/api/v1/firmware", "/api/v1/sessions", "/api/v1/onboarding-rules"):  # fmt: skip
        page = text(browser.get(url))
        assert not {found for found in ("NV240000001", "9.9.9", "their rule") if found in page}, url
