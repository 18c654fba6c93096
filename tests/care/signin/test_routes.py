"""The login page."""

import pytest

from care.limits import limiter
from care.security.permissions import Role
from care.signin.routes import safe_target
from tests.care.conftest import ADMIN, PASSWORD, Browser


@pytest.fixture
def stranger(app, security) -> Browser:
    security.create_user(ADMIN, "anna", "Anna", Role.ADMIN, PASSWORD)
    return Browser(app.test_client())


def test_page_that_was_wanted_comes_after_signing_in(stranger):
    assert stranger.get("/users/?after=b").location == "/login?next=/users/?after%3Db"
    answer = stranger.post("/login", {"login": "anna", "password": PASSWORD, "next": "/users/?after=b"})
    assert answer.location == "/users/?after=b"


def test_wrong_password_keeps_the_name_and_says_so(stranger):
    answer = stranger.post("/login", {"login": "anna", "password": "wrong"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert "Name or password is wrong." in text
    assert 'value="anna"' in text
    assert "wrong password" not in text


def test_empty_fields_are_named(stranger):
    answer = stranger.post("/login", {"login": "", "password": ""})
    assert answer.status_code == 422
    assert answer.get_data(as_text=True).count("This field is required") == 2


def test_locked_user_reads_for_how_long(stranger):
    for _try in range(10):
        answer = stranger.post("/login", {"login": "anna", "password": "wrong"})
    assert answer.status_code == 429
    assert "Sign-in is closed for 10 minutes" in answer.get_data(as_text=True)


def test_guessing_from_one_address_is_slowed_down(stranger):
    limiter.reset()
    codes = [stranger.post("/login", {"login": f"guess{n}", "password": "wrong"}).status_code for n in range(32)]
    assert codes[:30] == [401] * 30
    assert codes[30:] == [429, 429]
    limiter.reset()


def test_signing_out_ends_the_session(stranger):
    stranger.post("/login", {"login": "anna", "password": PASSWORD})
    assert stranger.get("/profile/").status_code == 200
    stranger.post("/logout")
    assert stranger.get("/profile/").status_code == 302


def test_first_page_is_the_first_area_of_the_role(signed_in):
    assert signed_in(Role.ENGINEER).get("/").status_code == 302
    assert signed_in(Role.VIEWER).get("/", follow_redirects=True).status_code == 200


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "", "evil", "/a\r\nb", "\\\\evil"]
)
def test_no_way_leads_out_after_signing_in(app, target):
    with app.test_request_context():
        assert safe_target(target) == "/"
