"""Partitions of the tables of samples on PostgreSQL: made days ahead, dropped whole when old. SQLite has none: there old rows go in chunks.

They are named by the day they begin ("series.sample_20261122") and lie in a schema of their own. What came before its partition was made lies in
the default one and is moved when the partition is made.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from acs.db.base import Base
from acs.db.bulk import table_of
from acs.db.engine import Unit
from acs.monitoring.models import Sample, SampleDay, SampleHour
from acs.monitoring.seconds import SECONDS_FROM, second_of

SPAN: dict[type[Base], timedelta] = {Sample: timedelta(days=1), SampleHour: timedelta(days=30), SampleDay: timedelta(days=360)}
AHEAD = 3
"""Partitions made beyond the one of today."""


def begin_of(model: type[Base], at: datetime) -> datetime:
    """When the partition begins that holds this instant."""
    return at - (at - SECONDS_FROM) % SPAN[model]


def ensure(unit: Unit, now: datetime) -> int:
    """Make what will be needed; how many were made. The default partition is locked for a moment where rows have to move."""
    made = 0
    if unit.connection.dialect.name != "postgresql":
        return made
    for model, span in SPAN.items():
        there = names(unit.connection, model)
        for number in range(AHEAD + 1):
            begin = begin_of(model, now) + number * span
            if _name(model, begin) not in there:
                _make(unit.connection, model, begin, span)
                made += 1
    return made


def names(connection: Connection, model: type[Base]) -> set[str]:
    """Names of the partitions of a table, the default one left out."""
    query = text(
        "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid JOIN pg_class parent ON parent.oid = inhparent "
        "WHERE parent.relname = :table"
    )
    table = table_of(model).name
    return {name for name in connection.scalars(query, {"table": table}) if name != f"{table}_rest"}


def drop_before(unit: Unit, model: type[Base], before: datetime, most: int = 5) -> int:
    """Drop partitions that end before this instant, the oldest first, and such rows of the default one; how many went."""
    rest = f"series.{table_of(model).name}_rest"
    stray = f"DELETE FROM {rest} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {rest} WHERE at < :at LIMIT 2000))"  # noqa: S608
    gone = unit.connection.execute(text(stray), {"at": second_of(before)}).rowcount
    for name in sorted(names(unit.connection, model)):
        begin = datetime.strptime(name.rpartition("_")[2], "%Y%m%d").replace(tzinfo=UTC)
        if begin + SPAN[model] <= before and most > 0:
            unit.connection.execute(text(f"DROP TABLE series.{name}"))
            gone, most = gone + 1, most - 1
    return gone


def _name(model: type[Base], begin: datetime) -> str:
    return f"{table_of(model).name}_{begin:%Y%m%d}"


def _make(connection: Connection, model: type[Base], begin: datetime, span: timedelta) -> None:
    table, name = table_of(model).name, _name(model, begin)
    bounds = {"low": second_of(begin), "high": second_of(begin + span)}
    stray = f"FROM series.{table}_rest WHERE at >= :low AND at < :high"
    connection.execute(text(f"CREATE TABLE series.{name} (LIKE {table} INCLUDING ALL)"))
    connection.execute(text(f"WITH moved AS (DELETE {stray} RETURNING *) INSERT INTO series.{name} SELECT * FROM moved"), bounds)  # noqa: S608
    limits = f"FROM ({bounds['low']}) TO ({bounds['high']})"
    connection.execute(text(f"ALTER TABLE {table} ATTACH PARTITION series.{name} FOR VALUES {limits}"))
