"""The outbox: jobs are taken under a lease, tried again with growing waits, asked for once by key: acs/jobs.py."""

import threading
from datetime import timedelta

import pytest

from acs import jobs
from acs.db.engine import Database
from acs.errors import Conflict, NotFound
from acs.jobs import JobState

LEASE = timedelta(minutes=5)
RESEND = timedelta(seconds=60)
SECOND = timedelta(seconds=1)


def add(database, now, name="test.work", tenant=1, **given):
    with database.write() as unit:
        return jobs.enqueue(unit, tenant, name, {"n": 1}, now, "user:anna", **given)


def do(database, call, *args, **given):
    with database.write() as unit:
        return call(unit, *args, **given)


def look(database, job_id):
    with database.read() as session:
        return jobs.get(session, job_id)


@pytest.mark.feature("L-20")
def test_job_is_there_exactly_when_the_change_that_wants_it_is(any_database, now):
    def broken():
        with any_database.write() as unit:
            jobs.enqueue(unit, 1, "test.work", {}, now, "user:anna")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    with any_database.read() as session:
        assert jobs.listed(session, 1) == ()
    assert look(any_database, add(any_database, now)).args == {"n": 1}


def test_asking_leaves_a_hint_with_the_commit(database, now):
    with database.write() as unit:
        job_id = jobs.enqueue(unit, 1, "test.work", {}, now, "user:anna")
        assert unit.hints == [{"kind": "job", "id": job_id}]


def test_second_job_with_a_key_is_not_added(any_database, now):
    assert add(any_database, now, key="bill:2026-11") is not None
    assert add(any_database, now, key="bill:2026-11") is None
    assert add(any_database, now, key="bill:2026-12") is not None
    assert add(any_database, now) is not None
    assert add(any_database, now) is not None, "without a key there may be many"


def test_key_stays_taken_after_the_job_is_done(any_database, now):
    job_id = add(any_database, now, key="once")
    do(any_database, jobs.begin, job_id, now, LEASE)
    do(any_database, jobs.finish, job_id, now)
    assert add(any_database, now, key="once") is None


def test_two_who_ask_at_once_get_one_job_and_neither_fails(any_database, now):
    got, barrier = [], threading.Barrier(2)

    def ask():
        database = Database(any_database.url)
        barrier.wait()
        with database.write() as unit:
            got.append(jobs.enqueue(unit, 1, "test.work", {}, now, "user:anna", key="once"))
            unit.session.flush()
        database.close()

    for _ in range(5):
        got.clear()
        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(job_id is None for job_id in got) == [False, True]
        do(any_database, lambda unit: unit.session.query(jobs.Job).delete())


def test_due_job_is_sent_once(any_database, now):
    job_id = add(any_database, now)
    later = add(any_database, now, run_after=now + timedelta(hours=1))
    assert do(any_database, jobs.due, now, RESEND) == ((job_id, "test.work"),)
    assert do(any_database, jobs.due, now, RESEND) == ()
    assert do(any_database, jobs.due, now + timedelta(hours=1), timedelta(days=1)) == ((later, "test.work"),)


def test_job_the_broker_forgot_is_sent_again(any_database, now):
    job_id = add(any_database, now)
    do(any_database, jobs.due, now, RESEND)
    with any_database.read() as session:
        assert not jobs.any_due(session, now + RESEND - SECOND, RESEND)
        assert jobs.any_due(session, now + RESEND, RESEND)
    assert do(any_database, jobs.due, now + RESEND, RESEND) == ((job_id, "test.work"),)


def test_job_is_had_by_one_worker_until_its_lease_ends(any_database, now):
    job_id = add(any_database, now)
    first = do(any_database, jobs.begin, job_id, now, LEASE)
    assert (first.state, first.attempts, first.started_at) == (JobState.RUNNING, 1, now)
    assert do(any_database, jobs.begin, job_id, now + LEASE - SECOND, LEASE) is None
    with any_database.read() as session:
        assert not jobs.any_due(session, now + LEASE - SECOND, RESEND)
        assert jobs.any_due(session, now + LEASE, RESEND)
    again = do(any_database, jobs.begin, job_id, now + LEASE, LEASE)
    assert again.attempts == 2


