"""Settings are written only after their difference was seen."""

import re

from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role
from tests.care import samples
from tests.care.devices.conftest import text


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
