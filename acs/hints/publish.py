"""Sends hints over the hub's UNIX socket, from any thread of a process that has no reactor at hand. Failing is allowed: it is a hint."""

import json
import socket
import threading
from pathlib import Path

from acs.db.engine import Hint


class SocketPublisher:
    """Keeps one connection to the hub and opens it anew after it broke; never blocks for more than a moment."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def __call__(self, hints: list[Hint]) -> None:
        line = json.dumps(hints).encode() + b"\n"
        with self._lock:
            for _attempt in (1, 2):
                try:
                    if self._socket is None:
                        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                        self._socket.settimeout(0.2)
                        self._socket.connect(self._path)
                        self._socket.sendall(b'"publisher"\n')
                    self._socket.sendall(line)
                    return
                except OSError:
                    self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
