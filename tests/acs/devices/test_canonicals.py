"""The newest reading of each indexed canonical parameter: acs/devices/canonicals.py."""

from datetime import timedelta

from sqlalchemy import func, select

from acs.devices.canonicals import Reading, keep, of_device
from acs.devices.models import CanonicalValue
from tests.acs.kit import add_device

POWER = "optical.rx_power_dbm"


def kept(database, *readings):
    with database.write() as unit:
        keep(unit.connection, readings)


def known(database, device):
    with database.read() as session:
        return of_device(session.connection(), device)


def test_readings_are_kept_one_per_device_and_name(any_database, now):
    device, other = add_device(any_database), add_device(any_database, "NV2")
    later = now + timedelta(hours=1)
    kept(any_database, Reading(1, device, POWER, "-21.5", -21.5, now), Reading(1, other, POWER, "-19", -19.0, now))
    kept(any_database, Reading(1, device, POWER, "-27.5", -27.5, later), Reading(1, device, "wifi.2g.ssid", "home", None, later))
    assert known(any_database, device) == {
        POWER: Reading(1, device, POWER, "-27.5", -27.5, later), "wifi.2g.ssid": Reading(1, device, "wifi.2g.ssid", "home", None, later),
    }  # fmt: skip
    with any_database.read() as session:
        assert session.scalar(select(func.count()).select_from(CanonicalValue)) == 3


def test_reading_that_says_the_same_changes_nothing(any_database, now):
    device = add_device(any_database)
    first = Reading(1, device, "wan.status", "up", None, now)
    kept(any_database, first)
    kept(any_database, Reading(1, device, "wan.status", "up", None, now + timedelta(hours=1)))
    assert known(any_database, device) == {"wan.status": first}


def test_long_texts_are_cut_and_no_reading_is_no_statement(any_database, now):
    device = add_device(any_database)
    kept(any_database)
    kept(any_database, Reading(1, device, "wifi.2g.ssid", "x" * 100, None, now))
    assert known(any_database, device)["wifi.2g.ssid"].text == "x" * 64
