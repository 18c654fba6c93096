"""How refusals and breakdowns are told."""

import pytest

from care.access import needs
from care.security.permissions import Permission, Role


@pytest.fixture
def app(own_app):
    return own_app


@pytest.fixture
def broken(app):
    @needs(Permission.OWN_PROFILE)
    def view():
        raise ZeroDivisionError("secret detail")

    app.add_url_rule("/broken", "broken", view)
    app.add_url_rule("/api/v1/broken", "api-broken", view)
    return app


class Log(list):
    """Keeps what is logged."""

    def error(self, event: str, **facts: object) -> None:
        self.append(facts)


def test_breakdown_has_a_reference_that_is_in_the_log_and_no_details(broken, signed_in, monkeypatch):
    log = Log()
    monkeypatch.setattr("care.problems._log", log)
    answer = signed_in(Role.VIEWER).get("/broken")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 500
    reference = text.partition('id="reference">')[2].partition("<")[0]
    assert len(reference) == 8
    assert log[0]["reference"] == reference
    assert isinstance(log[0]["exc_info"], ZeroDivisionError)
    assert "secret detail" not in text


def test_breakdown_of_the_api_is_json_with_the_reference(broken, signed_in):
    answer = signed_in(Role.VIEWER).get("/api/v1/broken")
    assert (answer.status_code, answer.json["code"]) == (500, "broken")
    assert len(answer.json["reference"]) == 8


def test_breakdown_of_the_database_is_still_told(app, signed_in, services):
    browser = signed_in(Role.VIEWER)
    services.db.close()
    services.settings.home.joinpath("hearthline.db").write_bytes(b"not a database" * 1000)
    answer = browser.get("/profile/")
    assert answer.status_code == 500
    assert answer.content_type.startswith("text/plain")


def test_refusal_to_htmx_is_a_fragment_for_the_place_of_problems(signed_in):
    answer = signed_in(Role.VIEWER).get("/users/", headers={"HX-Request": "true"})
    assert answer.status_code == 403
    assert answer.headers["HX-Retarget"] == "#problems"
    assert "<html" not in answer.get_data(as_text=True)


def test_stranger_with_htmx_is_sent_away_as_a_whole_page(app):
    answer = app.test_client().get("/jobs/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login")


def test_path_in_a_problem_is_escaped(signed_in):
    text = signed_in(Role.VIEWER).get("/<script>alert(1)</script>").get_data(as_text=True)
    assert "<script>alert" not in text


def test_form_that_is_too_large_is_refused(signed_in):
    browser = signed_in(Role.ADMIN)
    assert browser.post("/users/new", {"name": "x" * (5 * 1024 * 1024)}).status_code == 413
