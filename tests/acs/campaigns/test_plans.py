"""Plans as they come from forms and programs."""

from collections import Counter

import pytest

from acs.campaigns.plans import Plan, read_plan
from acs.errors import Invalid


def test_a_plan_survives_its_document():
    given = {
        "canary": 2.5, "canary_percent": True,
        "waves": "5, 25 %", "rate": 40, "rate_unit": "hour", "window": {"start": "23:00", "end": "05:00", "days": ["fri"]},
        "max_failures": 7, "gates": [{"signal": "reading", "reading": "optical.rx_power", "allowed": 2, "share": 5}], "on_stop": "roll_back",
    }  # fmt: skip
    plan = read_plan(given)
    assert plan.waves == (5, 25, 100) and plan.interval_s() == 90 and plan.canaries(1000) == 25
    assert read_plan(plan.as_document()) == plan


@pytest.mark.parametrize(
    ("given", "field"),
    [({"waves": [50, 20]}, "waves"), ({"waves": "x"}, "waves"), ({"canary": -1}, "canary"), ({"canary": 1.5}, "canary"), ({"in_flight": 0}, "in_flight"),
     ({"rate_unit": "day"}, "rate_unit"), ({"gates": [{"signal": "mood"}]}, "signal"), ({"gates": [{"signal": "reading"}]}, "gates"), ({"speed": 1}, "speed"),
     ({"max_failed_share": 101}, "max_failed_share")],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_field(given, field):
    with pytest.raises(Invalid) as refused:
        read_plan(given)
    assert refused.value.field == field


def test_waves_get_their_share_to_within_a_few_and_neighbours_are_spread():
    plan = Plan(waves=(5.0, 25.0, 100.0))
    sizes = Counter(plan.wave_of(place) for place in range(10_000))
    assert abs(sizes[1] - 500) <= 5 and abs(sizes[2] - 2000) <= 5 and abs(sizes[3] - 7500) <= 5
    assert len({plan.wave_of(place) for place in range(30)}) == 3
