"""What `hearthline db` does: upgrade, check, back up: acs/db/upgrade.py."""

import shutil
import sqlite3
import subprocess
from contextlib import closing

import pytest
from sqlalchemy import text

from acs.db.engine import Database
from acs.db.upgrade import backup, check, downgrade, head, upgrade
from acs.errors import WrongEnvironment


def test_whole_database_has_nothing_wrong_with_it(any_database):
    assert check(any_database.url) == []


def test_database_of_another_version_is_told_what_to_do(tmp_path):
    url = f"sqlite:///{tmp_path}/x.db"
    Database(url).close()
    assert check(url) == [f"The database is at empty, this version needs {head()}: run `hearthline db upgrade`."]


def test_row_that_refers_to_nothing_is_told(sqlite_url):
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as careless, careless:  # knows no foreign keys
        careless.execute("INSERT INTO device_tag (device_id, tag, tenant_id) VALUES (999, 'lost', 1)")
    (problem,) = check(sqlite_url)
    assert problem == "1 rows refer to rows that do not exist; the first is in device_tag."


def test_damage_is_told(sqlite_url):
    path = sqlite_url.removeprefix("sqlite:///")
    with open(path, "r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 3)
    try:
        told = check(sqlite_url)
    except Exception as error:  # too broken to be asked
        told = [str(error)]
    assert told
    assert "ok" not in told


def test_upgrade_of_a_database_that_is_not_there_is_told():
    with pytest.raises(WrongEnvironment, match="cannot be reached"):
        upgrade("postgresql+psycopg://127.0.0.1:1/none")


def test_upgrade_keeps_what_is_there(any_database):
    with any_database.write() as unit:
        unit.session.execute(text("INSERT INTO tenant (id, name, created_at) VALUES (9, 'kept', '2026-01-01 00:00:00+00')"))
    assert upgrade(any_database.url) == (head(), head())
    with any_database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM tenant WHERE id = 9")) == 1


def test_upgrade_that_fails_leaves_the_database_as_it_was(tmp_path):
    """A table of that name is in the way: everything of the step is taken back."""
    url = f"sqlite:///{tmp_path}/x.db"
    database = Database(url)
    with database.write() as unit:
        unit.session.execute(text("CREATE TABLE tenant (id INTEGER)"))
    with pytest.raises(Exception, match="already exists"):
        upgrade(url)
    with database.read() as session:
        assert list(session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'"))) == ["tenant"]
    database.close()


def test_backup_of_a_file_in_use_is_whole(database, sqlite_url, tmp_path):
    with database.write() as unit:
        unit.session.execute(text("INSERT INTO tenant (id, name, created_at) VALUES (9, 'saved', '2026-01-01 00:00:00+00')"))
    target = tmp_path / "copy.db"
    assert backup(sqlite_url, str(target)) == target.stat().st_size > 0
    assert check(f"sqlite:///{target}") == []
    copy = Database(f"sqlite:///{target}")
    with copy.read() as session:
        assert session.scalar(text("SELECT name FROM tenant WHERE id = 9")) == "saved"
    copy.close()


def test_backup_never_overwrites(sqlite_url, tmp_path):
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(WrongEnvironment, match="exists already"):
        backup(sqlite_url, str(tmp_path / "copy.db"))
    assert (tmp_path / "copy.db").read_text() == "precious"


@pytest.mark.postgres
@pytest.mark.skipif(shutil.which("pg_dump") is None, reason="no pg_dump on this machine")
def test_backup_of_postgresql_can_be_listed(postgres_url, tmp_path):
    target = tmp_path / "copy.dump"
    assert backup(postgres_url, str(target)) > 0
    listed = subprocess.run(["pg_restore", "--list", str(target)], check=True, capture_output=True, text=True).stdout
    assert "TABLE DATA public device " in listed


def test_password_is_not_among_the_arguments(tmp_path, monkeypatch):
    """Every user of a machine sees the arguments of its processes."""
    called = {}

    def run(arguments, **given):
        called.update(arguments=arguments, **given)
        (tmp_path / "x").write_text("dump")

    monkeypatch.setattr("acs.db.upgrade.subprocess.run", run)
    backup("postgresql+psycopg://anna:hu%40sh@db.example:5432/hearthline", str(tmp_path / "x"))
    assert not any("hu" in argument and "sh" in argument and "@sh" in argument for argument in called["arguments"])
    assert called["arguments"][-1] == "postgresql://anna@db.example:5432/hearthline"
    assert called["env"]["PGPASSWORD"] == "hu@sh"


def test_backup_that_fails_says_why(tmp_path):
    with pytest.raises(WrongEnvironment, match="pg_dump failed"):
        backup("postgresql+psycopg://127.0.0.1:1/none", str(tmp_path / "x"))


def test_downgrade_takes_the_tables_away(tmp_path):
    url = f"sqlite:///{tmp_path}/x.db"
    upgrade(url)
    downgrade(url, "base")
    assert check(url)[0].startswith("The database is at empty")
