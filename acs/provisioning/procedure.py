"""The language of procedures: what one sees, what it may yield, how it ends.

A procedure is a generator that lives within one session: it yields a CWMP request and is sent the answer, a response or a CwmpFault.
What outlasts a session is the operation it belongs to: a procedure ends with `Wait`, which names the phase that goes on and what
wakes it. Procedures are deterministic, so that another worker can rebuild one by replaying the stored answers: no clock, no chance.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from acs.cwmp.declare import RPCS
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import SINCE, ParameterValueStruct
from acs.cwmp.session import is_known_to
from acs.provisioning.quirks import STANDARD, DeviceQuirks

OPTIONAL = frozenset(rpc.name for rpc in RPCS if rpc.optional and rpc.callee == "cpe")
"""Methods a device may lack (conformance C-2)."""


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What a procedure may know of the device: from its head row, read at the Inform."""

    root: str
    version: str = "1.0"
    product_class: str = ""
    hardware_version: str = ""
    software_version: str = ""
    parameter_key: str = ""
    quirks: DeviceQuirks = STANDARD
    """What is known of this model and of this very device."""
    booted_at: datetime | None = None
    methods: frozenset[str] = frozenset()
    """What it answered to GetRPCMethods under this firmware; empty where it was never asked."""

    def path(self, below_root: str) -> str:
        return f"{self.root}.{below_root}"

    @property
    def read_batch(self) -> int:
        return self.quirks.read_batch

    def lacks(self, method: str) -> str:
        """Why a method need not be asked for: its protocol is too old, or it does not list it (conformance B-27, C-5). "" to try."""
        if not is_known_to(method, self.version):
            return f"not sent: {method} came with CWMP {SINCE[method]}, this device speaks {self.version}"
        if method in OPTIONAL and self.methods and method not in self.methods:
            return f"not sent: the device does not list {method} among its methods"
        return ""


MISSING_ANSWER = CwmpFault(9002, "the device answered with an empty POST")
"""Stands for an answer that never came (lesson R-3)."""


class Trigger(StrEnum):
    """What lets a waiting operation go on, beside its deadline."""

    TRANSFER = "transfer"
    DIAGNOSTICS = "diagnostics"
    BOOT = "boot"
    INFORM = "inform"
    SCHEDULED = "scheduled"
    MODULES = "modules"


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a TransferComplete said of our CommandKey."""

    fault_code: int
    fault_text: str = ""
    start_time: str = ""
    complete_time: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """All a procedure gets: the operation's arguments, what earlier phases remembered, and what its kind asks to be briefed on.

    `maybe_sent` says that an earlier session broke off after something irreversible may have left: settle it by evidence.
    """

    facts: DeviceFacts
    now: datetime
    command_key: str
    args: Mapping[str, Any] = field(default_factory=dict)
    memo: Mapping[str, Any] = field(default_factory=dict)
    brief: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0
    maybe_sent: bool = False
    transfer: Transfer | None = None
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Yielded to tell people how far it is; answered with None at once, nothing is sent."""

    text: str


@dataclass(frozen=True, slots=True)
class Learned:
    """Yielded to tell what the device showed of itself (a knob of quirks.py); answered with None at once, nothing is sent.

    `value` None takes back what was learned before. `asked` and `answered` are the evidence in a few words, without values of secrets.
    """

    knob: str
    value: Any
    item: str = ""
    asked: str = ""
    answered: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A whole subtree as it was found: names with their writable flags (objects end in a dot) and values. `prefix` "" is everything."""

    prefix: str
    names: tuple[tuple[str, bool], ...]
    values: tuple[ParameterValueStruct, ...]


@dataclass(frozen=True, slots=True)
class Done:
    result: Mapping[str, Any] = field(default_factory=dict)
    snapshots: tuple[Snapshot, ...] = ()
    values: tuple[ParameterValueStruct, ...] = ()
    """Values known without being read: what was written and verified. What GetParameterValues returns is kept anyway."""
    methods: tuple[str, ...] = ()
    """What the device can be asked for, kept with it."""
    cancels: int = 0
    """The operation that ends as cancelled with this one."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It cannot be done. `text` says in plain words what was and was not changed."""

    text: str
    fault: CwmpFault | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    snapshots: tuple[Snapshot, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """The session may end; phase `phase` goes on when one of `on` happens, or at `until`."""

    phase: str
    on: frozenset[Trigger]
    until: datetime
    progress: str
    memo: Mapping[str, Any] = field(default_factory=dict)


Outcome = Done | Failed | Wait
Answer = Any
"""A response message or a CwmpFault."""

Procedure = Generator[Any, Answer, Outcome]
Phase = Callable[[Context], Procedure]


class Refused(Exception):
    """Raised inside a procedure to end it as Failed."""

    def __init__(self, text: str, fault: CwmpFault | None = None) -> None:
        super().__init__(text)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of operation: its phases and what people and permissions need to know of it."""

    name: str
    label: str
    phases: Mapping[str, Phase]
    permission: str
    irreversible: bool = False
    settle: str = ""
    """The phase that settles by evidence when the first phase may have been sent but its answer was lost."""
    briefing: frozenset[str] = frozenset()
    """What the server looks up for it: "credentials", "image", "file", "scheduled", "upload", "speed"."""
    expiry_s: int = 24 * 3600
    priority: int = 50
    usual_s: int = 10
    keeps_reads: bool = True
    """Whether values it reads are stored as they come; False for kinds that end with snapshots of what they read."""
    late: bool = False
    """Briefed when its turn comes, outside the group commit, with all that was read in the session before it."""

    @property
    def first_phase(self) -> str:
        return next(iter(self.phases))
