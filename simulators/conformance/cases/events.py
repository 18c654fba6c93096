"""Events_Informs, second half: every event and what a device calls with it (conformance D.2, C.9, C.14; K-33, K-62 to K-66, R-4)."""

from __future__ import annotations

from typing import Any

from acs.cwmp import messages
from acs.cwmp.messages import FaultStruct, TransferComplete
from acs.cwmp.times import UNKNOWN_TIME
from simulators.conformance.case import case, check
from simulators.conformance.cases.sessions import transfer_complete
from simulators.conformance.cpe import WireCpe

GROUP = "Events_Informs"

EVENTS = {
    "0 BOOTSTRAP": "D-20", "1 BOOT": "D-21", "2 PERIODIC": "D-22", "3 SCHEDULED": "D-23", "4 VALUE CHANGE": "D-24", "5 KICKED": "D-25",
    "6 CONNECTION REQUEST": "D-26", "7 TRANSFER COMPLETE": "D-27", "8 DIAGNOSTICS COMPLETE": "D-28", "9 REQUEST DOWNLOAD": "D-29",
    "10 AUTONOMOUS TRANSFER COMPLETE": "D-30", "11 DU STATE CHANGE COMPLETE": "D-31", "12 AUTONOMOUS DU STATE CHANGE COMPLETE": "D-32",
    "13 WAKEUP": "D-33", "14 HEARTBEAT": "D-34", "M Reboot|k": "D-35", "M ScheduleInform|k": "D-36", "M Download|k": "D-37",
    "M ScheduleDownload|k": "D-38", "M Upload|k": "D-39", "M ChangeDUState|k": "D-40", "M X_00A0C5_Foo|k": "D-41", "X 00A0C5 Text": "D-42",
}  # fmt: skip
TOGETHER = {"3": "M ScheduleInform|k", "7": "M Download|k", "11": "M ChangeDUState|k"}


def _event(code: str, item: str) -> None:
    short = code.partition("|")[0]
    name = short.lower().replace(" ", "-").replace("_", "-")
    more = ("L-96", "D-10") if item in ("D-33", "D-34", "D-41", "D-42") else ()

    @case(
        GROUP,
        item,
        *more,
        name=f"event-{name}",
        title=f"Event {short} is acknowledged",
        does=f"Informs with {short}; the session must go on to its end.",
    )
    async def acknowledged(cpe: WireCpe) -> None:
        others = [TOGETHER[number] for number in (code.split(maxsplit=1)[0],) if number in TOGETHER]
        await cpe.informs(code, *others)
        await cpe.finishes()


for _code, _item in EVENTS.items():
    _event(_code, _item)


def _odd(name: str, cites: tuple[str, ...], title: str, *events: str) -> None:
    @case(GROUP, *cites, name=name, title=title, does=f"Informs with {', '.join(events[:4]) or 'no event'}; the session must go on.")
    async def odd(cpe: WireCpe) -> None:
        body = cpe.envelope(cpe.inform(*events))
        if not events:
            begin, end = body.find(b"<Event "), body.find(b"</Event>") + 8
            empty = b'<Event SOAP-ENC:arrayType="cwmp:EventStruct[0]"></Event>' if name == "events-none" else b""
            body = body[:begin] + empty + body[end:]
        await cpe.informs(body=body)
        await cpe.finishes()


_odd("events-none", ("D-8", "L-33"), "An empty Event list")
_odd("events-missing", ("K-33",), "No Event list at all")
_odd("events-unknown", ("D-10",), "An event nobody knows", "99 SOMETHING NEW")
_odd("events-underscore", ("K-33", "D-45"), "Underscores and double blanks in an event", "1_BOOT", "4  VALUE  CHANGE")
_odd("events-number-only", ("K-33",), "Events that are numbers only", "1", "4")
_odd("events-twice", ("K-33", "D-7"), "The same event twice", "2 PERIODIC", "2 PERIODIC")
_odd("events-order", ("D-9",), "Events in another order", "4 VALUE CHANGE", "1 BOOT", "0 BOOTSTRAP")
_odd("events-64", ("D-1", "D-7"), "Sixty-four events", *(f"M Download|key-{n}" for n in range(63)), "7 TRANSFER COMPLETE")


