"""Which revision a database should be at, asked at every start: acs/db/revision.py."""

import subprocess
import sys

import pytest
from sqlalchemy import text

from acs.db import revision, upgrade
from acs.db.engine import Database
from acs.errors import WrongEnvironment


def test_newest_file_is_what_alembic_calls_the_head():
    assert revision.expected() == upgrade.head()


def test_database_of_this_version_is_fine(any_database):
    revision.require_current(any_database)


def test_empty_database_is_told_what_to_do(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/x.db")
    with pytest.raises(WrongEnvironment, match=r"is empty, this version needs .*: run `hearthline db upgrade`"):
        revision.require_current(database)
    database.close()


def test_database_of_another_version_is_told_by_both_revisions(any_database):
    with any_database.write() as unit:
        unit.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(WrongEnvironment, match=f"is at 9999, this version needs {upgrade.head()}"):
            revision.require_current(any_database)
    finally:
        with any_database.write() as unit:
            unit.session.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": upgrade.head()})


def test_database_that_is_away_is_told():
    database = Database("postgresql+psycopg://127.0.0.1:1/none")
    with pytest.raises(WrongEnvironment, match="cannot be reached"):
        revision.require_current(database)
    database.close()


def test_asking_does_not_load_alembic():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, acs.db.revision as r; r.expected(); sys.exit('alembic' in sys.modules)"], check=False
    )
    assert done.returncode == 0
