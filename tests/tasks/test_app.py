"""How a job row becomes a task, on memory:// and on RabbitMQ, and what happens when a worker dies: tasks/app.py."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from celery.contrib.testing.worker import start_worker

from acs import jobs
from acs.db.engine import Database
from acs.jobs import JobState
from acs.settings import Settings
from tasks import app as tasks_app
from tasks.app import LEASE, enqueue_beat, make_app, names, run_job, send
from tasks.relay import Relay
from tests.tasks.conftest import TestHouse
from tests.tasks.worker import LEASE as SHORT_LEASE

ROOT = Path(__file__).parent.parent.parent


# ---- running one job -----------------------------------------------------------------------------------------------


def test_job_is_run_and_its_words_kept(any_house, works):
    works.add("test.work", lambda house, job: f"{job.args['n']} bills")
    job_id = any_house.enqueue(args={"n": 3})
    assert run_job(any_house, job_id) == "done"
    job = any_house.job(job_id)
    assert (job.state, job.progress, job.attempts, job.error) == (JobState.DONE, "3 bills", 1, "")


def test_failing_job_keeps_its_error_and_is_due_again(any_house, works):
    works.add("test.work", lambda house, job: 1 / 0)
    job_id = any_house.enqueue()
    assert run_job(any_house, job_id) == "failed"
    job = any_house.job(job_id)
    assert (job.state, job.error) == (JobState.DUE, "ZeroDivisionError: division by zero")
    assert job.run_after > any_house.now()


def test_job_nobody_can_do_fails_by_name(any_house, works):
    job_id = any_house.enqueue("test.unknown")
    assert run_job(any_house, job_id) == "failed"
    assert any_house.job(job_id).error == "LookupError: there is no task 'test.unknown'"


def test_job_that_is_done_or_had_by_another_is_left_alone(any_house, works):
    works.add("test.work")
    job_id = any_house.enqueue()
    with any_house.database.write() as unit:
        jobs.begin(unit, job_id, any_house.now(), LEASE)
    assert run_job(any_house, job_id) == "taken"
    with any_house.database.write() as unit:
        jobs.finish(unit, job_id, any_house.now())
    assert run_job(any_house, job_id) == "taken"
    assert run_job(any_house, 999_999) == "taken"
    assert works.done == []


def test_what_a_failed_work_wrote_is_not_there(any_house, works):
    def half(house, job):
        with house.database.write() as unit:
            jobs.enqueue(unit, 1, "test.half", {}, house.now(), "x")
            raise OSError("broke off")

    works.add("test.work", half)
    run_job(any_house, any_house.enqueue())
    with any_house.database.read() as session:
        assert [job.name for job in jobs.listed(session, 1)] == ["test.work"]


def test_works_are_known_by_name(works):
    works.add("test.zebra")
    assert "test.zebra" in names()
    assert list(names()) == sorted(names())


# ---- beats ---------------------------------------------------------------------------------------------------------


def test_beat_of_several_schedulers_is_one_job(any_house, monkeypatch, now):
    at = [now]
    monkeypatch.setattr(TestHouse, "now", staticmethod(lambda: at[0]))
    assert enqueue_beat(any_house, "upkeep.silence", 20) is not None
    assert enqueue_beat(any_house, "upkeep.silence", 20) is None
    assert enqueue_beat(any_house, "upkeep.retention", 20) is not None
    at[0] = now + timedelta(seconds=20)
    assert enqueue_beat(any_house, "upkeep.silence", 20) is not None


def test_schedule_is_beaten_by_name(house):
    app = make_app(house, {"upkeep.silence": 20})
    assert app.conf.beat_schedule == {"upkeep.silence": {"task": "beat", "schedule": 20, "args": ("upkeep.silence", 20)}}
    app.tasks["beat"]("upkeep.silence", 20)
    with house.database.read() as session:
        assert [(job.name, job.created_by) for job in jobs.listed(session, 1)] == [("upkeep.silence", "system:beat")]


def test_broker_may_lose_nothing_for_good(house):
    """Late acknowledgement: what a killed worker held is delivered again."""
    conf = make_app(house, {}).conf
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost, conf.worker_prefetch_multiplier) == (True, True, 1)


# ---- a real worker -------------------------------------------------------------------------------------------------


def wait_for(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"did not happen within {seconds} s"
        time.sleep(0.02)


@contextmanager
def working(house, queue):
    """A real worker in a thread, and the relay; both end with the block."""
    app = make_app(house, {})
    app.conf.task_default_queue = queue
    relay = Relay(app, house)
    with start_worker(app, pool="threads", concurrency=2, perform_ping_check=False, loglevel="ERROR", shutdown_timeout=20):
        relay.start()
        try:
            yield app
        finally:
            relay.stop()
            relay.join(10)
            nudge = threading.Timer(0.3, send, (app, 0))  # told to stop from another thread, it would sit out its poll of 10 s
            nudge.start()
    nudge.join()
    app.close()


def test_job_goes_from_row_to_worker_and_back_in_memory(house, works):
    works.add("test.work", lambda house, job: threading.current_thread().name)
    with working(house, "hearthline_memory"):
        ids = [house.enqueue() for _ in range(5)]
        wait_for(lambda: all(house.job(job_id).state == JobState.DONE for job_id in ids))
    assert [attempts for _, attempts in works.done] == [1] * 5


@pytest.fixture
def queue(rabbitmq_url):
    from kombu import Connection

    name = f"hearthline_test_{os.getpid()}_{time.monotonic_ns()}"
    yield name
    with Connection(rabbitmq_url) as connection:
        connection.default_channel.queue_delete(name)


@pytest.mark.rabbitmq
@pytest.mark.postgres
def test_job_goes_through_rabbitmq(postgres_database, rabbitmq_url, queue, tmp_path, works):
    works.add("test.work")
    house = TestHouse(Settings(home=tmp_path, database_url=postgres_database.url, broker_url=rabbitmq_url), postgres_database)
    with working(house, queue):
        ids = [house.enqueue() for _ in range(20)]
        wait_for(lambda: all(house.job(job_id).state == JobState.DONE for job_id in ids))
    assert len(works.done) == 20


@contextmanager
def worker_process(tmp_path, database_url, rabbitmq_url, queue):
    command = [sys.executable, "-m", "tests.tasks.worker", str(tmp_path), database_url, rabbitmq_url, queue]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def depth(rabbitmq_url, queue):
    from kombu import Connection

    with Connection(rabbitmq_url) as connection:
        return connection.default_channel.queue_declare(queue, passive=True).message_count


@pytest.mark.rabbitmq
@pytest.mark.postgres
def test_job_of_a_worker_that_was_killed_is_done_by_another(postgres_database, rabbitmq_url, queue, tmp_path):
    """kill -9 in the middle: the broker delivers again what was not acknowledged, and the row is sent again when its lease is over."""
    house = TestHouse(Settings(home=tmp_path, database_url=postgres_database.url, broker_url=rabbitmq_url), postgres_database)
    job_id = house.enqueue("test.slow")
    app = make_app(house, {})
    app.conf.task_default_queue = queue
    relay = Relay(app, house)
    assert relay.once() == 1
    begun = tmp_path / "begun"
    with worker_process(tmp_path, postgres_database.url, rabbitmq_url, queue) as first:
        wait_for(begun.exists)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    wait_for(lambda: depth(rabbitmq_url, queue) == 1)
    assert house.job(job_id).state == JobState.RUNNING
    wait_for(lambda: house.now() > house.job(job_id).started_at + SHORT_LEASE)
    with worker_process(tmp_path, postgres_database.url, rabbitmq_url, queue):
        wait_for(lambda: house.job(job_id).state == JobState.DONE)
    assert begun.read_text() == "1\n2\n"
    assert (house.job(job_id).attempts, house.job(job_id).progress) == (2, "done at last")
    app.close()


def test_message_the_broker_lost_is_sent_again_by_the_relay(house, works):
    """memory:// forgets at exit: the row is the truth."""
    works.add("test.work")
    job_id = house.enqueue()

    class Forgetful:
        def send_task(self, name, args): ...

    assert Relay(Forgetful(), house).once() == 1
    with house.database.write() as unit:  # a minute later
        unit.session.get(jobs.Job, job_id).lease_until -= timedelta(minutes=2)
        unit.session.get(jobs.Leader, "relay").until -= timedelta(minutes=2)
    with working(house, "hearthline_found"):
        wait_for(lambda: house.job(job_id).state == JobState.DONE)


def test_sending_names_the_job_and_nothing_else(house):
    sent = []

    class App:
        def send_task(self, name, args):
            sent.append((name, args))

    send(App(), 7)
    assert sent == [("job", (7,))]
    assert tasks_app.House.now().tzinfo is not None
    assert isinstance(house.database, Database)
