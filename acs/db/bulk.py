"""Many rows in one statement, in the form that is cheap on each database. The hot path of sessions goes through here.

Statements are strings made once per table and set of columns and handed to the driver: on the way of an Inform, building and compiling
expressions anew costs more than the database does. PostgreSQL gets arrays and `unnest` (a third of what executemany costs); SQLite gets
executemany, and lists of keys as one JSON text, so that a statement stays the same however many there are. Rows are sorted by key, and
a key appears once, so that two workers never lock each other out and no row is touched twice by one statement.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from json import dumps, loads
from typing import Any, cast

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeDecorator

from acs.db.base import Base, Instant, Json

Row = Mapping[str, Any]
_Convert = Callable[[Any], Any]


class RawJson(str):
    """Text that is JSON already: a Json column keeps it as it is."""

    __slots__ = ()


def update_rows(connection: Connection, model: type[Base], key: Sequence[str], columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Set `columns` of the rows named by `key`; how many rows were found. Every row has every key and column."""
    ordered = _ordered(key, rows)
    if not ordered:
        return 0
    names = (*columns, *key)
    statement, converts = _update(table_of(model), tuple(key), tuple(columns), connection.dialect.name)
    return int(connection.exec_driver_sql(statement, _given(connection, names, converts, ordered)).rowcount)


