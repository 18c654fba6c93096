"""Group commit: one writer thread, everything of the last 20 ms in one transaction, answers after it.

A batch that fails is tried again one by one, so that one poisoned item costs only its own session. What waits is bounded: beyond it the
server says 503, which is better than promising what is not durable.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from prometheus_client import Counter, Histogram
from twisted.internet.defer import Deferred
from twisted.python.threadpool import ThreadPool

from acs import log
from acs.db.engine import Database, Unit

Work = Any
Apply = Callable[[Unit, Sequence[Work]], list[Any]]
Waiting = tuple[Work, Deferred[Any], float]
"""A work, what fires once it is durable, and since when it waits."""

_log = log.get("commit")
_batches = Histogram("hearthline_commit_batch_size", "items per group commit", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500))
_seconds = Histogram(
    "hearthline_commit_seconds", "duration of a group commit", buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2)
)
_poisoned = Counter("hearthline_commit_failed_total", "items whose commit failed")


class Overloaded(Exception):
    """More waits for its commit than is allowed."""


class GroupCommit:
    """Collects works and commits them together. `submit` in the reactor's thread; `apply` runs in the writer's, after `prepare`, which needs no
    database and holds no lock."""

    def __init__(
        self, reactor: Any, database: Database, apply: Apply, window_s: float = 0.02, most: int = 400, waiting_limit: int = 10_000,
        prepare: Callable[[Sequence[Work]], None] | None = None,
    ) -> None:  # fmt: skip
        self._reactor, self._database, self._apply = reactor, database, apply
        self._window_s, self._most, self._waiting_limit = window_s, most, waiting_limit
        self._prepare = prepare
        self._waiting: list[Waiting] = []
        self._timer: Any = None
        self._busy = False
        self._oldest = 0.0
        """Since when the batch that is being stored has waited."""
        self._idle: list[Deferred[None]] = []
        self._pool = ThreadPool(1, 1, name="writer")
        self._pool.start()

    def submit(self, work: Work) -> Deferred[Any]:
        """Fires with the work's result once it is durable. Overloaded if too much waits already."""
        if len(self._waiting) >= self._waiting_limit:
            raise Overloaded
        done: Deferred[Any] = Deferred()
        self._waiting.append((work, done, self._reactor.seconds()))
        if not self._busy:
            if len(self._waiting) >= self._most:
                self._flush()
            elif self._timer is None:
                self._timer = self._reactor.callLater(self._window_s, self._flush)
        return done

    def _flush(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        if not batch:
            self._settle_idle()
            return
        self._busy, self._oldest = True, batch[0][2]
        self._pool.callInThread(self._commit, batch)

    def _commit(self, batch: list[Waiting]) -> None:
        """In the writer thread."""
        begin = time.perf_counter()
        works = [work for work, _, _ in batch]
        try:
            if self._prepare is not None:
                self._prepare(works)
            results: list[Any] = self._try(works)
        except Exception as error:
            _log.error("group commit failed, trying one by one", items=len(works), error=repr(error)[:500])
            results = []
            for work in works:
                try:
                    results += self._try([work])
                except Exception as single:
                    _log.exception("commit failed", work=type(work).__name__)
                    _poisoned.inc()
                    results.append(single)
        _batches.observe(len(batch))
        _seconds.observe(time.perf_counter() - begin)
        self._reactor.callFromThread(self._committed, batch, results)

    def _try(self, works: list[Work]) -> list[Any]:
        with self._database.write() as unit:
            return self._apply(unit, works)

    def waits_s(self) -> float:
        """How long the oldest work that is not stored yet has been waiting, in seconds; 0 when there is none."""
        if self._busy:
            return float(self._reactor.seconds() - self._oldest)
        return float(self._reactor.seconds() - self._waiting[0][2]) if self._waiting else 0.0

    def _committed(self, batch: list[Waiting], results: list[Any]) -> None:
        self._busy = False
        if self._waiting:
            if len(self._waiting) >= self._most:
                self._flush()
            elif self._timer is None:
                self._timer = self._reactor.callLater(self._window_s, self._flush)
        for (_, done, _), result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                done.errback(result)
            else:
                done.callback(result)
        if not self._waiting and not self._busy:
            self._settle_idle()

    def _settle_idle(self) -> None:
        idle, self._idle = self._idle, []
        for waiter in idle:
            waiter.callback(None)

    def drained(self) -> Deferred[None]:
        """Fires when nothing waits any more."""
        waiter: Deferred[None] = Deferred()
        self._idle.append(waiter)
        if not self._busy:
            self._flush()
        return waiter

    def stop(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._pool.stop()
