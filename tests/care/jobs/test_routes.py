"""The page of jobs."""

from datetime import timedelta

import pytest

from acs import audit, jobs
from acs.db.tenancy import DEFAULT_TENANT
from acs.jobs import JobState
from care.security.permissions import Role


@pytest.fixture
def failed(services, clock) -> int:
    with services.db.write() as unit:
        number = jobs.enqueue(unit, DEFAULT_TENANT, "firmware.fetch", {}, clock.now, "user:anna")
        for _attempt in range(5):
            jobs.begin(unit, number, clock.now, timedelta(minutes=1))
            jobs.fail(unit, number, clock.now, "refused by <images.example>")
    return number


def test_failed_job_shows_its_error_and_runs_again(services, signed_in, failed):
    browser = signed_in(Role.ENGINEER)
    page = browser.get("/jobs/?state=failed").get_data(as_text=True)
    assert "refused by &lt;images.example&gt;" in page
    assert "5 of 5" in page
    answer = browser.post(f"/jobs/{failed}/retry", {"state": "failed"})
    assert answer.location == "/jobs/?state=failed"
    assert services.jobs.job(DEFAULT_TENANT, failed).state is JobState.DUE
    with services.db.read() as session:
        assert audit.lines(session, DEFAULT_TENANT, f"job:{failed}")[0].action == "job.retry"


def test_job_that_did_not_fail_cannot_be_retried(services, signed_in, failed):
    browser = signed_in(Role.ENGINEER)
    browser.post(f"/jobs/{failed}/retry")
    assert browser.post(f"/jobs/{failed}/retry").status_code == 409


def test_empty_states_say_what_will_be_here(signed_in):
    browser = signed_in(Role.ENGINEER)
    assert "No jobs yet" in browser.get("/jobs/").get_data(as_text=True)
    assert "No job is failed" in browser.get("/jobs/?state=failed").get_data(as_text=True)


def test_older_jobs_are_on_the_next_page(services, signed_in, clock, monkeypatch):
    monkeypatch.setattr("care.jobs.routes.PER_PAGE", 2)
    with services.db.write() as unit:
        for number in range(3):
            jobs.enqueue(unit, DEFAULT_TENANT, f"work.{number}", {}, clock.now, "system:beat")
    browser = signed_in(Role.ENGINEER)
    assert "before=2" in browser.get("/jobs/").get_data(as_text=True)
    page = browser.get("/jobs/?before=2").get_data(as_text=True)
    assert "work.0" in page
    assert "work.2" not in page


def test_part_of_the_page_is_the_table_alone(signed_in, failed):
    part = signed_in(Role.ENGINEER).get("/jobs/?part=table").get_data(as_text=True)
    assert "firmware.fetch" in part
    assert "<html" not in part
