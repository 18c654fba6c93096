"""Rules over several settings: beside which field they speak, and when they keep silent."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import Invalid
from care.devices import rules
from tests.care import samples
from tests.care.devices.conftest import text


@pytest.fixture
def known(services, home):
    return lambda model=samples.NORVIK, faults=(): services.devices.known(DEFAULT_TENANT, home(model, 1, faults))[1]


def test_leaving_the_open_mode_needs_a_password(known):
    open_ = known(faults=["open-wifi"])
    with pytest.raises(Invalid, match="WPA2 needs a password of 8 to 63 characters") as refused:
        rules.check(open_, {"wifi.2g.security_mode": "wpa2"})
    assert refused.value.field == "wifi.2g.passphrase"
    rules.check(open_, {"wifi.2g.security_mode": "wpa2", "wifi.2g.passphrase": "horse-battery"})


def test_refused_mode_stands_beside_the_password(signed_in, home):
    form = {"wifi.2g.enabled": "yes", "wifi.2g.security_mode": "wpa2", "wifi.2g.passphrase": ""}
    answer = signed_in().post(f"/devices/{home(samples.NORVIK, 1, ['open-wifi'])}/settings/wifi-2g", form)
    assert answer.status_code == 422
    assert 'id="f-wifi-2g-passphrase-error"' in text(answer)


def test_network_name_is_measured_in_octets(known):
    rules.check(known(), {"wifi.2g.ssid": "ä" * 16})
    with pytest.raises(Invalid, match="this one has 34"):
        rules.check(known(), {"wifi.2g.ssid": "ä" * 17})


@pytest.mark.cwmp("H-78")
@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"lan.subnet_mask": "255.0.255.0"}, "lan.subnet_mask"),
        ({"lan.subnet_mask": "255.255.255.255"}, "lan.subnet_mask"),
        ({"lan.ip_address": "8.8.8.8"}, "lan.ip_address"),
        ({"lan.ip_address": "224.0.0.1"}, "lan.ip_address"),
        ({"lan.ip_address": "127.0.0.1"}, "lan.ip_address"),
        ({"lan.ip_address": "192.168.1.255"}, "lan.ip_address"),
        ({"lan.ip_address": "10.0.0.1"}, "dhcp.min_address"),
        ({"dhcp.min_address": "192.168.8.20"}, "dhcp.min_address"),
        ({"dhcp.max_address": "192.168.1.255"}, "dhcp.max_address"),
        ({"dhcp.min_address": "192.168.1.90", "dhcp.max_address": "192.168.1.80"}, "dhcp.max_address"),
        ({"dhcp.min_address": "192.168.1.1"}, "dhcp.min_address"),
        ({"dhcp.gateways": ("192.168.8.1",)}, "dhcp.gateways"),
    ],
)
def test_home_network_that_would_not_work_is_refused_beside_the_field(known, wanted, field):
    with pytest.raises(Invalid) as refused:
        rules.check(known(), wanted)
    assert refused.value.field == field


@pytest.mark.parametrize("wanted", [{"dhcp.enabled": False, "dhcp.min_address": "192.168.8.2"}, {"dhcp.min_address": "192.168.1.50"}])
def test_home_network_that_works_is_not_refused(known, wanted):
    rules.check(known(), wanted)


def test_what_was_wrong_before_does_not_stop_another_change(known):
    rules.check(known(faults=["wrong-dhcp-pool"]), {"dhcp.dns_servers": ("1.1.1.1",)})
