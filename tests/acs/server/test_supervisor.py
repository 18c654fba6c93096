"""What `hearthline up` prepares before anything runs. That it starts, restarts and stops is in tests/integration/test_processes.py."""

import socket

import pytest
from sqlalchemy import text

from acs.db.engine import Database
from acs.errors import WrongEnvironment
from acs.server import supervisor
from acs.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, bind="127.0.0.1")


def _rows(settings, query):
    database = Database(settings.database)
    try:
        with database.engine.connect() as connection:
            return connection.execute(text(query)).fetchall()
    finally:
        database.close()


def test_new_house_gets_tables_rules_and_one_administrator_whose_password_is_told_once(settings):
    password = supervisor._prepare_database(settings, demo=True)
    assert len(password) >= 12
    assert supervisor._prepare_database(settings, demo=True) == ""
    assert _rows(settings, "SELECT login, role FROM app_user") == [("admin", "admin")]
    assert {row.oui for row in _rows(settings, "SELECT oui FROM onboarding_rule")} == set(supervisor.DEMO_OUIS)


def test_house_without_demo_lets_nobody_in_by_rule(settings):
    supervisor._prepare_database(settings, demo=False)
    assert _rows(settings, "SELECT name FROM onboarding_rule") == []


def test_onboarding_secret_is_made_once_and_private(settings):
    first = supervisor._with_onboarding(settings, demo=False)
    assert len(first.onboarding) == 20
    assert supervisor._with_onboarding(settings, demo=False).onboarding == first.onboarding
    assert (settings.home / "onboarding.secret").stat().st_mode & 0o077 == 0


def test_given_onboarding_secret_is_kept(settings):
    given = settings.model_copy(update={"onboarding": "ours"})
    assert supervisor._with_onboarding(given, demo=False).onboarding == "ours"


def test_demo_alone_may_call_loopback(settings):
    assert "127.0.0.0/8" in supervisor._with_onboarding(settings, demo=True).cpe_networks
    assert "127.0.0.0/8" not in supervisor._with_onboarding(settings, demo=False).cpe_networks


def test_port_that_is_taken_is_told_before_anything_starts(settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        free = settings.model_copy(update={"cwmp_port": 0, "files_port": 0, "web_port": port})
        with pytest.raises(WrongEnvironment, match=f"Port {port} .* pages"):
            supervisor._check_ports(free)


def test_children_are_told_what_the_supervisor_decided(settings):
    told = supervisor._environment(supervisor._with_onboarding(settings, demo=True))
    assert told["HEARTHLINE_BIND"] == "127.0.0.1"
    assert told["HEARTHLINE_CPE_NETWORKS"] == "127.0.0.0/8"
    assert told["HEARTHLINE_HOME"] == str(settings.home.absolute())
    assert told["HEARTHLINE_ONBOARDING"]
