"""The one history of migrations: from nothing to the models, and down and up again, on both databases: acs/db/migrations."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from acs.db import upgrade
from acs.db.base import Base
from acs.db.engine import Database
from acs.devices.store import load_tree
from acs.settings import MODEL_MODULES

VERSIONS = Path(upgrade.__file__).parent / "migrations" / "versions"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request, tmp_path):
    for name in MODEL_MODULES:
        import_module(name)
    return f"sqlite:///{tmp_path}/empty.db" if request.param == "sqlite" else request.getfixturevalue("empty_postgres_url")


def tables(url):
    database = Database(url)
    names = set(inspect(database.engine).get_table_names())
    database.close()
    return names


def differences(url):
    database = Database(url)
    with database.engine.connect() as connection:
        found = upgrade.differences(connection)
    database.close()
    return found


def test_up_from_nothing_makes_what_the_models_say(empty_url):
    assert upgrade.upgrade(empty_url) == ("", upgrade.head())
    assert tables(empty_url) == {*Base.metadata.tables, "alembic_version"}
    assert differences(empty_url) == []


def test_down_to_nothing_and_up_again(empty_url):
    upgrade.upgrade(empty_url)
    upgrade.downgrade(empty_url, "base")
    assert tables(empty_url) == {"alembic_version"}
    assert upgrade.upgrade(empty_url) == ("", upgrade.head())
    assert differences(empty_url) == []


def test_each_step_goes_down_and_up(empty_url):
    """From the newest down one at a time, each taken up again before the next."""
    upgrade.upgrade(empty_url)
    steps = list(ScriptDirectory.from_config(upgrade.config()).walk_revisions())
    for script in steps:
        upgrade.downgrade(empty_url, script.down_revision or "base")
        upgrade.upgrade(empty_url, script.revision)
        upgrade.downgrade(empty_url, script.down_revision or "base")
    upgrade.upgrade(empty_url)
    assert differences(empty_url) == []


def test_second_upgrade_does_nothing(empty_url):
    upgrade.upgrade(empty_url)
    assert upgrade.upgrade(empty_url) == (upgrade.head(), upgrade.head())


def test_partial_indexes_of_the_models_are_in_the_database(any_database):
    """Autogenerate does not compare conditions of indexes."""
    wanted = {
        (index.name, str(condition))
        for table in Base.metadata.tables.values()
        for index in table.indexes
        if (condition := index.dialect_options["sqlite" if any_database.is_sqlite else "postgresql"].get("where")) is not None
    }
    with any_database.read() as session:
        catalogue = "SELECT name, sql FROM sqlite_master WHERE type = 'index'" if any_database.is_sqlite else "SELECT indexname, indexdef FROM pg_indexes"
        made = {name: sql for name, sql in session.execute(text(catalogue)) if sql}
    assert wanted
    for name, condition in wanted:
        assert "WHERE" in made[name], f"{name} holds every row; the model says only {condition}"


def test_fresh_database_has_the_default_tenant(any_database):
    with any_database.read() as session:
        assert session.scalar(text("SELECT name FROM tenant WHERE id = 1")) == "default"


def test_history_is_one_line_and_files_say_what_they_do():
    scripts = ScriptDirectory.from_config(upgrade.config())
    assert len(scripts.get_heads()) == 1
    for script in scripts.walk_revisions():
        assert not isinstance(script.down_revision, tuple)
        assert re.fullmatch(rf"\d{{8}}_\d{{4}}_{script.revision}_[a-z0-9_]+\.py", Path(script.path).name)
        assert script.doc
    assert {path.name for path in VERSIONS.glob("*.py")} == {"__init__.py", *(Path(s.path).name for s in scripts.walk_revisions())}


def test_rows_of_values_read_since_become_documents(empty_url):
    """Revision 0007: what a device had beside its base is there afterwards, with its ages."""
    upgrade.upgrade(empty_url, "0006")
    database = Database(empty_url)
    with database.write() as unit:
        say = unit.connection.exec_driver_sql
        texts = (
            "manufacturer", "model", "hardware_version", "software_version", "root", "address", "wan_address", "connection_request_url", "parameter_key",
            "wake_result", "wake_detail", "note",
        )  # fmt: skip
        empty = ", ''" * len(texts)
        say(
            f"INSERT INTO device (id, tenant_id, key, oui, product_class, serial_number, trust, preregistered, inform_interval_s, silent_told, inform_count,"
            f" epoch, {', '.join(texts)}) VALUES (7, 1, 'k', 'o', 'p', 's', 'admitted', false, 0, false, 0, 0{empty})"
        )
        for id_, path in ((1, "Device.A"), (2, "Device.B")):
            say(f"INSERT INTO param_name (id, path) VALUES ({id_}, '{path}')")
            say("INSERT INTO param_live (device_id, name_id, tenant_id, value, type, at, origin)"
                f" VALUES (7, {id_}, 1, 'v{id_}', 'string', '2026-11-22 01:02:0{id_}+00:00', 'session')")  # fmt: skip
    database.close()
    upgrade.upgrade(empty_url)
    database = Database(empty_url)
    with database.read() as session:
        tree = load_tree(session.connection(), 7)
    database.close()
    assert {path: (stored.value, stored.at.second, stored.origin) for path, stored in tree.values.items()} == {
        "Device.A": ("v1", 1, "session"), "Device.B": ("v2", 2, "session"),
    }  # fmt: skip
