"""The report of a bench: a page of Markdown with machine, versions and method, and its chart. Tests: tests/simulators/bench/test_report.py."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from simulators.bench.cases import Size
from simulators.bench.figures import Figure, Growth
from simulators.bench.run import Outcome
from simulators.bench.storm import StormOutcome, told

METHOD = (
    "`hearthline up` in a fresh data directory, logins of devices off (`HEARTHLINE_CPE_AUTH=none`), recorder and metrics on, TR-098. PostgreSQL is a "
    "server of the bench's own with `fsync` and `synchronous_commit` on; SQLite runs with `synchronous=FULL`. CPU is user + system of every process "
    "`up` started, web and worker with their idling included, and of the database, from /proc, from the first session until {settle:g} s after the "
    "last. Sessions are complete, each on its own TCP connection, 16 at once. Median of {runs}; beside each run, one against a server that "
    "does nothing but answer. Afterwards values of {sample} devices a case are read back through the API and compared with what the devices have."
)


@dataclass(slots=True)
class Results:
    size: Size
    began: datetime
    outcomes: list[Outcome] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    growths: list[Growth] = field(default_factory=list)
    storms: list[StormOutcome] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        """Whether what was measured was the real thing: no session failed, every value was found again, no event of a storm lost."""
        return not any(outcome.failed or outcome.wrong for outcome in self.outcomes) and not any(each.lost or each.unserved for each in self.storms)


def machine() -> dict[str, str]:
    """What it ran on."""
    model = next((line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = next((int(line.split()[1]) // 1024 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {
        "processor": f"{model}, {len(os.sched_getaffinity(0))} cores", "memory": f"{memory} MB", "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(), "SQLite": sqlite3.sqlite_version, "Hearthline": _revision(),
        "load average": " ".join(f"{value:.2f}" for value in os.getloadavg()),
    }  # fmt: skip


def _lines(place: str) -> list[str]:
    try:
        return Path(place).read_text().splitlines()
    except OSError:
        return []


def _revision() -> str:
    from importlib.metadata import version

    ran = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return f"{version('hearthline')} {ran.stdout.strip()}".strip()


def page(results: Results, about: Mapping[str, str], chart: str = "") -> str:
    """The whole page; `chart` is the name of the file beside it."""
    size = results.size
    parts = [
        "# Benchmark",
        f"{results.began:%Y-%m-%d %H:%M} UTC. " + "; ".join(f"{name} {value}" for name, value in {**about, **results.versions}.items()) + ".",
        METHOD.format(settle=size.settle_s, runs=size.runs, sample=20),
    ]
    if results.outcomes:
        parts += ["## Sessions", _sessions(results.outcomes)]
        if chart:
            parts.append(f"![CPU of a session and its goal]({chart})")
        parts += [f"- {_trouble(outcome)}" for outcome in results.outcomes if outcome.failed or outcome.wrong]
    if results.figures:
        parts += ["## Memory, storage, lists", _figures(results.figures)]
    if results.growths:
        parts += ["## Growth", _growths(results.growths)]
    if results.storms:
        parts += ["## Storm", *(f"```\n{told(each)}\n```" for each in results.storms)]
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _sessions(outcomes: Sequence[Outcome]) -> str:
    head = (
        "session", "database", "goal ms", "measured ms", "lowest to highest", "of it cwmp", "database", "null server", "best open peer",
        "sessions/s", "p50, p99 ms", "cwmp MB", "values found again",
    )  # fmt: skip
    rows = []
    for outcome in outcomes:
        totals = sorted(run.total_ms for run in outcome.runs)
        last = outcome.runs[-1]
        rows.append((
            outcome.case.says, outcome.database, f"{outcome.case.goal_ms:g}", f"**{outcome.total_ms:.2f}**", f"{totals[0]:.2f} to {totals[-1]:.2f}",
            f"{outcome.part_ms('cwmp'):.2f}", f"{outcome.part_ms('database'):.2f}", f"{outcome.null_ms:.2f}", f"{outcome.case.peer_ms:g}",
            f"{last.per_s:.0f}", f"{last.latency_ms.get('p50') or 0:.0f}, {last.latency_ms.get('p99') or 0:.0f}", f"{outcome.memory_mb:.0f}",
            f"{outcome.read_back - len(outcome.wrong)} of {outcome.read_back}",
        ))  # fmt: skip
    return table(head, rows)


def _figures(figures: Sequence[Figure]) -> str:
    rows = [
        (each.says, each.where or "-", f"{each.goal:g} {each.unit}" if each.goal is not None else "-", f"**{each.value:g} {each.unit}**", each.more)
        for each in figures
    ]
    return table(("what", "where", "goal", "measured", ""), rows)


def _growths(growths: Sequence[Growth]) -> str:
    rows = [
        (each.database, each.over, ", ".join(f"{count}: {ms:.2f} ms" for count, ms in each.points), f"{each.ratio:.2f}") for each in growths
    ]
    return table(("database", "a periodic session over", "measured", "last through first"), rows)


def _trouble(outcome: Outcome) -> str:
    failures = {why: count for run in outcome.runs for why, count in run.failures.items()}
    return f"{outcome.database}, {outcome.case.name}: {outcome.failed} sessions failed {failures or ''}; {len(outcome.wrong)} values wrong {outcome.wrong[:3]}"
