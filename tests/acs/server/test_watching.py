"""What a worker knows of monitoring: acs/server/watching.py."""

from datetime import timedelta

import pytest
import pytest_twisted
from sqlalchemy import select
from twisted.internet import reactor
from twisted.internet.task import Clock, deferLater

from acs.db.tenancy import DEFAULT_TENANT
from acs.monitoring import service
from acs.monitoring.models import WorkerLoad
from acs.server import cwmp
from acs.server.watching import Watching, metric_sums
from tests.acs.monitoring.kit import RX, monitor


async def until(condition):
    for _ in range(200):
        if condition():
            return
        await deferLater(reactor, 0.01, lambda: None)
    raise AssertionError("it did not happen")


@pytest.fixture
def clock():
    return Clock()


def test_counters_of_this_process_are_summed_over_their_labels():
    before = metric_sums()
    cwmp._sessions.labels("ok").inc(3)
    cwmp._sessions.labels("failed").inc(2)
    after = metric_sums()
    assert after["hearthline_sessions_total"] - before.get("hearthline_sessions_total", 0) == 5
    assert after["hearthline_sessions_total:ok"] - before.get("hearthline_sessions_total:ok", 0) == 3


@pytest_twisted.ensureDeferred
async def test_book_is_read_anew_at_a_hint(database, now, clock):
    watching = Watching(clock, database, 0, lambda: now)
    assert watching.book.watches == {}
    monitor(database, now)
    watching.hints([{"kind": "quirks"}])
    watching.hints([{"kind": "monitors"}])
    await until(lambda: RX in watching.book.watches.get(DEFAULT_TENANT, {}))
    await watching.stop()


@pytest_twisted.ensureDeferred
async def test_lost_hint_costs_a_minute(database, now, clock):
    watching = Watching(clock, database, 0, lambda: now + timedelta(seconds=clock.seconds()))
    monitor(database, now)
    for _ in range(6):
        clock.advance(10)
        await until(lambda: watching._busy is None)
    assert RX in watching.book.watches[DEFAULT_TENANT]
    await watching.stop()


@pytest_twisted.ensureDeferred
async def test_load_is_noted_every_ten_seconds(database, now, clock):
    watching = Watching(clock, database, 3, lambda: now + timedelta(seconds=clock.seconds()))
    cwmp._sessions.labels("ok").inc(40)
    clock.advance(10)
    await until(lambda: watching._busy is None)
    clock.advance(10)
    await until(lambda: watching._busy is None)
    await watching.stop()
    with database.read() as session:
        rows = list(session.scalars(select(WorkerLoad).order_by(WorkerLoad.at)))
        assert [(row.worker, row.sessions, row.span_s) for row in rows] == [("cwmp 3", 40, 10.0), ("cwmp 3", 0, 10.0)]


@pytest_twisted.ensureDeferred
async def test_what_could_not_be_written_is_in_the_next_note(database, now, clock, monkeypatch):
    watching = Watching(clock, database, 0, lambda: now + timedelta(seconds=clock.seconds()))
    cwmp._sessions.labels("ok").inc(7)
    with monkeypatch.context() as broken:
        broken.setattr(database, "write", lambda: (_ for _ in ()).throw(OSError("disk full")))
        clock.advance(10)
        await until(lambda: watching._busy is None)
    clock.advance(10)
    await until(lambda: watching._busy is None)
    await watching.stop()
    with database.read() as session:
        assert [(row.sessions, row.span_s) for row in session.scalars(select(WorkerLoad))] == [(7, 20.0)]
    assert service.load(database) == {}
