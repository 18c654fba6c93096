"""The pages of devices as they are asked for: every tab, every role, and what a form leads to."""

import re

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role
from tests.care import samples
from tests.care.conftest import OTHER_TENANT

TABS = ("", "/wifi", "/hosts", "/line", "/diagnostics", "/parameters", "/operations", "/sessions", "/backups", "/history", "/firmware")


def text(answer) -> str:
    return answer.get_data(as_text=True)


@pytest.mark.parametrize("model", [samples.NORVIK, samples.ONT, samples.ROUTER_098, samples.GATEWAY_098])
def test_every_tab_of_every_model_is_drawn(signed_in, db, home, clock, model):
    browser, device_id = signed_in(), home(model)
    samples.diagnosed(db, device_id, clock())
    samples.record(db, device_id, clock())
    for tab in TABS:
        answer = browser.get(f"/devices/{device_id}{tab}")
        assert answer.status_code == 200, tab
        assert " style=" not in text(answer), tab
        assert text(answer).count("<h1>") == 1, tab


@pytest.mark.parametrize("given", [{"read": False}, {"read": False, "admit": False}, {"admit": False}])
def test_tabs_of_a_device_of_which_little_is_known_are_drawn_too(signed_in, home, given):
    browser, device_id = signed_in(), home(**given)
    for tab in TABS:
        assert browser.get(f"/devices/{device_id}{tab}").status_code == 200, tab


def test_page_of_a_registered_device_that_never_spoke_says_so(signed_in):
    browser = signed_in()
    answer = browser.post("/devices/new", {"serial_number": "NV1", "oui": "02a5c1", "product_class": "G240", "tags": "pilot, vip"})
    page = text(browser.get(answer.location))
    assert "has never spoken to us" in page
    assert "pilot" in page


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
    assert "NV240000002" in text(browser.get("/devices/?q=nv240000002"))
    assert "No device fits" in text(browser.get("/devices/?q=nothing"))
    assert browser.get("/devices/?presence=nonsense").status_code == 422


def test_quarantine_is_left_by_one_press(signed_in, services, home):
    device_id, browser = home(admit=False, read=False), signed_in()
    page = text(browser.get("/devices/?presence=quarantine"))
    assert "Admit" in page
    browser.post(f"/devices/{device_id}/trust", {"trust": "admitted", "back": "list"})
    assert services.devices.head(DEFAULT_TENANT, device_id).trust == "admitted"


def test_asking_redirects_to_the_card_of_the_operation(signed_in, services, home):
    device_id, browser = home(), signed_in()
    answer = browser.post(f"/devices/{device_id}/ask/reboot", {"tab": "show"})
    assert answer.status_code == 302
    assert "op=1" in answer.location
    assert 'data-operation="1"' in text(browser.get(answer.location))
    again = browser.post(f"/devices/{device_id}/ask/reboot", {"tab": "show"})
    assert "op=1" in again.location


def test_settings_are_written_only_after_their_difference_was_confirmed(signed_in, services, home):
    device_id, browser = home(samples.ROUTER_098, 1, ["open-wifi"]), signed_in()
    form = {"wifi.2g.enabled": "yes", "wifi.2g.ssid": "Sunflower", "wifi.2g.security_mode": "wpa2", "wifi.2g.passphrase": "horse-battery"}
    page = text(browser.post(f"/devices/{device_id}/settings/wifi-2g", form))
    assert "open, no password" in page
    assert "horse-battery" not in page
    assert services.operations.listed(DEFAULT_TENANT, device_id) == ()
    sealed = re.search(r'name="proposal" value="([^"]+)"', page)[1]
    answer = browser.post(f"/devices/{device_id}/apply", {"proposal": sealed, "tab": "wifi"})
    assert answer.status_code == 302
    assert services.operations.listed(DEFAULT_TENANT, device_id)[0].kind == "write"


def test_wrong_setting_comes_back_beside_its_field(signed_in, home):
    answer = signed_in().post(f"/devices/{home()}/settings/home", {"dhcp.enabled": "yes", "dhcp.min_address": "banana"})
    assert answer.status_code == 422
    assert 'id="f-dhcp-min_address-error"' in text(answer)
    assert 'value="banana"' in text(answer)


def test_changed_device_draws_the_difference_anew(signed_in, services, db, home, clock):
    device_id, browser = home(), signed_in()
    page = text(browser.post(f"/devices/{device_id}/settings/wifi-2g", {"wifi.2g.enabled": "yes", "wifi.2g.ssid": "New"}))
    sealed = re.search(r'name="proposal" value="([^"]+)"', page)[1]
    samples.home(db, services.vault, clock(), ssid="By hand", ago_s=1)
    again = text(browser.post(f"/devices/{device_id}/apply", {"proposal": sealed, "tab": "wifi"}))
    assert "changed meanwhile" in again
    assert "By hand" in again
    assert services.operations.listed(DEFAULT_TENANT, device_id) == ()


