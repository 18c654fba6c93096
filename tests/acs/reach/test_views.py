"""What a look at a device's reach answers."""

from datetime import UTC, datetime

import pytest

from acs.reach.views import WAKES, Attempt, Code, Diagnosis, Facts, Method, ReachView, Way

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def attempt(number: int, method: Method, result: str = "ok") -> Attempt:
    return Attempt(number, NOW, method, result, "", 1, None)


def test_last_try_and_way_of_each_method():
    tries = (attempt(3, Method.UDP), attempt(2, Method.HTTP), attempt(1, Method.UDP))
    view = ReachView(Diagnosis(Code.UNTRIED), (Way(Method.UDP, "192.0.2.1:4000"),), tries, Facts(), None, True, False, True)
    assert (view.last(Method.UDP), view.last(Method.HTTP), view.last(Method.XMPP)) == (tries[0], tries[1], None)
    assert (view.way(Method.UDP), view.way(Method.HTTP)) == (Way(Method.UDP, "192.0.2.1:4000"), None)


@pytest.mark.cwmp("F-16")
def test_only_what_was_accepted_or_sent_may_still_bring_the_device():
    results = ("ok", "sent", "busy", "timeout", "no_inform", "unauthorized")
    assert [result for result in results if attempt(1, Method.HTTP, result).may_come] == ["ok", "sent"]


def test_diagnosis_knows_whether_a_call_is_worth_it():
    assert {code for code in Code if Diagnosis(code).wakes} == WAKES
