"""Wakes devices somebody waits for: one call per device at a time, demands coalesced, the ways tried in order, jittered retries, each try kept.

Hints start it; a poll of the rows makes up for lost ones. Success is the Inform (conformance F-15): what answered 200 or was sent over UDP and
did not bring the device is followed by the next way, and in the end by a pause. A busy device is left alone: it is about to come, or allows
one call a minute (K-70).
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from prometheus_client import Counter, Histogram
from twisted.internet.defer import Deferred

from acs import log
from acs.db.engine import Database
from acs.operations import progress
from acs.quirks import service as quirks
from acs.reach import service as reach
from acs.reach.service import Target
from acs.reach.views import Method, Way
from acs.secrets import Vault
from acs.server.connection_request import WakeResult

RETRY_S = (8, 20, 60, 180, 600, 1800)
"""Waits between rounds of calls, each jittered by half; the last one repeats."""
PATIENCE_S = 30
"""How long after its 200 a device may take to inform."""
SENT_PATIENCE_S = 8
"""How long after a datagram that nobody acknowledges the next way is tried."""
BUSY_S = (4, 15, 62)
"""A device that is busy is about to be free; one that still is allows one call a minute (quirk K-70)."""
HOPELESS = frozenset({WakeResult.NO_URL, WakeResult.FORBIDDEN_ADDRESS})
"""Only the device's next Inform can change that."""

_log = log.get("waker")
_calls = Counter("hearthline_connection_requests_total", "connection requests by way and result", ["method", "result"])
_took = Histogram("hearthline_wake_seconds", "from a connection request to the Inform", ["method"], buckets=(0.5, 1, 2, 5, 10, 20, 40, 90))


@dataclass(frozen=True, slots=True)
class Tried:
    """A try that may still bring the device."""

    number: int
    way: Way
    at: datetime


@dataclass
class _Effort:
    rounds: int = 0
    next_way: int = 0
    busy: int = 0
    calling: bool = False
    again: bool = False
    timer: Any = None
    tried: Tried | None = None


Send = Callable[[int, Target, Way], Awaitable[tuple[WakeResult, str]]]
Read = Callable[[int, bool], Awaitable[Target | None]]
Note = Callable[[int, datetime, Way, WakeResult, str, int], Awaitable[int]]
Settle = Callable[[int, datetime | None], Awaitable[None]]


