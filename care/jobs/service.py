"""What the page and the API of jobs do, over acs.jobs. Tests: tests/care/jobs."""

from acs import audit, jobs
from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.errors import NotFound
from acs.jobs import JobState, JobView
from care.security.service import Clock


class Jobs:
    """Background work of one tenant at a time."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def listed(self, tenant: TenantId, state: JobState | None = None, before: int | None = None, limit: int = 50) -> tuple[JobView, ...]:
        with self._db.read() as session:
            return jobs.listed(session, tenant, (state,) if state else (), before, limit)

    def counts(self, tenant: TenantId) -> dict[JobState, int]:
        with self._db.read() as session:
            return jobs.counts(session, tenant)

    def job(self, tenant: TenantId, job_id: int) -> JobView:
        with self._db.read() as session:
            row = session.get(jobs.Job, job_id)
            found = jobs.get(session, job_id) if row is not None and row.tenant_id == tenant else None
        if found is None:
            raise NotFound(f"There is no job {job_id}.")
        return found

    def retry(self, by: Actor, job_id: int) -> JobView:
        """Run a failed job again. NotFound, or Conflict if it did not fail."""
        now = self._clock()
        with self._db.write() as unit:
            jobs.retry(unit, by.tenant, job_id, now)
            audit.record(unit, by, "job.retry", f"job:{job_id}", now)
        return self.job(by.tenant, job_id)
