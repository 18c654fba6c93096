"""What the screens read of a home router is there to be read on every simulated model."""

from __future__ import annotations

import pytest

from datamodels import canonical
from simulators.profile import profiles
from tests.simulators.kit import make_cpe

EXPECTED = (
    "system.serial_number", "system.software_version", "system.uptime_s", "wifi.2g.ssid", "wifi.2g.channel", "wifi.2g.security_mode", "wifi.5g.ssid",
    "wifi.5g.bandwidth", "time.status",
)  # fmt: skip


def read(name, **given):
    cpe = make_cpe(name, **given)
    cpe.boot()
    return canonical.Resolver({path: cpe.tree.shown(path) for path in cpe.tree.under("")}, cpe.tree.base.root)


@pytest.mark.parametrize("name", sorted(profiles()))
def test_the_usual_is_there(name):
    found = read(name)
    missing = [each for each in EXPECTED if each in canonical.names() and found.get(each) is None]
    assert missing == []
    for table in ("wifi.clients", "lan.hosts", "ethernet.ports", "nat.port_mappings"):
        assert found.rows(table), table


@pytest.mark.parametrize("name", [name for name, profile in profiles().items() if profile.is_optical])
def test_weak_optical_signal_is_read_in_dbm(name):
    value = read(name, faults=("weak-signal",)).get("optical.rx_power_dbm")
    assert value is not None
    assert float(value.value) == pytest.approx(-28.4, abs=0.2)