@dataclass
class Waker:
    """Runs in the process that owns the sockets. `read`, `note` and `settle` work in a thread."""

    reactor: Any
    now: Callable[[], datetime]
    send: Send
    read: Read
    note: Note
    settle: Settle
    poll_rows: Callable[[], Awaitable[list[int]]]
    most: int = 100
    _efforts: dict[int, _Effort] = field(default_factory=dict)
    _under_way: int = 0
    _stopped: bool = False

    def want(self, device_id: int) -> None:
        """Somebody waits for this device: call it now, unless a call is under way or it is still expected."""
        effort = self._efforts.setdefault(device_id, _Effort())
        if effort.calling:
            return
        if effort.timer is not None and effort.timer.active():
            effort.timer.cancel()
        if effort.tried is None:
            effort.rounds = effort.next_way = 0
        effort.timer = None
        self._start(device_id, effort)

    def heard(self, device_id: int) -> None:
        """Something happened with the device: if we wait for it, it may have come."""
        effort = self._efforts.get(device_id)
        if effort is None or effort.tried is None:
            return
        if effort.calling:
            effort.again = True
        elif effort.timer is not None and effort.timer.active():
            effort.timer.reset(0)

    def _start(self, device_id: int, effort: _Effort) -> None:
        if self._stopped:
            return
        if self._under_way >= self.most:
            effort.timer = self.reactor.callLater(1 + random.random(), self._start, device_id, effort)  # noqa: S311
            return
        effort.calling = True
        effort.timer = None
        self._under_way += 1
        Deferred.fromCoroutine(self._effort(device_id, effort)).addBoth(self._ended).addErrback(self._failed, device_id)

    def _ended(self, outcome: Any) -> Any:
        self._under_way -= 1
        return outcome

    def _failed(self, failure: Any, device_id: int) -> None:
        _log.error("waking failed", device=device_id, trace=failure.getTraceback()[-2000:])
        self._efforts.pop(device_id, None)

    async def _effort(self, device_id: int, effort: _Effort) -> None:
        target = await self.read(device_id, effort.next_way > 0 or effort.rounds > 0)
        informed_at = target.informed_at if target is not None else None
        if effort.tried is not None:
            since = (self.now() - effort.tried.at).total_seconds()
            came = informed_at is not None and informed_at >= effort.tried.at
            if not came and target is not None and since < _patience(effort, target) - 0.5:
                self._again(device_id, effort, _patience(effort, target) - since, jitter=False)  # woken early by something else
                return
            await self._settle(effort, informed_at if came else None)
        if target is None or not target.wanted:
            self._efforts.pop(device_id, None)
            return
        if target.in_session:
            self._again(device_id, effort, 3)
            return
        if not target.ways:
            await self._note(device_id, Way(Method.HTTP, ""), self.now(), WakeResult.NO_URL, "the device gave no address")
            self._again(device_id, effort, RETRY_S[-1])
            return
        self._again(device_id, effort, await self._round(device_id, effort, target))

    async def _round(self, device_id: int, effort: _Effort, target: Target) -> float:
        """Try the ways from the next one on, until one may bring the device; seconds to the next look."""
        results = []
        while effort.next_way < len(target.ways):
            way = target.ways[effort.next_way]
            at = self.now()
            result, detail = await self.send(device_id, target, way)
            _calls.labels(way.method, result).inc()
            _log.info("called", device=device_id, method=way.method.value, result=result.value, detail=detail, attempt=effort.rounds + 1)
            number = await self._note(device_id, way, at, result, detail)
            results.append(result)
            if result is WakeResult.BUSY:
                effort.busy += 1
                return BUSY_S[min(effort.busy, len(BUSY_S)) - 1]
            effort.busy = 0
            effort.next_way += 1
            if result in (WakeResult.OK, WakeResult.SENT):
                effort.tried = Tried(number, way, at)
                return self._end_of(effort, target, _patience(effort, target))
        if not target.thorough:
            return 0.0  # its tree may know more ways
        hopeless = bool(results) and all(result in HOPELESS for result in results)
        return self._end_of(effort, target, RETRY_S[-1] if hopeless else 0)

    def _end_of(self, effort: _Effort, target: Target, wait_s: float) -> float:
        """Where no way is left a round is over: the next one begins with the first way, later each time."""
        if effort.next_way < len(target.ways):
            return wait_s
        wait_s = max(wait_s, RETRY_S[min(effort.rounds, len(RETRY_S) - 1)])
        effort.rounds, effort.next_way = effort.rounds + 1, 0
        return wait_s

    async def _note(self, device_id: int, way: Way, at: datetime, result: WakeResult, detail: str) -> int:
        return await self.note(device_id, at, way, result, detail, int((self.now() - at).total_seconds() * 1000))

    async def _settle(self, effort: _Effort, came_at: datetime | None) -> None:
        tried, effort.tried = effort.tried, None
        assert tried is not None
        if came_at is not None:
            _took.labels(tried.way.method).observe((came_at - tried.at).total_seconds())
            effort.rounds = effort.next_way = 0
        else:
            _calls.labels(tried.way.method, WakeResult.NO_INFORM).inc()
        await self.settle(tried.number, came_at)

    def _again(self, device_id: int, effort: _Effort, wait_s: float, jitter: bool = True) -> None:
        effort.calling = False
        if self._stopped:
            return
        if effort.again:
            effort.again, wait_s = False, 0
        wait_s *= 0.75 + random.random() / 2 if jitter else 1.0  # noqa: S311
        effort.timer = self.reactor.callLater(max(0.0, wait_s), self._start, device_id, effort)

    async def poll(self) -> None:
        """Look at the rows: what a lost hint or a passed deadline left waiting."""
        for device_id in await self.poll_rows():
            if device_id not in self._efforts:
                self.want(device_id)

    def stop(self) -> None:
        self._stopped = True
        for effort in self._efforts.values():
            if effort.timer is not None and effort.timer.active():
                effort.timer.cancel()


def _patience(effort: _Effort, target: Target) -> float:
    """A datagram is not acknowledged: with another way left, that one is not kept waiting long."""
    sent = effort.tried is not None and effort.tried.way.method is Method.UDP
    return SENT_PATIENCE_S if sent and 0 < effort.next_way < len(target.ways) else PATIENCE_S


# ---- what it reads and writes, in a thread -------------------------------------------------------------------


def read_target(database: Database, vault: Vault, device_id: int, now: datetime, xmpp: bool, udp: bool, thorough: bool) -> Target | None:
    with database.read() as session:
        found = reach.target(session, vault, device_id, now, xmpp, udp, thorough)
        if found is None or not found.wanted:
            return found
        model = quirks.of_model(session, found.tenant, *found.model, ("request_basic", "request_https", "udp_sorted"))
        return replace(found, quirks=model)


def note_attempt(
    database: Database,
    vault: Vault,
    device_id: int,
    at: datetime,
    way: Way,
    result: str,
    detail: str,
    latency_ms: int,
    now: datetime,
    keep: int,
) -> int:
    with database.write() as unit:
        return reach.note_attempt(unit, vault, device_id, at, way.method, str(result), detail, latency_ms, now, keep)


def settle_attempt(database: Database, number: int, came_at: datetime | None) -> None:
    with database.write() as unit:
        reach.settle(unit, number, came_at)


def rows_to_wake(database: Database, now: datetime) -> list[int]:
    with database.read() as session:
        return progress.to_wake(session, now)