# ---- TransferComplete ----------------------------------------------------------------------------------------------


async def _reported(cpe: WireCpe, message: TransferComplete) -> None:
    said = await cpe.calls(message)
    check(said.name == "TransferCompleteResponse", f"TransferComplete was answered with {said}")


@case(GROUP, "C-120", "L-3", "D-27", title="TransferComplete is acknowledged")
async def transfer_complete_acknowledged(cpe: WireCpe) -> None:
    """Informs with 7 TRANSFER COMPLETE and M Download, and reports the transfer before its empty POST."""
    await cpe.informs("7 TRANSFER COMPLETE", "M Download|some-key")
    await _reported(cpe, transfer_complete("some-key"))
    await cpe.finishes()


@case(GROUP, "C-125", "I-15", "L-62", title="The same TransferComplete is answered twice")
async def transfer_complete_twice(cpe: WireCpe) -> None:
    """Reports the same transfer twice in one session, and once more in the next."""
    for times in (2, 1):
        await cpe.informs("7 TRANSFER COMPLETE", "M Download|same-key")
        for _ in range(times):
            await _reported(cpe, transfer_complete("same-key"))
        await cpe.finishes()


@case(GROUP, "C-124", "L-3", "D-47", title="TransferComplete cut off before its answer is taken again in the next session")
async def transfer_complete_cut(cpe: WireCpe) -> None:
    """Cuts the connection before the response comes; the next session repeats event and report."""
    await cpe.informs("7 TRANSFER COMPLETE", "M Download|cut-key")
    line = await cpe.line()
    line.send(cpe.request(cpe.envelope(transfer_complete("cut-key"))))
    cpe.hang_up(cut=True)
    await cpe.informs("7 TRANSFER COMPLETE", "M Download|cut-key", retry_count=1)
    await _reported(cpe, transfer_complete("cut-key"))
    await cpe.finishes()


@case(GROUP, "C-125", "K-64", title="TransferComplete with an unknown or empty key is acknowledged")
async def transfer_complete_unknown(cpe: WireCpe) -> None:
    """Reports transfers nobody asked for."""
    await cpe.informs("7 TRANSFER COMPLETE", "M Download|")
    for key in ("never-asked", ""):
        await _reported(cpe, transfer_complete(key))
    await cpe.finishes()


@case(GROUP, "R-4", title="TransferComplete in a session whose event is only 2 PERIODIC")
async def transfer_complete_periodic(cpe: WireCpe) -> None:
    """Reports a transfer without its event, as a client in the field does."""
    await cpe.informs("2 PERIODIC")
    await _reported(cpe, transfer_complete("periodic"))
    await cpe.finishes()


@case(GROUP, "R-17", "C-122", title="TransferComplete with empty times")
async def transfer_complete_no_times(cpe: WireCpe) -> None:
    """StartTime and CompleteTime are empty elements."""
    await cpe.informs("7 TRANSFER COMPLETE", "M Download|t")
    await _reported(cpe, TransferComplete("t", FaultStruct(0, ""), "", ""))


def _report(code: int, *cites: str) -> None:
    @case(GROUP, "C-121", *cites, name=f"transfer-complete-{code}", title=f"TransferComplete with fault {code} is acknowledged",
          does=f"Reports a failed transfer with FaultCode {code}.")  # fmt: skip
    async def failed(cpe: WireCpe) -> None:
        await cpe.informs("7 TRANSFER COMPLETE", f"M Download|f{code}")
        await _reported(cpe, transfer_complete(f"f{code}", code, "It failed: <reason> & more"))
        await cpe.finishes()


