"""Refusals in memory: the same again is a count, and memory is bounded."""

from datetime import UTC, datetime, timedelta

from acs.access.views import Reason, Refused
from acs.server.login.refusals import KINDS_KEPT, Refusals
from tests.acs.server.kit import sample

NOW = datetime(2026, 11, 21, 20, 52, tzinfo=UTC)
LATER = NOW + timedelta(seconds=3)


def test_same_again_is_a_count():
    refusals = Refusals()
    refusals.note("192.0.2.1", "K", Reason.LOGIN, "as 'x'", NOW)
    refusals.note("192.0.2.1", "K", Reason.LOGIN, "as 'y'", LATER)
    refusals.note("192.0.2.1", "K", Reason.BLOCKED, "rule 1", LATER)
    first, second = refusals.drain()
    assert first == Refused("192.0.2.1", "K", Reason.LOGIN, "as 'y'", 2, NOW, LATER)
    assert second.reason is Reason.BLOCKED
    assert refusals.drain() == ()


def test_flood_of_different_ones_is_bounded_and_still_counted():
    refusals = Refusals()
    before = sample("hearthline_refused_total", reason="login")
    for n in range(KINDS_KEPT + 50):
        refusals.note(f"10.0.{n // 250}.{n % 250}", "", Reason.LOGIN, "", NOW)
    assert len(refusals.drain()) == KINDS_KEPT
    assert sample("hearthline_refused_total", reason="login") == before + KINDS_KEPT + 50


def test_what_could_not_be_written_is_added_to_what_came_since():
    refusals = Refusals()
    refusals.note("a", "", Reason.TLS, "no shared cipher", NOW)
    lost = refusals.drain()
    refusals.note("a", "", Reason.TLS, "no shared cipher", LATER)
    refusals.put_back(lost)
    assert refusals.drain() == (Refused("a", "", Reason.TLS, "no shared cipher", 2, NOW, LATER),)