def test_wrong_addresses_are_repaired_from_the_verdict(signed_in, home):
    page = text(signed_in().post(f"/devices/{home(samples.NORVIK, 1, ['wrong-dhcp-pool'])}/repair/addresses"))
    assert "192.168.1.100" in page
    assert "192.168.1.199" in page


def test_agent_changes_wifi_name_but_not_security(signed_in, services, home):
    device_id, agent = home(), signed_in(Role.AGENT)
    page = text(agent.get(f"/devices/{device_id}/wifi"))
    assert 'name="wifi.2g.ssid"' in page
    assert 'name="wifi.2g.security_mode"' not in page
    diff = text(agent.post(f"/devices/{device_id}/settings/wifi-2g", {"wifi.2g.enabled": "yes", "wifi.2g.ssid": "New", "wifi.2g.security_mode": "open"}))
    assert "New" in diff
    assert "open, no password" not in diff
    sealed = re.search(r'name="proposal" value="([^"]+)"', diff)[1]
    assert agent.post(f"/devices/{device_id}/apply", {"proposal": sealed}).status_code == 302


@pytest.mark.parametrize("kind", ["factory_reset", "firmware", "add_object", "backup"])
def test_agent_may_not_ask_for_what_is_not_theirs(signed_in, home, kind):
    assert signed_in(Role.AGENT).post(f"/devices/{home()}/ask/{kind}").status_code == 403


@pytest.mark.parametrize("kind", ["reboot", "ping", "refresh"])
def test_viewer_asks_for_nothing(signed_in, home, kind):
    assert signed_in(Role.VIEWER).post(f"/devices/{home()}/ask/{kind}", {"host": "192.0.2.1"}).status_code == 403


def test_viewer_sees_no_button_that_would_fail(signed_in, home):
    page = text(signed_in(Role.VIEWER).get(f"/devices/{home()}"))
    assert "/ask/" not in page
    assert "look, but change nothing" in page


def test_write_does_not_pass_by_the_door_for_everything_else(signed_in, home):
    assert signed_in().post(f"/devices/{home()}/ask/write", {"values": "x"}).status_code == 422


# ---- parameter browser -------------------------------------------------------------------------------------------------


def test_only_the_open_branch_is_sent(signed_in, home):
    device_id, browser = home(), signed_in()
    page = text(browser.get(f"/devices/{device_id}/parameters"))
    assert "Device.WiFi." in page
    assert "Device.WiFi.Radio.1.Channel" not in page
    branch = text(browser.get(f"/devices/{device_id}/parameters?part=branch&path=Device.WiFi.Radio.1."))
    assert "<html" not in branch
    assert "p-Device-WiFi-Radio-1-Channel" in branch


def test_search_goes_over_words_paths_and_values_but_never_passwords(signed_in, db, services, home, clock):
    from acs.cwmp.messages import ParameterValueStruct
    from acs.devices import store

    device_id, browser = home(), signed_in()
    path = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
    with db.write() as unit:
        store.store_values(unit.connection, services.vault, 1, device_id, [ParameterValueStruct(path, "horse-battery", "string")], clock(), "session")
    assert "p-Device-WiFi-Radio-1-Channel" in text(browser.get(f"/devices/{device_id}/parameters?q=radio channel"))
    assert "Sunflower" in text(browser.get(f"/devices/{device_id}/parameters?q=sunflower"))
    assert "Nothing fits" in text(browser.get(f"/devices/{device_id}/parameters?q=horse-battery"))
    detail = text(browser.get(f"/devices/{device_id}/parameters/detail?path={path}"))
    assert "horse-battery" not in detail
    assert "horse-battery" in text(browser.post(f"/devices/{device_id}/parameters/reveal", {"path": path}))
    assert signed_in(Role.AGENT).post(f"/devices/{device_id}/parameters/reveal", {"path": path}).status_code == 403


def test_wrong_value_is_told_beside_its_field_as_a_fragment(signed_in, home):
    given = {"path": "Device.WiFi.Radio.1.Channel", "value": "999"}
    answer = signed_in().post(f"/devices/{home()}/parameters/set", given, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "must be 1 to 255" in text(answer)
    assert "<html" not in text(answer)
    assert "Write it all the same" in text(answer)


def test_row_says_what_goes_with_it_before_it_goes(signed_in, home):
    page = text(signed_in().get(f"/devices/{home()}/parameters/delete?path=Device.WiFi.Radio.1."))
    assert "values go with it" in page


# ---- tenants -----------------------------------------------------------------------------------------------------------


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
