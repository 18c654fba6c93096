"""What the bench measures beside sessions: octets a device takes, memory of a fleet, a page of a long list, and whether costs grow.

Tests: tests/simulators/bench/test_figures.py.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from acs.errors import WrongEnvironment
from simulators.bench.cases import Case
from simulators.bench.cpe import key_of
from simulators.bench.house import House
from simulators.bench.proc import Group
from simulators.bench.run import FIRST, Bench, NullServer, Say
from simulators.bench.storm import FleetProcess, StormPlan

_LINE = re.compile(r" *([\d.]+) ms +(?:[\d.]+ (?:best|worst|CPU here) +)*(.+?)  +(.*)")
VALUES = ("param_base", "param_live", "path_set")
"""Tables that hold what a device's tree takes; shared ones are divided among the devices."""
HEAD = ("device", "device_credential", "canonical_value")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report. `goal` is None where nothing was promised."""

    says: str
    where: str
    value: float
    unit: str
    goal: float | None = None
    more: str = ""

    @property
    def is_good(self) -> bool:
        return self.goal is None or self.value <= self.goal


def storage(bench: Bench, devices: int, params: int = 1000) -> list[Figure]:
    """Octets on disk for each of so many devices whose whole tree was read, pages, indexes and what is dead in them included. In a house
    that has no other devices; PostgreSQL only, where tables have sizes."""
    postgres = bench.house.postgres
    if postgres is None:
        return []
    bench.know(params, devices)

    def each(*tables: str) -> float:
        sizes = " + ".join(f"coalesce(pg_total_relation_size(to_regclass('{table}')), 0)" for table in tables)
        return float(postgres.ask(f"SELECT {sizes}")) / devices

    rows = int(postgres.ask("SELECT count(*) FROM param_live")) / devices
    parts = ", ".join(f"{table} {each(table):.0f} B" for table in VALUES)
    return [
        Figure(f"storage of a device of {params} parameters", "postgresql", round(each(*VALUES)), "B", 6 * 1024, f"{parts}; {rows:.1f} values in rows"),
        Figure("its head row, login, canonical readings, with indexes", "postgresql", round(each(*HEAD)), "B"),
    ]


def fleet_memory(null: NullServer, devices: int, say: Say) -> Figure:
    """Memory of one process of so many full simulated devices after each has had a session."""
    fleet = FleetProcess(f"http://127.0.0.1:{null.port}/", StormPlan(known=devices))
    try:
        fleet.next_state(600)
        fleet.order("learn", devices)
        while (state := fleet.next_state())["known"] < devices:
            pass
        time.sleep(2)
        peak = Group("fleet", [fleet.pid]).memory().peak_mb
        each = 1000 * float(fleet.next_state()["cpu_s"]) / devices
    finally:
        fleet.stop()
    say(f"  {devices} simulated devices: {peak:.0f} MB, {each:.2f} ms CPU each from nothing to the end of a session")
    return Figure(
        f"memory of {devices} simulated devices, one process", "", peak, "MB", 1024 * devices / 10_000,
        f"{each:.2f} ms CPU a device, its making and a session; {sum(state['failures'].values())} failed",
    )  # fmt: skip


def list_page(house: House, rows: int, say: Say) -> Figure | None:
    """The slowest indexed query of the list with so many head rows, first page or deep; None where the tests are not there to ask them."""
    root = Path(__file__).parent.parent.parent
    if not (root / "tests" / "bench" / "finding.py").exists():
        return None
    url = house.postgres.url if house.postgres is not None else f"sqlite:///{house.folder / 'list.db'}"
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bench.finding", url, "--devices", str(rows)], cwd=root, capture_output=True, text=True, check=False
    )
    found = [(float(line[1]), line[2].strip()) for line in map(_LINE.match, ran.stdout.splitlines()) if line]
    if not found:
        raise WrongEnvironment(f"The list was not measured: {ran.stderr.strip()[-400:]}")
    worst, name = max(found)
    say(f"  slowest of {len(found)} list queries over {rows} devices: {worst:.1f} ms, {name}")
    return Figure(f"slowest list query of {len(found)}, {rows} devices", house.database, worst, "ms", 100.0, name)


@dataclass(frozen=True, slots=True)
class Growth:
    """CPU of a session, in milliseconds, while so many devices, or parameters, were stored."""

    database: str
    over: str
    points: tuple[tuple[int, float], ...]

    @property
    def ratio(self) -> float:
        """Of the last to the first: 1 is flat."""
        return self.points[-1][1] / self.points[0][1] if self.points and self.points[0][1] else 0.0


def growth_over_devices(bench: Bench, case: Case, steps: Sequence[int], say: Say) -> Growth:
    """The same case again and again, with more and more devices that are only there."""
    points = []
    there = 0
    for step in steps:
        names = [(key_of(FIRST[case.params]), f"0A1B2C-BenchCPE-COPY{number:08d}", f"COPY{number:08d}") for number in range(there, step)]
        if names:
            bench.house.copy_devices(names)
            there = step
            time.sleep(5)
        total = bench.measure(case).total_ms
        points.append((step, total))
        say(f"  {step} more devices: {total:.2f} ms")
    return Growth(bench.house.database, "devices stored", tuple(points))
