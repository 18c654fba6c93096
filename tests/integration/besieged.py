"""A real `hearthline cwmp` under attack: bytes thrown at it over loopback, good devices beside it, and what they and its memory tell."""

import socket
import struct
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.acs.server.kit import Answer, answers_in, envelope, inform, post
from tests.integration.processes import Premises


def connect(port: int, timeout_s: float = 20.0) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), timeout_s)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def read(sock: socket.socket, count: int = 1) -> list[Answer]:
    """So many responses, or those that came before the connection ended."""
    data = b""
    with suppress(OSError):
        while len(answers_in(data)[0]) < count and (more := sock.recv(65536)):
            data += more
    return answers_in(data)[0]


def said(port: int, data: bytes, count: int = 1) -> list[Answer]:
    """What the server answers to these bytes on a connection of their own."""
    with connect(port) as sock:
        with suppress(OSError):  # it may have refused before all was said
            sock.sendall(data)
        return read(sock, count)


def reset(sock: socket.socket) -> None:
    """End with RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Besieged:
    """The server's process, its metrics, its memory, and devices that inform all the while."""

    def __init__(self, premises: Premises) -> None:
        self.premises, self.port = premises, premises.cwmp
        self.took: list[float] = []
        self.wrong: list[str] = []

    @property
    def pid(self) -> int:
        (found,) = [number for number, line in self.premises.processes().items() if "acs.cli cwmp" in line]
        return found

    def resident_mib(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * 4 // 1024

    def refused(self) -> float:
        return sum(self.premises.metric(name, range(1, 2)) for name in ("hearthline_cwmp_refused_total", "hearthline_http_refused_total"))

    def connections(self) -> float:
        return self.premises.metric("hearthline_http_connections", range(1, 2))

    @contextmanager
    def good_devices(self, patience_s: float, count: int = 3) -> Any:
        """Devices with whole sessions meanwhile: every one of them is served, none waits longer than `patience_s`."""
        ended = threading.Event()
        self.took, self.wrong = [], []
        threads = [threading.Thread(target=self._device, args=(f"GOOD{n}", ended)) for n in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        assert self.wrong == []
        assert len(self.took) >= count
        assert max(self.took) < patience_s, f"{max(self.took):.2f} s for one session of {len(self.took)}"

    def _device(self, serial: str, ended: threading.Event) -> None:
        while True:
            began = time.monotonic()
            try:
                with connect(self.port) as sock:
                    sock.sendall(post(envelope(inform(serial), rid=serial)))
                    (first,) = read(sock)
                    if (first.status, first.envelope.id) != (200, serial):
                        self.wrong.append(repr(first)[:200])
            except (OSError, ValueError) as error:
                self.wrong.append(repr(error))
            self.took.append(time.monotonic() - began)
            if ended.wait(0.05):
                return

    def throw(self, attacks: Iterable[bytes], at_once: int = 8) -> list[int]:
        """The first status that came back to each (0: closed without one), so many at once."""
        waiting, found, lock = list(enumerate(attacks)), {}, threading.Lock()

        def one() -> None:
            while True:
                with lock:
                    if not waiting:
                        return
                    n, data = waiting.pop()
                answers = said(self.port, data)
                found[n] = answers[0].status if answers else 0

        threads = [threading.Thread(target=one) for _ in range(at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [found[n] for n in sorted(found)]


def besieged(premises: Premises) -> Besieged:
    """Start `hearthline cwmp` in these premises and wait until it serves."""
    assert premises.once("db", "upgrade").returncode == 0
    command = premises.run("cwmp")
    server, deadline = Besieged(premises), time.monotonic() + 60
    while True:
        try:
            for n in range(5):
                said(server.port, post(envelope(inform(f"GOOD{n}"))))
            return server
        except OSError:
            assert command.process.poll() is None and time.monotonic() < deadline, command.said
            time.sleep(0.1)


def repeated(pieces: Sequence[bytes], times: int) -> list[bytes]:
    return [piece for _ in range(times) for piece in pieces]
