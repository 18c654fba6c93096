"""Hints arrive in the reactor, from the hub or from PostgreSQL, and again after the connection broke: acs/hints/listen.py."""

import os
import select

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.internet.threads import deferToThread

from acs.db.engine import Database
from acs.hints.hub import Hub, listen
from acs.hints.listen import HintListener, PostgresListener, SocketListener, listener_for
from acs.hints.publish import SocketPublisher


class Heard:
    """A subscriber that can be waited for."""

    def __init__(self, listener):
        self.got = []
        self._waits = []
        listener.subscribe(self)

    def __call__(self, hints):
        self.got += hints
        waits, self._waits = self._waits, []
        for count, waiting in waits:
            if len(self.got) >= count:
                waiting.callback(None)
            else:
                self._waits.append((count, waiting))

    async def until(self, count):
        if len(self.got) < count:
            waiting = Deferred()
            self._waits.append((count, waiting))
            waiting.addTimeout(5, reactor)
            await waiting
        return self.got


async def turn(seconds=0.02):
    await deferLater(reactor, seconds, lambda: None)


async def until(condition):
    for _ in range(250):
        if condition():
            return
        await turn()
    raise AssertionError("it did not happen within 5 s")


def test_subscriber_that_fails_harms_no_other(capsys):
    listener = HintListener()
    got = []
    listener.subscribe(lambda hints: 1 / 0)
    listener.subscribe(got.append)
    listener.deliver([{"n": 1}])
    assert got == [[{"n": 1}]]


def test_subscriber_that_left_hears_nothing():
    listener = HintListener()
    got = []
    leave = listener.subscribe(got.append)
    leave()
    leave()
    listener.deliver([{"n": 1}])
    listener.subscribe(got.append)
    listener.stop()
    listener.deliver([{"n": 2}])
    assert got == []


# ---- embedded ------------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    return tmp_path / "hub.sock"


@pytest_twisted.ensureDeferred
async def test_hint_of_a_commit_reaches_a_listener_of_another_process(path, sqlite_url):
    hub = Hub()
    port = listen(reactor, path, hub)
    listener = listener_for(reactor, sqlite_url, path)
    assert isinstance(listener, SocketListener)
    heard = Heard(listener)
    await until(lambda: any(peer.listens for peer in hub.peers))
    publisher = SocketPublisher(path)
    database = Database(sqlite_url, publisher)

    def commit():
        with database.write() as unit:
            unit.hint("progress", device=7, operation=3)

    await deferToThread(commit)
    assert await heard.until(1) == [{"kind": "progress", "device": 7, "operation": 3}]
    listener.stop()
    publisher.close()
    database.close()
    await port.stopListening()
    await turn()


@pytest_twisted.ensureDeferred
async def test_listener_comes_back_after_the_hub_was_away(path):
    listener = SocketListener(reactor, path)  # before there is a hub
    heard = Heard(listener)
    await turn(0.05)
    hub = Hub()
    port = listen(reactor, path, hub)
    await until(lambda: any(peer.listens for peer in hub.peers))
    for peer in list(hub.peers):
        peer.transport.loseConnection()
    await until(lambda: not hub.peers)
    await until(lambda: any(peer.listens for peer in hub.peers))
    hub.spread(b'[{"n": 1}]')
    assert await heard.until(1) == [{"n": 1}]
    listener.stop()
    await port.stopListening()
    await turn()


@pytest_twisted.ensureDeferred
async def test_lines_that_are_no_hints_are_passed_over(path):
    hub = Hub()
    port = listen(reactor, path, hub)
    listener = SocketListener(reactor, path)
    heard = Heard(listener)
    await until(lambda: any(peer.listens for peer in hub.peers))
    for line in (b"{", b'"listener"', b'{"kind": "job"}', b'[{"n": 2}]'):
        hub.spread(line)
    assert await heard.until(1) == [{"n": 2}]
    listener.stop()
    await port.stopListening()
    await turn()


