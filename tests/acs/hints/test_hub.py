"""The hub passes lines of hints on to whoever listens, over a real UNIX socket: acs/hints/hub.py."""

import os
import socket
import stat

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint, connectProtocol
from twisted.internet.task import deferLater
from twisted.internet.testing import StringTransport
from twisted.protocols.basic import LineOnlyReceiver

from acs.hints import hub
from acs.hints.hub import Hub, listen


class Line(LineOnlyReceiver):
    delimiter = b"\n"

    def __init__(self):
        self.got = []
        self.waits = None

    def lineReceived(self, line):
        self.got.append(line)
        if self.waits is not None and len(self.got) >= self.waits[0]:
            waiting, self.waits = self.waits[1], None
            waiting.callback(None)

    async def until(self, count):
        if len(self.got) < count:
            self.waits = (count, Deferred())
            self.waits[1].addTimeout(5, reactor)
            await self.waits[1]
        return self.got


async def turn(seconds=0.02):
    await deferLater(reactor, seconds, lambda: None)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "hub.sock"


async def connect(path, said):
    line = await connectProtocol(UNIXClientEndpoint(reactor, str(path)), Line())
    line.sendLine(said)
    return line


@pytest_twisted.ensureDeferred
async def test_line_reaches_every_listener_but_neither_its_sender_nor_publishers(path):
    port = listen(reactor, path, Hub())
    listeners = [await connect(path, b'"listener"') for _ in range(2)]
    publisher, other = [await connect(path, b'"publisher"') for _ in range(2)]
    await turn()
    publisher.sendLine(b'[{"kind":"job"}]')
    listeners[0].sendLine(b"[1]")
    assert await listeners[1].until(2) == [b'[{"kind":"job"}]', b"[1]"]
    assert await listeners[0].until(1) == [b'[{"kind":"job"}]']
    assert publisher.got == other.got == []
    for line in (*listeners, publisher, other):
        line.transport.loseConnection()
    await port.stopListening()
    await turn()


@pytest_twisted.ensureDeferred
async def test_socket_is_for_our_user_only_and_an_old_file_is_taken_away(path):
    path.parent.mkdir()
    path.write_text("left by a process that was killed")
    port = listen(reactor, path, Hub())
    assert stat.S_ISSOCK(os.stat(path).st_mode)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    await port.stopListening()


def peer_of(factory):
    peer = factory.buildProtocol(None)
    transport = StringTransport()
    transport.abortConnection = peer.connectionLost
    peer.makeConnection(transport)
    return peer


def test_listener_that_left_is_forgotten():
    factory = Hub()
    peer = peer_of(factory)
    peer.dataReceived(b'"listener"\n')
    peer.connectionLost()
    assert factory.peers == set()
    factory.spread(b"[]")
    assert peer.transport.value() == b""


def test_more_connections_than_are_good_are_refused(monkeypatch):
    monkeypatch.setattr(hub, "MAX_LISTENERS", 2)
    factory = Hub()
    peers = [peer_of(factory) for _ in range(3)]
    assert factory.peers == set(peers[:2])


@pytest_twisted.ensureDeferred
async def test_listener_that_does_not_read_is_dropped_and_the_others_go_on(tmp_path):
    house = Hub()
    port = listen(reactor, tmp_path / "hub.sock", house)
    deaf = socket.socket(socket.AF_UNIX)
    deaf.connect(str(tmp_path / "hub.sock"))
    deaf.sendall(b'"listener"\n')
    while not any(peer.listens for peer in house.peers):
        await deferLater(reactor, 0.01)
    for _ in range(200):
        house.spread(b"[" + b"1," * 5000 + b"1]")
    await deferLater(reactor, 0.05)
    house.spread(b"[]")
    while house.peers:
        await deferLater(reactor, 0.01)
    deaf.close()
    await port.stopListening()
