"""The container of services: one per process, over one database and one vault, at hand in every request."""

from acs.secrets import Vault
from care.services import EXTENSION, build_services, services


def test_services_share_the_database_the_vault_and_the_clock(settings, db, clock):
    built = build_services(settings, db, clock)
    assert built.db is db
    assert built.clock is clock
    assert built.vault.open(Vault.of(settings.home).seal("x")) == "x"


def test_database_is_opened_from_the_settings_when_none_is_given(settings, db):
    built = build_services(settings)
    try:
        assert built.db.url == settings.database
    finally:
        built.db.close()


def test_request_finds_the_services_of_its_application(app):
    with app.test_request_context("/"):
        assert services() is app.extensions[EXTENSION]