for _number, _cite in {9001: "E-2", 9010: "E-11", 9011: "E-12", 9012: "E-13", 9013: "X-11", 9014: "E-15", 9015: "E-16", 9016: "E-17", 9017: "E-18",
                       9018: "E-19", 9019: "E-20", 9020: "E-21", 9033: "E-34", 9850: "E-35"}.items():  # fmt: skip
    _report(_number, _cite)


# ---- what else a device calls with --------------------------------------------------------------------------------


def _optional(cls: str, cites: tuple[str, ...], event: str, required: bool, make: Any) -> None:
    @case(GROUP, *cites, name=f"calls-{cls.lower()}", title=f"{cls} is answered", does=f"Informs with {event} and calls {cls}; "
          + ("a response is due." if required else "its response or fault 8000 is due."))  # fmt: skip
    async def answered(cpe: WireCpe) -> None:
        await cpe.informs(event)
        said = await cpe.post(make(cpe) if callable(make) else make)
        if said.name == "Fault" and said.code == 8000 and not required:
            cpe.note(f"{cls} is not supported, which is allowed")
        else:
            check(said.name == f"{cls}Response", f"{cls} was answered with {said}")
        await cpe.finishes()


def _raw(name: str, arguments: str) -> Any:
    """An envelope of a request that our messages may not declare."""

    def make(cpe: WireCpe) -> bytes:
        frame = cpe.envelope(messages.GetRPCMethods()).decode()
        return frame.replace("<cwmp:GetRPCMethods></cwmp:GetRPCMethods>", f"<cwmp:{name}>{arguments}</cwmp:{name}>").encode()

    return make


_TIMES = f"<StartTime>{UNKNOWN_TIME}</StartTime><CompleteTime>{UNKNOWN_TIME}</CompleteTime>"
_NO_FAULT = "<FaultStruct><FaultCode>0</FaultCode><FaultString></FaultString></FaultStruct>"
_RESULT = (
    "<UUID>1bf0d5f4-64e9-5a8d-9b6b-8d2b2d0f1f5a</UUID><DeploymentUnitRef></DeploymentUnitRef><Version>1</Version><CurrentState>Installed</CurrentState>"
    f"<Resolved>1</Resolved><ExecutionUnitRefList></ExecutionUnitRefList>{_TIMES}<Fault><FaultCode>0</FaultCode></Fault>"
)
_optional("AutonomousTransferComplete", ("C-3", "C-126"), "10 AUTONOMOUS TRANSFER COMPLETE", True, _raw(
    "AutonomousTransferComplete", "<AnnounceURL></AnnounceURL><TransferURL>http://files.example/x</TransferURL><IsDownload>1</IsDownload>"
    "<FileType>1 Firmware Upgrade Image</FileType><FileSize>0</FileSize><TargetFileName></TargetFileName>" + _NO_FAULT + _TIMES))  # fmt: skip
_optional("DUStateChangeComplete", ("C-3", "C-160"), "11 DU STATE CHANGE COMPLETE", False, _raw(
    "DUStateChangeComplete", f"<Results><OpResultStruct>{_RESULT}</OpResultStruct></Results><CommandKey>k</CommandKey>"))  # fmt: skip
_optional("AutonomousDUStateChangeComplete", ("C-3", "C-162"), "12 AUTONOMOUS DU STATE CHANGE COMPLETE", False, _raw(
    "AutonomousDUStateChangeComplete",
    f"<Results><AutonOpResultStruct>{_RESULT}<OperationPerformed>Install</OperationPerformed></AutonOpResultStruct></Results>"))  # fmt: skip
_optional("RequestDownload", ("C-3", "C-171"), "9 REQUEST DOWNLOAD", False, _raw(
    "RequestDownload", '<FileType>1 Firmware Upgrade Image</FileType><FileTypeArg SOAP-ENC:arrayType="cwmp:ArgStruct[0]"></FileTypeArg>'))  # fmt: skip
_optional("Kicked", ("C-3", "C-170"), "5 KICKED", False, _raw(
    "Kicked", "<Command>sign-up</Command><Referer></Referer><Arg></Arg><Next>http://portal.example/</Next>"))  # fmt: skip
