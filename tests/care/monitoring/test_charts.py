"""What the chart script is given: care/monitoring/charts.py."""

from datetime import UTC, datetime, timedelta

import pytest

from acs.devices.views import EventView
from acs.monitoring.figures import spread_of
from acs.monitoring.views import FleetPoint, Point, Series
from care.monitoring import charts
from care.monitoring.service import Trend
from tests.acs.monitoring.kit import RX

BEGIN = datetime(2026, 11, 21, tzinfo=UTC)


def at(minutes):
    return BEGIN + timedelta(minutes=minutes)


def trend(points, name=RX, events=(), step_s=300):
    return Trend(Series(name, BEGIN, at(1440), step_s, tuple(points)), tuple(events), ())


def single(minutes, value):
    return Point(at(minutes), value, value, value, value, 1)


@pytest.fixture(autouse=True)
def request_context(app):
    with app.test_request_context():
        yield


def test_gaps_are_gaps():
    drawn = charts.of_trend(trend([single(0, -20), single(5, -21), single(60, -22)]))
    assert drawn["series"][0]["values"] == [-20, -21, None, -22]
    assert drawn["x"] == sorted(drawn["x"])
    assert drawn["says"] == "Between \u221222.0\u00a0dBm and \u221220.0\u00a0dBm, now \u221222.0\u00a0dBm. 1 gap without readings."


def test_point_of_many_readings_has_a_band():
    drawn = charts.of_trend(trend([Point(at(0), -22, -21, -20, -21, 5), Point(at(5), -23, -21, -20, -21, 5)]))
    assert [s["label"] for s in drawn["series"]] == ["Light received", "highest", "lowest"]
    assert drawn["bands"] == [{"from": 2, "to": 3, "look": "soft"}]
    assert drawn["series"][2]["values"] == [-22, -23]


def test_words_of_an_enum_are_steps_and_spoken():
    drawn = charts.of_trend(trend([single(0, 0), single(5, 2)], "dsl.status"))
    assert drawn["series"][0]["step"]
    assert drawn["words"][2] == "down"
    assert drawn["says"] == "Now: down."
    assert drawn["limits"] == []


def test_units_are_those_of_the_page():
    drawn = charts.of_trend(trend([single(0, 51_000)], "dsl.down_rate_kbps"))
    assert (drawn["unit"], drawn["series"][0]["values"]) == ("Mbit/s", [51.0])


def test_limits_of_the_catalogue_stand_in_where_no_monitor_has_any():
    assert [(limit["value"], limit["look"], limit["below"]) for limit in charts.of_trend(trend([]))["limits"]] == [
        (-27, "bad", True), (-25, "warn", True), (-8, "bad", False)
    ]  # fmt: skip


def test_events_are_marks_in_the_order_of_time():
    events = [EventView(2, at(50), "silent", "", None), EventView(1, at(10), "1 BOOT", "", None)]
    assert [(mark["label"], mark["look"]) for mark in charts.of_trend(trend([], events=events))["marks"]] == [("Restarted", "event"), ("Fell silent", "bad")]


def test_nothing_kept_is_said():
    assert charts.of_trend(trend([]))["says"] == "Nothing is kept of this time."


def test_percentiles_have_bands_between_them():
    spread = spread_of(at(0), [float(i) for i in range(101)])
    drawn = charts.of_spreads(RX, [spread], (), BEGIN, at(60))
    assert [s["values"] for s in drawn["series"]] == [[95.0], [75.0], [50.0], [25.0], [5.0]]
    assert "half are below 50.0\u00a0dBm" in drawn["says"]


def test_bars_say_what_they_count():
    drawn = charts.bars(spread_of(at(0), [1.0, 1.0, 2.0]), "dBm")
    assert drawn["shapes"][0]["height"] == drawn["height"]
    assert drawn["shapes"][0]["title"].startswith("1.0\u00a0dBm to ")
    assert charts.bars(spread_of(at(0), [3.0]), "dBm")["shapes"][0]["title"].endswith(": 1 devices")


def test_fleet_and_load_are_drawn_from_zero():
    point = FleetPoint(at(0), 5, 4, 1, 0, 0, 12.5, 12.5, 0.1, 0.0)
    assert charts.of_presence([point], BEGIN, at(60))["zero"]
    assert charts.of_load([point], BEGIN, at(60))["says"] == "12.5 sessions a second at most."
    assert charts.of_load([], BEGIN, at(60))["says"] == "No readings yet."


def test_worst_alarms_come_first():
    assert [count for _state, _word, count in charts.worst_first({"minor": 2, "critical": 1})] == [1, 2]
