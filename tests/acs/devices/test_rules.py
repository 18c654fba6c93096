"""Onboarding rules and patterns: letter by letter, networks in both spellings."""

from dataclasses import dataclass

import pytest

from acs.cwmp.identity import Identity
from acs.devices.rules import fits_rule, fits_serial, fits_text, in_network, network_of

DEVICE = Identity("00D09E", "G240", "NV1000001")


@dataclass
class Rule:
    oui: str = ""
    product_class: str = ""
    serial_prefix: str = ""
    network: str = ""


@pytest.mark.parametrize(
    ("rule", "serial", "fits"),
    [
        ("", "NV1", True), ("NV", "NV1", True), ("nv", "NV1", False), ("NV_", "NV1", False), ("NV%", "NV1", False), ("NV1*", "NV1000001", True),
        ("*1", "NV1000001", True), ("NV?0*", "NV1000001", True), ("NV?", "NV1000001", False), ("*[1]", "NV1000001", False), ("*", "a\nb", True),
    ],
)  # fmt: skip
def test_serial_is_fitted_by_its_beginning_or_by_a_pattern_of_it_all(rule: str, serial: str, fits: bool):
    assert fits_serial(rule, serial) is fits


def test_pattern_describes_the_whole_text():
    assert fits_text("1.*", "1.2.3")
    assert not fits_text("1.", "1.2.3")
    assert fits_text("", "anything")


@pytest.mark.parametrize(
    ("address", "network", "fits"),
    [
        ("192.0.2.7", "192.0.2.0/24", True), ("192.0.3.7", "192.0.2.0/24", False), ("::ffff:192.0.2.7", "192.0.2.0/24", True),
        ("2001:db8::1", "2001:db8::/32", True), ("2001:db8::1", "192.0.2.0/24", False), ("unix", "192.0.2.0/24", False), ("unix", "", True),
    ],
)  # fmt: skip
def test_network_holds_addresses_of_its_kind(address: str, network: str, fits: bool):
    assert in_network(address, network) is fits


def test_what_is_no_network_is_refused():
    with pytest.raises(ValueError, match="nonsense"):
        network_of("nonsense")


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (Rule(), True), (Rule(oui="00D09E", product_class="G240", serial_prefix="NV", network="192.0.2.0/24"), True), (Rule(oui="00D09F"), False),
        (Rule(product_class="G24"), False), (Rule(serial_prefix="HA"), False), (Rule(network="198.51.100.0/24"), False),
    ],
)  # fmt: skip
def test_rule_fits_when_all_that_it_says_holds(rule: Rule, fits: bool):
    assert fits_rule(rule, DEVICE, "192.0.2.20") is fits
