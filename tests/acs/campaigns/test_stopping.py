"""Stop rules against counts and figures."""

import pytest

from acs.campaigns.plans import Gate, Plan
from acs.campaigns.states import Member
from acs.campaigns.stopping import is_bad, judge
from acs.campaigns.views import GaugeView


def test_a_wave_is_judged_only_once_enough_of_it_is_measured():
    plan = Plan(max_failed_share=10, min_measured=5)
    assert judge(plan, {1: {Member.FAILED: 4, Member.PENDING: 90}}, {}) is None
    found = judge(plan, {1: {Member.FAILED: 5, Member.PENDING: 90}}, {})
    assert found is not None and (found.rule, found.wave, found.value) == ("failed_share", 1, 100)


def test_a_few_early_failures_in_all_are_counted_over_the_waves():
    plan = Plan(max_failures=3, max_failed_share=None)
    found = judge(plan, {0: {Member.FAILED: 1}, 1: {Member.UNHEALTHY: 2, Member.DONE: 900}}, {})
    assert found is not None and found.rule == "failures"


def test_a_gate_over_its_line_names_signal_and_figures():
    plan = Plan(gates=(Gate("reading", 20, 2, "optical.rx_power_dbm"),), max_failed_share=None)
    assert judge(plan, {0: {Member.WATCHED: 10}}, {0: [GaugeView("reading", "optical.rx_power_dbm", 20, 10, 2)]}) is None
    found = judge(plan, {0: {Member.WATCHED: 10}}, {0: [GaugeView("reading", "optical.rx_power_dbm", 20, 10, 3)]})
    assert found is not None and found.reading == "optical.rx_power_dbm" and found.value == 30


@pytest.mark.parametrize(
    ("gate", "before", "after", "bad"),
    [(Gate("reboots", 0, 2), 0, 2, True), (Gate("reboots", 0, 2), 3, 3, False), (Gate("reboots", 0, 2), None, 1, False),
     (Gate("reading", 0, 2, "x"), -20, -23, True), (Gate("reading", 0, 2, "x"), -20, -21, False), (Gate("reading", 0, 2, "x", "higher"), 5, 8, True),
     (Gate("alarms", 0), 2, 2, False), (Gate("alarms", 0), 0, 3, True), (Gate("offline", 0), None, 1, True), (Gate("offline", 0), None, 0, False)],
)  # fmt: skip
def test_who_is_worse_off(gate, before, after, bad):
    assert is_bad(gate, before, after) is bad
