"""Units of work: nothing half done, nothing lost between writers, hints only after the commit: acs/db/engine.py."""

import json
import sqlite3
import threading

import psycopg
import pytest
from sqlalchemy import text

from acs.db.engine import NOTIFY_CHANNEL, NOTIFY_LIMIT, Database, _split_hints
from acs.db.tenancy import Tenant
from acs.errors import WrongEnvironment


def count(database):
    with database.read() as session:
        return session.scalar(text("SELECT count(*) FROM leader"))


def add(unit, role):
    unit.session.execute(
        text("INSERT INTO leader (role, holder, until) VALUES (:role, '0', '2026-01-01 00:00:00+00')"), {"role": role}
    )


def test_writers_that_read_first_lose_no_update(any_database):
    """3 threads × 200 increments. Without BEGIN IMMEDIATE SQLite kept 200 of 600 and said nothing; PostgreSQL wants FOR UPDATE."""
    with any_database.write() as unit:
        add(unit, "counter")
    failed = []
    lock = "" if any_database.is_sqlite else " FOR UPDATE"

    def increment():
        try:
            for _ in range(200):
                with any_database.write() as unit:
                    seen = int(unit.session.scalar(text(f"SELECT holder FROM leader WHERE role = 'counter'{lock}")))
                    unit.session.execute(text("UPDATE leader SET holder = :n WHERE role = 'counter'"), {"n": str(seen + 1)})
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=increment) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with any_database.read() as session:
        assert session.scalar(text("SELECT holder FROM leader WHERE role = 'counter'")) == "600"


def test_writers_in_two_processes_wait_for_each_other(database, sqlite_url):
    """Another connection that holds the write lock: ours waits, it does not fail at once."""
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.2, lambda: other.execute("COMMIT"))
    timer.start()
    with database.write() as unit:
        add(unit, "waited")
    timer.join()
    other.close()
    assert count(database) == 1


def test_exception_leaves_nothing_behind(any_database):
    def broken():
        with any_database.write() as unit:
            add(unit, "a")
            unit.session.add(Tenant(id=77, name="never", created_at=None))
            raise KeyError("broken")

    with pytest.raises(KeyError):
        broken()
    assert count(any_database) == 0
    with any_database.write() as unit:  # and the connection is usable
        add(unit, "b")
    assert count(any_database) == 1


def test_reading_changes_nothing(any_database):
    with any_database.read() as session:
        session.execute(text("INSERT INTO leader (role, holder, until) VALUES ('a', 'b', '2026-01-01 00:00:00+00')"))
        assert session.scalar(text("SELECT count(*) FROM leader")) == 1
    assert count(any_database) == 0


def test_readers_do_not_wait_for_a_writer(database):
    with database.write() as unit:
        add(unit, "a")
        assert count(database) == 0


def test_foreign_keys_hold_and_the_journal_is_durable(database):
    with database.read() as session:
        said = [session.scalar(text(f"PRAGMA {name}")) for name in ("foreign_keys", "journal_mode", "synchronous")]
    assert said == [1, "wal", 2]


def test_rows_are_usable_after_their_unit(any_database):
    with any_database.write() as unit:
        tenant = unit.session.get(Tenant, 1)
    assert tenant.name == "default"


# ---- hints ---------------------------------------------------------------------------------------------------------


class Heard(list):
    """Stands where the publisher does, and looks whether the commit was there already."""

    def __init__(self):
        super().__init__()
        self.database = None

    def __call__(self, hints):
        self.append((hints, count(self.database)))


@pytest.fixture
def heard(sqlite_url):
    heard = Heard()
    heard.database = Database(sqlite_url, heard)
    yield heard
    heard.database.close()


def test_hints_leave_after_the_commit_once_each(heard):
    with heard.database.write() as unit:
        add(unit, "a")
        unit.hint("job", id=1)
        unit.hint("operation", device=7, urgent=True)
        unit.hint("job", id=1)
        assert heard == []
    assert heard == [([{"kind": "job", "id": 1}, {"kind": "operation", "device": 7, "urgent": True}], 1)]


def test_hints_of_a_unit_that_failed_are_never_heard(heard):
    def broken():
        with heard.database.write() as unit:
            unit.hint("job", id=1)
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert heard == []


def test_no_hints_no_message(heard):
    with heard.database.write() as unit:
        add(unit, "a")
    assert heard == []


@pytest.mark.postgres
def test_hints_travel_with_the_commit_on_postgresql(postgres_database, postgres_url):
    def broken():
        with postgres_database.write() as unit:
            unit.hint("job", id=66)
            raise KeyError

    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as listener:
        listener.execute(f"LISTEN {NOTIFY_CHANNEL}")
        with pytest.raises(KeyError):
            broken()
        with postgres_database.write() as unit:
            unit.hint("job", id=1)
            unit.hint("job", id=2)
        got = [json.loads(notice.payload) for notice in listener.notifies(timeout=5, stop_after=1)]
    assert got == [[{"kind": "job", "id": 1}, {"kind": "job", "id": 2}]]


@pytest.mark.postgres
def test_more_hints_than_a_notification_holds_are_split(postgres_database, postgres_url):
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as listener:
        listener.execute(f"LISTEN {NOTIFY_CHANNEL}")
        with postgres_database.write() as unit:
            for n in range(1000):
                unit.hint("operation", device=n, urgent=False)
        got = [json.loads(notice.payload) for notice in listener.notifies(timeout=2)]
    assert [hint["device"] for part in got for hint in part] == list(range(1000))
    assert len(got) > 1


def test_parts_fit_and_lose_nothing():
    hints = [{"kind": "progress", "operation": n, "text": "x" * (n % 50)} for n in range(400)]
    parts = list(_split_hints(hints))
    assert all(len(part) <= NOTIFY_LIMIT for part in parts)
    assert [hint for part in parts for hint in json.loads(part)] == hints
    assert list(_split_hints([])) == []


# ---- what cannot be opened -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///"])
def test_database_in_memory_is_refused(url):
    with pytest.raises(WrongEnvironment, match="needs a file"):
        Database(url)


def test_server_that_is_not_there_is_told_without_the_password():
    database = Database("postgresql+psycopg://anna:hush@127.0.0.1:1/none")
    with pytest.raises(WrongEnvironment, match="cannot be reached") as caught:
        database.check()
    assert "hush" not in str(caught.value)
    database.close()


def test_file_that_cannot_be_opened_is_told(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/missing/x.db")
    with pytest.raises(WrongEnvironment, match="unable to open"):
        database.check()
    database.close()
