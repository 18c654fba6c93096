"""Percentiles, histograms, gaps: acs/monitoring/figures.py."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.monitoring.figures import gaps, histogram, percentile, spread_of, step_of
from acs.monitoring.views import Point

BEGIN = datetime(2026, 11, 21, tzinfo=UTC)
many = st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=200).map(sorted)


def at(*seconds):
    return [Point(BEGIN + timedelta(seconds=s), 1, 1, 1, 1, 1) for s in seconds]


@given(many.filter(lambda values: len(values) > 1))
def test_percentiles_are_those_of_the_textbook(values):
    wanted = quantiles(values, n=20, method="inclusive")
    assert percentile(values, 0.05) == pytest.approx(wanted[0])
    assert percentile(values, 0.5) == pytest.approx(wanted[9])
    assert percentile(values, 0.95) == pytest.approx(wanted[18])


@given(many)
def test_percentiles_ascend_and_stay_within_the_values(values):
    found = [percentile(values, share / 20) for share in range(21)]
    assert found[0] == values[0]
    assert found[-1] == values[-1]
    assert all(a <= b or a == pytest.approx(b) for a, b in pairwise(found))


def test_no_numbers_have_no_percentile():
    with pytest.raises(ValueError, match="no numbers"):
        percentile([], 0.5)
    assert spread_of(BEGIN, []) is None
    assert histogram([]) == ()


@given(many)
def test_histogram_counts_every_value_once(values):
    bins = histogram(values)
    assert sum(count for _, _, count in bins) == len(values)
    assert bins[0][0] == values[0]
    assert bins[-1][1] == values[-1]
    for low, high, count in bins[:-1]:
        assert count == sum(low <= value < high for value in values)


def test_usual_step_is_the_median():
    assert step_of(at(0, 300, 600, 900, 5000), 60) == 300
    assert step_of(at(0, 300), 60) == 60


def test_gap_is_three_usual_steps():
    assert gaps(at(0, 300, 600, 1500, 1801, 2702), 300) == (5,)
