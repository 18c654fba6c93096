"""Signing in, lockout, users, passwords and tokens, below any page."""

import time
from datetime import timedelta

import pytest

from acs import audit
from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import Conflict, Invalid, NotFound
from care.security.permissions import Role
from care.security.service import LOCKED_FOR, MAX_FAILURES, TOKEN_PREFIX, LockedOut, WrongLogin, password_hasher
from care.security.views import Density, Theme
from tests.care.conftest import ADMIN, OTHER_TENANT, PASSWORD


@pytest.fixture
def anna(security):
    view, _made_up = security.create_user(ADMIN, "Anna", "Anna Adler", Role.ADMIN, PASSWORD)
    return view


def actions(db, tenant=DEFAULT_TENANT) -> list[str]:
    with db.read() as session:
        return [line.action for line in reversed(audit.lines(session, tenant))]


def test_hash_has_the_cost_that_was_asked_for():
    hashed = password_hasher().hash("x")
    assert "m=19456,t=2,p=1" in hashed


def test_login_is_found_in_any_case_and_noted(security, anna, clock, db):
    identity = security.authenticate(" ANNA ", PASSWORD, "192.0.2.7")
    assert identity.user.login == "anna"
    assert identity.user.last_login_at == clock.now
    assert actions(db) == ["user.create", "user.login"]


@pytest.mark.parametrize(("login", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("", ""), ("anna", "x" * 10_000)])
def test_wrong_name_and_wrong_password_are_told_alike(security, anna, login, password):
    with pytest.raises(WrongLogin, match=r"^Name or password is wrong\.$"):
        security.authenticate(login, password, "")


def test_unknown_name_takes_as_long_as_a_known_one(settings, db, clock):
    from care.security.service import Security

    security = Security(db, clock)  # with the real cost
    security.create_user(ADMIN, "anna", "Anna", Role.ADMIN, PASSWORD)
    took = []
    for login in ("anna", "nobody"):
        begun = time.perf_counter()
        with pytest.raises(WrongLogin):
            security.authenticate(login, "wrong", "")
        took.append(time.perf_counter() - begun)
    assert took[1] > took[0] / 4


def test_ten_wrong_passwords_lock_even_the_right_one_out_until_the_time_is_over(security, anna, clock, db):
    for _try in range(MAX_FAILURES - 1):
        with pytest.raises(WrongLogin):
            security.authenticate("anna", "wrong", "")
    with pytest.raises(LockedOut, match="closed for 10 minutes"):
        security.authenticate("anna", "wrong", "")
    clock.advance(minutes=9, seconds=30)
    with pytest.raises(LockedOut, match="closed for 1 minute;"):
        security.authenticate("anna", PASSWORD, "")
    clock.now += LOCKED_FOR
    assert security.authenticate("anna", PASSWORD, "").user.login == "anna"
    assert actions(db).count("user.login_failed") == MAX_FAILURES
    assert "user.lock" in actions(db)


def test_right_password_forgets_the_wrong_ones(security, anna):
    for _round in range(3):
        for _try in range(MAX_FAILURES - 1):
            with pytest.raises(WrongLogin):
                security.authenticate("anna", "wrong", "")
        security.authenticate("anna", PASSWORD, "")


def test_reset_by_an_administrator_ends_the_lock(security, anna):
    bo, _ = security.create_user(ADMIN, "bo", "Bo", Role.AGENT, PASSWORD)
    for _try in range(MAX_FAILURES):
        with pytest.raises((WrongLogin, LockedOut)):
            security.authenticate("bo", "wrong", "")
    made_up = security.reset_password(ADMIN, bo.id)
    assert security.authenticate("bo", made_up, "").user.id == bo.id


def test_shut_out_user_comes_in_by_no_way(security, anna):
    bo, _ = security.create_user(ADMIN, "bo", "Bo", Role.AGENT, PASSWORD)
    session = security.authenticate("bo", PASSWORD, "").session_id
    token = security.issue_token(ADMIN, bo.id, "script").secret
    security.update_user(ADMIN, bo.id, active=False)
    assert security.by_session(session) is None
    assert security.by_token(token) is None
    with pytest.raises(WrongLogin):
        security.authenticate("bo", PASSWORD, "")


def test_new_password_ends_older_sessions_and_keeps_the_present_one(security, anna):
    old = security.authenticate("anna", PASSWORD, "").session_id
    identity = security.change_password(ADMIN, anna.id, PASSWORD, "another good phrase")
    assert security.by_session(old) is None
    assert security.by_session(identity.session_id).user.id == anna.id


@pytest.mark.parametrize("forged", ["", "1", "1.", "x.y", "999.abc", "1.0000000000000000", "-1.x", "1" * 40])
def test_forged_session_ids_are_nobody(security, anna, forged):
    assert security.by_session(forged) is None


