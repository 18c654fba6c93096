"""/api/v1/jobs."""

from acs import jobs
from acs.db.tenancy import DEFAULT_TENANT


def test_jobs_page_by_key_and_retry(program, services, clock):
    with services.db.write() as unit:
        numbers = [jobs.enqueue(unit, DEFAULT_TENANT, "x.y", {}, clock.now, "a") for _ in range(3)]
    first = program("GET", "/jobs?limit=2").json
    assert [job["id"] for job in first["items"]] == numbers[:0:-1]
    assert program("GET", f"/jobs?limit=2&before={first['next']}").json["next"] is None
    assert program("GET", f"/jobs/{numbers[0]}").json["state"] == "due"
    assert program("POST", f"/jobs/{numbers[0]}/retry").status_code == 409
    assert program("GET", "/jobs?state=failed").json["items"] == []
