"""The whole bench: every case on every database, then the table. Tests: tests/simulators/bench/test_whole.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulators.bench.cases import Case, Size
from simulators.bench.house import House
from simulators.bench.run import Bench, NullServer, Outcome, Player, Say
from simulators.bench.storm import StormPlan, storm, told


@dataclass(frozen=True, slots=True)
class Plan:
    cases: Sequence[Case]
    databases: Sequence[str]
    size: Size
    generator: Path | None = None
    report: Path | None = None


def carry_out(plan: Plan, say: Say) -> bool:
    """Measure everything and say it; whether no session failed and every value was found again."""
    player, null = Player(plan.generator), NullServer()
    outcomes: list[Outcome] = []
    try:
        for database in plan.databases:
            say(f"{database}:")
            house = House(database)
            try:
                house.start()
                measuring = Bench(house, player, null, plan.size, say)
                outcomes += [measuring.measure(case) for case in plan.cases]
            finally:
                house.stop()
    finally:
        null.stop()
    for outcome in outcomes:
        say(summary(outcome))
    return all(not outcome.failed and not outcome.wrong for outcome in outcomes)


def storms(plan: StormPlan, databases: Sequence[str], say: Say) -> bool:
    """A storm on each database; whether all went well."""
    outcomes = []
    for database in databases:
        say(f"{database}:")
        house = House(database, {"CPE_NETWORKS": "127.0.0.0/8", "CWMP_WORKERS": str(plan.workers)})
        try:
            house.start()
            outcomes.append(storm(house, plan, say))
            say(told(outcomes[-1]))
        finally:
            house.stop()
    return all(outcome.is_good for outcome in outcomes)


def summary(outcome: Outcome) -> str:
    case = outcome.case
    text = (
        f"{outcome.database:10} {case.says:52} {outcome.total_ms:7.2f} ms (goal {case.goal_ms:g}, null {outcome.null_ms:.2f}, "
        f"cwmp {outcome.part_ms('cwmp'):.2f}, database {outcome.part_ms('database'):.2f}), cwmp {outcome.memory_mb:.0f} MB, "
        f"{outcome.read_back - len(outcome.wrong)} of {outcome.read_back} values found again"
    )
    if outcome.failed:
        text += f", {outcome.failed} sessions failed: {outcome.runs[-1].failures}"
    return text + (f"; first that was not: {outcome.wrong[0]}" if outcome.wrong else "")
