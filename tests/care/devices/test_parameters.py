"""The parameter browser as it is asked for: branches, search, detail, setting, revealing, deleting."""



from care.security.permissions import Role
from tests.acs.kit import store_values
from tests.care.devices.conftest import text


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

    device_id, browser = home(), signed_in()
    path = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
    with db.write() as unit:
        store_values(unit.connection, services.vault, 1, device_id, [ParameterValueStruct(path, "horse-battery", "string")], clock(), "session")
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


def test_leaf_and_branch_tell_all_the_model_says(signed_in, home):
    device_id, browser = home(), signed_in()
    leaf = text(browser.get(f"/devices/{device_id}/parameters/detail?path=Device.WiFi.Radio.1.Channel", headers={"HX-Request": "true"}))
    for told in ("unsignedInt", "can be set", "1 to 255", "version 2.0 of the model", "wifi.2g.channel", "The current radio channel"):
        assert told in leaf, told
    branch = text(browser.get(f"/devices/{device_id}/parameters?part=branch&path=Device.WiFi.SSID."))
    assert "Rows can be added and deleted." in branch
    assert "Since version 2.0 of the model." in branch


def test_overriding_a_rule_takes_a_permission_of_its_own_and_a_reason(signed_in, home, services, monkeypatch):
    from care.security import views
    from care.security.permissions import PERMISSIONS, Permission

    device_id, given = home(), {"path": "Device.WiFi.Radio.1.Channel", "value": "300", "override": "yes", "reason": "counts from 200"}
    engineer = signed_in(Role.ENGINEER)
    assert engineer.post(f"/devices/{device_id}/parameters/set", {**given, "reason": ""}).status_code == 422
    assert "Rule overridden: counts from 200" in text(engineer.post(f"/devices/{device_id}/parameters/set", given))
    monkeypatch.setattr(views, "PERMISSIONS", {**PERMISSIONS, Role.ENGINEER: PERMISSIONS[Role.ENGINEER] - {Permission.OVERRIDE_RULES}})
    assert engineer.post(f"/devices/{device_id}/parameters/set", given).status_code == 403
    refused = text(engineer.post(f"/devices/{device_id}/parameters/set", {**given, "override": ""}))
    assert "Write it all the same" not in refused


def test_a_makers_overlay_counts_on_the_page_at_once_and_for_its_devices_alone(signed_in, home, services):
    from datamodels import library
    from datamodels.overlay import read, store

    device_id, browser = home(), signed_in()
    head = services.devices.head(1, device_id)
    folder = services.settings.home / "datamodels"
    library.use(folder)
    leaf = f"/devices/{device_id}/parameters/detail?path=Device.WiFi.Radio.1.Channel"
    spec = {
        "name": "Norvik", "root": "Device", "oui": head.oui, "product_class": head.product_class, "firmware": f"={head.software_version}",
        "parameter": [{"path": "Device.WiFi.Radio.{i}.Channel", "range": [{"min": 1, "max": 11}], "description": "Channel of the antenna."}],
    }  # fmt: skip
    try:
        assert "1 to 255" in text(browser.get(leaf))
        store(read(spec), folder)
        library.touch(folder)
        shown = text(browser.get(leaf))
        assert "1 to 11" in shown
        assert "Channel of the antenna." in shown
        assert "Described by Device:2.19, Norvik<" in text(browser.get(f"/devices/{device_id}/parameters"))
        refused = browser.post(f"/devices/{device_id}/parameters/set", {"path": "Device.WiFi.Radio.1.Channel", "value": "12"})
        assert (refused.status_code, "must be 1 to 11" in text(refused)) == (422, True)
        store(read({**spec, "oui": "00D0FF"}), folder)
        library.touch(folder)
        assert "1 to 255" in text(browser.get(leaf))
    finally:
        library.use(None)
