"""What a contact shows of the box behind an identity, and what looks like two boxes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acs.devices.sightings import AlarmKind, Sighting, is_placeholder, look, mac_of
from tests.acs.kit import inform, value

NOW = datetime(2026, 11, 21, 20, 52, tzinfo=UTC)


def seen(address: str = "192.0.2.1", minutes: float = 0, **given: Any) -> Sighting:
    facts: dict[str, Any] = {"login": "own", "certificate": None, "hardware": "A1", "mac": "", **given}
    return Sighting(NOW + timedelta(minutes=minutes), address, **facts)


def after(*sightings: Sighting, in_session: bool = False) -> list[list[AlarmKind]]:
    """The alarms of each of several contacts in a row."""
    known: Any = None
    told = []
    for each in sightings:
        found = look(known, each, in_session)
        known = found.document or known
        told.append([kind for kind, _ in found.alarms])
    return told


def test_first_contact_is_written_and_the_same_again_is_not():
    first = look(None, seen(certificate=("f", "CN=x"), mac="00:11:22:33:44:55"), False)
    assert first.document is not None
    assert first.alarms == ()
    assert look(first.document, seen(certificate=("f", "CN=x"), mac="00:11:22:33:44:55", minutes=5), False).document is None


def test_what_an_inform_leaves_out_is_no_change():
    known = look(None, seen(mac="00:11:22:33:44:55"), False).document
    assert look(known, seen(hardware="", mac="", minutes=5), False).document is None


@pytest.mark.parametrize("change", [{"login": "next"}, {"certificate": ("f", "CN=x")}, {"address": "192.0.2.2"}])
def test_change_of_login_certificate_or_address_is_written_without_alarm(change: dict[str, Any]):
    known = look(None, seen(), False).document
    found = look(known, seen(minutes=5, **change), False)
    assert found.document is not None
    assert found.alarms == ()


@pytest.mark.cwmp("J-4")
def test_two_addresses_that_alternate_are_an_alarm_with_evidence():
    a, b = "192.0.2.1", "198.51.100.1"
    assert after(seen(a), seen(b, 5), seen(a, 10), seen(b, 15)) == [[], [], [], [AlarmKind.ADDRESS]]
    known = look(look(look(None, seen(a), False).document, seen(b, 5), False).document, seen(a, 10), False).document
    ((_, evidence),) = look(known, seen(b, 15), False).alarms
    assert (evidence["from"], evidence["to"], evidence["turns"]) == (a, b, 2)


@pytest.mark.cwmp("J-4")
def test_back_at_the_old_address_within_a_session_is_an_alarm_at_once():
    a, b = "192.0.2.1", "198.51.100.1"
    assert after(seen(a), seen(b, 0.1), seen(a, 0.2), in_session=True) == [[], [], [AlarmKind.ADDRESS]]


@pytest.mark.parametrize("addresses", ["abcdef", "aabbcc", "abca"])
def test_addresses_that_change_for_good_are_no_alarm(addresses: str):
    assert after(*(seen(f"192.0.2.{ord(each)}", n * 5) for n, each in enumerate(addresses))) == [[] for _ in addresses]


def test_addresses_that_return_after_days_are_no_alarm():
    assert after(*(seen(f"192.0.2.{n % 2}", n * 1500) for n in range(6))) == [[]] * 6


@pytest.mark.cwmp("J-4")
@pytest.mark.parametrize(("change", "kind"), [({"hardware": "B2"}, AlarmKind.HARDWARE), ({"mac": "66:77:88:99:AA:BB"}, AlarmKind.MAC)])
def test_other_hardware_or_mac_under_the_same_name_is_an_alarm(change: dict[str, Any], kind: AlarmKind):
    known = look(None, seen(mac="00:11:22:33:44:55"), False).document
    found = look(known, seen(minutes=5, **{"mac": "00:11:22:33:44:55", **change}), False)
    ((told, evidence),) = found.alarms
    assert told is kind
    assert evidence["to"] == next(iter(change.values()))
    assert look(found.document, seen(minutes=9, **{"mac": "00:11:22:33:44:55", **change}), False).alarms == ()


def test_mac_is_read_in_one_spelling():
    message = inform(more=[value("Device.Ethernet.Interface.1.MACAddress", "00-1a-2b-3c-4d-5e")])
    assert mac_of(message) == "00:1A:2B:3C:4D:5E"
    assert mac_of(inform()) == ""


@pytest.mark.quirk("K-35")
@pytest.mark.parametrize(
    ("serial", "is_none"),
    [("999999999999999999", True), ("000000", True), ("", True), ("XXXXXXXX", True), ("99999", False), ("NV1000001", False), ("7", False)],
)
def test_serial_that_no_factory_gave(serial: str, is_none: bool):
    assert is_placeholder(serial) is is_none
