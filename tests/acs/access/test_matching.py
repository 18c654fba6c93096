"""Which block rule fits whom, and that asking is cheap."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acs.access import matching
from acs.access.matching import Blocks, fits_device
from acs.access.views import BlockAction, BlockView
from acs.cwmp.identity import Identity

NOW = datetime(2026, 11, 21, 20, 52, tzinfo=UTC)
DEVICE = Identity("00D09E", "G240", "NV1000001")


def rule(rule_id: int = 1, **given: Any) -> BlockView:
    facts = {"network": "", "oui": "", "product_class": "", "serial_pattern": "", "firmware": "", "expires_at": None, **given}
    return BlockView(rule_id, action=BlockAction.REFUSE, reason="r", created_at=NOW, created_by="", hits=0, last_hit_at=None, **facts)


@pytest.mark.parametrize(
    ("given", "fits"),
    [
        ({"oui": "00D09E"}, True), ({"oui": "00D09F"}, False), ({"serial_pattern": "NV1*"}, True), ({"serial_pattern": "NV1"}, False),
        ({"firmware": "3.4.?"}, True), ({"firmware": "3.4"}, False), ({"product_class": "G240", "firmware": "2*"}, False),
    ],
)  # fmt: skip
def test_all_that_a_rule_says_of_the_device_must_hold(given: dict[str, str], fits: bool):
    assert fits_device(rule(**given), DEVICE, "3.4.1") is fits


def test_oldest_rule_that_fits_is_the_one():
    blocks = Blocks((rule(1, oui="0019CB"), rule(2, network="192.0.2.0/24"), rule(3, oui="00D09E")))
    found = [blocks.first(address, NOW, DEVICE) for address in ("192.0.2.1", "198.51.100.1")]
    assert [each.id for each in found if each] == [2, 3]


def test_without_an_identity_only_rules_of_networks_fit():
    blocks = Blocks((rule(1, oui="00D09E", network="192.0.2.0/24"), rule(2, network="192.0.2.7")))
    assert blocks.first("192.0.2.1", NOW) is None
    found = blocks.first("192.0.2.7", NOW)
    assert found is not None
    assert found.id == 2


def test_rule_ends_at_its_instant():
    blocks = Blocks((rule(network="192.0.2.0/24", expires_at=NOW),))
    assert blocks.first("192.0.2.1", NOW - timedelta(seconds=1)) is not None
    assert blocks.first("192.0.2.1", NOW) is None


def test_networks_are_looked_at_once_per_address(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    real = matching.in_network
    monkeypatch.setattr(matching, "in_network", lambda address, network: (asked.append(address), real(address, network))[1])
    blocks = Blocks(tuple(rule(n, network=f"198.51.100.{n}") for n in range(1, 50)))
    for _ in range(10):
        assert blocks.first("192.0.2.1", NOW, DEVICE) is None
    assert len(asked) == 49


def test_firmware_is_needed_only_when_a_rule_names_one():
    assert not Blocks((rule(oui="00D09E"),)).need_firmware
    assert Blocks((rule(firmware="1*"),)).need_firmware