# ---- PostgreSQL ----------------------------------------------------------------------------------------------------


def notify(database, **facts):
    def commit():
        with database.write() as unit:
            unit.hint("job", **facts)

    return deferToThread(commit)


@pytest.mark.postgres
@pytest_twisted.ensureDeferred
async def test_commit_on_postgresql_is_heard_in_the_reactor(postgres_database, postgres_url, tmp_path):
    listener = listener_for(reactor, postgres_url, tmp_path / "unused")
    assert isinstance(listener, PostgresListener)
    heard = Heard(listener)
    await until(lambda: listener.fileno() != -1)
    await notify(postgres_database, id=1)
    await notify(postgres_database, id=2)
    assert await heard.until(2) == [{"kind": "job", "id": 1}, {"kind": "job", "id": 2}]
    listener.stop()


@pytest.mark.postgres
@pytest_twisted.ensureDeferred
async def test_listener_connects_again_after_the_server_cut_it_off(postgres_database, postgres_url, postgres_server):
    listener = PostgresListener(reactor, postgres_url)
    heard = Heard(listener)
    await until(lambda: listener.fileno() != -1)
    first = listener.fileno()
    assert await deferToThread(postgres_server.break_connections, postgres_url) >= 1
    await until(lambda: listener.fileno() == -1)
    await until(lambda: listener.fileno() != -1)
    await notify(postgres_database, id=3)
    assert await heard.until(1) == [{"kind": "job", "id": 3}]
    assert first != -1
    listener.stop()


class Threads:
    """A thread pool that works at once, for a Clock."""

    def callInThreadWithCallback(self, done, function, *args):
        try:
            result = function(*args)
        except Exception:
            from twisted.python.failure import Failure

            done(False, Failure())
        else:
            done(True, result)


class ClockReactor(Clock):
    def callFromThread(self, function, *args):
        function(*args)

    """A Clock that watches readers as epoll does: by a descriptor that must be open when it is taken away."""

    def addReader(self, reader):
        os.fstat(reader.fileno())

    removeReader = addReader


def test_server_that_is_away_is_asked_again_with_growing_waits():
    clock = ClockReactor()
    listener = PostgresListener(clock, "postgresql+psycopg://127.0.0.1:1/none", Threads())
    waits = []
    for _ in range(8):
        (call,) = clock.getDelayedCalls()
        waits.append(round(call.getTime() - clock.seconds(), 3))
        clock.advance(waits[-1])
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]
    listener.stop()
    assert clock.getDelayedCalls() == []


@pytest.mark.postgres
def test_connection_that_opens_after_we_stopped_is_closed(postgres_url):
    class Slow(Threads):
        def callInThreadWithCallback(self, done, function, *args):
            self.work = lambda: Threads.callInThreadWithCallback(self, done, function, *args)

    clock, pool = ClockReactor(), Slow()
    listener = PostgresListener(clock, postgres_url, pool)
    listener.stop()
    pool.work()
    assert listener.fileno() == -1
    assert clock.getDelayedCalls() == []


@pytest.mark.postgres
def test_connection_that_was_cut_is_taken_from_the_reactor_and_made_anew(postgres_database, postgres_url, postgres_server):
    clock = ClockReactor()
    listener = PostgresListener(clock, postgres_url, Threads())
    got = []
    listener.subscribe(got.append)
    postgres_server.break_connections(postgres_url)
    try:
        while listener.fileno() != -1 and select.select([listener], [], [], 5)[0]:
            listener.doRead()
        assert listener.fileno() == -1
        clock.advance(0.2)
        with postgres_database.write() as unit:
            unit.hint("job", id=4)
        assert select.select([listener], [], [], 5)[0]
        listener.doRead()
        assert got == [[{"kind": "job", "id": 4}]]
    finally:
        if listener._connection is not None:
            listener._connection.close()
    listener.stop()
