"""Monitoring in the background: who is watched, what is read, who is silent, spreads, roll-ups and retention, the census of the fleet.

Each piece is done in small transactions, so that no Inform waits for it, and may run twice.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from acs.db.engine import Unit
from acs.jobs import JobView
from acs.monitoring import absence, alarms, fleet, members, partitions, reports, series
from acs.monitoring import service as monitoring
from acs.operations import sampling
from tasks.app import House, work

EVERY_S: dict[str, float] = {
    "monitoring.census": 60,
    "monitoring.absence": 30,
    "monitoring.reads": 30,
    "monitoring.members": 300,
    "monitoring.spreads": 300,
    "monitoring.retention": 600,
}
KEEP_SAMPLES = timedelta(days=9)
KEEP_HOURS = timedelta(days=120)
KEEP_DAYS = timedelta(days=800)
KEEP_ALARMS = timedelta(days=180)
KEEP_SPREADS = timedelta(days=120)
KEEP_READS = timedelta(hours=2)
RUN_S = 120.0
"""A job that has more to do after so long goes on with its next beat."""
_FORGOTTEN = "forgotten reads"
Step = Callable[[Unit], int]
"""A piece of work in a unit of its own: how much it did, 0 or False for nothing more."""


@work("monitoring.census")
def census(house: House, job: JobView) -> str:
    """Count the fleet, unless the last census was so long that it should rest."""
    begun, now = time.process_time(), house.now()
    with house.database.read() as session:
        if not fleet.is_due(session, now):
            return "rests"
        counts, parts = fleet.new_counts(session), list(fleet.ranges(session))
    for part in parts:
        with house.database.read() as session:
            fleet.count(session, counts, part, now)
    for tenant, counted in counts.items():
        with house.database.read() as session:
            told = fleet.document(session, tenant, counted, now)
        with house.database.write() as unit:
            fleet.keep(unit, tenant, told, now, int(1000 * (time.process_time() - begun)))
    return f"{sum(sum(counted.presence.values()) for counted in counts.values())} devices"


@work("monitoring.absence")
def silent_devices(house: House, job: JobView) -> str:
    """Alarms of devices that do not speak: taken back where they came, raised where it lasts, ended where they flapped."""
    now, came, told, quiet = house.now(), 0, 0, 0
    with house.database.read() as session:
        thresholds = absence.watched(session)
    for number in thresholds:
        came += _repeat(house, partial(absence.take_back, threshold_id=number, now=now), 300)
        told += _repeat(house, partial(absence.tell, threshold_id=number, now=now), 200)
    quiet = _repeat(house, lambda unit: alarms.end_flapping(unit, now), 200)
    return f"{told} told, {came} came, {quiet} quiet again"


def _repeat(house: House, step: Step, full: int) -> int:
    """Do a step in units of its own until it finds less than it could take."""
    total = 0
    while True:
        with house.database.write() as unit:
            count = int(step(unit))
        total += count
        if count < full:
            return total


@work("monitoring.members")
def refresh_members(house: House, job: JobView) -> str:
    """args: monitor, or none for all. Bring to rows whom each selection fits now."""
    now = house.now()
    with house.database.read() as session:
        numbers = monitoring.numbers(session)
    wanted = [number for number in numbers if job.args.get("monitor") in (None, number)]
    for number in wanted:
        after: int | None = 0
        while after is not None:
            with house.database.write() as unit:
                after = members.refresh(unit, number, after, now)
    return f"{len(wanted)} monitors"


@work("monitoring.reads")
def read_due(house: House, job: JobView) -> str:
    """Ask devices for watched values that do not come by themselves."""
    begun, queued = time.monotonic(), 0
    while time.monotonic() - begun < RUN_S / 4:
        with house.database.read() as session:
            found = members.due(session, house.now())
        if not found.later:
            break
        with house.database.write() as unit:
            queued += members.ask(unit, found, house.now())
    return f"{queued} reads queued"


@work("monitoring.spreads")
def look_at_spreads(house: House, job: JobView) -> str:
    """How the newest readings of each monitor's devices are spread."""
    now = house.now()
    with house.database.read() as session:
        numbers = reports.due(session, now)
    for number in numbers:
        with house.database.read() as session:
            tenant, found = monitoring.tenant_of(session, number), reports.look(session, number, now)
        if tenant is not None and found is not None:
            with house.database.write() as unit:
                reports.keep(unit, tenant, number, found)
    return f"{len(numbers)} looked at"


@work("monitoring.retention")
def retention(house: House, job: JobView) -> str:
    """Partitions ahead, days rolled up, and what is old dropped. What is not done in RUN_S is done with the next beat."""
    now, begun, steps = house.now(), time.monotonic(), 0
    with house.database.write() as unit:
        made = partitions.ensure(unit, now)
    samples, hours, days = series.LEVELS
    jobs: tuple[Step, ...] = (
        lambda unit: series.roll_up(unit, now),
        lambda unit: series.drop_old(unit, samples, now - KEEP_SAMPLES),
        lambda unit: series.drop_old(unit, hours, now - KEEP_HOURS),
        lambda unit: series.drop_old(unit, days, now - KEEP_DAYS),
        lambda unit: alarms.delete_old(unit, now - KEEP_ALARMS) == 500,
        lambda unit: reports.delete_old(unit, now - KEEP_SPREADS) == 500,
        lambda unit: fleet.thin_out(unit, now) >= 500,
    )
    for step in jobs:
        more = True
        while more and time.monotonic() - begun < RUN_S:
            with house.database.write() as unit:
                more = bool(step(unit))
            steps += 1
    with house.database.read() as session:
        after: int | None = series.mark(session, _FORGOTTEN)
    while after is not None and time.monotonic() - begun < RUN_S:
        with house.database.write() as unit:
            series.set_mark(unit, _FORGOTTEN, after)
            after = sampling.forget_reads(unit, after, now - KEEP_READS)
    return f"{made} partitions made, {steps} steps"
