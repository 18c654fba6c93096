"""Receives hints in a reactor: from the hub's socket, or from PostgreSQL's NOTIFY read by the reactor itself.

A connection that breaks is made anew with back-off; what was said meanwhile is lost, which is allowed.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from twisted.internet.protocol import ReconnectingClientFactory
from twisted.internet.threads import deferToThreadPool
from twisted.protocols.basic import LineOnlyReceiver

from acs import log
from acs.db.engine import NOTIFY_CHANNEL

Callback = Callable[[list[dict[str, Any]]], None]
_log = log.get("hints")


class HintListener:
    """Calls back with each list of hints, in the reactor's thread."""

    def __init__(self) -> None:
        self._callbacks: list[Callback] = []

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return unsubscribe

    def deliver(self, hints: list[dict[str, Any]]) -> None:
        for callback in list(self._callbacks):
            try:
                callback(hints)
            except Exception:
                _log.exception("a listener failed")

    def stop(self) -> None:
        self._callbacks.clear()


class _Line(LineOnlyReceiver):
    delimiter = b"\n"
    MAX_LENGTH = 1 << 20

    def connectionMade(self) -> None:
        self.factory.resetDelay()
        self.sendLine(b'"listener"')

    def lineReceived(self, line: bytes) -> None:
        try:
            hints = json.loads(line)
        except ValueError:
            return
        if isinstance(hints, list):
            self.factory.listener.deliver(hints)


class _Reconnecting(ReconnectingClientFactory):
    protocol = _Line
    maxDelay = 5
    initialDelay = 0.2
    noisy = False

    def __init__(self, listener: HintListener) -> None:
        self.listener = listener


class SocketListener(HintListener):
    """Listens at the hub."""

    def __init__(self, reactor: Any, path: Path) -> None:
        super().__init__()
        self._factory = _Reconnecting(self)
        self._connector = reactor.connectUNIX(str(path), self._factory)

    def stop(self) -> None:
        super().stop()
        self._factory.stopTrying()
        self._connector.disconnect()


class PostgresListener(HintListener):
    """LISTEN on a connection of its own, whose socket the reactor watches; connecting happens in a thread."""

    def __init__(self, reactor: Any, url: str, pool: Any = None) -> None:
        super().__init__()
        self._reactor = reactor
        self._url = url.replace("postgresql+psycopg://", "postgresql://")
        self._pool = pool or reactor.getThreadPool()
        self._connection: psycopg.Connection[Any] | None = None
        self._fd = -1
        self._stopped = False
        self._retry: Any = None
        self._delay = 0.2
        self._connect()

    def _connect(self) -> None:
        self._retry = None
        deferToThreadPool(self._reactor, self._pool, self._open).addCallbacks(self._connected, self._failed)

    def _open(self) -> Any:
        connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
        connection.execute(f"LISTEN {NOTIFY_CHANNEL}")
        return connection

    def _connected(self, connection: Any) -> None:
        if self._stopped:
            connection.close()
            return
        self._delay, self._connection = 0.2, connection
        # libpq closes its socket by itself when it is cut off; what the reactor watches must be ours to take away.
        self._fd = os.dup(connection.fileno())
        self._reactor.addReader(self)

    def _failed(self, _failure: Any) -> None:
        if not self._stopped:
            self._retry = self._reactor.callLater(self._delay, self._connect)
            self._delay = min(self._delay * 2, 10)

    # IReadDescriptor

    def fileno(self) -> int:
        return self._fd

    def logPrefix(self) -> str:
        return "hints"

    def doRead(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            connection.pgconn.consume_input()
            while (notice := connection.pgconn.notifies()) is not None:
                hints = json.loads(notice.extra)
                if isinstance(hints, list):
                    self.deliver(hints)
        except (psycopg.Error, ValueError) as error:
            _log.warning("lost the connection for hints", error=str(error))
            self.connectionLost(None)

    def connectionLost(self, _reason: Any) -> None:
        self._let_go()
        self._failed(None)

    def _let_go(self) -> None:
        if self._connection is not None:
            self._reactor.removeReader(self)
            os.close(self._fd)
            self._connection.close()
            self._connection, self._fd = None, -1

    def stop(self) -> None:
        super().stop()
        self._stopped = True
        if self._retry is not None:
            self._retry.cancel()
        self._let_go()


def listener_for(reactor: Any, database_url: str, socket_path: Path) -> HintListener:
    """The listener that fits the database: NOTIFY on PostgreSQL, the hub's socket on SQLite."""
    return SocketListener(reactor, socket_path) if database_url.startswith("sqlite") else PostgresListener(reactor, database_url)
