"""One simulated CPE without I/O: its tree, attributes, events, transfers, and what an Inform of it says.

rpc.py answers the ACS with it, session.py scripts a session, device.py gives it a reactor. Times are seconds as `facts.now` tells.
Follows TR-069 Amendment 6: events §3.7.1.5, notification A.3.2.4, Inform A.3.3.1. Tests: tests/simulators/test_cpe.py.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from acs.cwmp import events
from acs.cwmp.codec import decode, encode
from acs.cwmp.identity import Identity
from acs.cwmp.messages import (
    AutonomousDUStateChangeComplete,
    AutonomousTransferComplete,
    ChangeDUState,
    DeviceIdStruct,
    DUStateChangeComplete,
    EventStruct,
    FaultStruct,
    Inform,
    ParameterValueStruct,
    TransferComplete,
)
from acs.cwmp.times import UNKNOWN_TIME, format_time
from datamodels.entry import Entry
from datamodels.tree import forced_inform
from simulators.facts import Facts
from simulators.quirks import Quirks
from simulators.tree import Tree

REPORTED = (1, 2, 4, 6)
"""Notification values that put a changed parameter into an Inform (conformance D-63)."""
ACTIVE = (2, 6)
M_SCHEDULE_INFORM = "M ScheduleInform"
M_CHANGE_DU_STATE = "M ChangeDUState"
KEPT_CALLS = (DUStateChangeComplete, AutonomousDUStateChangeComplete, AutonomousTransferComplete)
"""Requests of the device's own that outlive a boot (conformance D-30 to D-32)."""


