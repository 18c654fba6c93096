"""What one device taught of its kind serves the next: acs/devices/kinds.py."""

from datetime import timedelta

from acs.devices import kinds
from acs.devices.kinds import KindBook, KindKey, readings_by
from acs.devices.store import PathSets, store_snapshot
from acs.provisioning.procedure import Snapshot
from tests.acs.kit import add_device, value
from tests.datamodels.canonical.test_reading import tr098

KEY = KindKey(1, "00D09E", "G240", "1.0.0")


def learn(database, vault, book, now, tree=None, key=KEY):
    tree, device = tree or tr098(), add_device(database, key.software_version or "NV1")
    values = tuple(value(path, text) for path, text in tree.items())
    with database.write() as unit:
        snapshot = Snapshot("", tuple((v.name, True) for v in values), values)
        path_set = store_snapshot(unit.connection, vault, 1, device, snapshot, now, "discover", book.sets)
        return book.learn(unit.connection, key, device, path_set, tree, now)


def of(database, book, now, key=KEY):
    with database.read() as session:
        return book.of(session.connection(), key, now)


def test_kind_is_unknown_until_a_device_of_it_was_read_whole(any_database, vault, now):
    book = KindBook()
    assert of(any_database, book, now) is None
    learned = learn(any_database, vault, book, now)
    assert of(any_database, book, now) is learned
    assert of(any_database, book, now, KindKey(1, "00D09E", "G240", "1.0.1")) is None
    assert of(any_database, book, now, KindKey(2, "00D09E", "G240", "1.0.0")) is None


def test_another_process_reads_it_from_the_database(any_database, vault, now):
    learned = learn(any_database, vault, KindBook(), now)
    again = of(any_database, KindBook(), now)
    assert again is not None
    assert (again.root, again.path_set_id, again.plan.chosen) == (learned.root, learned.path_set_id, learned.plan.chosen)


def test_process_that_did_not_know_it_looks_again_after_a_while(any_database, vault, now):
    late = KindBook()
    assert of(any_database, late, now) is None
    learn(any_database, vault, KindBook(), now)
    assert of(any_database, late, now + timedelta(seconds=5)) is None
    assert of(any_database, late, now + kinds.LOOK_AGAIN) is not None


def test_devices_of_one_kind_may_have_their_radios_the_other_way_round(any_database, vault, now):
    book = KindBook()
    kind = learn(any_database, vault, book, now)
    other = tr098("40", "6")
    plan = kind.plan_for(other)
    assert plan is kind.plan_for(other)
    found = {r.name: r.text for r in readings_by(plan, 1, 7, other, plan.indexed, now)}
    assert (found["wifi.2g.ssid"], found["wifi.5g.ssid"]) == ("net2", "net1")


def test_tree_that_decides_by_a_secret_or_has_no_root_is_no_kind(any_database, vault, now):
    assert learn(any_database, vault, KindBook(), now, {"Vendor.A": "1"}) is None
    assert learn(any_database, vault, KindBook(), now, key=KindKey(1, "00D09E", "G240", "")) is None


def test_memory_is_bounded(any_database, vault, now, monkeypatch):
    monkeypatch.setattr(kinds, "KINDS_MOST", 3)
    book = KindBook(PathSets())
    for n in range(6):
        of(any_database, book, now, KindKey(1, "00D09E", "G240", str(n)))
    assert len(book._kinds) == 3


def test_readings_say_numbers_and_truths_so_that_they_can_be_compared(any_database, vault, now):
    kind = learn(any_database, vault, KindBook(), now)
    found = {r.name: (r.text, r.number) for r in readings_by(kind.plan, 1, 7, tr098(), kind.plan.indexed, now)}
    assert found["wifi.2g.channel"] == ("2", 2.0)
    assert found["wifi.2g.enabled"] == ("true", 1.0)
    assert found["wifi.2g.ssid"] == ("net1", None)
