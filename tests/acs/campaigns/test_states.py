"""The tables of states: every state times every event."""

import pytest

from acs.campaigns.states import MOVES, NEXT, OVER, WORKING, Event, Member, State, after
from acs.errors import Conflict


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("event", list(Event))
def test_what_the_table_lists_happens_and_anything_else_is_refused(state, event):
    if (state, event) in NEXT:
        assert after(state, event) is NEXT[state, event]
    else:
        with pytest.raises(Conflict, match="not possible now"):
            after(state, event)


def test_every_state_is_reached_and_a_campaign_that_works_can_always_be_stopped():
    assert set(NEXT.values()) == set(State) - {State.DRAFT}
    for state in WORKING:
        assert {e for s, e in NEXT if s is state} >= {Event.PAUSE, Event.HALT, Event.ABORT, Event.ROLL_BACK}
    assert not OVER & WORKING


def test_every_state_of_a_member_has_its_moves():
    assert set(MOVES) == set(Member) and not MOVES[Member.REVERTED]
