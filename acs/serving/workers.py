"""Worker processes of one command: started with the shared socket, started again when they die, stopped at the end."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol

from acs import log
from acs.errors import WrongEnvironment

_log = log.get("workers")
STOP_S = 8.0
FIRST_DELAY_S = 0.5
"""Before a worker that died is started again; twice as long each time it dies young."""
OLD_S = 60.0


def follow_parent(parent: int | None) -> None:
    """Ask the kernel to end this process when its parent is killed, so that a kill -9 leaves no orphan on the socket (Linux only).

    `parent` is who started us. One that died before we could ask will never be told of: then we end here.
    """
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if parent is not None and os.getppid() != parent:
            raise WrongEnvironment(f"The process {parent} that started this worker is gone.")


class _Child(ProcessProtocol):
    def __init__(self, pool: "Workers", number: int) -> None:
        self._pool, self.number = pool, number
        self.begun = pool.seconds()

    def processEnded(self, reason: Any) -> None:
        self._pool.ended(self, reason)


class Workers:
    """`count` processes of `hearthline ARGS --worker N --fd 3 --parent PID`, each with the shared socket as file descriptor 3; a second one is 4."""

    def __init__(self, reactor: Any, args: Sequence[str], count: int, fd: int, more: Sequence[int] = ()) -> None:
        self._reactor, self._args, self._fds = reactor, list(args), (fd, *more)
        self._running: dict[_Child, Any] = {}
        self._delay = dict.fromkeys(range(count), FIRST_DELAY_S)
        self._stopping: Deferred[None] | None = None
        self._timers: list[Any] = []
        for number in range(count):
            self._start(number)

    def seconds(self) -> float:
        return float(self._reactor.seconds())

    def _start(self, number: int) -> None:
        if self._stopping is not None:
            return
        child = _Child(self, number)
        command = [sys.executable, "-m", "acs.cli", *self._args, "--worker", str(number), "--fd", "3", "--parent", str(os.getpid())]
        if len(self._fds) > 1:
            command += ["--plain-fd", "4"]
        fds = {0: 0, 1: 1, 2: 2} | dict(enumerate(self._fds, 3))
        self._running[child] = self._reactor.spawnProcess(child, sys.executable, command, env=os.environ, childFDs=fds)

    def ended(self, child: _Child, reason: Any) -> None:
        self._running.pop(child, None)
        if self._stopping is not None:
            if not self._running and not self._stopping.called:
                self._stopping.callback(None)
            return
        if self._reactor.seconds() - child.begun > OLD_S:
            self._delay[child.number] = FIRST_DELAY_S
        delay = self._delay[child.number]
        self._delay[child.number] = min(delay * 2, 30)
        log.announce(f"{self._args[0]} worker {child.number} ended ({reason.value}); starting it again in {delay:.1f} s")
        self._timers.append(self._reactor.callLater(delay, self._start, child.number))

    def stop(self) -> Deferred[None]:
        """End all, politely first."""
        self._stopping = Deferred()
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        if not self._running:
            self._stopping.callback(None)
            return self._stopping
        for process in self._running.values():
            _signal(process, "TERM")
        kill = self._reactor.callLater(STOP_S, self._kill)
        self._stopping.addBoth(lambda result: (kill.cancel() if kill.active() else None, result)[1])
        return self._stopping

    def _kill(self) -> None:
        for process in self._running.values():
            _signal(process, "KILL")


def _signal(process: Any, name: str) -> None:
    try:
        process.signalProcess(name)
    except error.ProcessExitedAlready:
        pass
