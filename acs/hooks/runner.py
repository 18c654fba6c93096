"""Runs hooks in warm child processes and kills those that do not answer: nothing a hook does reaches anybody else.

A child serves one tenant only, runs every question in an engine of its own, and is replaced after any unusual end. Three limits stand one
behind the other: the engine's own (CPU time, memory), the kernel's on the child, and a clock on the wall that is kept here, because nothing
inside stops a catastrophic regular expression. Safe between threads; blocks, so never called in a reactor's thread or inside a transaction.
"""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from acs import log
from acs.hooks.views import Fault, HookFailed, Limits, Ran

_log = log.get("hooks")
_runs = Counter("hearthline_hook_runs_total", "runs of hooks by how they ended", ["outcome"])
_took = Histogram("hearthline_hook_seconds", "time of a run as the caller sees it", buckets=(0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2))
_children = Gauge("hearthline_hook_children", "child processes that run hooks")
_killed = Counter("hearthline_hook_children_killed_total", "child processes that had to be killed")

SCRIPT = Path(__file__).with_name("child.py")
CODE_MOST = 64 * 1024
FACTS_MOST = 4 * 1024 * 1024
START_S = 20
RUNS_MOST = 1000
"""After so many runs a child is replaced: what an engine forgets to give back goes with it."""
IDLE_S = 120
_SLACK_S = 1.0
_HANG = 4
"""A run may take so many times its CPU time on the wall, and a second: the machine may have better things to do."""


