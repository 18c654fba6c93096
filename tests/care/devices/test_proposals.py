"""Values as they are typed, and what people will notice; the rest of proposals is in test_service.py."""

import pytest

from acs.errors import Invalid
from care.devices.proposals import effect_of, is_basic, parsed


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("wifi.2g.channel", " 11 ", 11), ("wifi.2g.enabled", "yes", True), ("wifi.2g.enabled", "", False),
     ("dhcp.dns_servers", "1.1.1.1; 9.9.9.9", ("1.1.1.1", "9.9.9.9")),
     ("dhcp.lease_time_s", "−1", -1), ("wifi.2g.ssid", " Home ", "Home"), ("wifi.2g.passphrase", " with blanks ", " with blanks ")],
)  # fmt: skip
def test_typed_text_becomes_the_value_it_means(name, text, value):
    assert parsed(name, text) == value


def test_number_that_is_none_names_its_field():
    with pytest.raises(Invalid, match="must be a number") as refused:
        parsed("wifi.2g.channel", "eleven")
    assert refused.value.field == "wifi.2g.channel"


def test_what_an_agent_may_change():
    assert is_basic("wifi.5g.ssid")
    assert is_basic("wifi.2g.passphrase")
    assert not any(is_basic(name) for name in ("wifi.2g.security_mode", "lan.ip_address", "wan.channel"))


@pytest.mark.parametrize("name", ["wifi.2g.ssid", "wifi.2g.channel", "lan.ip_address", "dhcp.min_address"])
def test_what_hurts_people_is_told(name):
    assert effect_of(name)
