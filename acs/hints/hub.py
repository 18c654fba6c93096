"""The hub: a UNIX socket in the data directory that passes every line of hints on to everybody who listens. Owned by the cwmp process."""

import os
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver
from zope.interface import implementer

MAX_LISTENERS = 200


@implementer(IPushProducer)
class _Peer(LineOnlyReceiver):
    delimiter = b"\n"
    MAX_LENGTH = 1 << 20
    listens = False
    lags = False

    def pauseProducing(self) -> None:
        """The peer does not read what we write: what it missed it will poll."""
        self.lags = True

    def resumeProducing(self) -> None:
        self.lags = False

    def stopProducing(self) -> None:
        self.lags = True

    def connectionMade(self) -> None:
        self.transport.registerProducer(self, True)
        if len(self.factory.peers) >= MAX_LISTENERS:
            self.transport.abortConnection()
            return
        self.factory.peers.add(self)

    def connectionLost(self, reason: Any = None) -> None:
        self.factory.peers.discard(self)

    def lineReceived(self, line: bytes) -> None:
        if line == b'"listener"':
            self.listens = True
        elif line != b'"publisher"':
            self.factory.spread(line, self)


class Hub(Factory):
    """Spreads each line to all listeners but its sender. A listener that does not read is dropped: it polls."""

    protocol = _Peer

    def __init__(self) -> None:
        self.peers: set[_Peer] = set()

    def spread(self, line: bytes, sender: Any = None) -> None:
        for peer in list(self.peers):
            if peer.lags:
                peer.transport.abortConnection()
            elif peer.listens and peer is not sender:
                peer.sendLine(line)


def listen(reactor: Any, path: Path, hub: Hub) -> Any:
    """Open the socket, private to our user. A file left by a process that was killed is taken away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.unlink()
    port = reactor.listenUNIX(str(path), hub, mode=0o600)
    os.chmod(path, 0o600)
    return port
