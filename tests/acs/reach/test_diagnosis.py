"""What tries and addresses mean together: a table of situations."""

from datetime import UTC, datetime, timedelta

import pytest

from acs.reach.diagnosis import diagnose, next_contact
from acs.reach.views import Attempt, Code, Facts, Method, Way

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
HTTP = Way(Method.HTTP, "http://203.0.113.7:7547/cr")
NAT_HTTP = Way(Method.HTTP, "http://192.168.1.4:7547/cr")
UDP, XMPP = Way(Method.UDP, "203.0.113.7:4000"), Way(Method.XMPP, "cpe@x/cwmp")
OPEN = Facts(url=HTTP.address, source="203.0.113.7", last_inform_at=NOW - timedelta(minutes=55), interval_s=3600)
HIDDEN = Facts(url=NAT_HTTP.address, source="203.0.113.7", last_inform_at=NOW - timedelta(minutes=55), interval_s=3600)


def tries(*told: str, method: Method = Method.HTTP, ago_s: int = 100) -> tuple[Attempt, ...]:
    """The newest first; "came" is a try after which it informed."""
    out = []
    for number, result in enumerate(told):
        at = NOW - timedelta(seconds=ago_s * (number + 1))
        came = at + timedelta(seconds=1) if result == "came" else None
        out.append(Attempt(99 - number, at, method, "ok" if came else result, "", 12, came))
    return tuple(out)


@pytest.mark.cwmp("F-16")
@pytest.mark.parametrize(
    ("facts", "ways", "attempts", "code"),
    [
        (OPEN, (HTTP,), (), Code.UNTRIED),
        (OPEN, (HTTP,), tries("came", "timeout"), Code.WORKS),
        (OPEN, (HTTP,), tries("ok", ago_s=5), Code.CALLED),
        (OPEN, (HTTP,), tries("ok", "ok"), Code.STAYS_AWAY),
        (OPEN, (HTTP,), tries("no_inform", "no_inform"), Code.STAYS_AWAY),
        (OPEN, (HTTP,), tries("busy"), Code.BUSY),
        (OPEN, (HTTP,), tries("unauthorized"), Code.LOGIN_REFUSED),
        (OPEN, (HTTP,), tries("came", "unauthorized"), Code.WORKS),
        (OPEN, (HTTP,), tries("timeout"), Code.NO_ANSWER),
        (OPEN, (HTTP,), tries("refused"), Code.CLOSED),
        (HIDDEN, (NAT_HTTP,), tries("refused"), Code.PRIVATE),
        (OPEN, (HTTP,), tries("not_found"), Code.UNKNOWN_PATH),
        (OPEN, (HTTP,), tries("forbidden_address"), Code.FORBIDDEN),
        (OPEN, (), (), Code.NO_WAY),
        (OPEN, (XMPP, HTTP), tries("unavailable", method=Method.XMPP), Code.NOT_CONNECTED),
        (OPEN, (XMPP,), tries("link_down", method=Method.XMPP), Code.OUR_LINK_DOWN),
        (HIDDEN, (NAT_HTTP,), (), Code.PRIVATE),
        (HIDDEN, (NAT_HTTP,), tries("timeout"), Code.PRIVATE),
        (HIDDEN, (NAT_HTTP,), tries("forbidden_address"), Code.PRIVATE),
        (HIDDEN, (UDP, NAT_HTTP), (), Code.UNTRIED),
        (HIDDEN, (UDP, NAT_HTTP), tries("came", method=Method.UDP), Code.WORKS),
        (Facts(admitted=False), (), (), Code.NOT_ADMITTED),
    ],
)
def test_situation_has_its_diagnosis(facts: Facts, ways: tuple[Way, ...], attempts: tuple[Attempt, ...], code: Code):
    assert diagnose(facts, ways, attempts, NOW).code is code


@pytest.mark.quirk("K-71")
def test_it_is_counted_how_often_it_answered_and_stayed_away():
    found = diagnose(OPEN, (HTTP,), tries("no_inform", "no_inform", "came", "no_inform", "no_inform"), NOW)
    assert (found.code, found.away, found.tries) == (Code.STAYS_AWAY, 3, 4)


def test_private_address_is_named_with_the_time_of_the_next_contact():
    found = diagnose(HIDDEN, (NAT_HTTP,), (), NOW)
    assert (found.address, found.next_at, found.wakes) == ("192.168.1.4", NOW + timedelta(minutes=5), False)


def test_contact_that_is_overdue_is_not_promised():
    assert next_contact(Facts(last_inform_at=NOW - timedelta(hours=2), interval_s=3600), NOW) is None
    assert next_contact(Facts(interval_s=3600), NOW) is None


def test_refused_login_says_whether_it_is_being_rewritten():
    from dataclasses import replace

    assert diagnose(replace(OPEN, rewriting=True), (HTTP,), tries("unauthorized"), NOW).rewriting
    assert not diagnose(OPEN, (HTTP,), tries("unauthorized"), NOW).rewriting
