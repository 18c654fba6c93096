"""A simulated CPE that lives: power, sessions, periods, retries, transfers, diagnoses, on one reactor.

Decides when things happen; what is said is cpe.py's and session.py's. One session at a time (conformance A-56); reasons that arise in
one are merged into the next (A-57). Whatever an ACS answers, the worst that comes of it is a failed session and the retry table (A-64).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from twisted.internet.defer import CancelledError, Deferred, ensureDeferred

from acs import log
from acs.cwmp import events
from acs.cwmp.times import parse_time
from simulators.agenda import Agenda, Timers, next_tick
from simulators.chance import AnyChance
from simulators.cpe import Cpe, SessionFailed, Transfer
from simulators.diagnostics import Diagnostics
from simulators.http import HttpClient
from simulators.logins import login_of
from simulators.modules import Operation, Work
from simulators.oddities import Crashes, Hangs
from simulators.quirks import Quirks
from simulators.retry import retry_wait
from simulators.session import Session
from simulators.transfer_queue import is_missed, may_try_again, next_look
from simulators.transfers import Aftermath, transfer_file
from simulators.transport import AcsConnection

SLOW_S = 2.0
HANGS_S = 40.0
RETRY_S = 10.0
"""Between two attempts at a scheduled download within its window."""


class Link(Protocol):
    """A way to be called beside HTTP: it follows what the parameters say after every session."""

    def follow(self) -> None: ...
    def stop(self) -> None: ...


class Power(Enum):
    OFF = auto()
    BOOTING = auto()
    RUNNING = auto()
    STOPPED = auto()


@dataclass(slots=True)
class Counts:
    """What a device, or a fleet, did so far."""

    sessions: int = 0
    failed: int = 0
    rpcs: int = 0
    boots: int = 0
    downloads: int = 0
    uploads: int = 0
    diagnoses: int = 0
    calls: int = 0
    last_failure: str = ""


@dataclass(slots=True)
class Habits:
    """How a device of this fleet lives; seconds. `clip_retry_s` bounds the retry wait (conformance X-8), None follows the table; `hangs_s` is
    how long one that hangs keeps its connection before somebody pulls the plug."""

    boot_s: tuple[float, float] = (2.0, 4.0)
    flash_s: tuple[float, float] = (1.0, 2.0)
    clip_retry_s: float | None = None
    ca: Path | None = None
    certificate: Path | None = None
    """PEM file of the client certificate and its key, for all; or a folder with one for each, named by its key."""
    say: Callable[[str], None] = field(default=lambda _text: None)
    saved: Callable[[Device], None] = field(default=lambda _device: None)
    failed: Callable[[Device, str], None] = field(default=lambda _device, _why: None)
    reached: Callable[[Device], None] = field(default=lambda _device: None)
    ended: Callable[[Device], None] = field(default=lambda _device: None)
    hangs_s: float = HANGS_S
    deaf_share: float = 0.0
    """Of the fleet, those that do not heed Retry-After."""

    def heeds(self, device: Device) -> bool:
        """Whether this device stays away as long as it is told; the same for all its life."""
        return zlib.crc32(device.serial.encode()) / 2**32 >= self.deaf_share

    def certificate_of(self, key: str) -> Path | None:
        """The client certificate of one device; None where the fleet has none, or none for this device."""
        if self.certificate is None or not self.certificate.is_dir():
            return self.certificate
        own = self.certificate / f"{key}.pem"
        return own if own.is_file() else None


class Device:
    """One CPE of a fleet."""

    def __init__(self, reactor: Any, cpe: Cpe, habits: Habits, rng: AnyChance, token: str) -> None:
        self.reactor, self.cpe, self.habits, self.rng, self.token = reactor, cpe, habits, rng, token
        self.power = Power.OFF
        self.counts = Counts()
        self.client = HttpClient(reactor, ca=habits.ca, own=habits.certificate_of(str(cpe.identity.key)))
        self._timers = Timers(reactor)
        self.agenda = Agenda(self._timers, cpe, self.wake, self._reboot_when_free)
        self.diagnostics = Diagnostics(reactor, cpe, rng, self._diagnosed)
        self.in_session = False
        self.is_asleep = False
        self.transferring: Transfer | None = None
        self._changing: Deferred[Any] | None = None
        self._expected: list[Any] = []
        self._talked = False
        self._sessions_begun = 0
        self.acts: list[Any] = []
        self._cookies: dict[str, str] = {}
        self._phase = rng.random()
        self._ended = 0.0
        self._running: Deferred[Any] | None = None
        self.links: tuple[Link, ...] = ()

    # ---- for tests and other programs ----------------------------------------------------------------------------

    @property
    def serial(self) -> str:
        return self.cpe.serial

    @property
    def rpcs(self) -> list[str]:
        """Names of the RPCs received, in order."""
        return self.cpe.rpcs

    @property
    def download_count(self) -> int:
        return self.cpe.rpcs.count("Download")

    def value(self, path: str) -> str:
        """The text of a parameter as the device knows it, hidden ones too. KeyError for an unknown one."""
        return self.cpe.tree.value(path)

    def set_local(self, path: str, text: str) -> None:
        """A change on the LAN side: not by the ACS, so notified if somebody asked for it (conformance L-50)."""
        if self.cpe.change(path, text):
            throttle = float(self.cpe.setting("DefaultActiveNotificationThrottle") or 0)
            wait = self._ended + throttle - self.reactor.seconds() if throttle else 0
            self._timers.later("throttle", max(0.0, wait), self.wake)

    def trigger(self, event: str, command_key: str = "") -> None:
        """Let an event happen now: `trigger("2 PERIODIC")`."""
        self.cpe.add_event(event, command_key)
        self.wake()

    def expect(self, seconds: float, call: Callable[..., Any], *arguments: Any) -> None:
        """Have something happen so long after now, whatever the device does until then; not after `stop`."""
        self._expected.append(self.reactor.callLater(seconds, call, *arguments))

    # ---- power ---------------------------------------------------------------------------------------------------

    def start(self, delay_s: float = 0.0, *, fresh: bool = True) -> None:
        """Switch on after a while. `fresh`: never seen by the ACS, so the first Inform is a BOOTSTRAP."""
        self._timers.later("power", delay_s, self._booted, fresh)

    def _booted(self, fresh: bool = False) -> None:
        self.power = Power.RUNNING
        self.is_asleep = False
        self.counts.boots += 1
        self.cpe.boot(first=fresh)
        if self.cpe.loops_s:
            self._timers.later("loop", self.cpe.loops_s, self._reboot_when_free)
        self._follow()
        url = self.cpe.management("ConnectionRequestURL")
        if not fresh and self.cpe.last_reported.get(url, self.cpe.tree.value(url)) != self.cpe.tree.value(url):
            self.cpe.note_change(url)
        self.wake()

    def reboot(self, *, fresh: bool = False) -> None:
        """Off, and on again after the boot time. Whatever ran is gone."""
        self._stop_all()
        self.power = Power.BOOTING
        self.habits.say(f"{self.serial} restarts")
        self._timers.later("power", self.rng.uniform(*self.habits.boot_s), self._booted, fresh)

    def power_cut(self) -> None:
        """Reboot from another cause: a session or transfer that runs is cut (conformance C-142, L-62)."""
        self._cut()
        self.reboot()

    def power_off(self) -> None:
        """The same, and it stays dark until `start`."""
        self._cut()
        self._stop_all()
        self.power = Power.OFF

    def _cut(self) -> None:
        self._cancel_running()
        if self.transferring is not None and self.transferring.state == "running":
            self.transferring.state = "waiting"
        self.in_session, self.transferring = False, None

    def stop(self) -> None:
        """End for good."""
        for timer in self._expected:
            if timer.active():
                timer.cancel()
        self._stop_all()
        self.power = Power.STOPPED
        self._cancel_running()

    def _cancel_running(self) -> None:
        running, self._running, changing, self._changing = self._running, None, self._changing, None
        for each in (running, changing):
            if each is not None:
                each.cancel()

    def _stop_all(self) -> None:
        self._timers.stop()
        self.diagnostics.stop_all()
        self.client.abort()
        for link in self.links:
            link.stop()

    # ---- sessions ------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """There is a reason for a session: now, or right after the one that runs (conformance A-57, A-67)."""
        if self.power is not Power.RUNNING or self.in_session or self.is_asleep or self.transferring is not None:
            return
        if not self.cpe.is_on("EnableCWMP"):
            return
        self._timers.forget("retry")
        self._timers.forget("period")
        self.in_session = True
        self._run(self._session())

    def _log_error(self, text: str, **about: Any) -> None:
        log.get("cpe").error(text, device=str(self.cpe.identity.key), **about)

    def _run(self, coroutine: Any) -> None:
        self._running = ensureDeferred(coroutine)
        self._running.addErrback(self._crashed)

    def _crashed(self, failure: Any) -> None:
        if not failure.check(CancelledError):
            self._log_error("simulated device failed", trace=failure.getTraceback())

    async def _session(self) -> None:
        try:
            await self._talk()
        except CancelledError:
            raise
        except SessionFailed as error:
            self.cpe.after.reboot = self.cpe.after.reboot or isinstance(error, Crashes)
            self._session_failed(str(error), error.retry_after_s)
        except Exception as error:  # an answer nobody thought of ends this session, never the fleet
            self._log_error("session failed unexpectedly", exc_info=True)
            self._session_failed(f"{type(error).__name__}: {error}")
        else:
            self.in_session = False
            self._session_ended()

    async def _talk(self) -> None:
        cpe = self.cpe
        cookies = self._cookies if cpe.quirks.keep_cookies else {}
        login = login_of(cpe.setting("Username"), cpe.setting("Password"), cpe.quirks)
        hangs_up_at = 0 if self._talked else cpe.quirks.hang_up_at
        self._talked = True
        connection = AcsConnection(self.client, cpe.setting("URL"), login, cpe.quirks, cookies, cpe.policy("HTTPCompression"), hangs_up_at)
        self._sessions_begun += 1
        if cpe.quirks.cr_url:
            self._odd_url()
        session = Session(cpe)
        heard = len(cpe.rpcs)
        try:
            body = session.first()
            following: bytes | None = body
            while following is not None:
                answer = await connection.post(following)
                if "slow" in cpe.facts.flags:
                    await self._sleep(SLOW_S)
                following = await self._next(session, answer)
                for place in tuple(cpe.to_stop):
                    self.diagnostics.stop(place)
                cpe.to_stop.clear()
        finally:
            self.counts.rpcs += len(cpe.rpcs) - heard
            if not cpe.quirks.lingers:
                self.client.close()

    async def _next(self, session: Session, answer: bytes) -> bytes | None:
        try:
            return session.next(answer)
        except Hangs:
            await self._sleep(self.habits.hangs_s)
            raise

    def _sleep(self, seconds: float) -> Deferred[None]:
        waiting: Deferred[None] = Deferred()
        timer = self.reactor.callLater(seconds, waiting.callback, None)
        waiting.addErrback(lambda failure: (timer.cancel() if timer.active() else None, failure)[1])
        return waiting

    def _session_failed(self, why: str, retry_after_s: float = 0.0) -> None:
        """Again by the retry table; not before the ACS wants us back, unless this device does not care (conformance A-64, A-65)."""
        self.in_session = False
        cpe = self.cpe
        cpe.failed()
        self.counts.failed += 1
        self.counts.last_failure = why
        minimum, multiplier = cpe.setting("CWMPRetryMinimumWaitInterval"), cpe.setting("CWMPRetryIntervalMultiplier")
        low, high = retry_wait(cpe.retry_count, int(minimum), int(multiplier))
        wait = self.rng.uniform(low, high)
        if retry_after_s and self.habits.heeds(self):
            wait = max(wait, retry_after_s)
        if self.habits.clip_retry_s is not None:
            wait = min(wait, self.habits.clip_retry_s)
        if cpe.retry_count == 1:
            self.habits.failed(self, why)
        self._settle()
        if self.power is Power.RUNNING and not cpe.after.reboot:
            self._timers.later("retry", wait, self.wake)

    def _session_ended(self) -> None:
        self.counts.sessions += 1
        self.cpe.retry_count = 0
        if self.counts.sessions == 1:
            self.habits.reached(self)
        self.habits.ended(self)
        self._settle()

    def _settle(self) -> None:
        """What was accepted in the session happens now, whether or not the session ended well."""
        cpe, after = self.cpe, self.cpe.after
        self._ended = self.reactor.seconds()
        if cpe.touched:
            cpe.touched = False
            self.habits.saved(self)
        self._follow()
        reboot, reset = after.reboot, after.factory_reset
        after.reboot = after.factory_reset = False
        if reset:
            cpe.factory_reset()
            self.habits.say(f"{self.serial} goes back to factory state")
            self.habits.saved(self)
            self.reboot(fresh=True)
            return
        if reboot:
            self.reboot()
            return
        if after.new_url:
            after.new_url = False
            cpe.add_event(events.BOOTSTRAP)
        for place in tuple(cpe.to_start):
            del cpe.to_start[place]
            self.counts.diagnoses += 1
            self.diagnostics.start(place)
        self._plan_transfers()
        self._plan_changes()
        self._plan_period()
        self.agenda.plan()
        if cpe.quirks.storm_s:
            self._timers.later("storm", cpe.quirks.storm_s, self._storm)
        if cpe.retry_count == 0 and cpe.has_news:
            self._timers.later("next", 0, self.wake)

    def _storm(self) -> None:
        """A counter with active notification has changed again (K-34)."""
        self.cpe.changed[f"{self.cpe.tree.root}DeviceInfo.UpTime"] = None
        self.wake()

    def _plan_period(self) -> None:
        """The next tick of PeriodicInformTime + n · interval; with unknown time the phase is our own (conformance A-115, A-116)."""
        interval = int(self.cpe.setting("PeriodicInformInterval") or 0)
        if not self.cpe.is_on("PeriodicInformEnable") or interval < 1 or self.power is not Power.RUNNING:
            self._timers.forget("period")
            return
        reference = parse_time(self.cpe.setting("PeriodicInformTime"))
        start = reference.timestamp() if reference is not None else self._phase * interval
        self._timers.later("period", next_tick(self.reactor.seconds(), start, interval), self._period)

    def _period(self) -> None:
        self.cpe.add_event(events.PERIODIC)
        self._plan_period()
        self.wake()

    def _diagnosed(self, place: str) -> None:
        self.habits.say(f"{self.serial}: {place.rstrip('.').rpartition('.')[2]} {self.value(place + 'DiagnosticsState')}")
        self.cpe.add_event(events.DIAGNOSTICS_COMPLETE)
        self.wake()

    # ---- connection requests -------------------------------------------------------------------------------------

    def call_login(self) -> tuple[str, str]:
        return self.cpe.setting("ConnectionRequestUsername"), self.cpe.setting("ConnectionRequestPassword")

    def call_quirks(self) -> Quirks:
        return self.cpe.quirks

    def _odd_url(self) -> None:
        """The ConnectionRequestURL of an odd device (K-69)."""
        honest = urlsplit(self.cpe.facts.connection_request_url)
        host = {"private": "192.168.77.3", "ipv6": "[::1]"}.get(self.cpe.quirks.cr_url, honest.hostname or "")
        url = "" if self.cpe.quirks.cr_url == "empty" else f"http://{host}:{honest.port}{self.call_path()}"
        self.cpe.facts.connection_request_url = url or self.cpe.facts.connection_request_url
        self.cpe.tree.changed[self.cpe.management("ConnectionRequestURL")] = url

    def call_path(self) -> str:
        """The path of its URL; an odd one's changes with every session (K-69)."""
        return f"/cr/{self.token}" + (f"/{self._sessions_begun}" if self.cpe.quirks.cr_url == "changes" else "")

    def listens(self) -> bool:
        """Whether its port is open at all (conformance F-3, A-111)."""
        if self.transferring is not None and "deaf-while-installing" in self.cpe.quirks.cr:
            return False
        return self.cpe.is_on("EnableCWMP") and self.cpe.policy("HTTPConnectionRequestEnable") not in ("false", "0") and not self.is_asleep

    def _follow(self) -> None:
        if self.power is Power.RUNNING:
            for link in self.links:
                link.follow()

    def may_be_called(self) -> bool:
        """Not while it restarts or installs (conformance F-8)."""
        if "busy-at-first" in self.cpe.quirks.cr and not self.counts.sessions:
            return False
        return self.power is Power.RUNNING and self.transferring is None

    def called(self) -> None:
        """A good connection request: answered first, then a session, or another one after that which runs (F-6, F-9)."""
        self.counts.calls += 1
        if "never" in self.cpe.quirks.cr:
            return
        late_s = self.cpe.quirks.number("cr", "late")
        self._timers.later("call", late_s or 0.01, self._heed_call)

    def _heed_call(self) -> None:
        self.cpe.add_event(events.CONNECTION_REQUEST)
        self.wake()

    # ---- transfers -----------------------------------------------------------------------------------------------

    def _plan_transfers(self) -> None:
        """The next accepted transfer, when it is due and no session runs (conformance C-94, C-95)."""
        waiting = [transfer for transfer in self.cpe.transfers if transfer.state == "waiting"]
        if waiting and self.transferring is None and self.power is Power.RUNNING:
            first = min(waiting, key=next_look)
            self._timers.later("transfer", next_look(first) - self.reactor.seconds(), self._transfer, first)

    def _transfer(self, transfer: Transfer) -> None:
        if self.in_session:  # after it: _settle plans again
            return
        if transfer not in self.cpe.transfers or self.power is not Power.RUNNING:
            return
        if is_missed(transfer, self.reactor.seconds()):
            self._end_transfer(transfer, Aftermath.REPORT)
        elif next_look(transfer) > self.reactor.seconds():
            self._plan_transfers()
        else:
            self.transferring = transfer
            transfer.state = "running"
            self._run(self._do_transfer(transfer))

    def begin(self, transfer: Transfer) -> None:
        """A transfer of the device's own."""
        self.cpe.transfers.append(transfer)
        self._plan_transfers()

    def confirm(self, command_key: str) -> None:
        """The subscriber agrees to the scheduled downloads with this key."""
        for window in [window for transfer in self.cpe.transfers if transfer.command_key == command_key for window in transfer.windows]:
            window.confirmed = True
        self._plan_transfers()

    async def _do_transfer(self, transfer: Transfer) -> None:
        client = HttpClient(self.reactor, ca=self.habits.ca)
        try:
            aftermath = await transfer_file(client, self.cpe, transfer)
            if aftermath is Aftermath.REBOOT:
                await self._sleep(self.rng.uniform(*self.habits.flash_s))
        except CancelledError:
            raise
        except Exception as error:
            self._log_error("transfer failed unexpectedly", exc_info=True)
            transfer.fault_code, transfer.fault_string = 9010, f"{type(error).__name__}"
            aftermath = Aftermath.REPORT
        finally:
            client.close()
        self.transferring = None
        if may_try_again(transfer, self.reactor.seconds(), RETRY_S):
            self.habits.say(f"{self.serial}: {transfer.kind} of {transfer.file_type} failed, trying again in its time window")
            self._plan_transfers()
            self._wake_if_news()
        else:
            self._end_transfer(transfer, aftermath)

    def _end_transfer(self, transfer: Transfer, aftermath: Aftermath) -> None:
        if self.cpe.quirks.files:
            self._odd_end(transfer, aftermath)
        self.cpe.transfer_ended(transfer)
        if transfer.kind == "download":
            self.counts.downloads += 1
        else:
            self.counts.uploads += 1
        outcome = f"failed: {transfer.fault_code} {transfer.fault_string}" if transfer.fault_code else "done"
        self.habits.say(f"{self.serial}: {transfer.kind} of {transfer.file_type} {outcome}")
        self.habits.saved(self)
        early_s = self.cpe.quirks.number("files", "early-report")
        if aftermath is Aftermath.REBOOT and early_s is None:
            self.cpe.note_change(f"{self.cpe.tree.root}DeviceInfo.SoftwareVersion")
            self.reboot()
        else:
            if aftermath is Aftermath.REBOOT:
                self._timers.later("early", early_s or 0.0, self._reboot_when_free)
            self.wake()
            self._plan_transfers()

    def _odd_end(self, transfer: Transfer, aftermath: Aftermath) -> None:
        """An outcome that is not what happened (K-63)."""
        quirks = self.cpe.quirks
        false, every = quirks.number("files", "report-fault"), quirks.number("files", "every-fault")
        if false and aftermath is Aftermath.REBOOT:
            transfer.fault_code, transfer.fault_string = int(false), "it went in all the same"
        elif every and transfer.fault_code:
            transfer.fault_code, transfer.fault_string = int(every), ""

    # ---- software modules ----------------------------------------------------------------------------------------

    def _plan_changes(self) -> None:
        """Accepted changes of software modules run beside sessions, one after the other (conformance C-155)."""
        if self.cpe.changes and self._changing is None and self.power is Power.RUNNING:
            self._change(self._work().run(self.cpe.changes[0]))

    def change_by_itself(self, operation: Operation) -> None:
        """A software module changes without the ACS having asked (conformance C-162)."""
        if self._changing is None and self.power is Power.RUNNING:
            self._change(self._work().run_autonomously(operation))

    def _work(self) -> Work:
        return Work(
            self.cpe, lambda: HttpClient(self.reactor, ca=self.habits.ca), lambda: self._sleep(self.rng.uniform(*self.habits.flash_s))
        )

    def _change(self, coroutine: Any) -> None:
        self._changing = changing = ensureDeferred(coroutine)

        def ended(_result: Any) -> None:
            if self._changing is changing:
                self._changing = None
                self.habits.saved(self)
                self._wake_if_news()
                self._plan_changes()

        changing.addErrback(self._crashed)
        changing.addCallback(ended)

    def _wake_if_news(self) -> None:
        if self.cpe.has_news:
            self.wake()

    # ---- standby, and a reboot by parameter ----------------------------------------------------------------------

    def standby(self, seconds: float) -> None:
        """Sleep: no session and no connection request, for no longer than StandbyPolicy allows; then `13 WAKEUP` (conformance D-33)."""
        limit = int(self.cpe.policy("StandbyPolicy.CRUnawarenessMaxDuration") or -1)
        self.is_asleep = True
        self._timers.later("standby", min(seconds, limit) if limit >= 0 else seconds, self._woken)

    def _woken(self) -> None:
        self.is_asleep = False
        self.cpe.add_event(events.WAKEUP)
        self.wake()

    def _reboot_when_free(self) -> None:
        """Not in the middle of a session or an installation (conformance C-145)."""
        if self.in_session or self.transferring is not None:
            self._timers.later("reboot", 1.0, self._reboot_when_free)
        else:
            self.reboot()
