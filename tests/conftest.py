"""What every test may use: a database with its tables, a broker, a vault, the present time; and the watch over Twisted's reactor.

A server a test needs and does not find skips it with the reason; under CI it fails, so that nothing is left out in silence.
HEARTHLINE_TEST_POSTGRES and HEARTHLINE_TEST_RABBITMQ name other servers than those of this machine. tests/test_conftest.py is the test.
"""

import gc
import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import pytest
import pytest_twisted
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool
from twisted.internet import reactor
from twisted.internet.base import DelayedCall
from twisted.internet.task import deferLater
from twisted.logger import LogLevel, globalLogPublisher

from acs.audit import Actor
from acs.db.base import Base
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT, Tenant, TenantId
from acs.db.upgrade import upgrade
from acs.secrets import Vault
from acs.settings import MODEL_MODULES
from tests.prosody import Prosody, is_there

OTHER_TENANT = TenantId(2)
POSTGRES = os.environ.get("HEARTHLINE_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
RABBITMQ = os.environ.get("HEARTHLINE_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//")
GRACE_S = 0.5
"""How long what a test left in the reactor may take to go away by itself."""
MEMORY, ROOM = Path("/dev/shm"), 2 * 1024**3
"""Where temporary folders go if there is so much room, in bytes: SQLite waits for the disk at every commit."""


def pytest_configure() -> None:
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


# ---- the watch over the reactor -------------------------------------------------------------------------------


class ReactorErrors:
    """What went wrong in the reactor during a test. A test that provokes an error takes it away with `flush`."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def observe(self, event: Any) -> None:
        if event.get("log_level") not in (LogLevel.error, LogLevel.critical):
            return
        if event.get("log_failure") is None and str(event.get("log_format")).startswith("Unhandled error in Deferred"):
            return  # a headline: the failure is told by the next event
        self.events.append(event)

    def flush(self, *types: type[BaseException]) -> list[BaseException]:
        """The errors of these types (all, if none is named) that were logged so far; they do not fail the test any more."""
        gc.collect()  # a Deferred tells of its error when it goes
        found, kept = [], []
        for event in self.events:
            failure = event.get("log_failure")
            if failure is not None and (not types or failure.check(*types)):
                found.append(failure.value)
            else:
                kept.append(event)
        self.events = kept
        return found

    def told(self) -> str:
        return "\n".join(_told(event) for event in self.events)


def _told(event: Any) -> str:
    failure = event.get("log_failure")
    return f"{event.get('log_namespace')}: {event.get('log_format')}\n{failure.getTraceback() if failure else event.get('log_text', '')}"


class _Open:
    """What the reactor has to do: its delayed calls, and the sockets it watches."""

    def __init__(self) -> None:
        self.calls = list(reactor.getDelayedCalls())  # type: ignore[attr-defined]
        self.selectables = [*reactor.getReaders(), *reactor.getWriters()]  # type: ignore[attr-defined]

    def since(self, before: "_Open") -> list[Any]:
        known = {id(thing) for thing in (*before.calls, *before.selectables)}
        new = {id(thing): thing for thing in (*self.calls, *self.selectables) if id(thing) not in known}
        return [thing for thing in new.values() if "Waker" not in type(thing).__name__]


def _turn(seconds: float = 0) -> None:
    pytest_twisted.blockon(deferLater(reactor, seconds, lambda: None))  # type: ignore[arg-type]


def _settled(before: _Open) -> list[Any]:
    """What is left once everything had time to close: a port takes a turn, a connection two, a commit in a thread a few milliseconds.

    A call that was to come later and came meanwhile was left behind all the same.
    """
    left = _Open().since(before)
    soon = reactor.seconds() + GRACE_S / 10  # type: ignore[attr-defined]
    later = [thing for thing in left if isinstance(thing, DelayedCall) and thing.getTime() > soon]
    until = time.monotonic() + GRACE_S
    while left and time.monotonic() < until:
        _turn(0.005)
        left = _Open().since(before)
    return left + [call for call in later if call.called]


def _close(thing: Any) -> None:
    """Keep one test's mess out of the next one."""
    for name in ("cancel", "stopListening", "abortConnection", "loseConnection"):
        if hasattr(thing, name):
            try:
                getattr(thing, name)()
            except Exception:
                continue
            return


@pytest.fixture(autouse=True)
def reactor_errors(request: pytest.FixtureRequest) -> Iterator[ReactorErrors]:
    """Fails the test after which an error is in Twisted's log, or a delayed call or an open socket in the reactor."""
    before, errors = _Open(), ReactorErrors()
    globalLogPublisher.addObserver(errors.observe)
    try:
        yield errors
        in_reactor = hasattr(getattr(request.node, "obj", None), "_pytest_twisted_mark")
        left = _settled(before)
        if in_reactor or left:
            _turn()
            gc.collect(1)
    finally:
        globalLogPublisher.removeObserver(errors.observe)
    told = "; ".join(repr(thing) for thing in left)
    for thing in left:
        _close(thing)
    if left:
        _turn()
    if errors.events:
        pytest.fail(f"errors in the reactor:\n{errors.told()}", pytrace=False)
    if left:
        pytest.fail(f"left behind in the reactor: {told}", pytrace=False)


LONG = tuple(Path(__file__).parent / name for name in ("integration", "browser", "e2e", "simulators", "test_marks.py"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Among several processes the long files come first: the short ones fill what is left at the end."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not any(item.path.is_relative_to(place) for place in LONG))


def pytest_collection_finish() -> None:
    """What is loaded now stays: leave it out of every garbage collection to come."""
    gc.collect()
    gc.freeze()


# ---- values ----------------------------------------------------------------------------------------------------


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 21, 20, 52, tzinfo=UTC)


@pytest.fixture
def actor() -> Actor:
    return Actor("user:anna", DEFAULT_TENANT, "192.0.2.7")


@pytest.fixture
def other_actor() -> Actor:
    """Somebody of another tenant: for them our things do not exist. Only `database` fixtures know this tenant."""
    return Actor("user:boris", OTHER_TENANT)


@pytest.fixture(scope="session")
def vault() -> Vault:
    return Vault(bytes(range(32)))


# ---- databases -------------------------------------------------------------------------------------------------


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _second_tenant(database: Database) -> None:
    with database.write() as unit:
        unit.session.add(Tenant(id=OTHER_TENANT, name="other", created_at=datetime(2026, 1, 1, tzinfo=UTC)))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file as the migrations leave it, made once and copied."""
    for name in MODEL_MODULES:
        import_module(name)
    path = tmp_path_factory.mktemp("template") / "hearthline.db"
    upgrade(f"sqlite:///{path}")
    database = Database(f"sqlite:///{path}")
    _second_tenant(database)
    database.close()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database with all tables, the default tenant and another one."""
    path = tmp_path / "hearthline.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


class PostgresServer:
    """A server on which databases of our own are made and dropped."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT")
        self._made: list[str] = []

    def check(self) -> None:
        with self._engine.connect():
            pass

    def make(self, name: str) -> str:
        """The URL of a new, empty database."""
        with self._engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
            connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))  # tests need no disk to outlive the server
        self._made.append(name)
        return self._url.set(database=name).render_as_string(hide_password=False)

    def break_connections(self, url: str) -> int:
        """Cut every connection to this database, as a restart of the server would; how many there were."""
        with self._engine.connect() as connection:
            cut = text("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()")
            return int(connection.scalar(cut, {"name": make_url(url).database}) or 0)

    def drop(self, url: str) -> None:
        name = make_url(url).database
        with self._engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))

    def close(self) -> None:
        for name in self._made:
            self.drop(self._url.set(database=name).render_as_string(hide_password=False))
        self._engine.dispose()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer(POSTGRES)
    try:
        server.check()
    except OperationalError as error:
        server.close()
        _missing(f"no PostgreSQL at {make_url(POSTGRES).render_as_string()}: {str(error.orig).splitlines()[0]}")
    yield server
    server.close()


@pytest.fixture(scope="session")
def _postgres_session(postgres_server: PostgresServer) -> str:
    url = postgres_server.make(f"hearthline_test_{os.getpid()}")
    for name in MODEL_MODULES:
        import_module(name)
    upgrade(url)
    return url


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database without a table."""
    url = postgres_server.make(f"hearthline_test_{os.getpid()}_empty")
    yield url
    postgres_server.drop(url)


@pytest.fixture(scope="session")
def _emptied() -> str:
    """What leaves a database as `postgres_url` promises: many statements, one message."""
    deletes = [f'DELETE FROM "{table.name}"' for table in reversed(Base.metadata.sorted_tables)]
    tenants = ((DEFAULT_TENANT, "default"), (OTHER_TENANT, "other"))
    inserts = [f"INSERT INTO tenant (id, name, created_at) VALUES ({number}, '{name}', '2026-01-01 00:00:00+00')" for number, name in tenants]
    return "; ".join([*deletes, *inserts])


@pytest.fixture
def postgres_url(_postgres_session: str, _emptied: str) -> str:
    """A PostgreSQL database with all tables and nothing in them but the two tenants."""
    engine = create_engine(_postgres_session, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(_emptied)
    return _postgres_session


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_database(request: pytest.FixtureRequest) -> Database:
    """Each database we support in turn."""
    return request.getfixturevalue("database" if request.param == "sqlite" else "postgres_database")


# ---- broker ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def rabbitmq_url() -> str:
    """A broker that answers. Tests use queues of their own names and delete them."""
    from kombu import Connection

    try:
        with Connection(RABBITMQ, connect_timeout=3) as connection:
            connection.ensure_connection(max_retries=1, timeout=3)
    except Exception as error:
        _missing(f"no RabbitMQ at {make_url(RABBITMQ).render_as_string()}: {error}")
    return RABBITMQ


# ---- XMPP server -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def prosody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prosody]:
    """A real XMPP server on a port of its own."""
    if not is_there():
        _missing("no prosody on this machine (Debian: apt-get install prosody)")
    server = Prosody(tmp_path_factory.mktemp("prosody"))
    yield server
    server.stop()
