"""One simulated CPE without I/O: its tree, attributes, events, transfers, and what an Inform of it says.

rpc.py answers the ACS with it, session.py scripts a session, device.py gives it a reactor. Times are seconds as `facts.now` tells.
Follows TR-069 Amendment 6: events §3.7.1.5, notification A.3.2.4, Inform A.3.3.1. Tests: tests/simulators/test_cpe.py.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from acs.cwmp import events
from acs.cwmp.identity import Identity
from acs.cwmp.messages import DeviceIdStruct, EventStruct, Inform, ParameterValueStruct, TransferComplete
from acs.cwmp.times import UNKNOWN_TIME, format_time
from datamodels.entry import Entry
from datamodels.tree import forced_inform
from simulators.facts import Facts
from simulators.quirks import Quirks
from simulators.tree import Tree

REPORTED = (1, 2, 4, 6)
"""Notification values that put a changed parameter into an Inform (conformance D-63)."""
ACTIVE = (2, 6)


@dataclass(slots=True)
class Transfer:
    """A Download or Upload that was accepted. Waiting until `due`, then running, then done and owed one TransferComplete."""

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

    @property
    def event(self) -> str:
        return events.M_DOWNLOAD if self.kind == "download" else events.M_UPLOAD


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
    retry_count: int = 0
    after: AfterSession = field(default_factory=AfterSession)
    to_start: dict[str, None] = field(default_factory=dict)
    to_stop: set[str] = field(default_factory=set)
    rpcs: list[str] = field(default_factory=list)
    touched: bool = False
    _shipped: tuple[EventStruct, ...] = ()
    _shipped_changes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.tree = Tree(self.facts)

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

    # ---- events --------------------------------------------------------------------------------------------------

    def add_event(self, code: str, command_key: str = "") -> None:
        """Queue an event; single ones once, M ones once per key. BOOTSTRAP takes the place of everything but BOOT (D-20)."""
        event = EventStruct(code, command_key)
        if code == events.BOOTSTRAP:
            self.pending = [kept for kept in self.pending if kept.event_code == events.BOOT]
            self.transfers.clear()
            self.changed.clear()
            self.pending.insert(0, event)
        elif event not in self.pending:
            self.pending.append(event)

    def boot(self, first: bool = False) -> None:
        """The device has just started: its counters begin anew, what does not outlive a boot is gone (conformance D-21, G-5)."""
        self.facts.booted = self.facts.now()
        self.retry_count = 0
        kept = (events.BOOTSTRAP, events.M_REBOOT, events.SCHEDULED)
        self.pending = [event for event in self.pending if event.event_code in kept]
        if first or self.quirks.bootstrap_each_boot:
            self.add_event(events.BOOTSTRAP)
        self.add_event(events.BOOT)
        self._forget_diagnostics()
        self.facts.note("boot")

    def _forget_diagnostics(self) -> None:
        for path in [path for path in self.tree.changed if path.endswith(".DiagnosticsState")]:
            self.tree.changed[path] = "None"
        self.to_start.clear()

    @property
    def done_transfers(self) -> list[Transfer]:
        return [transfer for transfer in self.transfers if transfer.state == "done"]

    @property
    def has_news(self) -> bool:
        """Whether there is a reason for a session at once."""
        return bool(self.pending or self.done_transfers or any(self.notification(path) in ACTIVE for path in self.changed))

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
        done = self.done_transfers
        shipped = list(self.pending)
        if done:
            shipped.append(EventStruct(events.TRANSFER_COMPLETE))
            shipped += [EventStruct(transfer.event, transfer.command_key) for transfer in done]
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
                found += matching(self.tree, self.tree.value(row + "ParameterName"))
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
        from acs.cwmp.messages import FaultStruct

        done = transfer.completed if transfer.fault_code == 0 else None
        return TransferComplete(
            transfer.command_key, FaultStruct(transfer.fault_code, transfer.fault_string[:256]), _instant(transfer.started), _instant(done)
        )

    # ---- reset and keeping ---------------------------------------------------------------------------------------

    def factory_reset(self) -> None:
        """Everything the ACS or the subscriber set is gone; the next Inform is a BOOTSTRAP (conformance C-143)."""
        self.tree.factory_reset()
        for known in (self.notifications, self.access, self.changed, self.last_reported, self.to_start):
            known.clear()
        self.transfers.clear()
        self.pending.clear()
        self.touched = True

    def to_json(self) -> dict[str, Any]:
        """What outlives a power cut: values, attributes, firmware, transfers, and events that must be kept (D-20 to D-40)."""
        kept = (events.BOOTSTRAP, events.SCHEDULED, events.M_REBOOT, "M ScheduleInform")
        return {
            "version": self.facts.version,
            "tree": self.tree.to_json(),
            "notifications": dict(self.notifications),
            "access": {path: list(value) for path, value in self.access.items()},
            "events": [[event.event_code, event.command_key] for event in self.pending if event.event_code in kept],
            "transfers": [asdict(transfer) for transfer in self.transfers],
            "reported": {path: text for path, text in self.last_reported.items() if path.endswith("ConnectionRequestURL")},
        }

    def from_json(self, kept: dict[str, Any]) -> None:
        self.facts.version = kept.get("version", self.facts.version)
        self.tree.from_json(kept.get("tree", {}))
        self.notifications = {path: int(level) for path, level in kept.get("notifications", {}).items()}
        self.access = {path: tuple(value) for path, value in kept.get("access", {}).items()}
        self.pending = [EventStruct(code, key) for code, key in kept.get("events", [])]
        self.transfers = [Transfer(**each) for each in kept.get("transfers", [])]
        for transfer in self.transfers:
            if transfer.state == "running":  # a power cut in the middle: begin again
                transfer.state = "waiting"
        self.last_reported = dict(kept.get("reported", {}))


def wire_type(entry: Entry) -> str:
    """The xsi:type without prefix; a list is a string on the wire (conformance B-55)."""
    return "string" if entry.is_list else {"base64": "base64"}.get(entry.type, entry.type)


def matching(tree: Tree, pattern: str) -> list[str]:
    """Parameters a path names, with `*` for any instance; a partial path names all below it (conformance D-65, K-30)."""
    if "*" not in pattern:
        return tree.under(pattern) if pattern.endswith(".") else [pattern] if tree.leaf(pattern) else []
    found = re.compile(re.escape(pattern).replace(r"\*", r"\d+") + (".*" if pattern.endswith(".") else ""))
    return [path for path in tree.under(pattern.partition("*")[0]) if found.fullmatch(path)]


def _instant(seconds: float | None) -> str:
    return UNKNOWN_TIME if seconds is None else format_time(datetime.fromtimestamp(seconds, UTC))
