"""Brings a database to the tables of this version, checks it, copies it. Migrations are in migrations/versions."""

import os
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text

from acs.db.base import Base
from acs.db.engine import Database
from acs.errors import WrongEnvironment

SCRIPTS = Path(__file__).parent / "migrations"


def config(connection: Connection | None = None) -> Config:
    made = Config()
    made.set_main_option("script_location", str(SCRIPTS))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def head() -> str:
    return ScriptDirectory.from_config(config()).get_current_head() or ""


def current(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


def upgrade(url: str, revision: str = "head") -> tuple[str, str]:
    """Run what is missing; (revision before, revision after)."""
    database = Database(url)
    database.check()
    try:
        with database.engine.connect() as connection:
            before = current(connection)
            if before == head() and revision == "head":
                return before, before
            connection.rollback()
            writing = connection.execution_options(hearthline_write=True)
            with writing.begin():
                command.upgrade(config(writing), revision)
            return before, current(connection)
    finally:
        database.close()


def downgrade(url: str, revision: str) -> None:
    database = Database(url)
    with database.engine.connect() as connection:
        writing = connection.execution_options(hearthline_write=True)
        with writing.begin():
            command.downgrade(config(writing), revision)
    database.close()


def differences(connection: Connection) -> list[Any]:
    """What autogenerate would still do: nothing, if migrations and models agree. The model modules must be loaded."""
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata))


def check(url: str) -> list[str]:
    """What is wrong with the database, in sentences."""
    database = Database(url)
    database.check()
    problems = []
    with database.engine.connect() as connection:
        at = current(connection)
        if at != head():
            problems.append(f"The database is at {at or 'empty'}, this version needs {head()}: run `hearthline db upgrade`.")
        if database.is_sqlite:
            said = connection.execute(text("PRAGMA integrity_check")).scalar()
            if said != "ok":
                problems.append(f"SQLite reports damage: {said}")
            broken = connection.execute(text("PRAGMA foreign_key_check")).fetchall()
            if broken:
                problems.append(f"{len(broken)} rows refer to rows that do not exist; the first is in {broken[0][0]}.")
    database.close()
    return problems


def backup(url: str, target: str) -> int:
    """Copy the database; its size in bytes."""
    place = Path(target)
    if place.exists():
        raise WrongEnvironment(f"{target} exists already.")
    if url.startswith("sqlite:///"):
        source = sqlite3.connect(url.removeprefix("sqlite:///"))
        copy = sqlite3.connect(target)
        with source, copy:
            source.backup(copy, pages=1000)
        source.close()
        copy.close()
    else:
        where = make_url(url).set(drivername="postgresql")
        plain = where._replace(password=None).render_as_string()  # the password goes by environment: every user sees arguments
        secret = {"PGPASSWORD": str(where.password)} if where.password else {}
        try:
            subprocess.run(
                ["pg_dump", "--format=custom", f"--file={target}", plain], check=True, capture_output=True, env={**os.environ, **secret}
            )
        except (OSError, subprocess.CalledProcessError) as error:
            detail = getattr(error, "stderr", b"") or str(error).encode()
            raise WrongEnvironment(f"pg_dump failed: {detail.decode(errors='replace').strip()[:300]}") from None
    return place.stat().st_size
