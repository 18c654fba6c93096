"""Panels: hosts with their signal, light with its scale, what to read for which panel."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from care.devices import panels
from tests.care import samples


@pytest.mark.cwmp("G-34")
@pytest.mark.parametrize("model", [samples.NORVIK, samples.GATEWAY_098])
def test_hosts_are_told_with_how_they_are_connected(services, home, model):
    _head, known = services.devices.known(DEFAULT_TENANT, home(model))
    found = panels.hosts(known)
    assert found.hosts
    assert {host.by for host in found.hosts} <= {"WiFi", "Cable"}
    assert all(host.name and host.ip for host in found.hosts)
    assert any(host.signal_dbm is not None for host in found.hosts)


@pytest.mark.parametrize(
    ("dbm", "state", "word"),
    [(None, "", ""), (-76, "warn", "Weak −76\xa0dBm"), (-70, "ok", "Fair −70\xa0dBm"), (-54, "ok", "Good −54\xa0dBm")],
)  # fmt: skip
def test_signal_in_words(dbm, state, word):
    assert panels._signal(dbm) == (state, word)


def test_light_is_only_of_devices_with_fibre(services, home):
    assert panels.light(services.devices.known(DEFAULT_TENANT, home(samples.NORVIK))[1]) is None
    light = panels.light(services.devices.known(DEFAULT_TENANT, home(samples.ONT, 2, ["weak-signal"]))[1])
    assert light.word == "Outside its limits"
    assert light.scale is not None


def test_prefixes_name_only_what_the_device_has(services, home):
    _head, known = services.devices.known(DEFAULT_TENANT, home(samples.ROUTER_098))
    found = panels.prefixes(known, "wifi", "lan")
    assert found
    assert all(path.startswith("InternetGatewayDevice.") and path.endswith(".") for path in found)
    assert len(found) == len(set(found))
