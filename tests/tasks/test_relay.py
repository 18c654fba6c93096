"""The relay sends what is due after its commit, and one leads however many there are: tasks/relay.py."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import event

from acs import jobs
from acs.jobs import JobState
from tasks.relay import LEASE, RESEND_AFTER, Relay
from tests.tasks.conftest import TestHouse


class App:
    """Stands where Celery does."""

    def __init__(self):
        self.sent = []
        self.broken = False

    def send_task(self, _name, args):
        if self.broken:
            raise OSError("the broker is away")
        self.sent.append(args[0])


@pytest.fixture
def clock(monkeypatch, now):
    at = [now]
    monkeypatch.setattr(TestHouse, "now", staticmethod(lambda: at[0]))
    return at


@pytest.fixture
def app():
    return App()


def relay_of(app, house, holder):
    relay = Relay(app, house)
    relay._holder = holder
    return relay


def test_due_jobs_are_sent_once_in_order(any_house, app, clock, now):
    late = any_house.enqueue(run_after=now + timedelta(seconds=5))
    ids = [any_house.enqueue(run_after=now - timedelta(seconds=s)) for s in (1, 3)]
    relay = relay_of(app, any_house, "a")
    assert (relay.once(), relay.once()) == (2, 0)
    assert app.sent == [ids[1], ids[0]]
    clock[0] = now + timedelta(seconds=5)
    assert relay.once() == 1
    assert app.sent[-1] == late
    assert any_house.job(late).state == JobState.SENT


def test_only_the_leader_sends(any_house, clock, now):
    first, second = App(), App()
    leader, other = relay_of(first, any_house, "a"), relay_of(second, any_house, "b")
    any_house.enqueue()
    assert (leader.once(), other.once()) == (1, 0)
    assert (leader.leads, other.leads) == (True, False)
    clock[0] = now + LEASE  # the leader is gone
    any_house.enqueue()
    assert other.once() == 1
    assert leader.once() == 0, "it comes back and sees that it lost"
    assert (len(first.sent), len(second.sent)) == (1, 1)


def test_job_marked_as_sent_while_the_broker_was_away_is_sent_later(any_house, app, clock, now):
    job_id = any_house.enqueue()
    relay = relay_of(app, any_house, "a")
    app.broken = True
    with pytest.raises(OSError, match="away"):
        relay.once()
    app.broken = False
    assert relay.once() == 0
    clock[0] = now + RESEND_AFTER
    assert relay.once() == 1
    assert app.sent == [job_id]


def test_idle_relay_takes_no_write_lock(house, app, clock):
    relay = relay_of(app, house, "a")
    relay.once()
    said = []
    event.listen(house.database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    for _ in range(3):
        relay.once()
    assert said
    assert not [statement for statement in said if "IMMEDIATE" in statement or statement.startswith(("UPDATE", "INSERT"))]


def test_thread_goes_on_after_an_error_and_ends_when_told(house, app):
    failed = []

    class Once(Relay):
        def once(self):
            if not failed:
                failed.append(1)
                raise OSError("locked")
            return super().once()

    relay = Once(app, house)
    relay._stopped.wait = lambda seconds: time.sleep(0.01)  # type: ignore[method-assign]
    job_id = house.enqueue()
    relay.start()
    until = time.monotonic() + 10
    while app.sent != [job_id] and time.monotonic() < until:
        time.sleep(0.01)
    relay.stop()
    relay.join(10)
    assert app.sent == [job_id]
    assert not relay.is_alive()


def test_job_that_outlived_its_lease_is_sent_again(any_house, app, clock, now):
    job_id = any_house.enqueue()
    relay = relay_of(app, any_house, "a")
    relay.once()
    with any_house.database.write() as unit:
        jobs.begin(unit, job_id, now, timedelta(minutes=5))
    clock[0] = now + timedelta(minutes=5)
    assert relay.once() == 1
    assert app.sent == [job_id, job_id]
