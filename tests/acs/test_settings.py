"""Where settings come from and what follows from them: acs/settings.py."""

import stat
from importlib import import_module

import pytest
from sqlalchemy import inspect

from acs.db.base import Base
from acs.errors import WrongEnvironment
from acs.settings import MODEL_MODULES, Settings, load, prepare_home


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    import os

    for name in list(os.environ):
        if name.startswith("HEARTHLINE_"):
            monkeypatch.delenv(name)


def test_arguments_win_over_variables_over_the_file_over_defaults(tmp_path, monkeypatch):
    (tmp_path / "hearthline.toml").write_text('cwmp_port = 1001\nfiles_port = 1002\nmetrics_port = 1003\nlog = "json"\n')
    monkeypatch.setenv("HEARTHLINE_HOME", str(tmp_path))
    monkeypatch.setenv("HEARTHLINE_CWMP_PORT", "2001")
    monkeypatch.setenv("HEARTHLINE_FILES_PORT", "2002")
    settings = load(cwmp_port=3001, bind=None)
    assert (settings.cwmp_port, settings.files_port, settings.metrics_port, settings.web_port) == (3001, 2002, 1003, 8080)
    assert settings.log == "json"
    assert settings.bind == "0.0.0.0"  # None means: not given


def test_file_is_looked_for_in_the_data_directory_that_was_asked_for(tmp_path):
    (tmp_path / "hearthline.toml").write_text("web_port = 8081")
    assert load(home=tmp_path).web_port == 8081


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("HEARTHLINE_CWMP_PORT", "many", "HEARTHLINE_CWMP_PORT='many'"),
        ("HEARTHLINE_CPE_AUTH", "open", "'device', 'shared' or 'none'"),
        ("HEARTHLINE_CPE_NETWORKS", "10.0.0.0/8, home", "HEARTHLINE_CPE_NETWORKS"),
    ],
)
def test_wrong_value_is_named_with_its_variable(monkeypatch, name, given, told):
    monkeypatch.setenv(name, given)
    with pytest.raises(WrongEnvironment, match=name) as caught:
        load()
    assert told in str(caught.value)


def test_broken_file_is_named(tmp_path):
    (tmp_path / "hearthline.toml").write_text("web_port = = 1")
    with pytest.raises(WrongEnvironment, match=r"hearthline\.toml"):
        load(home=tmp_path)


def test_lists_are_split_at_commas(monkeypatch):
    monkeypatch.setenv("HEARTHLINE_CPE_NETWORKS", "127.0.0.0/8, ::1/128 ,")
    assert [str(network) for network in load().allowed_networks] == ["127.0.0.0/8", "::1/128"]


def test_settings_cannot_be_changed(tmp_path):
    settings = load(home=tmp_path)
    with pytest.raises(Exception, match="frozen"):
        settings.web_port = 1


def test_database_is_a_file_in_the_data_directory_unless_named(tmp_path):
    assert load(home=tmp_path).database == f"sqlite:///{tmp_path}/hearthline.db"
    assert load(home=tmp_path).is_sqlite
    assert not load(database_url="postgresql+psycopg://h/d").is_sqlite


def test_addresses_follow_from_bind_and_port_unless_given():
    settings = load(bind="0.0.0.0", cwmp_port=7000, files_port=7001, web_port=7002)
    assert (settings.acs_base, settings.files_base, settings.web_base) == ("http://127.0.0.1:7000/", "http://127.0.0.1:7001", "http://127.0.0.1:7002")
    named = load(acs_url="https://acs.example/cwmp", files_url="https://files.example/", public_url="https://care.example/")
    assert (named.acs_base, named.files_base, named.web_base) == ("https://acs.example/cwmp", "https://files.example", "https://care.example")


def test_socket_goes_elsewhere_where_the_path_is_too_long_for_one(tmp_path):
    assert load(home=tmp_path / "short").socket_path == tmp_path / "short" / "run" / "hub.sock" or len(str(tmp_path)) > 80
    first, second = (load(home=tmp_path / (letter * 120)).socket_path for letter in "ab")
    assert len(str(first)) < 100
    assert first != second
    assert first == load(home=tmp_path / ("a" * 120)).socket_path


def test_data_directory_is_made_and_private(tmp_path):
    settings = load(home=tmp_path / "new" / "home")
    prepare_home(settings)
    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700
    assert settings.log_dir.is_dir()
    assert settings.files_dir.is_dir()
    assert sorted(path.name for path in settings.home.iterdir()) == ["files", "logs", "run"]


def test_data_directory_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WrongEnvironment, match="Set HEARTHLINE_HOME"):
        prepare_home(load(home=tmp_path / "file" / "below"))


def test_every_table_is_in_a_module_the_migrations_load(database):
    for name in MODEL_MODULES:
        import_module(name)
    assert set(inspect(database.engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    declared = {mapper.class_.__module__ for mapper in Base.registry.mappers}
    assert {module for module in declared if not module.startswith("tests.")} <= set(MODEL_MODULES)


def test_unknown_keys_of_the_file_do_no_harm(tmp_path):
    (tmp_path / "hearthline.toml").write_text('colour = "blue"')
    assert isinstance(load(home=tmp_path), Settings)