class HookRunner:
    """A small pool of children. `most` live at a time, over all tenants; who finds all busy waits for `wait_s`, then is told so."""

    def __init__(self, most: int = 2, wait_s: float = 10) -> None:
        self._wait_s = wait_s
        self._slots = threading.BoundedSemaphore(most)
        self._most = most
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._pid = os.getpid()

    def run(self, tenant: int, code: str, facts: Any, limits: Limits) -> Ran:
        """The answer of `hook(facts)`. HookFailed says how it ended instead; facts are anything JSON can say."""
        return self._measured(tenant, code, facts, limits, False)

    def check(self, tenant: int, code: str, limits: Limits) -> None:
        """HookFailed where the code cannot be read or has no function `hook`; the function is not called."""
        self._measured(tenant, code, None, limits, True)

    def _measured(self, tenant: int, code: str, facts: Any, limits: Limits, only_check: bool) -> Ran:
        begun = time.perf_counter()
        try:
            ran = self._run(tenant, code, facts, limits, only_check)
        except HookFailed as failed:
            _runs.labels(failed.fault.value).inc()
            raise
        finally:
            _took.observe(time.perf_counter() - begun)
        _runs.labels("answered").inc()
        return ran

    def _run(self, tenant: int, code: str, facts: Any, limits: Limits, only_check: bool) -> Ran:
        if len(code.encode("utf-8", "replace")) > CODE_MOST:
            raise HookFailed(Fault.SYNTAX, f"The code is longer than {CODE_MOST // 1024} KB.")
        given = json.dumps(facts, separators=(",", ":"))
        if len(given) > FACTS_MOST:
            raise HookFailed(Fault.MEMORY, f"What is known of the device is more than {FACTS_MOST >> 20} MB.")
        asked = {
            "code": code, "facts": given, "time_ms": limits.time_ms, "memory_mb": limits.memory_mb, "output": limits.output, "check": only_check,
        }  # fmt: skip
        if not self._slots.acquire(timeout=self._wait_s):
            raise HookFailed(Fault.BUSY, f"All {self._most} places for hooks have been taken for {self._wait_s:g} s.")
        try:
            child = self._taken(tenant)
            try:
                told = child.ask(asked, limits.time_ms / 1000 * _HANG + _SLACK_S)
            except BaseException:
                child.kill()
                raise
            self._given_back(child)
        finally:
            self._slots.release()
        return _answer(told)

    def _taken(self, tenant: int) -> "Child":
        """A warm child of this tenant, or a new one."""
        self._forget_after_fork()
        stale: list[Child] = []
        with self._lock:
            found = next((child for child in self._idle if child.tenant == tenant), None)
            if found is not None:
                self._idle.remove(found)
            now = time.monotonic()
            stale = [child for child in self._idle if now - child.idle_since > IDLE_S]
            if found is None and len(self._idle) - len(stale) >= self._most:
                stale.append(min((child for child in self._idle if child not in stale), key=lambda child: child.idle_since))
            self._idle = [child for child in self._idle if child not in stale]
        for child in stale:
            child.kill()
        if found is not None and found.is_alive():
            return found
        if found is not None:
            found.kill()
        return Child(tenant)

    def _given_back(self, child: "Child") -> None:
        if child.runs >= RUNS_MOST:
            child.kill()
            return
        child.idle_since = time.monotonic()
        with self._lock:
            self._idle.append(child)

    def _forget_after_fork(self) -> None:
        """A process that was forked off us does not share our children: their answers would be mixed."""
        if self._pid != os.getpid():
            self._pid, self._idle, self._lock = os.getpid(), [], threading.Lock()
            self._slots = threading.BoundedSemaphore(self._most)
            self._slots.acquire()

    def close(self) -> None:
        """End all idle children."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.kill()


def _answer(told: dict[str, Any]) -> Ran:
    logs, took_ms = tuple(told.get("logs", ())), float(told.get("took_ms", 0))
    if "fault" in told:
        raise HookFailed(Fault(told["fault"]), told["told"], told.get("line"), logs, took_ms)
    return Ran(json.loads(told["answer"]), logs, took_ms)


class Child:
    """One process and the socket to it. HookFailed when it cannot be started or does not answer; then it must be killed."""

    def __init__(self, tenant: int) -> None:
        self.tenant = tenant
        self.runs = 0
        self._is_gone = False
        self.idle_since = time.monotonic()
        self._line, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-B", str(SCRIPT)], stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={}, cwd="/",
                close_fds=True, start_new_session=True,
            )  # fmt: skip
        _children.inc()
        self._line.settimeout(START_S)
        try:
            ready = self._exactly(5)
        except (TimeoutError, OSError) as error:
            self.kill()
            raise HookFailed(Fault.KILLED, f"The process for hooks did not start: {error}") from None
        if ready != b"ready":
            self.kill()
            raise HookFailed(Fault.KILLED, "The process for hooks did not start.")

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, asked: dict[str, Any], within_s: float) -> dict[str, Any]:
        """Question and answer. HookFailed TIME when nothing comes in time, KILLED when the process ends."""
        self.runs += 1
        until = time.monotonic() + within_s
        body = json.dumps(asked).encode()
        try:
            self._line.settimeout(within_s)
            self._line.sendall(struct.pack(">I", len(body)) + body)
            size = struct.unpack(">I", self._exactly(4, until))[0]
            if size > asked["output"] * 6 + 1_000_000:  # more than any answer with its lines, escaped as far as can be
                raise HookFailed(Fault.OUTPUT, f"The process for hooks answered with {size} bytes.")
            told: dict[str, Any] = json.loads(self._exactly(size, until))
        except TimeoutError:
            raise HookFailed(Fault.TIME, f"It did not end within {within_s:g} s and was killed: a regular expression that never ends?") from None
        except (OSError, struct.error, ValueError):
            raise self._ended(asked) from None
        return told

    def _ended(self, asked: dict[str, Any]) -> HookFailed:
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return HookFailed(Fault.KILLED, "The process for hooks broke off.")
        if code == -signal.SIGXCPU:
            return HookFailed(Fault.TIME, f"It did not end within {asked['time_ms']} ms and was killed: a regular expression that never ends?")
        return HookFailed(Fault.KILLED, f"The process for hooks was ended by {_signal(code)}.")

    def _exactly(self, size: int, until: float | None = None) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            if until is not None:
                left = until - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._line.settimeout(left)
            part = self._line.recv(min(size - len(parts), 1 << 16))
            if not part:
                raise ConnectionError("the process for hooks has gone")
            parts += part
        return bytes(parts)

    def kill(self) -> None:
        """End it by its pid, whatever it does, and wait for it: no zombie is left. Once is enough, twice does no harm."""
        if self._is_gone:
            return
        self._is_gone = True
        self._line.close()
        if self._process.poll() is None:
            self._process.kill()
            _killed.inc()
        self._process.wait()
        _children.dec()


def _signal(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"itself with code {code}"
