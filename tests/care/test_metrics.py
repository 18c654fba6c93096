"""Counters of the web process."""

import pytest

from care.metrics import EXTENSION
from care.security.permissions import Role


@pytest.fixture
def app(own_app):
    return own_app


def test_requests_are_counted_by_route_not_by_address(app, signed_in):
    browser = signed_in(Role.ADMIN)
    for number in (1, 2, 3):
        browser.get(f"/users/{number}")
    browser.get("/a/thousand/odd/paths")
    text = app.extensions[EXTENSION].text().decode()
    assert 'hearthline_web_requests_total{route="/users/<int:user_id>",status="404"} 2.0' in text
    assert 'hearthline_web_requests_total{route="none",status="404"} 1.0' in text
    assert 'hearthline_web_seconds_count{route="/users/<int:user_id>"} 3.0' in text


def test_two_applications_do_not_share_counters(app, settings, services):
    from care.app import create_app

    other = create_app(settings, services)
    app.test_client().get("/login")
    assert "/login" not in other.extensions[EXTENSION].text().decode()
