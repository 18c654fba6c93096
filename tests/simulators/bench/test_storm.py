import pytest

from simulators.bench.storm import FleetProcess, Moment, StormOutcome, StormPlan, slope, told
from simulators.bench.whole import Part, Plan, carry_out


def outcome(backlogs, **given):
    moments = [Moment(float(second), 1000 + backlog, 1000, 3, second * 0.5, 1.0) for second, backlog in enumerate(backlogs, 1)]
    found = StormOutcome(StormPlan(rate=100), "sqlite", moments, latencies_s=[0.2, 0.4, 1.9])
    for name, value in given.items():
        setattr(found, name, value)
    return found


@pytest.mark.parametrize(("points", "wanted"), [([(0, 1), (1, 3), (2, 5)], 2.0), ([(0, 4), (1, 4)], 0.0), ([(0, 1)], 0.0), ([], 0.0)])
def test_slope_is_that_of_the_best_line(points, wanted):
    assert slope(points) == pytest.approx(wanted)


def test_backlog_is_flat_when_it_grows_by_less_than_a_hundredth_of_those_who_come():
    assert outcome([5, 9, 4, 8, 5, 7] * 20).is_flat
    assert not outcome(range(0, 600, 5)).is_flat
    assert outcome([*range(0, 300, 5), *[300] * 61]).is_flat  # what counts is the end


def test_storm_is_good_when_nothing_is_lost_nobody_unserved_and_agents_wait_two_seconds_at_most():
    assert outcome([3] * 60).is_good
    assert outcome([3] * 60).latency_s(0.99) == 1.9
    for wrong in ({"lost": 1}, {"unserved": 1}, {"unanswered": 1}, {"latencies_s": [0.1, 2.5]}, {"latencies_s": []}):
        assert not outcome([3] * 60, **wrong).is_good


def test_telling_names_what_was_lost_and_how_long_agents_waited():
    text = told(outcome([3] * 60, lost=4, booted=6000))
    for part in ("lost 4", "6000 boots", "p99 1.90", "(flat)"):
        assert part in text


def test_fleet_process_is_told_what_to_do_and_tells_how_it_is_doing():
    fleet = FleetProcess("http://127.0.0.1:9/", StormPlan(known=5))
    try:
        assert fleet.next_state()["known"] == 0
        fleet.order("learn", 5)
        for _ in range(5):
            if (failures := fleet.next_state()["failures"]) != {}:
                break
        assert any("refused" in why for why in failures)
    finally:
        fleet.stop()


@pytest.mark.soak
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_short_storm_loses_nothing(database):
    said: list[str] = []
    results = carry_out(Plan((database,), (Part.STORM,), weather=StormPlan(known=2000, rate=40, seconds=40)), said.append)
    assert results.storms[0].is_good, "\n".join(said)


@pytest.mark.soak
def test_storm_beyond_what_two_workers_can_serve_loses_nothing_either():
    said: list[str] = []
    weather = StormPlan(known=6000, rate=400, seconds=20, workers=2, deaf=0.3)
    results = carry_out(Plan(("postgresql",), (Part.STORM,), weather=weather), said.append)
    assert results.is_sound, "\n".join(said)
