"""`hearthline bench`: wires, decides nothing. Exit codes: 0 measured, 1 something failed or a value was not stored, 2 wrong use or environment."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from acs.errors import WrongEnvironment
from simulators.bench.cases import CASES

DATABASES = ("sqlite", "postgresql")


@click.command()
@click.option("--quick", is_flag=True, help="A fifth of the sessions, once, 5 s to settle: minutes instead of an hour.")
@click.option("--case", "cases", multiple=True, type=click.Choice([case.name for case in CASES]), help="Only this case; may be given again.")
@click.option("--database", "databases", multiple=True, type=click.Choice(DATABASES), help="Only on this one [both].")
@click.option("--runs", type=click.IntRange(1, 50), default=None, help="Runs of each case; the median counts [5; 1 with --quick].")
@click.option("--share", type=click.FloatRange(0.001, 10), default=None, help="Part of the full number of sessions [1; 0.2 with --quick].")
@click.option("--settle", type=click.FloatRange(0, 600), default=None, help="Seconds before CPU is read for the last time [30; 5 with --quick].")
@click.option("--generator", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=None, help="Another load generator with the same options.")
@click.option("--storm", is_flag=True, help="Only the storm: everybody comes back after a power cut.")
@click.option("--known", type=click.IntRange(100, 1_000_000), default=100_000, show_default=True, help="Devices of the storm.")
@click.option("--rate", type=click.FloatRange(1, 10_000), default=167.0, show_default=True, help="Boots a second in the storm.")
@click.option("--seconds", type=click.FloatRange(20, 3600), default=180.0, show_default=True, help="How long the storm lasts.")
@click.option("--workers", type=click.IntRange(1, 16), default=1, show_default=True, help="CWMP workers in the storm.")
@click.option("--deaf", type=click.FloatRange(0, 1), default=0.2, show_default=True, help="Share of devices in the storm that do not heed Retry-After.")
@click.option("--report", type=click.Path(path_type=Path), default=None, help="Also write a report (Markdown) here, and a chart (SVG) beside it.")
def bench(
    quick: bool, cases: tuple[str, ...], databases: tuple[str, ...], runs: int | None, share: float | None, settle: float | None,
    generator: Path | None, report: Path | None, storm: bool, known: int, rate: float, seconds: float, workers: int, deaf: float,
) -> None:  # fmt: skip
    """Measure what sessions cost, against servers started for it."""
    from dataclasses import replace

    from simulators.bench.cases import FULL, QUICK, case_of
    from simulators.bench.storm import StormPlan
    from simulators.bench.whole import Plan, carry_out, storms

    given = {name: value for name, value in (("share", share), ("runs", runs), ("settle_s", settle)) if value is not None}
    size = replace(QUICK if quick else FULL, **given)  # type: ignore[arg-type]
    weather = StormPlan(known, rate, seconds, deaf=deaf, workers=workers)
    plan = Plan(tuple(case_of(name) for name in cases) or CASES, databases or DATABASES, size, generator, report)
    try:
        good = storms(weather, plan.databases, click.echo) if storm else carry_out(plan, click.echo)
    except WrongEnvironment as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    sys.exit(0 if good else 1)
