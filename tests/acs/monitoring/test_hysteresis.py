"""Thresholds: hysteresis, minimum duration and readings: acs/monitoring/hysteresis.py."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.monitoring.hysteresis import Change, Crossing, Rule, is_back, is_beyond, step
from acs.monitoring.views import Direction

BEGIN = datetime(2026, 11, 21, tzinfo=UTC)
LOW = Rule(Direction.BELOW, -27, -25)


def play(rule, values, every_s=60):
    """What happened, by the number of the reading."""
    state, told = None, []
    for i, value in enumerate(values):
        number, text = (value, str(value)) if not isinstance(value, str) else (None, value)
        state, change = step(rule, state, number, text, BEGIN + timedelta(seconds=i * every_s))
        if change is not None:
            told.append((i, change))
    return told


def test_alarm_is_raised_beyond_the_limit_and_cleared_at_the_other_value():
    assert play(LOW, [-20, -27, -27.1, -26, -27, -25.1, -25]) == [(2, Change.RAISED), (6, Change.CLEARED)]


def test_reading_at_the_limit_is_not_beyond_it():
    assert play(Rule(Direction.ABOVE, 80, 80), [80, 80.1, 80]) == [(1, Change.RAISED), (2, Change.CLEARED)]


def test_so_many_readings_in_a_row_are_needed():
    rule = Rule(Direction.ABOVE, 80, 70, samples=3)
    assert play(rule, [81, 82, 79, 81, 82, 83]) == [(5, Change.RAISED)]


def test_so_long_it_must_last():
    rule = Rule(Direction.ABOVE, 80, 70, for_s=150)
    assert play(rule, [81, 81, 81, 81]) == [(3, Change.RAISED)]


def test_words_are_compared():
    assert play(Rule(Direction.IS, word="down"), ["up", "down", "", "up"]) == [(1, Change.RAISED), (3, Change.CLEARED)]
    assert play(Rule(Direction.IS_NOT, word="up"), ["up", "", "down", "up"]) == [(2, Change.RAISED), (3, Change.CLEARED)]


def test_missing_number_neither_raises_nor_clears():
    raised = Crossing(BEGIN, 1, True)
    assert step(LOW, None, None, "", BEGIN) == (None, None)
    assert step(LOW, raised, None, "", BEGIN) == (raised, None)


def test_older_reading_says_nothing():
    raised = Crossing(BEGIN, 1, True)
    assert step(LOW, raised, -10, "-10", BEGIN - timedelta(seconds=1)) == (raised, None)


def test_silence_is_not_judged_by_readings():
    assert play(Rule(Direction.SILENT), ["", "x", 5]) == []


numbers = st.floats(-100, 100, allow_nan=False)


@st.composite
def rules(draw):
    direction = draw(st.sampled_from([Direction.ABOVE, Direction.BELOW]))
    limit, width = draw(numbers), draw(st.floats(0, 20))
    clear = limit - width if direction is Direction.ABOVE else limit + width
    return Rule(direction, limit, clear, "", draw(st.integers(0, 600)), draw(st.integers(1, 5)))


@given(rules(), st.lists(st.tuples(numbers, st.integers(0, 400)), max_size=60))
def test_alarms_alternate_and_every_change_has_its_reason(rule, readings):
    state, at, last, run = None, BEGIN, Change.CLEARED, []
    for value, wait in readings:
        at += timedelta(seconds=wait)
        run = [*run, at] if is_beyond(rule, value, "") else []
        state, change = step(rule, state, value, "", at)
        if change is Change.RAISED:
            assert last is Change.CLEARED
            assert len(run) >= rule.samples
            assert at - run[0] >= timedelta(seconds=rule.for_s)
        if change is Change.CLEARED:
            assert last is Change.RAISED
            assert is_back(rule, value, "")
        last = change or last
        assert (state is not None and state.raised) == (last is Change.RAISED)


@given(rules(), st.lists(numbers, min_size=1, max_size=40))
def test_readings_between_the_two_values_change_nothing(rule, values):
    raised = Crossing(BEGIN, 1, True)
    for value in values:
        if not is_back(rule, value, ""):
            assert step(rule, raised, value, "", BEGIN) == (raised, None)


@given(rules(), numbers)
def test_nothing_is_beyond_and_back_at_once(rule, value):
    assert not (is_beyond(rule, value, "") and is_back(rule, value, ""))


@pytest.mark.parametrize("direction", [Direction.ABOVE, Direction.BELOW])
def test_rule_without_a_clear_value_clears_at_its_limit(direction):
    assert is_back(Rule(direction, 5), 5, "5")
