"""Every diagnosis has a look and a sentence, with its numbers and times in it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from acs.reach.views import Attempt, Code, Diagnosis, Facts, Method, ReachView, Watch
from care.reach import words

NEXT = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _request(app) -> Iterator[None]:
    """Times are told as the reader's locale has them."""
    with app.test_request_context():
        yield


def test_every_diagnosis_has_a_look_and_a_sentence_of_its_own():
    said = {words.sentence(Diagnosis(code, Method.HTTP, "192.168.1.4", "why", None, 1, 2, NEXT)) for code in Code}
    assert len(said) == len(Code)
    assert set(words.LOOKS) == set(Code)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            Diagnosis(Code.PRIVATE, Method.HTTP, "192.168.1.4", next_at=NEXT),
            "Private address 192.168.1.4 behind a NAT, and no STUN or XMPP. Reachable only at its next contact, expected at 14:05 UTC.",
        ),
        (
            Diagnosis(Code.STAYS_AWAY, Method.HTTP, away=3, tries=4, next_at=NEXT),
            "It accepts our call and does not come (3 of the last 4). It is called again, and speaks by itself at 14:05 UTC.",
        ),
        (
            Diagnosis(Code.LOGIN_REFUSED, Method.HTTP, rewriting=True, next_at=NEXT),
            "It refuses our request login. The login is rewritten at its next contact at 14:05 UTC.",
        ),
        (Diagnosis(Code.WORKS, Method.UDP), "It comes when it is called by UDP through STUN."),
    ],
)
def test_sentences_read_like_this(found: Diagnosis, told: str):
    assert words.sentence(found) == told


def test_try_says_whether_the_device_came():
    came = Attempt(1, NEXT, Method.UDP, "sent", "", 300, NEXT + timedelta(seconds=2))
    assert (words.outcome(came), words.look_of(came)) == ("came after 2 s", "ok")
    stayed = Attempt(1, NEXT, Method.HTTP, "no_inform", "", 30, None)
    assert (words.outcome(stayed), words.look_of(stayed)) == ("did not come", "bad")


def test_lease_is_told_in_words():
    def view(watch: Watch | None) -> ReachView:
        return ReachView(Diagnosis(Code.PRIVATE), (), (), Facts(), watch, True, False, True)

    assert words.watch_sentence(view(None)) == ""
    assert "begins with its next contact" in words.watch_sentence(view(Watch(NEXT, NEXT, "user:anna", False, False)))
    assert "at 14:05 UTC at the latest" in words.watch_sentence(view(Watch(NEXT, NEXT, "user:anna", True, False)))
    assert "put back" in words.watch_sentence(view(Watch(NEXT, NEXT, "user:anna", True, True)))
