"""How odd devices log in."""

from __future__ import annotations

import pytest
from twisted.internet.defer import ensureDeferred

from acs.cwmp.digest import Basic, parse_authorization, response_of
from simulators.http import Response
from simulators.logins import login_of
from simulators.quirks import quirks_of
from simulators.session import SessionFailed
from simulators.transport import AcsConnection, Authorizer

URL = "http://acs.example/acs"
OK = Response(204, (), b"")
CHALLENGE = Response(401, (("www-authenticate", 'Digest realm="acs", nonce="n1", qop="auth"'),), b"")


class Wire:
    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    async def request(self, _method, _url, headers, body=b"", **_more):
        self.asked.append((dict(headers).get("Authorization"), body))
        return self.answers.pop(0)

    def close(self): ...


def talk(name, bodies, *answers):
    """What went out: login and body of every request."""
    quirks, wire = quirks_of((name,) if name else ()), Wire(*answers)
    link = AcsConnection(wire, URL, login_of("ada", "pw", quirks), quirks, {})
    for body in bodies:
        done = []
        ensureDeferred(link.post(body)).addBoth(done.append)
        if hasattr(done[0], "raiseException"):
            wire.asked.append(done[0].value)
    return wire.asked


def test_an_honest_device_has_no_odd_login():
    assert type(login_of("ada", "pw", quirks_of(()))) is Authorizer


@pytest.mark.quirk("K-68")
def test_never_answers_a_challenge():
    (login, _), failure = talk("no-login", [b"<x/>"], CHALLENGE)
    assert login is None
    assert isinstance(failure, SessionFailed)


@pytest.mark.quirk("K-68")
def test_a_broken_header():
    (_, _), (login, _), _ = talk("broken-login", [b"<x/>"], CHALLENGE, CHALLENGE)
    assert login.startswith('Digest username="ada, realm')
    found = parse_authorization(login)
    assert found is None or found.username != "ada"


@pytest.mark.quirk("R-15")
def test_basic_without_having_been_asked():
    ((login, _),) = talk("basic-unasked", [b"<x/>"], OK)
    assert parse_authorization(login) == Basic("ada", "pw")


@pytest.mark.quirk("R-14")
def test_every_post_first_without_a_login():
    said = talk("login-each-post", [b"<x/>", b"<y/>"], CHALLENGE, OK, CHALLENGE, OK)
    assert [(login is not None, body) for login, body in said] == [(False, b"<x/>"), (True, b"<x/>"), (False, b"<y/>"), (True, b"<y/>")]


@pytest.mark.quirk("R-14")
def test_opens_with_an_empty_post():
    said = talk("login-empty-first", [b"<x/>", b""], CHALLENGE, OK, OK)
    assert [(login is not None, body) for login, body in said] == [(False, b""), (True, b"<x/>"), (True, b"")]


@pytest.mark.quirk("R-14")
def test_a_digest_without_uri():
    _, (login, _) = talk("login-no-uri", [b"<x/>"], CHALLENGE, OK)
    found = parse_authorization(login)
    assert (found.uri, found.qop, found.nonce) == ("", "", "n1")


@pytest.mark.quirk("R-14")
def test_a_digest_that_does_not_verify():
    _, (login, _) = talk("login-wrong-digest", [b"<x/>"], CHALLENGE, OK)
    found = parse_authorization(login)
    assert response_of(found, "pw", "POST") != found.response == "0" * 32
