"""A device for procedures: answers their requests from a dict of values, misbehaves as told, and remembers what it was asked."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from acs.cwmp import messages as m
from acs.cwmp.codec import RawRpc, UnknownRpc, decode, encode
from acs.cwmp.faults import CwmpFault, ParameterFault
from acs.cwmp.paths import parent
from acs.provisioning.procedure import Context, DeviceFacts, Failed, Learned, Outcome, Progress, Refused, Transfer
from acs.provisioning.quirks import DeviceQuirks

NOW = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)
UNKNOWN = "0001-01-01T00:00:00Z"


@dataclass
class Device:
    """`values` is its tree; an instance exists if a value lies below it. `answers` replaces its own answer to a kind of request.

    `max_names`: faults 9004 on more (K-46, K-50). `unreadable`: faults on these names (K-49). `refused`: the fault of a write by name.
    `hidden`: read back as the given text. `deaf`: accepts the write of these names without effect. `partial`, `deep`: whether a partial
    path is read, and a tree listed, in one go. `lists_itself`: NextLevel lists name the object asked for as well.
    """

    values: dict[str, str] = field(default_factory=dict)
    answers: dict[type, Any] = field(default_factory=dict)
    max_names: int = 10_000
    unreadable: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)
    deaf: frozenset[str] = frozenset()
    status: int = 0
    partial: bool = True
    deep: bool = True
    lists_itself: bool = False
    tables: frozenset[str] = frozenset()
    next_row: int = 7
    asked: list[Any] = field(default_factory=list)

    def answer(self, request: Any) -> Any:
        sent = decode(encode(request, "1")).message
        assert sent == request or (isinstance(request, RawRpc) and sent == UnknownRpc(request.name)), "what is asked must be sendable"
        self.asked.append(request)
        given = self.answers.get(type(request))
        if given is not None:
            return given(request) if callable(given) else given
        return getattr(self, f"_{type(request).__name__}")(request)

    def asked_for(self, kind: type) -> list[Any]:
        return [request for request in self.asked if type(request) is kind]

    # ---- reading ---------------------------------------------------------------------------------------

    def _GetParameterValues(self, request: Any) -> Any:
        names = [leaf for name in request.parameter_names for leaf in self._below(name)]
        if any(name.endswith(".") for name in request.parameter_names) and not self.partial:
            return CwmpFault(9002)
        if len(request.parameter_names) > self.max_names:
            return CwmpFault(9004)
        faults = [self.unreadable[name] for name in names if name in self.unreadable]
        if faults:
            return CwmpFault(faults[0])
        if any(name not in self.values for name in names if not name.endswith(".")):
            return CwmpFault(9005)
        return m.GetParameterValuesResponse(tuple(m.ParameterValueStruct(name, self.hidden.get(name, self.values[name])) for name in names))

    def _below(self, name: str) -> list[str]:
        return [leaf for leaf in self.values if leaf.startswith(name)] if name.endswith(".") or not name else [name]

    def _GetParameterNames(self, request: Any) -> Any:
        path, leaves = request.parameter_path, self._below(request.parameter_path)
        if not request.next_level and not self.deep:
            return CwmpFault(9004)
        names = dict.fromkeys(leaves)
        for leaf in leaves:
            above = parent(leaf)
            while above.startswith(path) and above:
                names[above] = None
                above = parent(above)
        if not names and path not in self.tables:
            return CwmpFault(9005)
        if request.next_level:
            names = {name: None for name in names if parent(name) == path or (self.lists_itself and name == path)}
        return m.GetParameterNamesResponse(tuple(m.ParameterInfoStruct(name, True) for name in names))

    # ---- writing ---------------------------------------------------------------------------------------

    def _SetParameterValues(self, request: Any) -> Any:
        faults = tuple(ParameterFault(v.name, self.refused[v.name]) for v in request.parameter_list if v.name in self.refused)
        if faults:
            return CwmpFault(9003, "Invalid arguments", faults)
        self.values |= {v.name: v.value for v in request.parameter_list if v.name not in self.deaf}
        return m.SetParameterValuesResponse(self.status)

    def _AddObject(self, request: Any) -> Any:
        self.values[f"{request.object_name}{self.next_row}.Enable"] = "0"
        return m.AddObjectResponse(self.next_row, 0)

    def _DeleteObject(self, request: Any) -> Any:
        gone = self._below(request.object_name)
        for name in gone:
            del self.values[name]
        return m.DeleteObjectResponse(0) if gone else CwmpFault(9005)

    def _SetParameterAttributes(self, request: Any) -> Any:
        return m.SetParameterAttributesResponse()

    def _Reboot(self, request: Any) -> Any:
        return m.RebootResponse()

    def _FactoryReset(self, request: Any) -> Any:
        return m.FactoryResetResponse()

    def _Download(self, request: Any) -> Any:
        return m.DownloadResponse(1, UNKNOWN, UNKNOWN)

    def _Upload(self, request: Any) -> Any:
        return m.UploadResponse(1, UNKNOWN, UNKNOWN)

    def _ScheduleInform(self, request: Any) -> Any:
        return m.ScheduleInformResponse()

    def _ScheduleDownload(self, request: Any) -> Any:
        return m.ScheduleDownloadResponse()

    def _CancelTransfer(self, request: Any) -> Any:
        return m.CancelTransferResponse()

    def _ChangeDUState(self, request: Any) -> Any:
        return m.ChangeDUStateResponse()

    def _GetAllQueuedTransfers(self, request: Any) -> Any:
        return m.GetAllQueuedTransfersResponse()

    def _GetRPCMethods(self, request: Any) -> Any:
        return m.GetRPCMethodsResponse(("GetRPCMethods", "GetParameterValues"))

    def _GetOptions(self, request: Any) -> Any:
        return m.GetOptionsResponse()

    def _SetVouchers(self, request: Any) -> Any:
        return m.SetVouchersResponse()

    def _GetParameterAttributes(self, request: Any) -> Any:
        return m.GetParameterAttributesResponse(tuple(m.ParameterAttributeStruct(path, 2, ("Subscriber",)) for path in request.parameter_names))

    def _RawRpc(self, request: Any) -> Any:
        return UnknownRpc(request.name + "Response", f"<{request.name}Response><Said>yes</Said></{request.name}Response>")


@dataclass
class Played:
    """How a procedure ended, what it told on the way, and what it learned of the device."""

    outcome: Outcome
    told: list[str]
    learned: list[Learned] = field(default_factory=list)

    @property
    def knobs(self) -> list[tuple[str, str, Any]]:
        return [(found.knob, found.item, found.value) for found in self.learned]


def play(procedure: Generator[Any, Any, Outcome], device: Device | None = None) -> Any:
    """The outcome of a procedure that runs against the device."""
    return played(procedure, device or Device()).outcome


def played(procedure: Generator[Any, Any, Outcome], device: Device) -> Played:
    told: list[str] = []
    learned: list[Learned] = []
    answer: Any = None
    try:
        while True:
            step = procedure.send(answer)
            if isinstance(step, Progress):
                told.append(step.text)
                answer = None
            elif isinstance(step, Learned):
                learned.append(step)
                answer = None
            else:
                answer = device.answer(step)
    except StopIteration as stop:
        return Played(stop.value, told, learned)
    except Refused as refused:
        return Played(Failed(str(refused), refused.fault), told, learned)


def context(root: str = "Device", *, read_batch: int = 100, version: str = "1.2", software: str = "1.0", **given: Any) -> Context:
    """What a procedure is given. Arguments as of Context; `transfer` may be a fault code."""
    if isinstance(given.get("transfer"), int):
        given["transfer"] = Transfer(given["transfer"], "")
    quirks = given.pop("quirks", DeviceQuirks(read_batch=read_batch))
    facts = DeviceFacts(root, version, "Router", "1", software, "key", quirks, given.pop("booted_at", None))
    return Context(facts, given.pop("now", NOW), given.pop("command_key", "hl-1"), **given)


Phase = Callable[[Context], Any]
