"""Whether a campaign must stop: its rules against what was counted and measured. Pure."""

from collections.abc import Mapping, Sequence

from acs.campaigns.plans import Gate, Plan
from acs.campaigns.states import ENDED_BADLY, ENDED_WELL, Member
from acs.campaigns.views import GaugeView, Reason

Tally = Mapping[Member, int]


def failed_of(tally: Tally) -> tuple[int, int]:
    """(failed, ended): an unhealthy device succeeded as far as its operation goes, and failed as far as we are concerned."""
    failed = sum(tally.get(state, 0) for state in ENDED_BADLY)
    return failed, failed + sum(tally.get(state, 0) for state in ENDED_WELL)


def judge(plan: Plan, tallies: Mapping[int, Tally], gauges: Mapping[int, Sequence[GaugeView]]) -> Reason | None:
    """The first rule that is broken: failures in all, then in each wave its share of failures and its gates.

    A wave smaller than the least number to be measured is judged once all of it is.
    """
    failures = sum(failed_of(tally)[0] for tally in tallies.values())
    if plan.max_failures is not None and failures >= plan.max_failures:
        return Reason("failures", value=failures, limit=plan.max_failures, bad=failures)
    for number, tally in sorted(tallies.items()):
        members = sum(tally.values())
        least = max(1, min(plan.min_measured, members - tally.get(Member.SKIPPED, 0)))
        failed, ended = failed_of(tally)
        if plan.max_failed_share is not None and ended >= least and 100 * failed / ended > plan.max_failed_share:
            return Reason("failed_share", value=100 * failed / ended, limit=plan.max_failed_share, bad=failed, measured=ended, wave=number)
        for gate, gauge in zip(plan.gates, gauges.get(number, ()), strict=False):
            # The offline share is measured of every device that was begun, so that one that never comes back counts.
            share = gauge.share
            if share is not None and gauge.measured >= least and share > gate.share:
                return Reason(
                    "gate", signal=gate.signal, reading=gate.reading, value=share, limit=gate.share, bad=gauge.bad, measured=gauge.measured, wave=number
                )  # fmt: skip
    return None


def is_bad(gate: Gate, before: float | None, after: float) -> bool:
    """Whether a device is on the wrong side. Restarts are compared with as many as it had in as long a time before."""
    match gate.signal:
        case "reboots":
            return after >= gate.allowed and after > (before or 0)
        case "reading":
            change = after - before if before is not None else 0.0
            return -change > gate.allowed if gate.worse == "lower" else change > gate.allowed
        case "alarms":
            return after > (before or 0)
    return bool(after)
