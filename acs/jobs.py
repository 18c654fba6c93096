"""Background work as rows: the outbox.

Who wants work done inserts a job in the transaction of the change that caused it. The relay (tasks/relay.py) sends what is due to
the broker after the commit; the broker may forget, the row does not. A worker takes a job under a lease; what outlives its lease is
sent again, so a job may run twice and must not care. Names of jobs are those of the tasks in tasks/.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Index, String, Text, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from acs.db.base import Base, BigId, Instant, Json
from acs.db.bulk import dialect_insert
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.errors import Conflict, NotFound


class JobState(StrEnum):
    DUE = "due"
    SENT = "sent"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Base):
    __tablename__ = "job"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    tenant_id: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    args: Mapped[Any] = mapped_column(Json, default=dict)
    state: Mapped[str] = mapped_column(String(10), default=JobState.DUE.value)
    key: Mapped[str | None] = mapped_column(String(200), unique=True)
    run_after: Mapped[datetime] = mapped_column(Instant)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=5)
    error: Mapped[str] = mapped_column(Text, default="")
    progress: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(120))

    __table_args__ = (Index("ix_job_state_run_after", "state", "run_after"),)


class Leader(Base):
    """Which process relays and beats: one row per role, held by lease."""

    __tablename__ = "leader"

    role: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120))
    until: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True, slots=True)
class JobView:
    id: int
    name: str
    args: dict[str, Any]
    state: JobState
    run_after: datetime
    attempts: int
    max_attempts: int
    error: str
    progress: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    created_by: str


def enqueue(
    unit: Unit,
    tenant: TenantId,
    name: str,
    args: dict[str, Any],
    now: datetime,
    by: str,
    key: str | None = None,
    run_after: datetime | None = None,
) -> int | None:
    """Ask for work in this transaction. A second job with the same `key` is not added: None. `key` names what must happen once."""
    made = dialect_insert(unit.connection, Job).values(
        tenant_id=tenant, name=name, args=args, key=key, run_after=run_after or now, created_at=now, created_by=by
    )
    # Two who ask at the same moment: the second waits for the first and adds nothing, its own transaction unharmed.
    job_id = unit.session.scalar(made.on_conflict_do_nothing(index_elements=["key"]).returning(Job.id))
    if job_id is not None:
        unit.hint("job", id=job_id)
    return job_id


def _is_due(now: datetime, resend_after: timedelta) -> ColumnElement[bool]:
    return or_(
        (Job.state == JobState.DUE) & (Job.run_after <= now),
        (Job.state == JobState.SENT) & (Job.lease_until <= now - resend_after),
        (Job.state == JobState.RUNNING) & (Job.lease_until <= now),
    )


def any_due(session: Session, now: datetime, resend_after: timedelta) -> bool:
    """A look without a write lock, so that an idle relay disturbs nobody."""
    return session.execute(select(Job.id).where(_is_due(now, resend_after)).limit(1)).first() is not None


def due(unit: Unit, now: datetime, resend_after: timedelta, limit: int = 100) -> tuple[tuple[int, str], ...]:
    """Take what is to be sent to the broker: jobs due, and jobs whose lease or sending is too long ago. Marks them as sent."""
    query = select(Job.id, Job.name).where(_is_due(now, resend_after)).order_by(Job.run_after).limit(limit)
    found = tuple((row.id, row.name) for row in unit.session.execute(query))
    if found:
        unit.session.execute(update(Job).where(Job.id.in_([i for i, _ in found])).values(state=JobState.SENT, lease_until=now))
    return found


def begin(unit: Unit, job_id: int, now: datetime, lease: timedelta) -> JobView | None:
    """Take the job under a lease; None if somebody else has it or it is over."""
    taken = unit.session.execute(
        update(Job)
        .where(
            Job.id == job_id, or_(Job.state.in_([JobState.DUE, JobState.SENT]), (Job.state == JobState.RUNNING) & (Job.lease_until <= now))
        )
        .values(state=JobState.RUNNING, lease_until=now + lease, attempts=Job.attempts + 1, started_at=now, error="")
    )
    return get(unit.session, job_id) if taken.rowcount else None  # type: ignore[attr-defined]


def finish(unit: Unit, job_id: int, now: datetime, said: str = "") -> None:
    """The work is done; `said` is what came of it, in a few words."""
    done = {"state": JobState.DONE, "finished_at": now, "lease_until": None, "progress": said[:200]}
    unit.session.execute(update(Job).where(Job.id == job_id).values(**done))


def fail(unit: Unit, job_id: int, now: datetime, error: str) -> None:
    """Try again later, each time after twice as long; after the last attempt it stays failed until a person retries it."""
    job = unit.session.get(Job, job_id)
    if job is None:
        return
    job.error, job.lease_until = error[:4000], None
    if job.attempts >= job.max_attempts:
        job.state, job.finished_at = JobState.FAILED, now
    else:
        job.state, job.run_after = JobState.DUE, now + timedelta(seconds=5 * 2**job.attempts)


def retry(unit: Unit, tenant: TenantId, job_id: int, now: datetime) -> None:
    """Run a failed job again, with a new count of attempts."""
    job = unit.session.get(Job, job_id)
    if job is None or job.tenant_id != tenant:
        raise NotFound(f"There is no job {job_id}.")
    if job.state != JobState.FAILED:
        raise Conflict(f"Job {job_id} is {job.state}, only a failed one can be retried.")
    job.state, job.run_after, job.attempts, job.finished_at = JobState.DUE, now, 0, None
    unit.hint("job", id=job_id)


def get(session: Session, job_id: int) -> JobView | None:
    job = session.get(Job, job_id)
    return None if job is None else _view(job)


def listed(
    session: Session, tenant: TenantId, states: Iterable[JobState] = (), before_id: int | None = None, limit: int = 50
) -> tuple[JobView, ...]:
    """The newest jobs first; `before_id` pages on."""
    query = select(Job).where(Job.tenant_id == tenant).order_by(Job.id.desc()).limit(limit)
    wanted = list(states)
    if wanted:
        query = query.where(Job.state.in_(wanted))
    if before_id is not None:
        query = query.where(Job.id < before_id)
    return tuple(_view(job) for job in session.scalars(query))


def counts(session: Session, tenant: TenantId) -> dict[JobState, int]:
    rows = session.execute(select(Job.state, func.count()).where(Job.tenant_id == tenant).group_by(Job.state))
    return {JobState(state): count for state, count in rows}


def delete_old(unit: Unit, before: datetime, beats_before: datetime, limit: int = 500) -> int:
    """Retention of jobs that are done: those of the beat go sooner. How many went."""
    old = or_(Job.finished_at < before, (Job.created_by == "system:beat") & (Job.finished_at < beats_before))
    ids = list(unit.session.scalars(select(Job.id).where(Job.state == JobState.DONE, old).limit(limit)))
    unit.session.execute(delete(Job).where(Job.id.in_(ids)))
    return len(ids)


def lead(unit: Unit, role: str, holder: str, now: datetime, lease: timedelta) -> bool:
    """Become or stay the leader of a role; False while somebody else holds it."""
    row = unit.session.get(Leader, role, with_for_update=True)
    if row is None:
        unit.session.add(Leader(role=role, holder=holder, until=now + lease))
        unit.session.flush()
        return True
    if row.holder != holder and row.until > now:
        return False
    row.holder, row.until = holder, now + lease
    return True


def _view(job: Job) -> JobView:
    return JobView(
        job.id, job.name, job.args or {}, JobState(job.state), job.run_after, job.attempts, job.max_attempts, job.error, job.progress,
        job.created_at, job.started_at, job.finished_at, job.created_by,
    )  # fmt: skip
