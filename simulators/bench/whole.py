"""The whole bench: its parts on each database, then the report. Tests: tests/simulators/bench/test_whole.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from simulators.bench import chart, figures
from simulators.bench.cases import CASES, FULL, Case, Size, case_of
from simulators.bench.figures import Growth
from simulators.bench.house import House
from simulators.bench.report import Results, machine, page
from simulators.bench.run import Bench, NullServer, Outcome, Player, Say
from simulators.bench.storm import StormPlan, storm, told


class Part(StrEnum):
    """What can be measured by itself."""

    SESSIONS = "sessions"
    STORAGE = "storage"
    GROWTH = "growth"
    LIST = "list"
    FLEET = "fleet"
    STORM = "storm"


@dataclass(frozen=True, slots=True)
class Scale:
    """How large what is no session is made: devices stored, devices simulated, rows listed, devices added step by step."""

    stored: int = 500
    simulated: int = 10_000
    listed: int = 1_000_000
    added: tuple[int, ...] = (0, 10_000, 100_000)


SMALL = Scale(60, 1000, 20_000, (0, 5000))


@dataclass(frozen=True, slots=True)
class Plan:
    databases: Sequence[str]
    parts: Sequence[Part] = tuple(Part)
    cases: Sequence[Case] = CASES
    size: Size = FULL
    scale: Scale = field(default_factory=Scale)
    weather: StormPlan = field(default_factory=StormPlan)
    generator: Path | None = None
    report: Path | None = None


def carry_out(plan: Plan, say: Say) -> Results:
    """Measure everything, say it, and write it down where that is wanted."""
    results = Results(plan.size, datetime.now(UTC))
    player, null = Player(plan.generator), NullServer()
    about = machine()
    try:
        if Part.FLEET in plan.parts:
            say("simulated devices:")
            results.figures.append(figures.fleet_memory(null, plan.scale.simulated, say))
        for database in plan.databases if set(plan.parts) - {Part.FLEET} else ():
            say(f"{database}:")
            _sessions(plan, database, player, null, results, say)
            if Part.STORAGE in plan.parts and database == "postgresql":
                _storage(plan, database, player, null, results, say)
            if Part.LIST in plan.parts:
                _list(plan, database, results, say)
            if Part.STORM in plan.parts:
                _storm(plan, database, results, say)
    finally:
        null.stop()
        if plan.report is not None:
            write(results, about, plan.report, say)
    for outcome in results.outcomes:
        say(summary(outcome))
    for figure in results.figures:
        say(f"{figure.where:10} {figure.says}: {figure.value:g} {figure.unit}" + (f" (goal {figure.goal:g})" if figure.goal is not None else ""))
    return results


def _sessions(plan: Plan, database: str, player: Player, null: NullServer, results: Results, say: Say) -> None:
    """What is measured in one house: sessions, and whether they cost more when more is stored."""
    if not {Part.SESSIONS, Part.GROWTH} & set(plan.parts):
        return
    house = House(database)
    try:
        house.start()
        if house.postgres is not None:
            results.versions["PostgreSQL"] = house.postgres.version
        bench = Bench(house, player, null, plan.size, say)
        if Part.SESSIONS in plan.parts:
            for case in plan.cases:
                results.outcomes.append(bench.measure(case))
        if Part.GROWTH in plan.parts:
            by_name = {each.case.name: each.total_ms for each in results.outcomes if each.database == database}
            if {"periodic", "periodic-3000"} <= set(by_name):
                points = ((100, by_name["periodic"]), (3000, by_name["periodic-3000"]))
                results.growths.append(Growth(database, "parameters stored of each device", points))
            results.growths.append(figures.growth_over_devices(bench, case_of("periodic"), plan.scale.added, say))
    finally:
        house.stop()


def _storage(plan: Plan, database: str, player: Player, null: NullServer, results: Results, say: Say) -> None:
    house = House(database)
    try:
        house.start()
        results.figures += figures.storage(Bench(house, player, null, plan.size, say), plan.scale.stored)
    finally:
        house.stop()


def _list(plan: Plan, database: str, results: Results, say: Say) -> None:
    house = House(database)
    try:
        if house.postgres is not None:
            house.postgres.start()
        figure = figures.list_page(house, plan.scale.listed, say)
        if figure is not None:
            results.figures.append(figure)
    finally:
        house.stop()


def _storm(plan: Plan, database: str, results: Results, say: Say) -> None:
    house = House(database, {"CPE_NETWORKS": "127.0.0.0/8", "CWMP_WORKERS": str(plan.weather.workers)})
    try:
        house.start()
        results.storms.append(storm(house, plan.weather, say))
        say(told(results.storms[-1]))
    finally:
        house.stop()


def write(results: Results, about: dict[str, str], place: Path, say: Say) -> None:
    """The page, and the chart beside it."""
    drawing = place.with_suffix(".svg")
    if results.outcomes:
        drawing.write_text(chart.svg(results.outcomes), encoding="utf-8")
    place.write_text(page(results, about, drawing.name if results.outcomes else ""), encoding="utf-8")
    say(f"written: {place}")


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
