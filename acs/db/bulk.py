"""Many rows in one statement, in the form that is cheap on each database.

PostgreSQL gets arrays and `unnest` (a third of what executemany costs); SQLite gets executemany. Rows are sorted by key, and
a key appears once, so that two workers never lock each other out and no row is touched twice by one statement.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Connection, Table, bindparam, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from acs.db.base import Base

Row = Mapping[str, Any]


def update_rows(connection: Connection, model: type[Base], key: Sequence[str], columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Set `columns` of the rows named by `key`; how many rows were found. Every row has every key and column."""
    table = table_of(model)
    ordered = _ordered(key, rows)
    if not ordered:
        return 0
    if connection.dialect.name == "postgresql":
        result = connection.execute(_pg_update(table, tuple(key), tuple(columns)), _arrays(table, (*key, *columns), ordered))
        return int(result.rowcount)
    statement = _update(table, tuple(key), tuple(columns))
    given = [{**{f"k_{name}": row[name] for name in key}, **{name: row[name] for name in columns}} for row in ordered]
    return int(connection.execute(statement, given).rowcount)


def upsert_rows(
    connection: Connection, model: type[Base], key: Sequence[str], columns: Sequence[str], rows: Iterable[Row], update_all: bool = True
) -> None:
    """Insert the rows; where `key` exists already, set `columns` anew (or leave the row alone if not `update_all`)."""
    table = table_of(model)
    ordered = _ordered(key, rows)
    if not ordered:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(_pg_upsert(table, tuple(key), tuple(columns), update_all), _arrays(table, (*key, *columns), ordered))
        return
    statement = _sqlite_upsert(table, tuple(key), tuple(columns), update_all)
    connection.execute(statement, [{name: row[name] for name in (*key, *columns)} for row in ordered])


def insert_rows(connection: Connection, model: type[Base], rows: Sequence[Row]) -> None:
    """Insert rows that all have the same columns."""
    table = table_of(model)
    if rows:
        if connection.dialect.name == "postgresql" and len(rows) > 1:
            names = tuple(rows[0])
            connection.execute(_pg_insert(table, names), _arrays(table, names, rows))
        else:
            connection.execute(table.insert(), list(rows))


def dialect_insert(connection: Connection, model: type[Base]) -> Any:
    """An INSERT that knows ON CONFLICT, of whichever database this is."""
    return postgresql.insert(model) if connection.dialect.name == "postgresql" else sqlite_insert(model)


def table_of(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


def _ordered(key: Sequence[str], rows: Iterable[Row]) -> list[Row]:
    last: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        last[tuple(row[name] for name in key)] = row
    return [last[k] for k in sorted(last)]


@lru_cache(maxsize=256)
def _update(table: Table, key: tuple[str, ...], columns: tuple[str, ...]) -> Any:
    statement = update(table).values({name: bindparam(name) for name in columns})
    for name in key:
        statement = statement.where(table.c[name] == bindparam(f"k_{name}"))
    return statement


@lru_cache(maxsize=256)
def _sqlite_upsert(table: Table, key: tuple[str, ...], columns: tuple[str, ...], update_all: bool) -> Any:
    statement = sqlite_insert(table)
    if update_all and columns:
        excluded = statement.excluded
        return statement.on_conflict_do_update(index_elements=list(key), set_={name: excluded[name] for name in columns})
    return statement.on_conflict_do_nothing(index_elements=list(key))


def _pg_type(table: Table, name: str) -> str:
    return str(table.c[name].type.compile(dialect=postgresql.dialect()))


def _unnest(table: Table, names: tuple[str, ...]) -> str:
    parts = ", ".join(f"CAST(:{name} AS {_pg_type(table, name)}[])" for name in names)
    return f"unnest({parts}) AS v({', '.join(_q(name) for name in names)})"


def _q(name: str) -> str:
    return f'"{name}"'


@lru_cache(maxsize=256)
def _pg_update(table: Table, key: tuple[str, ...], columns: tuple[str, ...]) -> Any:
    sets = ", ".join(f"{_q(name)} = v.{_q(name)}" for name in columns)
    where = " AND ".join(f"t.{_q(name)} = v.{_q(name)}" for name in key)
    return text(f"UPDATE {_q(table.name)} AS t SET {sets} FROM {_unnest(table, key + columns)} WHERE {where}")  # noqa: S608 - names of our own tables


@lru_cache(maxsize=256)
def _pg_insert(table: Table, names: tuple[str, ...]) -> Any:
    listed = ", ".join(_q(name) for name in names)
    return text(f"INSERT INTO {_q(table.name)} ({listed}) SELECT * FROM {_unnest(table, names)}")  # noqa: S608


@lru_cache(maxsize=256)
def _pg_upsert(table: Table, key: tuple[str, ...], columns: tuple[str, ...], update_all: bool) -> Any:
    names = key + columns
    sets = ", ".join(f"{_q(name)} = excluded.{_q(name)}" for name in columns)
    action = f"DO UPDATE SET {sets}" if update_all and columns else "DO NOTHING"
    listed = ", ".join(_q(name) for name in names)
    return text(
        f"INSERT INTO {_q(table.name)} ({listed}) SELECT * FROM {_unnest(table, names)} "  # noqa: S608
        f"ON CONFLICT ({', '.join(_q(name) for name in key)}) {action}"
    )


def _arrays(table: Table, names: Sequence[str], rows: Sequence[Row]) -> dict[str, list[Any]]:
    """One list per column, through the column's own type so that JSON and instants come out as the driver wants them."""
    dialect = postgresql.dialect()
    arrays = {}
    for name in names:
        process = getattr(table.c[name].type, "process_bind_param", None)
        arrays[name] = [process(row[name], dialect) if process else row[name] for row in rows]
    return arrays
