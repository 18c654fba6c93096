"""The application as it is wired."""

from care.app import STATIC, create_app
from care.services import Services


def test_sessions_of_one_data_directory_are_good_in_every_process(settings, services: Services):
    assert create_app(settings, services).secret_key == create_app(settings, services).secret_key
    assert len(services.vault.key_for("flask")) == 32


def test_address_of_a_static_file_names_its_content(app):
    with app.test_request_context():
        address = app.jinja_env.globals["asset"]("app.css")
        assert app.jinja_env.globals["asset"]("nowhere.css").endswith("v=missing")
    assert address.startswith("/static/app.css?v=")
    assert (STATIC / "app.css").is_file()


def test_misspelt_name_in_a_template_breaks_instead_of_showing_nothing(app):
    import pytest
    from jinja2 import UndefinedError

    with app.test_request_context(), pytest.raises(UndefinedError):
        app.jinja_env.from_string("{{ nobody_gave_this }}").render()