def test_own_password_needs_the_old_one(security, anna):
    with pytest.raises(Invalid) as caught:
        security.change_password(ADMIN, anna.id, "wrong", "another good phrase")
    assert caught.value.field == "old"


@pytest.mark.parametrize("password", ["short", "x" * 201, "administrator"])
def test_poor_passwords_are_refused(security, password):
    with pytest.raises(Invalid):
        security.create_user(ADMIN, "administrator", "A", Role.ADMIN, password)


@pytest.mark.parametrize("login", ["", " ", "a b", "-a", "ä", "a" * 64, "<b>", "a/b"])
def test_odd_sign_in_names_are_refused(security, login):
    with pytest.raises(Invalid) as caught:
        security.create_user(ADMIN, login, "A", Role.ADMIN, PASSWORD)
    assert caught.value.field == "login"


def test_sign_in_names_are_unique_over_tenants(security, anna):
    with pytest.raises(Invalid, match="taken"):
        security.create_user(Actor("system:test", OTHER_TENANT), "anna", "A", Role.ADMIN, PASSWORD)


def test_last_administrator_stays(security, anna):
    with pytest.raises(Conflict):
        security.update_user(ADMIN, anna.id, role=Role.VIEWER)
    with pytest.raises(Conflict):
        security.update_user(ADMIN, anna.id, active=False)
    security.create_user(ADMIN, "bo", "Bo", Role.ADMIN, PASSWORD)
    assert security.update_user(ADMIN, anna.id, role=Role.VIEWER).role is Role.VIEWER


def test_another_tenant_cannot_touch_a_user(security, anna):
    stranger = Actor("user:eve", OTHER_TENANT)
    for attempt in (
        lambda: security.user(OTHER_TENANT, anna.id),
        lambda: security.update_user(stranger, anna.id, name="Eve"),
        lambda: security.reset_password(stranger, anna.id),
        lambda: security.issue_token(stranger, anna.id, "x"),
        lambda: security.set_preferences(stranger, anna.id, locale="de"),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert security.users(OTHER_TENANT) == ()


def test_changes_are_audited_with_before_and_after_and_nothing_is_no_change(security, anna, db):
    security.update_user(ADMIN, anna.id, name="Anna Arendt")
    security.update_user(ADMIN, anna.id, name="Anna Arendt")
    security.set_preferences(ADMIN, anna.id, locale="de", theme=Theme.DARK, density=Density.ROOMY)
    with db.read() as session:
        lines = audit.lines(session, DEFAULT_TENANT, f"user:{anna.id}")
    assert [line.action for line in lines] == ["user.preferences", "user.update", "user.create"]
    assert (lines[1].before["name"], lines[1].after["name"]) == ("Anna Adler", "Anna Arendt")
    assert PASSWORD not in str(lines)


def test_unknown_language_is_refused(security, anna):
    with pytest.raises(Invalid):
        security.set_preferences(ADMIN, anna.id, locale="xx")


def test_token_acts_for_its_user_until_it_expires(security, anna, clock):
    issued = security.issue_token(ADMIN, anna.id, "noc", days=2)
    assert issued.secret.startswith(TOKEN_PREFIX)
    identity = security.by_token(issued.secret)
    assert identity.actor_name == "token:anna/noc"
    assert identity.user.id == anna.id
    clock.now += timedelta(days=2)
    assert security.by_token(issued.secret) is None


def test_use_of_a_token_is_noted_once_a_minute(security, anna, clock):
    issued = security.issue_token(ADMIN, anna.id, "noc")
    first = clock.now
    security.by_token(issued.secret)
    clock.advance(seconds=30)
    security.by_token(issued.secret)
    assert security.tokens(DEFAULT_TENANT, anna.id)[0].last_used_at == first
    clock.advance(seconds=31)
    security.by_token(issued.secret)
    assert security.tokens(DEFAULT_TENANT, anna.id)[0].last_used_at == clock.now


def test_revoked_token_is_refused_and_only_its_owner_revokes(security, anna, db):
    bo, _ = security.create_user(ADMIN, "bo", "Bo", Role.AGENT, PASSWORD)
    issued = security.issue_token(ADMIN, anna.id, "noc")
    with pytest.raises(NotFound):
        security.revoke_token(ADMIN, bo.id, issued.view.id)
    security.revoke_token(ADMIN, anna.id, issued.view.id)
    security.revoke_token(ADMIN, anna.id, issued.view.id)
    assert security.by_token(issued.secret) is None
    assert actions(db).count("token.revoke") == 1


def test_token_itself_is_kept_nowhere(security, anna, settings):
    issued = security.issue_token(ADMIN, anna.id, "noc")
    everything = b"".join(path.read_bytes() for path in settings.home.iterdir() if path.is_file())
    assert issued.secret.encode() not in everything
    assert b"noc" in everything
