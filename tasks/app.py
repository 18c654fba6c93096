"""The Celery app and how a job row becomes a task.

A task is a plain function of (house, job): it is sent by the relay with the job's number only, takes the job under a lease, does its work by
the same services a page calls, and may run twice without harm. `memory://` forgets at exit and brokers lose things: the row is the truth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import Celery
from prometheus_client import Counter, Histogram

from acs import jobs, log
from acs.db.engine import Database
from acs.jobs import JobView
from acs.settings import Settings

LEASE = timedelta(minutes=5)

_log = log.get("jobs")
_done = Counter("hearthline_jobs_total", "jobs by name and outcome", ["name", "outcome"])
_seconds = Histogram("hearthline_job_seconds", "duration of jobs", ["name"])


@dataclass(frozen=True, slots=True)
class House:
    """What tasks work with."""

    settings: Settings
    database: Database

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)


Work = Callable[[House, JobView], str]
"""Does the work; returns a few words on what came of it."""

_WORKS: dict[str, Work] = {}


def work(name: str) -> Callable[[Work], Work]:
    """Declare the function behind jobs of this name."""

    def declare(function: Work) -> Work:
        _WORKS[name] = function
        return function

    return declare


def names() -> tuple[str, ...]:
    return tuple(sorted(_WORKS))


def run_job(house: House, job_id: int) -> str:
    """Take the job, run it, keep how it ended. An exception is kept on the row and tried again later; it never ends the worker."""
    with house.database.write() as unit:
        job = jobs.begin(unit, job_id, house.now(), LEASE)
    if job is None:
        return "taken"
    _log.info("job begins", job=job.id, name=job.name, attempt=job.attempts)
    try:
        if job.name not in _WORKS:
            raise LookupError(f"there is no task {job.name!r}")
        with _seconds.labels(job.name).time():
            said = _WORKS[job.name](house, job)
    except Exception as error:
        _log.exception("job failed", job=job.id, name=job.name)
        _done.labels(job.name, "failed").inc()
        with house.database.write() as unit:
            jobs.fail(unit, job.id, house.now(), f"{type(error).__name__}: {error}")
            unit.hint("job", id=job.id)
        return "failed"
    _done.labels(job.name, "done").inc()
    with house.database.write() as unit:
        jobs.finish(unit, job.id, house.now(), said)
    return "done"


def make_app(house: House, every_s: dict[str, float]) -> Celery:
    """The Celery app of one worker process. `every_s`: seconds between the beats of each upkeep job."""
    settings = house.settings
    app = Celery("hearthline", broker=settings.broker_url)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_redirect_stdouts=False,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        broker_transport_options={"polling_interval": 0.05} if settings.broker_url.startswith("memory") else {},
        task_default_queue="hearthline",
        beat_schedule_filename=str(settings.home.absolute() / "run" / "beat"),
        beat_schedule={name: {"task": "beat", "schedule": seconds, "args": (name, seconds)} for name, seconds in every_s.items()},
        timezone="UTC",
    )

    @app.task(name="job", shared=False)
    def job(job_id: int) -> str:
        return run_job(house, job_id)

    @app.task(name="beat", shared=False)
    def beat(name: str, seconds: float) -> None:
        enqueue_beat(house, name, seconds)

    return app


def enqueue_beat(house: House, name: str, seconds: float) -> int | None:
    """A job row for this beat. Several schedulers may fire the same beat: its key makes it one."""
    from acs.db.tenancy import DEFAULT_TENANT

    now = house.now()
    slot = int(now.timestamp() // seconds)
    with house.database.write() as unit:
        return jobs.enqueue(unit, DEFAULT_TENANT, name, {}, now, by="system:beat", key=f"{name}:{slot}")


def send(app: Any, job_id: int) -> None:
    app.send_task("job", args=(job_id,))