class SessionFailed(Exception):
    """The session is unsuccessful; the text says why (conformance A-60). `retry_after_s` is what the ACS asked for with 503, 0 for nothing."""

    def __init__(self, why: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class Window:
    """One time window of a ScheduleDownload, in instants; `retries` are left in it, `confirmed` says that the subscriber agreed."""

    start: float
    end: float
    mode: str
    retries: int
    confirmed: bool = False

    def may_begin(self) -> bool:
        return not self.mode.startswith("4 ") or self.confirmed


@dataclass(slots=True)
class Transfer:
    """A file that is to move. Waiting until `due`, then running, then done and owed one TransferComplete.

    `method` is the RPC that asked for it; "" for one the device began by itself. `windows` are those of a ScheduleDownload.
    """

    kind: str
    command_key: str
    file_type: str
    url: str
    username: str
    password: str
    file_size: int
    target: str
    due: float
    state: str = "waiting"
    fault_code: int = 0
    fault_string: str = ""
    started: float | None = None
    completed: float | None = None
    reported: bool = False
    method: str = "Download"
    windows: list[Window] = field(default_factory=list)

    @property
    def event(self) -> str:
        return f"M {self.method}"


@dataclass(slots=True)
class Call:
    """A request of the device's own, repeated until the ACS answers it, with the events that tell of it (conformance A-43, D-29 to D-32)."""

    message: Any
    events: tuple[EventStruct, ...] = ()


@dataclass(slots=True)
class Change:
    """A ChangeDUState that was accepted: what is left to do, and what came of the rest (conformance C-161)."""

    left: ChangeDUState
    done: DUStateChangeComplete


@dataclass(slots=True)
class AfterSession:
    """What was accepted in a session and happens when it has ended."""

    reboot: bool = False
    factory_reset: bool = False
    new_url: bool = False


@dataclass(slots=True)
class Cpe:
    """`pending` are events that InformResponse acknowledges; those of transfers follow from `transfers` (conformance D-27, D-47)."""

    facts: Facts
    quirks: Quirks = field(default_factory=Quirks)
    tree: Tree = field(init=False)
    notifications: dict[str, int] = field(default_factory=dict)
    access: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pending: list[EventStruct] = field(default_factory=list)
    changed: dict[str, None] = field(default_factory=dict)
    last_reported: dict[str, str] = field(default_factory=dict)
    transfers: list[Transfer] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    appointments: list[tuple[float, str]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    acs_methods: tuple[str, ...] = ()
    blinks_until: float = 0.0
    boots: int = 0
    informed_again: bool = False
    loops_s: float = 0.0
    """The firmware that runs starts again so long after every start; 0 for one that stays up."""
    waiting_version: str = ""
    """A version that an odd device has only after its second boot (K-62)."""
    boots_to_wait: int = 0
    late_rows: list[str] = field(default_factory=list)
    retry_count: int = 0
    after: AfterSession = field(default_factory=AfterSession)
    to_start: dict[str, None] = field(default_factory=dict)
    to_stop: set[str] = field(default_factory=set)
    rpcs: list[str] = field(default_factory=list)
    touched: bool = False
    _shipped: tuple[EventStruct, ...] = ()
    _shipped_changes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.tree = Tree(self.facts, self.quirks.padding)

    # ---- names ---------------------------------------------------------------------------------------------------

    @property
    def serial(self) -> str:
        return self.facts.serial

    @property
    def identity(self) -> Identity:
        profile = self.facts.profile
        return Identity(profile.oui, profile.product_class, self.facts.serial)

    def management(self, leaf: str) -> str:
        return f"{self.tree.root}ManagementServer.{leaf}"

    def setting(self, leaf: str) -> str:
        return self.tree.value(self.management(leaf))

    def is_on(self, leaf: str) -> bool:
        return self.setting(leaf) in ("true", "1")

    def policy(self, path: str) -> str:
        """A setting below ManagementServer that not every model has; "" where there is none."""
        path = self.management(path)
        return self.tree.value(path) if self.tree.leaf(path) is not None else ""

    def close_port(self) -> None:
        """No connection requests by HTTP: the URL is empty (conformance F-3)."""
        self.tree.changed[self.management("ConnectionRequestURL")] = ""

    def open_port(self) -> None:
        self.tree.changed.pop(self.management("ConnectionRequestURL"), None)

    # ---- events --------------------------------------------------------------------------------------------------

    def add_event(self, code: str, command_key: str = "") -> None:
        """Queue an event; single ones once, M ones once per key. BOOTSTRAP takes the place of everything but BOOT (D-20)."""
        event = EventStruct(code, command_key)
        if code == events.BOOTSTRAP:
            self.pending = [kept for kept in self.pending if kept.event_code == events.BOOT]
            self.transfers.clear()
            self.calls.clear()
            self.changed.clear()
            watched = [path for path in self.notifications if self.tree.leaf(path) is not None]
            self.last_reported.update((path, self.tree.value(path)) for path in watched)  # what moved before is no news (K-44)
            self.pending.insert(0, event)
        elif event not in self.pending:
            self.pending.append(event)

    def boot(self, first: bool = False) -> None:
        """The device has just started: its counters begin anew, what does not outlive a boot is gone (conformance D-21, G-5)."""
        self.facts.booted = self.facts.now()
        self.boots += 1
        self.informed_again = False
        self.retry_count = 0
        kept = (events.BOOTSTRAP, events.M_REBOOT, events.SCHEDULED, M_SCHEDULE_INFORM)
        self.calls = [call for call in self.calls if type(call.message) in KEPT_CALLS]
        self.pending = [event for event in self.pending if event.event_code in kept]
        if first or self.quirks.bootstrap_each_boot:
            self.add_event(events.BOOTSTRAP)
        self.add_event(events.BOOT)
        self._choose_image()
        if self.waiting_version and self.boots_to_wait:
            self.install_firmware(self.waiting_version)
            self.waiting_version = ""
            self.note_change(f"{self.tree.root}DeviceInfo.SoftwareVersion")
        self.boots_to_wait = 1 if self.waiting_version else 0
        self._forget_diagnostics()
        self.facts.note("boot")

    def _choose_image(self) -> None:
        """Start the image that BootFirmwareImage names (conformance I-18)."""
        info = f"{self.tree.root}DeviceInfo."
        if self.tree.leaf(info + "BootFirmwareImage") is None:
            return
        chosen, active = self.tree.value(info + "BootFirmwareImage").rstrip("."), self.tree.value(info + "ActiveFirmwareImage")
        if chosen in ("", active) or self.tree.leaf(chosen + ".Version") is None:
            return
        version = self.tree.value(chosen + ".Version")
        self.tree.put(active + ".Version", self.facts.version)
        self.tree.put(active + ".Status", "Available")
        self.tree.put(chosen + ".Status", "Active")
        self.tree.put(info + "ActiveFirmwareImage", chosen)
        self.facts.version = version
        self.note_change(info + "SoftwareVersion")

    def install_firmware(self, version: str) -> None:
        """Into the bank that runs."""
        self.facts.version = version
        active = f"{self.tree.root}DeviceInfo.ActiveFirmwareImage"
        if self.tree.leaf(active) is not None:
            self.tree.put(self.tree.value(active) + ".Version", version)

    def _forget_diagnostics(self) -> None:
        for path in [path for path in self.tree.changed if path.endswith(".DiagnosticsState")]:
            self.tree.changed[path] = "None"
        self.to_start.clear()

    @property
    def done_transfers(self) -> list[Transfer]:
        """Those that owe a TransferComplete."""
        return [transfer for transfer in self.transfers if transfer.state == "done"]

    def call(self, message: Any, *of: str, command_key: str = "") -> None:
        """Owe the ACS a request of our own; `of` are its events, the last M one with the command key."""
        self.calls.append(Call(message, tuple(EventStruct(code, command_key if code.startswith("M ") else "") for code in of)))
        self.touched = True

    @property
    def has_news(self) -> bool:
        """Whether there is a reason for a session at once."""
        return bool(self.pending or self.calls or self.done_transfers or any(self.notification(path) in ACTIVE for path in self.changed))

    # ---- values and notification ---------------------------------------------------------------------------------

    def notification(self, path: str) -> int:
        """The notification attribute in force: forced ones cannot be lowered (conformance C-67)."""
        leaf = self.tree.leaf(path)
        if leaf is None or leaf.entry.active_notify == "forceEnabled":
            return 2
        return self.notifications.get(path, 2 if leaf.entry.active_notify == "forceDefaultEnabled" else 0)

    def change(self, path: str, text: str) -> bool:
        """A change by another cause than the ACS. True if it calls for a session at once (conformance K-40, K-41)."""
        before = self.tree.value(path)
        self.tree.put(path, text)
        self.touched = True
        return self.note_change(path) if before != text else False

    def note_change(self, path: str) -> bool:
        level = self.notification(path)
        if level in REPORTED:
            self.changed[path] = None
            self._shipped_changes = tuple(kept for kept in self._shipped_changes if kept != path)  # it moved again since the Inform
        return level in ACTIVE

    def _notice_living(self) -> None:
        """Passive parameters that change by themselves (a counter) are compared when an Inform is due (conformance K-42)."""
        for path, level in self.notifications.items():
            leaf = self.tree.leaf(path)
            if level in REPORTED and leaf is not None and leaf.living is not None and self.last_reported.get(path) != self.tree.value(path):
                self.changed[path] = None

    # ---- Inform --------------------------------------------------------------------------------------------------

    def inform(self) -> Inform:
        """The Inform of the session that begins now; `acknowledged` must be called when its response came."""
        self._notice_living()
        self.late_rows.clear()
        done = self.done_transfers
        shipped = list(self.pending)
        if done:
            shipped.append(EventStruct(events.TRANSFER_COMPLETE))
            shipped += [EventStruct(transfer.event, transfer.command_key) for transfer in done]
        shipped = list(dict.fromkeys([*shipped, *(event for call in self.calls for event in call.events)]))
        if self.changed:
            shipped.append(EventStruct(events.VALUE_CHANGE))
        shipped = shipped or [EventStruct(events.PERIODIC)]
        self._shipped, self._shipped_changes = tuple(self.pending), tuple(self.changed)
        for transfer in done:
            transfer.reported = True
        names = dict.fromkeys((*self._forced(), *self._configured({event.event_code for event in shipped}), *self.changed))
        values = [self.value_struct(name) for name in names if self.tree.leaf(name) is not None]
        profile = self.facts.profile
        return Inform(
            DeviceIdStruct(profile.manufacturer, profile.oui, profile.product_class, self.facts.serial), tuple(shipped), 1, self.clock(),
            self.retry_count + self.quirks.retry_offset, tuple(values),
        )  # fmt: skip

    def clock(self) -> str:
        return format_time(datetime.fromtimestamp(self.facts.now(), UTC)).replace("Z", "+00:00")

    def _forced(self) -> list[str]:
        found = [path for path in forced_inform(self.tree.base.root) if "{i}" not in path and self.tree.leaf(path) is not None]
        if self.tree.base.root == "InternetGatewayDevice":  # D-61: only of the default connection
            default = self.tree.value("InternetGatewayDevice.Layer3Forwarding.DefaultConnectionService").rstrip(".")
            found.append(f"{default}.ExternalIPAddress")
        return found

    def _configured(self, codes: set[str]) -> list[str]:
        """Parameters the ACS asked for in InformParameter rows (conformance D-65)."""
        table = self.management("InformParameter.")
        found: list[str] = []
        for number in self.tree.rows(table):
            row = f"{table}{number}."
            if self.tree.value(row + "Enable") not in ("true", "1"):
                continue
            wanted = {code.strip() for code in self.tree.value(row + "EventList").split(",") if code.strip()}
            if codes & wanted if wanted else codes - {events.VALUE_CHANGE}:
                found += self.tree.matching(self.tree.value(row + "ParameterName"))
        return found

    def value_struct(self, path: str) -> ParameterValueStruct:
        leaf = self.tree.leaf(path)
        return ParameterValueStruct(path, self.tree.shown(path), wire_type(leaf.entry) if leaf else "string")

    def acknowledged(self) -> None:
        """InformResponse came: what that Inform carried is delivered (conformance D-47)."""
        self.pending = [event for event in self.pending if event not in self._shipped]
        for path in self._shipped_changes:
            self.changed.pop(path, None)
            if self.tree.leaf(path) is not None:
                self.last_reported[path] = self.tree.value(path)
        self.last_reported[self.management("ConnectionRequestURL")] = self.setting("ConnectionRequestURL")
        self.touched = True

    def failed(self) -> None:
        """The session failed: it counts, and a connection request is not delivered again (conformance A-66, D-26)."""
        self.retry_count += 1
        self.pending = [event for event in self.pending if event.event_code != events.CONNECTION_REQUEST]

    def transfer_complete(self, transfer: Transfer) -> TransferComplete:
        """Its report: CompleteTime is unknown if it failed, StartTime if it never began (conformance C-122)."""
        done = transfer.completed if transfer.fault_code == 0 else None
        fault = FaultStruct(transfer.fault_code, transfer.fault_string[:256])
        return TransferComplete(transfer.command_key, fault, instant(transfer.started), instant(done))

    def transfer_ended(self, transfer: Transfer) -> None:
        """One we began ourselves is reported by AutonomousTransferComplete, if the policy wants to know of it (conformance C-126)."""
        transfer.state, transfer.completed = "done", self.facts.now()
        if transfer.method:
            return
        self.transfers.remove(transfer)
        if self._is_reported(transfer):
            report = self.transfer_complete(transfer)
            message = AutonomousTransferComplete(
                "", transfer.url, transfer.kind == "download", transfer.file_type, transfer.file_size, transfer.target, report.fault_struct,
                report.start_time, report.complete_time,
            )  # fmt: skip
            self.call(message, events.AUTONOMOUS_TRANSFER_COMPLETE)

    def _is_reported(self, transfer: Transfer) -> bool:
        types = self.policy("AutonomousTransferCompletePolicy.FileTypeFilter")
        return (
            self.policy("AutonomousTransferCompletePolicy.Enable") in ("true", "1")
            and self.policy("AutonomousTransferCompletePolicy.TransferTypeFilter") in ("", "Both", transfer.kind.capitalize())
            and self.policy("AutonomousTransferCompletePolicy.ResultTypeFilter")
            in ("", "Both", "Failure" if transfer.fault_code else "Success")
            and (not types or transfer.file_type in [each.strip() for each in types.split(",")])
        )

    # ---- reset and keeping ---------------------------------------------------------------------------------------

    def factory_reset(self) -> None:
        """Everything the ACS or the subscriber set is gone; the next Inform is a BOOTSTRAP (conformance C-143)."""
        self.tree.factory_reset()
        for known in (self.notifications, self.access, self.changed, self.last_reported, self.to_start):
            known.clear()
        for owed in (self.transfers, self.pending, self.calls, self.appointments, self.changes):
            owed.clear()
        self.options.clear()
        self.touched = True

    def to_json(self) -> dict[str, Any]:
        """What outlives a power cut: values, attributes, firmware, transfers, and events that must be kept (D-20 to D-40)."""
        kept = (events.BOOTSTRAP, events.SCHEDULED, events.M_REBOOT, M_SCHEDULE_INFORM)
        return {
            "version": self.facts.version,
            **({"loops": self.loops_s} if self.loops_s else {}),
            "tree": self.tree.to_json(),
            "notifications": dict(self.notifications),
            "access": {path: list(value) for path, value in self.access.items()},
            "events": [[event.event_code, event.command_key] for event in self.pending if event.event_code in kept],
            "transfers": [asdict(transfer) for transfer in self.transfers],
            "calls": [
                {"says": _packed(call.message), "events": [[event.event_code, event.command_key] for event in call.events]}
                for call in self.calls
                if type(call.message) in KEPT_CALLS
            ],
            "appointments": [list(each) for each in self.appointments],
            "changes": [[_packed(change.left), _packed(change.done)] for change in self.changes],
            "options": dict(self.options),
            "reported": {path: text for path, text in self.last_reported.items() if path.endswith("ConnectionRequestURL")},
        }

    def from_json(self, kept: dict[str, Any]) -> None:
        self.facts.version = kept.get("version", self.facts.version)
        self.loops_s = float(kept.get("loops", 0))
        self.tree.from_json(kept.get("tree", {}))
        self.notifications = {path: int(level) for path, level in kept.get("notifications", {}).items()}
        self.access = {path: tuple(value) for path, value in kept.get("access", {}).items()}
        self.pending = [EventStruct(code, key) for code, key in kept.get("events", [])]
        self.transfers = [
            Transfer(**{**each, "windows": [Window(**w) for w in each.get("windows", [])]}) for each in kept.get("transfers", [])
        ]
        self.calls = [
            Call(_unpacked(call["says"]), tuple(EventStruct(*event) for event in call["events"])) for call in kept.get("calls", [])
        ]
        self.appointments = [(float(due), key) for due, key in kept.get("appointments", [])]
        self.changes = [Change(_unpacked(left), _unpacked(done)) for left, done in kept.get("changes", [])]
        self.options = dict(kept.get("options", {}))
        for transfer in self.transfers:
            if transfer.state == "running":  # a power cut in the middle: begin again
                transfer.state = "waiting"
        self.last_reported = dict(kept.get("reported", {}))


def wire_type(entry: Entry) -> str:
    """The xsi:type without prefix; a list is a string on the wire (conformance B-55)."""
    return "string" if entry.is_list else {"base64": "base64"}.get(entry.type, entry.type)


def _packed(message: Any) -> str:
    return encode(message, None, "urn:dslforum-org:cwmp-1-2").decode()


def _unpacked(text: str) -> Any:
    return decode(text.encode()).message


def instant(seconds: float | None) -> str:
    return UNKNOWN_TIME if seconds is None else format_time(datetime.fromtimestamp(seconds, UTC))
