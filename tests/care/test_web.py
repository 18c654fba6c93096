"""The parts of the web process that the reactor serves itself."""

import pytest
from twisted.internet.defer import fail, succeed
from twisted.web.test.requesthelper import DummyRequest

from acs.errors import WrongEnvironment
from care.app import COOKIE
from care.security.permissions import Role
from care.web import Ready, Text, admitter, session_reader


def cookie_of(browser) -> str:
    return browser.client.get_cookie(COOKIE).value


def test_cookie_of_a_session_is_read_without_flask(app, signed_in, security):
    read = session_reader(app)
    value = cookie_of(signed_in(Role.AGENT))
    session_id = read(f"other=1; {COOKIE}={value}".encode())
    assert security.by_session(session_id).user.login == "agent"


ODD = (b"", b"x", b"hearthline_session=", b"hearthline_session=eyJ.a.b", b"\xff\xfe", b";;=;", b"hearthline_session=" + b"a" * 9000)


@pytest.mark.parametrize("header", ODD)
def test_odd_cookies_are_nobody(app, header):
    assert session_reader(app)(header) is None


def test_altered_cookie_and_that_of_a_stranger_are_nobody(app, signed_in):
    read = session_reader(app)
    value = cookie_of(signed_in(Role.AGENT))
    assert read(f"{COOKIE}={value[:-2]}xx".encode()) is None
    stranger = app.test_client()
    stranger.get("/login")
    assert read(f"{COOKIE}={stranger.get_cookie(COOKIE).value}".encode()) is None


def test_readiness_tells_the_reason_when_the_database_is_away():
    ready = Ready.__new__(Ready)
    for look, status, text in (
        (lambda: succeed(None), 200, "ready\n"),
        (lambda: fail(WrongEnvironment("Database x cannot be reached: away")), 503, "Database x cannot be reached: away\n"),
        (lambda: fail(OSError("secret")), 503, "OSError: the database does not answer\n"),
    ):
        ready._look = look
        request = DummyRequest([b"health", b"ready"])
        ready.render_GET(request)
        assert (request.responseCode or 200, b"".join(request.written).decode()) == (status, text)


def test_text_is_never_kept(app):
    request = DummyRequest([b"metrics"])
    assert Text(lambda: b"x 1\n").render_GET(request) == b"x 1\n"
    assert request.responseHeaders.getRawHeaders("cache-control") == ["no-store"]


def test_admission_is_looked_up_in_a_thread(services, security, signed_in, monkeypatch):
    signed_in(Role.ENGINEER)
    session_id = security.authenticate("engineer", "correct horse battery", "").session_id
    threads = []

    def at_once(_reactor, pool, function, *arguments):
        threads.append(pool)
        return succeed(function(*arguments))

    monkeypatch.setattr("care.web.deferToThreadPool", at_once)
    admit = admitter(None, "pool", services)
    got = []
    admit(session_id, ("jobs", "job:999")).addCallback(got.append)
    admit("1.forged", ("jobs",)).addCallback(got.append)
    assert (got[0].topics, got[1], threads) == (("jobs",), None, ["pool", "pool"])
