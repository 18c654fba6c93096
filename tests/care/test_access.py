"""Who gets in where: every route against strangers and every role, CSRF, tokens, tenants."""

import re

import pytest
from flask import Flask

from acs import audit, jobs
from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from care.access import assert_guarded, is_public, permission_of
from care.app import create_app
from care.security.permissions import PERMISSIONS, Role
from tests.care.conftest import OTHER_TENANT, PASSWORD


def routes(app: Flask) -> list[tuple[str, str, object]]:
    """(method, path, permission) of everything that is not public; ids are ones that do not exist."""
    found = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if is_public(view):
            continue
        path = re.sub(r"<(?:int:)?[^>]+>", "999999", rule.rule)
        found += [(method, path, permission_of(view)) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return found


def test_every_route_names_a_permission_or_is_public(app):
    assert all(permission is not None for _method, _path, permission in routes(app))


def test_public_routes_are_those_we_know(app):
    public = {rule.endpoint for rule in app.url_map.iter_rules() if is_public(app.view_functions[rule.endpoint])}
    assert public == {"signin.login", "signin.sign_in", "static", "api-docs.openapi_json"}


def test_application_with_an_unguarded_route_does_not_start(own_app):
    own_app.view_functions["forgotten"] = lambda: "hello"
    own_app.url_map.add(own_app.url_rule_class("/forgotten", endpoint="forgotten"))
    with pytest.raises(RuntimeError, match="/forgotten"):
        assert_guarded(own_app)


def test_strangers_are_sent_to_the_login_page_or_told_401(app, signed_in):
    stranger = signed_in(Role.ADMIN)
    stranger.post("/logout")
    for method, path, _permission in routes(app):
        answer = stranger.client.open(path, method=method, data={"csrf_token": stranger.token()} if method != "GET" else None)
        if path.startswith("/api/"):
            assert (answer.status_code, answer.json["code"]) in ((401, "sign_in_needed"), (400, "csrf")), (method, path)
        else:
            assert answer.status_code == 302, (method, path, answer.status_code)
            assert answer.location.startswith("/login"), (method, path)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_403_exactly_where_its_permission_lacks(app, signed_in, role):
    browser = signed_in(role)
    token = browser.token()
    for method, path, permission in routes(app):
        if path == "/logout":
            continue
        headers = {"X-CSRFToken": token} if method != "GET" else {}
        answer = browser.client.open(path, method=method, headers=headers, **({"json": {}} if path.startswith("/api/") else {}))
        lacks = permission not in PERMISSIONS[role]
        assert (answer.status_code == 403) == lacks, (method, path, permission, answer.status_code)
        assert answer.status_code != 500, (method, path, answer.get_data(as_text=True))
        if lacks and path.startswith("/api/"):
            assert answer.json["code"] == "missing_permission"


def test_page_without_permission_says_what_is_needed_and_who_gives_it(security, signed_in):
    signed_in(Role.ADMIN)
    page = signed_in(Role.VIEWER).get("/users/")
    text = page.get_data(as_text=True)
    assert page.status_code == 403
    assert "Your role may not add and change users" in text
    assert "Administrator" in text
    assert "Test Admin" in text


@pytest.mark.parametrize("path", ["/logout", "/users/new", "/profile/theme", "/profile/tokens", "/jobs/1/retry", "/login"])
def test_posts_without_proof_are_refused_and_change_nothing(db, signed_in, path):
    browser = signed_in(Role.ADMIN)
    with db.read() as session:
        before = len(audit.lines(session, DEFAULT_TENANT))
    answer = browser.client.post(path, data={"login": "eve", "name": "Eve", "role": "admin", "theme": "dark"})
    assert answer.status_code == 400
    assert "Nothing was changed" in answer.get_data(as_text=True)
    with db.read() as session:
        assert len(audit.lines(session, DEFAULT_TENANT)) == before


def test_session_needs_proof_for_the_api_too_and_a_header_is_enough(signed_in):
    browser = signed_in(Role.ADMIN)
    assert browser.client.post("/api/v1/tokens", json={"name": "x"}).json["code"] == "csrf"
    answer = browser.client.post("/api/v1/tokens", json={"name": "x"}, headers={"X-CSRFToken": browser.token()})
    assert answer.status_code == 201


def test_token_needs_no_proof_and_is_named_in_the_audit_trail(app, security, signed_in, db):
    signed_in(Role.ADMIN)
    secret = security.issue_token(Actor("system:test", DEFAULT_TENANT), 1, "noc").secret
    client = app.test_client()
    answer = client.post("/api/v1/tokens", json={"name": "second"}, headers={"Authorization": f"bearer {secret}"})
    assert answer.status_code == 201
    with db.read() as session:
        assert audit.lines(session, DEFAULT_TENANT)[0].actor == "token:admin/noc"


def test_wrong_token_counts_more_than_a_good_session(signed_in):
    browser = signed_in(Role.ADMIN)
    answer = browser.get("/api/v1/me", headers={"Authorization": "Bearer hl_wrong"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_tenants_see_nothing_of_each_other(services, signed_in, clock):
    ours, theirs = signed_in(Role.ADMIN), signed_in(Role.ADMIN, OTHER_TENANT)
    with services.db.write() as unit:
        number = jobs.enqueue(unit, DEFAULT_TENANT, "secret.work", {}, clock.now, "user:admin")
    assert "secret.work" in ours.get("/jobs/").get_data(as_text=True)
    assert "secret.work" not in theirs.get("/jobs/").get_data(as_text=True)
    assert theirs.get(f"/api/v1/jobs/{number}").status_code == 404
    assert theirs.post(f"/jobs/{number}/retry").status_code == 404
    assert theirs.get("/users/1").status_code == 404
    assert [user["login"] for user in theirs.get("/api/v1/users").json["items"]] == ["admin2"]
    assert all(line["subject"] != "user:1" for line in theirs.get("/api/v1/audit").json["items"])
    assert theirs.get("/api/v1/audit?subject=user:1").json["items"] == []


def test_session_cookie_is_kept_from_scripts_and_other_sites(app):
    answer = app.test_client().get("/login")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_cookie_is_secure_behind_https(settings, services):
    app = create_app(settings.model_copy(update={"public_url": "https://care.example"}), services)
    assert "Secure" in app.test_client().get("/login", base_url="https://care.example").headers["Set-Cookie"]


def test_what_a_stranger_planted_in_the_session_does_not_survive_signing_in(app, signed_in, security):
    signed_in(Role.AGENT)
    client = app.test_client()
    with client.session_transaction() as session:
        session["planted"] = "yes"
    page = client.get("/login").get_data(as_text=True)
    proof = page.partition('name="csrf-token" content="')[2].partition('"')[0]
    client.post("/login", data={"csrf_token": proof, "login": "agent", "password": PASSWORD})
    with client.session_transaction() as session:
        assert "planted" not in session
        assert "_user_id" in session
