"""Wakes devices somebody waits for: one call per device at a time, demands coalesced, jittered retries, the result kept and shown.

Hints start it; a poll of the rows makes up for lost ones. Success is the Inform: a device that answered 200 and never came is called again.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from prometheus_client import Counter
from sqlalchemy import select
from twisted.internet.defer import Deferred

from acs import log
from acs.db.engine import Database
from acs.devices.models import Device, DeviceCredential
from acs.operations import progress
from acs.operations import service as operations
from acs.secrets import Vault
from acs.server.connection_request import Call, WakeResult

RETRY_S = (8, 20, 60, 180, 600, 1800)
"""Waits between calls, each jittered by half; the last one repeats."""
PATIENCE_S = 30
"""How long after its 200 a device may take to inform."""
BUSY_S = 4
"""A device that is busy is about to be free: soon again (quirk K-70 allows one call a minute; the next answer tells)."""

_log = log.get("waker")
_calls = Counter("hearthline_connection_requests_total", "connection requests by result", ["result"])


@dataclass(frozen=True, slots=True)
class Target:
    """A device that is to be woken, as read from its rows. `wanted`: something still waits for it."""

    call: Call
    in_session: bool
    wanted: bool
    informed_at: datetime | None


@dataclass
class _Effort:
    attempts: int = 0
    calling: bool = False
    timer: Any = None
    since: datetime | None = None


Send = Callable[[Call], Awaitable[tuple[WakeResult, str]]]


@dataclass
class Waker:
    """Runs in the process that owns the sockets. `read` and `note` work in a thread."""

    reactor: Any
    now: Callable[[], datetime]
    send: Send
    read: Callable[[int], Awaitable[Target | None]]
    note: Callable[[int, str, str], Awaitable[None]]
    poll_rows: Callable[[], Awaitable[list[int]]]
    most: int = 100
    _efforts: dict[int, _Effort] = field(default_factory=dict)
    _stopped: bool = False

    def want(self, device_id: int) -> None:
        """Somebody waits for this device: call it now, unless a call is under way."""
        effort = self._efforts.setdefault(device_id, _Effort())
        if effort.calling:
            return
        if effort.timer is not None and effort.timer.active():
            effort.timer.cancel()
        effort.timer, effort.attempts = None, 0
        self._start(device_id, effort)

    def _start(self, device_id: int, effort: _Effort) -> None:
        if self._stopped:
            return
        if sum(e.calling for e in self._efforts.values()) >= self.most:
            effort.timer = self.reactor.callLater(1 + random.random(), self._start, device_id, effort)  # noqa: S311
            return
        effort.calling = True
        effort.timer = None
        Deferred.fromCoroutine(self._effort(device_id, effort)).addErrback(self._failed, device_id)

    def _failed(self, failure: Any, device_id: int) -> None:
        _log.error("waking failed", device=device_id, trace=failure.getTraceback()[-2000:])
        self._efforts.pop(device_id, None)

    async def _effort(self, device_id: int, effort: _Effort) -> None:
        target = await self.read(device_id)
        if target is None or not target.wanted:
            self._efforts.pop(device_id, None)
            return
        if target.in_session:
            self._again(device_id, effort, 3)
            return
        if effort.since is not None and (target.informed_at is None or target.informed_at < effort.since):
            await self.note(device_id, WakeResult.NO_INFORM, "it answered the call but did not come")
        result, detail = await self.send(target.call)
        _calls.labels(result).inc()
        _log.info("called", device=device_id, result=result.value, detail=detail, attempt=effort.attempts + 1)
        await self.note(device_id, result, detail)
        effort.since = self.now() if result is WakeResult.OK else None
        wait = RETRY_S[min(effort.attempts, len(RETRY_S) - 1)]
        effort.attempts += 1
        if result is WakeResult.OK:
            wait = max(wait, PATIENCE_S)
        elif result is WakeResult.BUSY:
            wait = min(wait, BUSY_S)
        elif result in (WakeResult.NO_URL, WakeResult.FORBIDDEN_ADDRESS):
            wait = RETRY_S[-1]  # only its next Inform can change that
        self._again(device_id, effort, wait)

    def _again(self, device_id: int, effort: _Effort, wait_s: float) -> None:
        effort.calling = False
        if not self._stopped:
            effort.timer = self.reactor.callLater(wait_s * (0.75 + random.random() / 2), self._start, device_id, effort)  # noqa: S311

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


# ---- what it reads and writes, in a thread -------------------------------------------------------------------


def read_target(database: Database, vault: Vault, device_id: int, now: datetime) -> Target | None:
    with database.read() as session:
        row = session.execute(
            select(
                Device.connection_request_url, Device.session_token, Device.session_until, Device.last_inform_at, DeviceCredential.request_username,
                DeviceCredential.request_secret,
            )
            .outerjoin(DeviceCredential, DeviceCredential.device_id == Device.id)
            .where(Device.id == device_id, Device.trust == "admitted")
        ).first()  # fmt: skip
        if row is None:
            return None
        secret = vault.open(row.request_secret) if row.request_secret else ""
        in_session = row.session_token is not None and row.session_until is not None and row.session_until > now
        return Target(
            Call(row.connection_request_url, row.request_username or "", secret),
            in_session,
            progress.is_wanted(session, device_id, now),
            row.last_inform_at,
        )


def note_result(database: Database, device_id: int, now: datetime, result: str, detail: str) -> None:
    with database.write() as unit:
        operations.note_waking(unit, device_id, now, str(result), detail)


def rows_to_wake(database: Database, now: datetime) -> list[int]:
    with database.read() as session:
        return progress.to_wake(session, now)
