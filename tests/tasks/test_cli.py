"""`hearthline worker`: one process that relays, beats and works, and ends when told: tasks/cli.py."""

import os
import signal
import subprocess
import sys
import time

import pytest

from acs import jobs
from acs.db.engine import Database
from acs.jobs import JobState


@pytest.fixture
def worker(sqlite_url, tmp_path):
    """The command, run as a person would."""
    environment = {**os.environ, "HEARTHLINE_HOME": str(tmp_path), "HEARTHLINE_DATABASE_URL": sqlite_url, "HEARTHLINE_METRICS_PORT": "0"}
    for name in ("HEARTHLINE_BROKER_URL",):
        environment.pop(name, None)
    process = subprocess.Popen(
        [sys.executable, "-c", "from tasks.cli import worker; worker()"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


def test_worker_does_what_is_due_and_ends_by_request(worker, database, tmp_path):
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    with database.write() as unit:
        job_id = jobs.enqueue(unit, 1, "upkeep.retention", {}, now, "user:anna")
    until = time.monotonic() + 40
    while time.monotonic() < until:
        with database.read() as session:
            job = jobs.get(session, job_id)
        if job.state == JobState.DONE or worker.poll() is not None:
            break
        time.sleep(0.1)
    assert job.state == JobState.DONE, worker.communicate(timeout=5)
    assert isinstance(database, Database)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0


def test_database_that_is_not_there_ends_the_command(tmp_path):
    environment = {**os.environ, "HEARTHLINE_HOME": str(tmp_path), "HEARTHLINE_DATABASE_URL": "postgresql+psycopg://127.0.0.1:1/none"}
    done = subprocess.run(
        [sys.executable, "-c", "from tasks.cli import worker; worker()"], check=False, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert "cannot be reached" in done.stderr
