"""The pages of users."""

import re

import pytest

from care.security.permissions import Role
from tests.care.conftest import ADMIN, PASSWORD, Browser


@pytest.fixture
def admin(signed_in) -> Browser:
    return signed_in(Role.ADMIN)


def test_added_user_signs_in_with_the_password_shown_once(app, admin):
    answer = admin.post("/users/new", {"login": "Bo", "name": "Bo Berg", "role": "agent", "password": ""})
    secret = re.search(r'<code id="secret">(\w+)</code>', answer.get_data(as_text=True)).group(1)
    assert secret not in admin.get("/users/2").get_data(as_text=True)
    other = Browser(app.test_client())
    assert other.post("/login", {"login": "bo", "password": secret}).status_code == 302


def test_given_password_is_shown_nowhere(admin):
    answer = admin.post("/users/new", {"login": "bo", "name": "Bo", "role": "viewer", "password": PASSWORD}, follow_redirects=True)
    assert PASSWORD not in answer.get_data(as_text=True)
    assert "Bo may sign in now." in answer.get_data(as_text=True)


def test_taken_name_is_told_beside_the_field_and_what_was_typed_stays(admin):
    answer = admin.post("/users/new", {"login": "admin", "name": "Somebody <b>", "role": "engineer"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="login-error"' in text
    assert "is taken" in text
    assert "Somebody &lt;b&gt;" in text


def test_unknown_role_is_refused(admin):
    assert admin.post("/users/new", {"login": "bo", "name": "Bo", "role": "god"}).status_code == 422


def test_change_shut_out_and_in_again(app, admin, security):
    bo, _ = security.create_user(ADMIN, "bo", "Bo", Role.AGENT, PASSWORD)
    other = Browser(app.test_client())
    other.post("/login", {"login": "bo", "password": PASSWORD})
    admin.post(f"/users/{bo.id}", {"name": "Bo Berg", "role": "engineer"})
    assert security.user(ADMIN.tenant, bo.id).role is Role.ENGINEER
    admin.post(f"/users/{bo.id}/active", {"active": "no"})
    assert other.get("/profile/").status_code == 302
    admin.post(f"/users/{bo.id}/active", {"active": "yes"})
    assert security.user(ADMIN.tenant, bo.id).active


def test_last_administrator_cannot_give_the_role_away(admin):
    answer = admin.post("/users/1", {"name": "A", "role": "viewer"})
    assert answer.status_code == 409
    assert "last active administrator" in answer.get_data(as_text=True)


def test_users_page_by_page(admin, security, monkeypatch):
    monkeypatch.setattr("care.users.routes.PER_PAGE", 2)
    for login in ("bo", "cy", "di"):
        security.create_user(ADMIN, login, login.title(), Role.VIEWER, PASSWORD)
    first = admin.get("/users/").get_data(as_text=True)
    assert "after=bo" in first
    second = admin.get("/users/?after=bo").get_data(as_text=True)
    assert "Cy" in second
    assert "Test Admin</a>" not in second
