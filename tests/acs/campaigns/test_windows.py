"""Windows by the clock of the device: zones, midnight, and the nights on which clocks are turned."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs.campaigns.windows import DAYS, read_window, zone_named
from acs.errors import Invalid

ZONES = ("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "<+0330>-3:30", "UTC")
CLOCK = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
INSTANT = st.integers(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()))


@settings(max_examples=150, deadline=None)
@given(CLOCK, CLOCK, st.sets(st.sampled_from(DAYS), min_size=1), INSTANT, st.sampled_from(ZONES), st.integers(1, 10**6))
def test_a_turn_is_always_inside_the_window_by_the_devices_clock_and_ends_before_it_closes(start, end, days, at, name, device):
    window, zone, now = read_window({"start": start, "end": end, "days": sorted(days)}), zone_named(name), datetime.fromtimestamp(at, UTC)
    assert zone is not None
    opens = window.opens(now, zone)
    assert opens >= now and window.holds(opens.astimezone(zone))
    closes = window.closes(opens, zone)
    for part in (0.01, 0.5, 0.99):
        assert window.holds((opens + (closes - opens) * part).astimezone(zone))
    assert now <= window.turn_of(now, zone, device, 3)


@pytest.mark.parametrize("night", [datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC)])
def test_on_the_nights_the_clocks_turn_the_window_is_still_two_to_four_by_the_wall(night):
    window, zone = read_window({"start": "02:00", "end": "04:00"}), zone_named("Europe/Berlin")
    opens = window.opens(night, zone)
    closes = window.closes(opens, zone)
    assert (closes - opens) in (timedelta(hours=1), timedelta(hours=3))
    assert closes.astimezone(zone).hour == 4


def test_a_spread_gives_each_device_its_own_place_within_the_window():
    window, zone = read_window({"start": "01:00", "end": "05:00", "spread_min": 120}), zone_named("Europe/Berlin")
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    turns = {window.turn_of(now, zone, device, 9) for device in range(300)}
    assert len(turns) > 250
    assert max(turns) - min(turns) <= timedelta(hours=2) and all(window.holds(turn.astimezone(zone)) for turn in turns)


@pytest.mark.parametrize(
    "given",
    [{"start": "2", "end": "4"}, {"start": "02:00", "end": "04:00", "days": ["someday"]},
     {"start": "02:00", "end": "03:00", "spread_min": 90}, 7],
)  # fmt: skip
def test_what_is_no_window_is_refused_with_its_field(given):
    with pytest.raises(Invalid) as refused:
        read_window(given)
    assert refused.value.field == "window"


@pytest.mark.parametrize("text", ["", "nonsense!", "Nowhere/Land", "CET-1CEST,M99"])
def test_what_is_no_zone_is_none(text):
    assert zone_named(text) is None
