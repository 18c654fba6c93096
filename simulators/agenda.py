"""What a simulated CPE does at an hour set beforehand: scheduled Informs, heartbeats, a reboot by parameter. And the timers it has.

Planned anew after every session and every boot, from what the Cpe remembers, so nothing is lost with a power cut (conformance C-137,
C-145, D-34, A-115). Tests: tests/simulators/test_agenda.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acs.cwmp import events
from acs.cwmp.times import UNKNOWN_TIME, parse_time
from simulators.cpe import M_SCHEDULE_INFORM, Cpe


class Timers:
    """Named timers of one device; a new one of a name takes the place of the old."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._running: dict[str, Any] = {}

    def later(self, name: str, seconds: float, call: Callable[..., Any], *arguments: Any) -> None:
        self.forget(name)
        self._running[name] = self._reactor.callLater(max(0.0, seconds), call, *arguments)

    def forget(self, name: str) -> None:
        known = self._running.pop(name, None)
        if known is not None and known.active():
            known.cancel()

    def stop(self) -> None:
        for name in tuple(self._running):
            self.forget(name)


class Agenda:
    """`wake` begins a session, `reboot` restarts the device."""

    def __init__(self, timers: Timers, cpe: Cpe, wake: Callable[[], None], reboot: Callable[[], None]) -> None:
        self._timers, self._cpe, self._wake, self._reboot = timers, cpe, wake, reboot

    def plan(self) -> None:
        """Set the timers for all that is due some day."""
        self._plan_appointment()
        self._plan_heartbeat()
        self._plan_reboot()

    def _plan_appointment(self) -> None:
        if self._cpe.appointments:
            self._timers.later("appointment", min(self._cpe.appointments)[0] - self._cpe.facts.now(), self._appointment)

    def _appointment(self) -> None:
        """All that are due by now go into one Inform: one `3 SCHEDULED`, an `M ScheduleInform` for each (D-7)."""
        now = self._cpe.facts.now()
        due = [key for at, key in self._cpe.appointments if at <= now + 0.001]
        self._cpe.appointments = [each for each in self._cpe.appointments if each[0] > now + 0.001]
        for key in due:
            self._cpe.add_event(events.SCHEDULED)
            self._cpe.add_event(M_SCHEDULE_INFORM, key)
        self._cpe.touched = True
        self._plan_appointment()
        self._wake()

    def _plan_heartbeat(self) -> None:
        interval = int(self._cpe.policy("HeartbeatPolicy.ReportingInterval") or 0)
        if self._cpe.policy("HeartbeatPolicy.Enable") not in ("true", "1") or interval < 1:
            self._timers.forget("heartbeat")
            return
        first = parse_time(self._cpe.policy("HeartbeatPolicy.InitiationTime"))
        start = first.timestamp() if first is not None else 0.0
        now = self._cpe.facts.now()
        self._timers.later("heartbeat", start - now if start > now else next_tick(now, start, interval), self._heartbeat)

    def _heartbeat(self) -> None:
        self._cpe.add_event(events.HEARTBEAT)
        self._plan_heartbeat()
        self._wake()

    def _plan_reboot(self) -> None:
        """ScheduleReboot at its hour, DelayReboot so many seconds after it was set; either is spent with it (C-145)."""
        delay, at = self._cpe.policy("DelayReboot"), parse_time(self._cpe.policy("ScheduleReboot"))
        if delay not in ("", "-1"):
            self._cpe.tree.put(self._cpe.management("DelayReboot"), "-1")
            self._timers.later("reboot", float(delay), self._reboot_now)
        elif at is not None and at.timestamp() > self._cpe.facts.now():
            self._timers.later("reboot at", at.timestamp() - self._cpe.facts.now(), self._reboot_now)

    def _reboot_now(self) -> None:
        path = self._cpe.management("ScheduleReboot")
        if self._cpe.tree.leaf(path) is not None:
            self._cpe.tree.put(path, UNKNOWN_TIME)
        self._reboot()


def next_tick(now: float, reference: float, interval: int) -> float:
    """Seconds from `now` to the next reference + n · interval, n any whole number; never less than a tenth (A-115)."""
    return max(0.1, interval - (now - reference) % interval)
