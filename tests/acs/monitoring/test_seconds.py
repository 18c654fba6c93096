"""Instants in four bytes: acs/monitoring/seconds.py."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from acs.monitoring.seconds import SECONDS_FROM, instant_of, second_of


@given(st.integers(0, 2**31 - 1))
def test_every_second_comes_back(second):
    assert second_of(instant_of(second)) == second


def test_they_reach_from_2020_to_2088():
    assert second_of(SECONDS_FROM) == 0
    assert instant_of(2**31 - 1) > datetime(2088, 1, 1, tzinfo=UTC)
