"""What a worker knows of monitoring: the book of what is watched, read anew at a hint, and a note of its own load every few seconds.

Both happen in a thread, one at a time; what fails is tried again with the next round. The group commit reads the book (acs/monitoring/book.py).
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import REGISTRY
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread

from acs import log
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.monitoring import load
from acs.monitoring import service as monitoring
from acs.monitoring.book import MonitorBook, Watches

RELOAD_EVERY = 6
"""Notes between two readings of the book without a hint."""
METRICS = (
    "hearthline_sessions", "hearthline_informs", "hearthline_refused", "hearthline_admission_refused", "hearthline_inform_answer_seconds",
    "hearthline_sessions_live", "hearthline_admission_openness",
)  # fmt: skip
_log = log.get("watching")


def metric_sums() -> dict[str, float]:
    """Counters and gauges of this process by name, their labels summed; "…:ok" is that of the outcome "ok"."""
    found: dict[str, float] = {}
    wanted = [f"{name}{end}" for name in METRICS for end in ("", "_total", "_count", "_sum")]
    for metric in _restricted(wanted):
        for sample in metric.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
            if sample.labels.get("outcome") == "ok":
                found[f"{sample.name}:ok"] = sample.value
    return found


def _restricted(names: Sequence[str]) -> Iterable[Any]:
    return REGISTRY.restricted_registry(names).collect()


class Watching:
    """Of one worker: `book` for its batches; hand it `hints`, `stop` it at the end."""

    def __init__(self, reactor: Any, database: Database, number: int, now: Callable[[], datetime]) -> None:
        self._database, self._worker, self._now = database, f"cwmp {number}", now
        self.book = MonitorBook()
        self.book.replace(monitoring.load(database))
        self._busy: Deferred[Any] | None = None
        self._stale = False
        self._ticks = 0
        self._before = self._totals()
        self._loop = LoopingCall(self._tick)
        self._loop.clock = reactor
        self._loop.start(load.SLOT_S, now=False)

    def hints(self, hints: Sequence[dict[str, Any]]) -> None:
        if any(hint.get("kind") == "monitors" for hint in hints):
            self._stale = True
            self._work(note=False)

    def _totals(self) -> load.Totals:
        return load.totals(self._now(), metric_sums(), time.process_time())

    def _tick(self) -> None:
        self._ticks += 1
        self._stale |= self._ticks % RELOAD_EVERY == 0
        self._work(note=True)

    def _work(self, note: bool) -> None:
        if self._busy is not None:
            return
        reload, self._stale = self._stale, False
        totals = self._totals() if note else None

        def done(found: Watches | None) -> None:
            if found is not None:
                self.book.replace(found)
            if totals is not None:
                self._before = totals

        def failed(failure: Any) -> None:
            self._stale |= reload
            _log.warning("monitors not read, load not noted", error=str(failure.value))

        self._busy = deferToThread(self._both, totals, reload)
        self._busy.addCallback(done).addErrback(failed).addCallback(self._idle)

    def _idle(self, _done: None) -> None:
        self._busy = None

    def _both(self, totals: load.Totals | None, reload: bool) -> Watches | None:
        if totals is not None:
            with self._database.write() as unit:
                load.note(unit, DEFAULT_TENANT, self._worker, self._before, totals)
        return monitoring.load(self._database) if reload else None

    async def stop(self) -> None:
        if self._loop.running:
            self._loop.stop()
        if self._busy is not None:
            await self._busy
