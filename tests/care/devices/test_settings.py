"""Forms of settings: what is offered to whom, what counts as changed, and the repair of a pool."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.packing import EMPTY
from acs.errors import Invalid, NotFound
from care.devices import settings
from care.devices.known import Known
from tests.care import samples

ALL = {"may_all": True, "may_basic": True}
BASIC = {"may_all": False, "may_basic": True}


@pytest.fixture
def known(services, home):
    return lambda model=samples.NORVIK, faults=(): services.devices.known(DEFAULT_TENANT, home(model, 1, faults))[1]


def test_agent_is_offered_name_password_and_channel(known):
    offered = {field.name.rpartition(".")[2] for field in settings.group(known(), "wifi-2g", **BASIC).fields if field.offered}
    assert offered == {"ssid", "passphrase", "channel", "auto_channel"}


def test_password_is_never_shown_not_even_masked_in_the_input(known):
    field = next(f for f in settings.group(known(), "wifi-2g", **ALL).fields if f.kind == "secret")
    assert field.value == ""


def test_only_securities_that_the_device_takes_are_offered(known):
    for model in (samples.NORVIK, samples.ROUTER_098):
        field = next(f for f in settings.group(known(model), "wifi-2g", **ALL).fields if f.name.endswith("security_mode"))
        assert "wpa2" in dict(field.options)
        assert "owe" not in dict(field.options)


def test_channels_come_from_what_the_radio_supports(known):
    field = next(f for f in settings.group(known(), "wifi-2g", **ALL).fields if f.name.endswith(".channel"))
    assert [value for value, _word in field.options] == [str(n) for n in range(1, 14)]


def test_untouched_form_changes_nothing(known):
    form = {field.name: field.value for field in settings.group(known(), "home", **ALL).fields}
    assert settings.changed(known(), "home", form, **ALL) == {}


def test_automatic_channel_wins_over_a_number_left_in_the_field(known):
    form = {"wifi.2g.enabled": "yes", "wifi.2g.auto_channel": "yes", "wifi.2g.channel": "11"}
    assert settings.changed(known(), "wifi-2g", form, **ALL) == {"wifi.2g.auto_channel": True}


def test_box_that_is_not_ticked_means_no(known):
    assert settings.changed(known(), "wifi-2g", {}, **ALL) == {"wifi.2g.enabled": False}


def test_field_that_was_not_offered_is_not_taken(known):
    assert settings.changed(known(), "wifi-2g", {"wifi.2g.security_mode": "open"}, **BASIC) == {}


def test_repair_puts_the_pool_into_the_routers_own_network(known):
    assert settings.repaired(known(faults=["wrong-dhcp-pool"])) == {
        "dhcp.min_address": "192.168.1.100", "dhcp.max_address": "192.168.1.199", "dhcp.gateways": ("192.168.1.1",),
    }  # fmt: skip


def test_repair_without_the_routers_address_is_refused():
    with pytest.raises(Invalid, match="not known"):
        settings.repaired(Known(EMPTY, "Device"))


@pytest.mark.parametrize("key", ["nonsense", "wifi-7g"])
def test_unknown_group_does_not_exist(key):
    with pytest.raises(NotFound):
        settings.names_of(key)
