import sqlite3

from simulators.bench.copies import TABLES, statements

COLUMNS = {
    "device": ["id", "tenant_id", "key", "serial_number", "model", "session_token", "session_state", "session_until", "due_at"],
    "device_credential": ["device_id", "username", "request_secret"],
    "param_base": ["device_id", "packed"],
}


def test_copies_have_names_of_their_own_and_everything_else_of_their_model():
    place = sqlite3.connect(":memory:", isolation_level=None)
    for table, columns in COLUMNS.items():
        place.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    place.execute("INSERT INTO device VALUES (7, 1, 'A-1', '1', 'Box', 'token', '{}', 'soon', 'now')")
    place.execute("INSERT INTO device_credential VALUES (7, 'A-1', 'sealed')")
    place.execute("INSERT INTO param_base VALUES (7, x'00ff')")
    names = [("A-1", f"A-{n}", f"{n}'s") for n in range(100, 21_100)]
    for each in statements(names, lambda table: COLUMNS.get(table, [])):
        place.execute(each)
    assert place.execute("SELECT count(*), count(DISTINCT id), count(DISTINCT key), max(id) FROM device").fetchone() == (21_001, 21_001, 21_001, 21_007)
    assert place.execute("SELECT id, model, serial_number, session_token, due_at FROM device WHERE key = 'A-100'").fetchone() == (8, "Box", "100's", None, None)
    assert place.execute("SELECT username, request_secret FROM device_credential WHERE device_id = 8").fetchone() == ("A-100", "sealed")
    assert place.execute("SELECT count(*) FROM param_base WHERE packed = x'00ff'").fetchone() == (21_001,)
    assert place.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE 'bench%'").fetchone() == (0,)
    place.close()


def test_tables_that_do_not_exist_are_left_out():
    made = " ".join(statements([("A", "B", "C")], lambda table: COLUMNS.get(table, [])))
    assert not any(f"INSERT INTO {table} " in made for table in set(TABLES) - set(COLUMNS))