def test_done_job_is_never_taken_again(any_database, now):
    job_id = add(any_database, now)
    do(any_database, jobs.begin, job_id, now, LEASE)
    do(any_database, jobs.finish, job_id, now, "3 bills")
    assert do(any_database, jobs.begin, job_id, now + timedelta(days=1), LEASE) is None
    view = look(any_database, job_id)
    assert (view.state, view.progress, view.finished_at) == (JobState.DONE, "3 bills", now)


def test_failing_job_waits_twice_as_long_each_time_and_then_stays_failed(any_database, now):
    job_id, at, waits = add(any_database, now), now, []
    for _ in range(4):
        do(any_database, jobs.begin, job_id, at, LEASE)
        do(any_database, jobs.fail, job_id, at, "OSError: gone")
        view = look(any_database, job_id)
        assert (view.state, view.error) == (JobState.DUE, "OSError: gone")
        waits.append((view.run_after - at).total_seconds())
        at = view.run_after
    assert waits == [10, 20, 40, 80]
    do(any_database, jobs.begin, job_id, at, LEASE)
    do(any_database, jobs.fail, job_id, at, "OSError: gone")
    assert (look(any_database, job_id).state, look(any_database, job_id).finished_at) == (JobState.FAILED, at)
    assert do(any_database, jobs.due, at + timedelta(days=9), RESEND) == ()


def test_failed_job_runs_again_when_a_person_says_so(any_database, now):
    job_id = add(any_database, now)
    with pytest.raises(Conflict, match="is due"):
        do(any_database, jobs.retry, 1, job_id, now)
    for _ in range(5):
        do(any_database, jobs.begin, job_id, now, LEASE)
        do(any_database, jobs.fail, job_id, now, "x")
    do(any_database, jobs.retry, 1, job_id, now)
    assert (look(any_database, job_id).state, look(any_database, job_id).attempts) == (JobState.DUE, 0)


def test_jobs_of_another_tenant_do_not_exist(any_database, now):
    job_id = add(any_database, now)
    with pytest.raises(NotFound):
        do(any_database, jobs.retry, 2, job_id, now)
    with any_database.read() as session:
        assert jobs.listed(session, 2) == ()
        assert jobs.counts(session, 2) == {}


def test_jobs_are_listed_by_state_newest_first_and_counted(any_database, now):
    ids = [add(any_database, now) for _ in range(4)]
    do(any_database, jobs.begin, ids[1], now, LEASE)
    with any_database.read() as session:
        assert [job.id for job in jobs.listed(session, 1)] == ids[::-1]
        assert [job.id for job in jobs.listed(session, 1, states=[JobState.RUNNING])] == [ids[1]]
        assert [job.id for job in jobs.listed(session, 1, before_id=ids[2], limit=1)] == [ids[1]]
        assert jobs.counts(session, 1) == {JobState.DUE: 3, JobState.RUNNING: 1}


def test_retention_takes_done_jobs_only_and_those_of_the_beat_sooner(any_database, now):
    old, kept, failed = (add(any_database, now) for _ in range(3))
    with any_database.write() as unit:
        beat = jobs.enqueue(unit, 1, "upkeep", {}, now, "system:beat", key="beat:1")
        for job_id, at in ((old, now - timedelta(days=8)), (kept, now - timedelta(days=6)), (beat, now - timedelta(hours=3))):
            jobs.begin(unit, job_id, at, LEASE)
            jobs.finish(unit, job_id, at)
    gone = do(any_database, jobs.delete_old, now - timedelta(days=7), now - timedelta(hours=2))
    assert gone == 2
    assert [look(any_database, job_id) is None for job_id in (old, kept, failed, beat)] == [True, False, False, True]


def test_one_holder_leads_until_its_lease_ends(any_database, now):
    lease = timedelta(seconds=15)
    assert do(any_database, jobs.lead, "relay", "a:1", now, lease)
    assert not do(any_database, jobs.lead, "relay", "b:2", now + lease - SECOND, lease)
    assert do(any_database, jobs.lead, "relay", "a:1", now + lease - SECOND, lease), "the leader renews"
    assert not do(any_database, jobs.lead, "relay", "b:2", now + lease + SECOND, lease)
    assert do(any_database, jobs.lead, "relay", "b:2", now + 2 * lease, lease)
    assert not do(any_database, jobs.lead, "relay", "a:1", now + 2 * lease, lease)
    assert do(any_database, jobs.lead, "beat", "a:1", now, lease), "another role is led by itself"
