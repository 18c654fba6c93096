"""`hearthline bench`: wires, decides nothing. Exit codes: 0 measured, 1 a session failed, a value was not stored or an event was lost,
2 wrong use or environment.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import click

from acs.errors import WrongEnvironment
from simulators.bench.cases import CASES

DATABASES = ("sqlite", "postgresql")
PARTS = ("sessions", "storage", "growth", "list", "fleet", "storm")


@click.command()
@click.option("--quick", is_flag=True, help="A fifth of the sessions, once, 5 s to settle, and everything else small: minutes instead of hours.")
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), help="Only this; may be given again [all].")
@click.option("--case", "cases", multiple=True, type=click.Choice([case.name for case in CASES]), help="Only these sessions; may be given again.")
@click.option("--database", "databases", multiple=True, type=click.Choice(DATABASES), help="Only on this one [both].")
@click.option("--runs", type=click.IntRange(1, 50), default=None, help="Runs of each case; the median counts [5; 1 with --quick].")
@click.option("--share", type=click.FloatRange(0.001, 10), default=None, help="Part of the full number of sessions [1; 0.2 with --quick].")
@click.option("--settle", type=click.FloatRange(0, 600), default=None, help="Seconds before CPU is read for the last time [30; 5 with --quick].")
@click.option("--generator", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=None, help="Another load generator with the same options.")
@click.option("--known", type=click.IntRange(100, 1_000_000), default=None, help="Devices of the storm [100000; 2000 with --quick].")
@click.option("--rate", type=click.FloatRange(1, 10_000), default=None, help="Boots a second in the storm [167; 40 with --quick].")
@click.option("--seconds", type=click.FloatRange(20, 3600), default=None, help="How long the storm lasts [180; 40 with --quick].")
@click.option("--workers", type=click.IntRange(1, 16), default=1, show_default=True, help="CWMP workers in the storm.")
@click.option("--deaf", type=click.FloatRange(0, 1), default=0.2, show_default=True, help="Share of devices in the storm that do not heed Retry-After.")
@click.option("--report", type=click.Path(path_type=Path), default=None, help="Also write a report (Markdown) here, and a chart (SVG) beside it.")
def bench(
    quick: bool, parts: tuple[str, ...], cases: tuple[str, ...], databases: tuple[str, ...], runs: int | None, share: float | None,
    settle: float | None, generator: Path | None, known: int | None, rate: float | None, seconds: float | None, workers: int, deaf: float,
    report: Path | None,
) -> None:  # fmt: skip
    """Measure what sessions, storage and a storm cost, against servers started for it."""
    from dataclasses import replace

    from simulators.bench.cases import FULL, QUICK, case_of
    from simulators.bench.storm import StormPlan
    from simulators.bench.whole import SMALL, Part, Plan, Scale, carry_out

    given = {name: value for name, value in (("share", share), ("runs", runs), ("settle_s", settle)) if value is not None}
    size = replace(QUICK if quick else FULL, **given)  # type: ignore[arg-type]
    storm = {name: value for name, value in (("known", known), ("rate", rate), ("seconds", seconds)) if value is not None}
    weather = replace(StormPlan(2000, 40.0, 40.0) if quick else StormPlan(), workers=workers, deaf=deaf, **storm)  # type: ignore[arg-type]
    chosen = parts or (("sessions",) if cases else PARTS)
    plan = Plan(
        databases or DATABASES, tuple(Part(each) for each in chosen), tuple(case_of(name) for name in cases) or CASES, size,
        SMALL if quick else Scale(), weather, generator, report,
    )  # fmt: skip
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        results = carry_out(plan, click.echo)
    except WrongEnvironment as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    sys.exit(0 if results.is_sound else 1)


def _interrupted(_signal: int, _frame: Any) -> None:
    """Asked to end: by the way of an interrupt, so that the servers are stopped and their data goes."""
    raise KeyboardInterrupt
