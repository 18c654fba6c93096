"""Canonical readings of a device with age, origin and health; secrets stay masked."""

from datetime import UTC, datetime

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.packing import EMPTY, Stored, Tree
from acs.secrets import MASK
from care.devices.known import Known
from tests.care import samples

AT = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize("model", [samples.NORVIK, samples.ROUTER_098])
def test_reading_has_value_age_and_origin(services, home, clock, model):
    _head, known = services.devices.known(DEFAULT_TENANT, home(model))
    reading = known.reading("wifi.2g.ssid")
    assert (reading.value, reading.text, reading.origin, reading.writable) == ("Sunflower", "Sunflower", "session", True)
    assert 37 <= (clock() - reading.at).total_seconds() <= 39
    assert known.bands == ("2g", "5g")


def test_limits_give_a_state(services, home):
    _head, known = services.devices.known(DEFAULT_TENANT, home(samples.ONT, 1, ["weak-signal"]))
    assert known.reading("optical.rx_power_dbm").state == "bad"
    assert known.reading("wan.mtu") is None or known.reading("wan.mtu").state == ""


def test_secrets_that_only_the_model_knows_are_masked_too():
    path = "Device.Users.User.1.Password"
    vendor = "Device.X_ACME_Wifi.psk"
    known = Known(Tree({path: Stored("a", "string", AT, "session"), vendor: Stored("b", "string", AT, "session")}, {}), "Device")
    assert {s.value for s in known.values.values()} == {MASK}
    assert known.parameters(q="b") == ()


def test_parameters_page_by_path(services, home):
    _head, known = services.devices.known(DEFAULT_TENANT, home())
    first = known.parameters("Device.WiFi.Radio.1.", limit=2)
    second = known.parameters("Device.WiFi.Radio.1.", after=first[-1].path, limit=2)
    assert first[1].path < second[0].path


def test_nothing_is_known_of_a_device_that_never_spoke():
    known = Known(EMPTY, "")
    assert (known.reading("wifi.2g.ssid"), known.rows("lan.hosts"), known.bands) == (None, (), ())


def test_rows_have_the_age_of_their_newest_value():
    values = {f"Device.Hosts.Host.{i}.{leaf}": Stored("x", "string", AT.replace(hour=i), "session") for i in (1, 2) for leaf in ("HostName", "PhysAddress")}
    assert [row.at.hour for row in Known(Tree(values, {}), "Device").rows("lan.hosts")] == [1, 2]
