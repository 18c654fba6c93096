"""Jobs by tenant."""

import pytest

from acs import jobs
from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import Conflict, NotFound
from acs.jobs import JobState
from tests.care.conftest import ADMIN, OTHER_TENANT


@pytest.fixture
def job(services, clock) -> int:
    with services.db.write() as unit:
        return jobs.enqueue(unit, DEFAULT_TENANT, "x.y", {"device": 7}, clock.now, "user:anna")


def test_job_of_another_tenant_is_not_there(services, job):
    assert services.jobs.job(DEFAULT_TENANT, job).args == {"device": 7}
    with pytest.raises(NotFound):
        services.jobs.job(OTHER_TENANT, job)
    with pytest.raises(NotFound):
        services.jobs.retry(Actor("user:eve", OTHER_TENANT), job)
    assert services.jobs.listed(OTHER_TENANT) == ()
    assert services.jobs.counts(OTHER_TENANT) == {}


def test_counts_and_lists_go_by_state(services, job):
    assert services.jobs.counts(DEFAULT_TENANT) == {JobState.DUE: 1}
    assert services.jobs.listed(DEFAULT_TENANT, JobState.FAILED) == ()


def test_refused_retry_leaves_no_audit_line(services, job):
    with pytest.raises(Conflict):
        services.jobs.retry(ADMIN, job)
    assert services.audit.lines(DEFAULT_TENANT, f"job:{job}") == ()