def upsert_rows(
    connection: Connection, model: type[Base], key: Sequence[str], columns: Sequence[str], rows: Iterable[Row], update_all: bool = True,
    if_changed: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """Insert the rows; where `key` exists already, set `columns` anew (or leave the row alone if not `update_all`, or unless one of
    `if_changed` differs)."""
    ordered = _ordered(key, rows)
    if not ordered:
        return
    names = (*key, *columns)
    statement, converts = _insert(table_of(model), names, tuple(key), update_all, if_changed, connection.dialect.name)
    connection.exec_driver_sql(statement, _given(connection, names, converts, ordered))


def insert_rows(connection: Connection, model: type[Base], rows: Sequence[Row]) -> None:
    """Insert rows that all have the same columns. Columns with a default may be left out."""
    if not rows:
        return
    table = table_of(model)
    names = tuple(rows[0])
    if missing := _defaults(table, names):
        rows = [{**missing, **row} for row in rows]
        names = tuple(rows[0])
    statement, converts = _insert(table, names, (), False, (), connection.dialect.name)
    connection.exec_driver_sql(statement, _given(connection, names, converts, rows))


def fetch_rows(
    connection: Connection, model: type[Base], columns: tuple[str, ...], key: str, values: Collection[Any], raw: frozenset[str] = frozenset(), also: str = "",
    lock: bool = False,
) -> list[tuple[Any, ...]]:
    """`columns` of the rows whose `key` is one of `values` (texts or numbers), as tuples in no order. Documents of `raw` come as their text.

    `also`: a condition in SQL that every row meets, a constant of the caller's: spelled as a partial index has it, the index is used. `lock`: the
    rows, which have an id, are held in its order to the end of the transaction; a unit that writes on SQLite holds everything anyway.
    """
    if not values:
        return []
    statement, converts = _select(table_of(model), columns, key, raw, also, lock, connection.dialect.name)
    given = list(values)
    found = connection.exec_driver_sql(statement, (dumps(given),) if connection.dialect.name == "sqlite" else (given,)).fetchall()
    if all(convert is None for convert in converts):
        return [tuple(row) for row in found]
    return [tuple([value if convert is None or value is None else convert(value) for value, convert in zip(row, converts, strict=True)]) for row in found]


def delete_rows(connection: Connection, model: type[Base], key: str, values: Collection[Any]) -> None:
    """Delete the rows whose `key` is one of `values`."""
    if values:
        given = list(values)
        statement = _delete(table_of(model), key, connection.dialect.name)
        connection.exec_driver_sql(statement, (dumps(given),) if connection.dialect.name == "sqlite" else (given,))


def dialect_insert(connection: Connection, model: type[Base]) -> Any:
    """An INSERT that knows ON CONFLICT, of whichever database this is."""
    return postgresql.insert(model) if connection.dialect.name == "postgresql" else sqlite_insert(model)


def table_of(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


def _ordered(key: Sequence[str], rows: Iterable[Row]) -> list[Row]:
    if len(key) == 1:
        (name,) = key
        single = {row[name]: row for row in rows}
        return [single[k] for k in sorted(single)]
    last = {tuple([row[name] for name in key]): row for row in rows}
    return [last[k] for k in sorted(last)]


def _given(connection: Connection, names: tuple[str, ...], converts: tuple[_Convert | None, ...], rows: Sequence[Row]) -> Any:
    """The values as the statement wants them: a tuple per row for SQLite, a list per column for PostgreSQL."""
    pairs = tuple(zip(names, converts, strict=True))
    if connection.dialect.name == "sqlite":
        return [
            tuple([row[name] if convert is None or row[name] is None else convert(row[name]) for name, convert in pairs]) for row in rows
        ]
    return tuple(
        [row[name] for row in rows] if convert is None else [None if row[name] is None else convert(row[name]) for row in rows]
        for name, convert in pairs
    )


@lru_cache(maxsize=256)
def _defaults(table: Table, names: tuple[str, ...]) -> dict[str, Any]:
    """Constant defaults of columns that rows leave out."""
    return {
        column.name: column.default.arg
        for column in table.columns
        if column.name not in names and isinstance(column.default, ScalarElementColumnDefault)
    }


# ---- statements ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _update(table: Table, key: tuple[str, ...], columns: tuple[str, ...], dialect: str) -> tuple[str, tuple[_Convert | None, ...]]:
    names = columns + key
    if dialect == "sqlite":
        sets, where = ", ".join(f"{_q(name)} = ?" for name in columns), " AND ".join(f"{_q(name)} = ?" for name in key)
        return f"UPDATE {_q(table.name)} SET {sets} WHERE {where}", _converts(table, names, dialect)  # noqa: S608 - names of our own tables
    sets = ", ".join(f"{_q(name)} = v.{_q(name)}" for name in columns)
    where = " AND ".join(f"t.{_q(name)} = v.{_q(name)}" for name in key)
    return f"UPDATE {_q(table.name)} AS t SET {sets} FROM {_unnest(table, names)} WHERE {where}", _converts(table, names, dialect)  # noqa: S608


@lru_cache(maxsize=256)
def _insert(
    table: Table, names: tuple[str, ...], key: tuple[str, ...], update_all: bool, if_changed: tuple[str, ...], dialect: str
) -> tuple[str, tuple[_Convert | None, ...]]:
    """An INSERT; with `key`, one that sets all else anew where the key exists, or leaves such a row alone."""
    listed = ", ".join(_q(name) for name in names)
    statement = f"INSERT INTO {_q(table.name)} ({listed}) "
    statement += f"VALUES ({', '.join('?' * len(names))})" if dialect == "sqlite" else f"SELECT * FROM {_unnest(table, names)}"  # noqa: S608
    if key:
        sets = ", ".join(f"{_q(name)} = excluded.{_q(name)}" for name in names if name not in key)
        statement += f" ON CONFLICT ({', '.join(_q(name) for name in key)}) " + (f"DO UPDATE SET {sets}" if update_all and sets else "DO NOTHING")
        differs = "IS NOT" if dialect == "sqlite" else "IS DISTINCT FROM"
        if if_changed:
            statement += " WHERE " + " OR ".join(f"{_q(table.name)}.{_q(name)} {differs} excluded.{_q(name)}" for name in if_changed)
    return statement, _converts(table, names, dialect)


@lru_cache(maxsize=256)
def _select(
    table: Table, columns: tuple[str, ...], key: str, raw: frozenset[str], also: str, lock: bool, dialect: str
) -> tuple[str, tuple[_Convert | None, ...]]:
    listed = ", ".join(_q(name) for name in columns)
    reads = tuple(None if name in raw else _reader(table, name, dialect) for name in columns)
    where = _one_of(key, dialect) + (f" AND {also}" if also else "") + (" ORDER BY id FOR UPDATE" if lock and dialect == "postgresql" else "")
    return f"SELECT {listed} FROM {_q(table.name)} WHERE {where}", reads  # noqa: S608


@lru_cache(maxsize=64)
def _delete(table: Table, key: str, dialect: str) -> str:
    return f"DELETE FROM {_q(table.name)} WHERE {_one_of(key, dialect)}"  # noqa: S608


def _one_of(key: str, dialect: str) -> str:
    return f"{_q(key)} " + ("IN (SELECT value FROM json_each(?))" if dialect == "sqlite" else "= ANY(%s)")  # noqa: S608


def _unnest(table: Table, names: tuple[str, ...]) -> str:
    parts = ", ".join(f"%s::{_pg_type(table, name)}[]" for name in names)
    return f"unnest({parts}) AS v({', '.join(_q(name) for name in names)})"


def _pg_type(table: Table, name: str) -> str:
    return str(table.c[name].type.compile(dialect=postgresql.dialect()))


def _q(name: str) -> str:
    return f'"{name}"'


# ---- values --------------------------------------------------------------------------------------------------


_DIALECTS: Mapping[str, Dialect] = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}


def _converts(table: Table, names: tuple[str, ...], dialect: str) -> tuple[_Convert | None, ...]:
    return tuple(_writer(table, name, dialect) for name in names)


def _writer(table: Table, name: str, dialect: str) -> _Convert | None:
    match table.c[name].type:
        case Instant():
            return _instant_text if dialect == "sqlite" else _instant
        case Json():
            return _json_text
        case TypeDecorator() as own:
            return partial(own.process_bind_param, dialect=_DIALECTS[dialect])
    return None


def _reader(table: Table, name: str, dialect: str) -> _Convert | None:
    match table.c[name].type:
        case Instant():
            return _instant_of_text if dialect == "sqlite" else _instant
        case Json():
            return loads
        case TypeDecorator() as own:
            return partial(own.process_result_value, dialect=_DIALECTS[dialect])
    return None


def _instant(value: datetime) -> datetime:
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError(f"instant without a zone: {value!r}")
    return value.astimezone(UTC)


def _instant_text(value: datetime) -> str:
    """As SQLAlchemy writes it."""
    return _instant(value).replace(tzinfo=None).isoformat(" ", "microseconds")


def _instant_of_text(value: str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def _json_text(value: Any) -> str:
    return value if type(value) is RawJson else dumps(value, separators=(",", ":"), ensure_ascii=False)
