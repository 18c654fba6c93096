"""One's own page."""

import re

import pytest

from care.security.permissions import Role
from care.security.views import Theme
from tests.care.conftest import ADMIN, PASSWORD, Browser


@pytest.fixture
def agent(signed_in) -> Browser:
    return signed_in(Role.AGENT)


def test_theme_is_set_by_the_server(agent, security):
    assert 'data-bs-theme="light" data-theme="system"' in agent.get("/profile/").get_data(as_text=True)
    assert agent.post("/profile/theme", {"theme": "dark", "next": "/profile/"}).location == "/profile/"
    assert 'data-bs-theme="dark"' in agent.get("/profile/").get_data(as_text=True)
    assert security.user(ADMIN.tenant, 1).theme is Theme.DARK
    assert agent.post("/profile/theme", {"theme": "pink"}).status_code == 422


def test_changed_password_keeps_this_browser_and_ends_the_other(app, agent):
    other = Browser(app.test_client())
    other.post("/login", {"login": "agent", "password": PASSWORD})
    new = "another good phrase"
    answer = agent.post("/profile/password", {"old": PASSWORD, "password": new, "again": new})
    assert answer.status_code == 302
    assert agent.get("/profile/").status_code == 200
    assert other.get("/profile/").status_code == 302


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"old": "wrong", "password": "another good phrase", "again": "another good phrase"}, "not your present password"),
        ({"old": PASSWORD, "password": "another good phrase", "again": "else"}, "The two differ."),
        ({"old": PASSWORD, "password": "short", "again": "short"}, "between 10 and 200"),
    ],
)
def test_password_that_is_refused_says_why(agent, form, told):
    answer = agent.post("/profile/password", form)
    assert answer.status_code == 422
    assert told in answer.get_data(as_text=True)


def test_token_is_shown_once_works_and_is_revoked(app, agent):
    page = agent.post("/profile/tokens", {"name": "my <script>", "days": "30"}).get_data(as_text=True)
    secret = re.search(r'<code id="secret">(\w+)</code>', page).group(1)
    assert "my &lt;script&gt;" in page
    assert secret not in agent.get("/profile/").get_data(as_text=True)
    client = app.test_client()
    asked = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/me", headers=asked).json["login"] == "agent"
    agent.post("/profile/tokens/1/revoke")
    assert client.get("/api/v1/me", headers=asked).status_code == 401


def test_token_days_are_checked(agent):
    assert agent.post("/profile/tokens", {"name": "x", "days": "0"}).status_code == 422
    assert agent.post("/profile/tokens", {"name": "", "days": ""}).status_code == 422
