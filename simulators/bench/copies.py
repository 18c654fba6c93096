"""Many known devices from a few: rows of devices that were really made known, copied under other names in the database of the house.

Bootstrapping a hundred thousand devices is measured elsewhere; a storm and a long list need them only to be there. A copy has all its model's
device has: head row, whole tree, canonical readings, the login we call it with. Tests: tests/simulators/bench/test_copies.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

TABLES = ("device_credential", "param_base", "param_live", "canonical_value", "desired_device")
"""What a copy takes along beside its head row."""
CHUNK = 500
_FRESH = {"key": "b.key", "serial_number": "b.serial", "session_token": "NULL", "session_state": "NULL", "session_until": "NULL", "due_at": "NULL"}

Named = tuple[str, str, str]
"""Key of the device to copy, key and serial number of the copy."""


def statements(names: Sequence[Named], columns: Callable[[str], Sequence[str]]) -> list[str]:
    """SQL that makes the copies, for both databases. `columns` tells those of a table, none for one that does not exist."""
    made = ["CREATE TABLE bench_copy (n INTEGER PRIMARY KEY, model VARCHAR(200), key VARCHAR(200), serial VARCHAR(100))"]
    for at in range(0, len(names), CHUNK):
        rows = ", ".join(f"({at + n}, {_text(of)}, {_text(key)}, {_text(serial)})" for n, (of, key, serial) in enumerate(names[at : at + CHUNK], 1))
        made.append(f"INSERT INTO bench_copy VALUES {rows}")  # noqa: S608 - names of our own devices, quoted
    made.append("CREATE INDEX bench_copy_model ON bench_copy (model)")
    for at in range(0, len(names), 20_000):
        part = f"b.n > {at} AND b.n <= {at + 20_000}"
        mine = list(columns("device"))
        given = [_FRESH.get(name, "(SELECT max(id) FROM device) + b.n" if name == "id" else f"d.{name}") for name in mine]
        if at:  # the ids of the parts before are taken already
            given[mine.index("id")] += f" - {at}"
        made.append(f"INSERT INTO device ({', '.join(mine)}) SELECT {', '.join(given)} FROM bench_copy b JOIN device d ON d.key = b.model WHERE {part}")  # noqa: S608
        for table in TABLES:
            mine = list(columns(table))
            if not mine:
                continue
            own = {"device_id": "c.id", **({"username": "b.key"} if table == "device_credential" else {})}
            given = [own.get(name, f"t.{name}") for name in mine]
            made.append(
                f"INSERT INTO {table} ({', '.join(mine)}) SELECT {', '.join(given)} FROM bench_copy b JOIN device d ON d.key = b.model "  # noqa: S608
                f"JOIN device c ON c.key = b.key JOIN {table} t ON t.device_id = d.id WHERE {part}"
            )
    made.append("DROP TABLE bench_copy")
    return made


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
