"""dateTime as the standard has it and as devices write it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs.cwmp.times import INFINITE_TIME, UNKNOWN_TIME, format_time, parse_time

NINE = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)


@pytest.mark.cwmp("L-37", "B-65", "B-67", "B-68")
@pytest.mark.quirk("K-37", "R-17")
@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00Z", "2026-03-01T09:00:00", "2026-03-01T09:00:00+00:00", "2026-03-01T09:00:00-00:00",
        "2026-03-01t09:00:00z", " 2026-03-01T09:00:00.000Z\n", "2026-03-01T09:00:00.000000Z", "2026-03-01 09:00:00", "2026-03-01T10:00:00+0100",
        "2026-03-01T04:30:00-04:30", "2026-03-01T09:00:00,0Z",
    ],
)  # fmt: skip
def test_nine_o_clock_is_nine_o_clock_however_it_is_written(text):
    assert parse_time(text) == NINE


@pytest.mark.cwmp("L-37", "B-66", "B-68")
@pytest.mark.quirk("K-37", "R-17")
@pytest.mark.parametrize(
    "text",
    [
        UNKNOWN_TIME, INFINITE_TIME, "0001-01-01T00:00:00", "0000-00-00T00:00:00Z", "0000-00-00", "0003-01-02T00:00:00", "", "never",
        "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-03-01", "1700000000", "2026-03-01T09:00:00+99:99x",
    ],
)  # fmt: skip
def test_unknown_infinite_relative_and_nonsense_are_no_instant(text):
    assert parse_time(text) is None


def test_a_clock_that_was_never_set_is_an_instant_of_1970():
    assert parse_time("1970-01-01T00:01:00Z") == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)


def test_microseconds_are_kept():
    assert parse_time("2026-03-01T09:00:00.123456789Z") == NINE + timedelta(microseconds=123456)


def test_a_leap_second_and_an_impossible_zone_are_read():
    assert parse_time("2026-03-01T08:59:60Z") == NINE - timedelta(seconds=1)
    assert parse_time("2026-03-01T09:00:00+24:00") == NINE


def test_what_we_write_is_utc_in_whole_seconds():
    local = datetime(2026, 3, 1, 10, 0, 0, 999, tzinfo=timezone(timedelta(hours=1)))
    assert format_time(local) == "2026-03-01T09:00:00Z"


@settings(max_examples=100, deadline=None)
@given(st.datetimes(datetime(1000, 1, 2), datetime(9998, 12, 30), timezones=st.just(UTC)))
def test_what_we_write_reads_back(instant):
    assert parse_time(format_time(instant)) == instant.replace(microsecond=0)


@settings(max_examples=200, deadline=None)
@given(st.text("0123456789-T:.Z+ ", max_size=30) | st.text(max_size=30))
def test_no_text_raises(text):
    parse_time(text)
