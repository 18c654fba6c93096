"""Opens the database and hands out units of work.

SQLite runs in WAL mode with synchronous=FULL, and every unit that may write begins with BEGIN IMMEDIATE: the driver sends no BEGIN
before a SELECT, so a read-modify-write would lose updates in silence. On PostgreSQL a unit is an ordinary transaction.

A unit of work may collect hints ("operation queued for device 7"): they leave after the commit, one coalesced message per unit.
A lost hint costs a poll, never data; acs/hints says who listens.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from acs.errors import WrongEnvironment

Hint = dict[str, Any]
NOTIFY_CHANNEL = "hearthline"
NOTIFY_LIMIT = 7000
"""PostgreSQL refuses payloads of 8000 bytes; a longer list of hints is split."""


class Unit:
    """One transaction: its connection, an ORM session on it for who asks, and the hints that leave with it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.hints: list[Hint] = []
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        if self._session is None:
            self._session = Session(self.connection, expire_on_commit=False, join_transaction_mode="rollback_only")
        return self._session

    def flush(self) -> None:
        if self._session is not None:
            self._session.flush()

    def close(self) -> None:
        if self._session is not None:
            self._session.close()

    def hint(self, kind: str, **facts: Any) -> None:
        hint = {"kind": kind, **facts}
        if hint not in self.hints:
            self.hints.append(hint)


class Database:
    """The engine and how to work with it. Safe to share between threads; each unit belongs to one."""

    def __init__(self, url: str, publish: Callable[[list[Hint]], None] | None = None, pool_size: int = 8) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._publish = publish
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url, pool_size)

    @contextmanager
    def write(self) -> Iterator[Unit]:
        """A unit that commits at the end, or leaves nothing behind when an exception passes through it."""
        with self.engine.connect().execution_options(hearthline_write=True) as connection, connection.begin():
            unit = Unit(connection)
            try:
                yield unit  # an exception here rolls back
                unit.flush()
                if unit.hints and not self.is_sqlite:
                    for part in _split_hints(unit.hints):
                        connection.execute(text("SELECT pg_notify(:c, :p)"), {"c": NOTIFY_CHANNEL, "p": part})
            finally:
                unit.close()
        if unit.hints and self.is_sqlite and self._publish is not None:
            self._publish(unit.hints)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A read-only look; whatever it changed is forgotten."""
        with Session(self.engine, expire_on_commit=False) as session:
            try:
                yield session
            finally:
                session.rollback()

    def check(self) -> None:
        """WrongEnvironment if the database cannot be reached."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except OperationalError as error:
            reason = str(error.orig).strip().splitlines()[0] if error.orig else str(error)
            raise WrongEnvironment(f"Database {self.safe_url} cannot be reached: {reason}") from None

    @property
    def safe_url(self) -> str:
        return self.engine.url.render_as_string(hide_password=True)

    def close(self) -> None:
        self.engine.dispose()


def _split_hints(hints: list[Hint]) -> Iterator[str]:
    part: list[Hint] = []
    size = 2
    for hint in hints:
        length = len(json.dumps(hint)) + 2
        if part and size + length > NOTIFY_LIMIT:
            yield json.dumps(part)
            part, size = [], 2
        part.append(hint)
        size += length
    if part:
        yield json.dumps(part)


def _postgres_engine(url: str, pool_size: int) -> Engine:
    return create_engine(url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True, poolclass=QueuePool)


def _sqlite_engine(url: str) -> Engine:
    memory = ":memory:" in url or url in ("sqlite://", "sqlite:///")
    if memory:
        raise WrongEnvironment("An SQLite database needs a file: several processes and threads share it.")
    engine = create_engine(url, poolclass=QueuePool, pool_size=8, max_overflow=24, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(dbapi: sqlite3.Connection, _record: Any) -> None:
        dbapi.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=30000",
            "cache_size=-16000",
            "temp_store=MEMORY",
        ):
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("hearthline_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
