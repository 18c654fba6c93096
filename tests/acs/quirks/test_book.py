"""The registry in memory: no query, and a new state as a whole."""

from acs.provisioning.quirks import STANDARD, DeviceQuirks, Entry, Scope, firmware
from acs.quirks.book import QuirkBook, document_of, own_of

SLOW = Entry(Scope("02A5C1", "Box", firmware("1.*")), "boot_s", "", 300)


def book(*entries, tenant=1):
    made = QuirkBook()
    made.replace({tenant: list(entries)})
    return made


def test_devices_of_one_kind_share_what_holds_for_them():
    known = book(SLOW)
    first = known.of(1, "02A5C1", "Box", "1.2")
    assert first == DeviceQuirks(boot_s=300)
    assert known.of(1, "02A5C1", "Box", "1.2") is first
    assert known.of(1, "02A5C1", "Box", "2.0") is STANDARD
    assert known.of(2, "02A5C1", "Box", "1.2") is STANDARD, "of another tenant"


def test_what_a_device_taught_us_counts_on_the_firmware_it_was_learned_on():
    taught = document_of([("read_batch", "", 32)], "1.2")
    assert book(SLOW).of(1, "02A5C1", "Box", "1.2", taught) == DeviceQuirks(boot_s=300, read_batch=32)
    assert book(SLOW).of(1, "02A5C1", "Box", "1.3", taught) == DeviceQuirks(boot_s=300)


def test_a_new_state_takes_the_place_of_the_old_one():
    known = book(SLOW)
    known.of(1, "02A5C1", "Box", "1.2")
    known.replace({})
    assert known.of(1, "02A5C1", "Box", "1.2") is STANDARD


def test_a_document_of_nothing_is_none():
    assert document_of([], "1.2") is None
    assert own_of(None, "1.2") == []


def test_kinds_without_end_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("acs.quirks.book._MOST", 10)
    known = book(SLOW)
    for number in range(100):
        known.of(1, "02A5C1", "Box", str(number))
    assert len(known._state[1]) <= 10
