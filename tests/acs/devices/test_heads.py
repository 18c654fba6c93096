"""Head rows are written once, however many parts of a batch had a say: acs/devices/heads.py."""

from sqlalchemy import event

from acs.devices.heads import HeadWrites, gathered
from tests.acs.kit import add_device, head


def written(database, heads):
    said = []
    listening = (database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    event.listen(*listening)
    with database.write() as unit:
        heads.write(unit.connection)
    event.remove(*listening)
    return [statement for statement in said if statement.startswith("UPDATE")]


def test_columns_of_one_device_leave_in_one_statement_the_later_value_counts(any_database):
    one, two = add_device(any_database), add_device(any_database, "NV2")
    heads = HeadWrites()
    heads.set(one, {"model": "A"})
    heads.set(one, {"note": "x", "model": "B"})
    heads.set(two, {"note": "y", "model": "C"})
    heads.set(two, {})
    assert len(written(any_database, heads)) == 1
    assert [(head(any_database, d).model, head(any_database, d).note) for d in (one, two)] == [("B", "x"), ("C", "y")]
    assert written(any_database, heads) == []


def test_device_whose_session_moved_on_keeps_what_it_has(any_database):
    held, lost = add_device(any_database, epoch=4), add_device(any_database, "NV2", epoch=5)
    heads = HeadWrites({held: 4, lost: 4})
    for device in (held, lost):
        heads.set(device, {"note": "mine"})
    written(any_database, heads)
    assert [head(any_database, d).note for d in (held, lost)] == ["mine", ""]


def test_without_an_owner_they_are_written_at_the_end(any_database):
    device = add_device(any_database)
    with any_database.write() as unit, gathered(unit.connection, None) as heads:
        heads.set(device, {"note": "x"})
    owned = HeadWrites()
    with any_database.write() as unit, gathered(unit.connection, owned) as heads:
        heads.set(device, {"note": "y"})
    assert head(any_database, device).note == "x"
