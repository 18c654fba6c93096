"""Optional_RPCs of the ACS: schedules, queues, software modules (conformance C.10, C.13, C-5)."""

from __future__ import annotations

from typing import Any

from simulators.conformance.case import case, check
from simulators.conformance.cpe import CwmpFault, Said, WireCpe
from simulators.firmware import make_image

GROUP = "Optional_RPCs"


async def _asked(cpe: WireCpe, action: str, rpc: tuple[str, ...], **args: Any) -> tuple[Any, Said]:
    await cpe.acquainted()
    handle = await cpe.wants(action, **args)
    await cpe.informs("6 CONNECTION REQUEST")
    said = await cpe.empty()
    while said.is_request and said.name not in rpc:
        said = await cpe.answers(said)
    check(said.name in rpc, f"the ACS never asked for {' or '.join(rpc)}; it ended with {said}")
    return handle, said


def _unsupported(action: str, rpcs: tuple[str, ...], **args: Any) -> None:
    @case(GROUP, "C-5", "E-1", name=f"{action.replace('_', '-')}-9000", title=f"{rpcs[0]} that a device does not know", needs=action,
          does=f"Answers {rpcs[0]} with 9000; it is told as failed, and not sent again.")  # fmt: skip
    async def unknown(cpe: WireCpe) -> None:
        handle, said = await _asked(cpe, action, rpcs, **args)
        times = 0
        while said.is_request and times < 10:
            times += said.name in rpcs
            said = await cpe.answers(said, CwmpFault(9000, "Method not supported") if said.name in rpcs else None)
        check(times < 4, f"{rpcs[0]} came {times} times though the device does not know it")
        check((await cpe.outcome(handle)).state == "failed", f"{rpcs[0]} that is not supported is not told as failed")


_IMAGE = {"image": make_image("Norvik R110", "9.8.6", 5000), "file_name": "window.bin", "version": "9.8.6", "start_s": 60, "end_s": 600}
_MODULE = {"url": "http://files.example/module.pkg", "uuid": "1bf0d5f4-64e9-5a8d-9b6b-8d2b2d0f1f5a"}
_unsupported("schedule_inform", ("ScheduleInform",), delay_s=60)
_unsupported("queued_transfers", ("GetAllQueuedTransfers", "GetQueuedTransfers"))
_unsupported("schedule_download", ("ScheduleDownload",), **_IMAGE)
_unsupported("install_module", ("ChangeDUState",), **_MODULE)


@case(GROUP, "C-137", "L-53", "D-23", "D-36", title="ScheduleInform: the device comes at its time", needs="schedule_inform")
async def schedule_inform(cpe: WireCpe) -> None:
    """Takes ScheduleInform and informs with 3 SCHEDULED and M ScheduleInform with its key."""
    handle, said = await _asked(cpe, "schedule_inform", ("ScheduleInform",), delay_s=60)
    rpc = said.xml.rpc
    assert rpc is not None
    check(
        [node.name for node in rpc.children] == ["DelaySeconds", "CommandKey"], f"ScheduleInform has {[node.name for node in rpc.children]}"
    )
    key = rpc.value("CommandKey")
    check(rpc.value("DelaySeconds") == "60" and 0 < len(key) <= 32, f"DelaySeconds {rpc.value('DelaySeconds')}, CommandKey {key!r}")
    await cpe.finishes(await _plain(cpe, said, "ScheduleInformResponse"))
    await cpe.informs("3 SCHEDULED", f"M ScheduleInform|{key}")
    await cpe.finishes()
    outcome = await cpe.outcome(handle)
    check(outcome.state == "done", f"the device came as appointed, the ACS says {outcome.state}: {outcome.detail}")


async def _plain(cpe: WireCpe, said: Said, name: str, arguments: str = "") -> Said:
    """A response our messages need not know."""
    from simulators.conformance.cases.events import _raw

    body = _raw(name, arguments)(cpe).decode()
    begin, end = body.find('mustUnderstand="1">') + 19, body.find("</cwmp:ID>")
    return await cpe.post((body[:begin] + (said.xml.id or "") + body[end:]).encode())


@case(GROUP, "C-130", "C-131", "L-55", title="The queue of transfers is read", needs="queued_transfers")
async def queued_transfers(cpe: WireCpe) -> None:
    """Answers with two transfers that wait."""
    handle, said = await _asked(cpe, "queued_transfers", ("GetAllQueuedTransfers", "GetQueuedTransfers"))
    items = ""
    for key, download in (("queued-one", 1), ("queued-two", 0)):
        more = f"<IsDownload>{download}</IsDownload><FileType>1 Firmware Upgrade Image</FileType><FileSize>0</FileSize><TargetFileName></TargetFileName>"
        every = said.name == "GetAllQueuedTransfers"
        item = "AllQueuedTransferStruct" if every else "QueuedTransferStruct"
        items += f"<{item}><CommandKey>{key}</CommandKey><State>1</State>{more if every else ''}</{item}>"
    kind = "AllQueuedTransferStruct" if said.name == "GetAllQueuedTransfers" else "QueuedTransferStruct"
    await cpe.finishes(
        await _plain(cpe, said, f"{said.name}Response", f'<TransferList SOAP-ENC:arrayType="cwmp:{kind}[2]">{items}</TransferList>')
    )
    outcome = await cpe.outcome(handle)
    check(outcome.state == "done", f"the queue was read, the ACS says {outcome.state}: {outcome.detail}")
    cpe.should("queued-one" in outcome.detail or not outcome.detail, "the transfers that wait are not told")


@case(GROUP, "C-133", "E-22", "L-55", title="A transfer that runs is not called off: 9021", needs="cancel_transfer")
async def cancel_refused(cpe: WireCpe) -> None:
    """Answers CancelTransfer with 9021."""
    handle, said = await _asked(cpe, "cancel_transfer", ("CancelTransfer",), command_key="running-one")
    rpc = said.xml.rpc
    check(rpc is not None and rpc.value("CommandKey") == "running-one", "CancelTransfer names another key")
    await cpe.finishes(await cpe.answers(said, CwmpFault(9021, "Cancelation of file transfer not permitted in current transfer state")))
    check((await cpe.outcome(handle)).state == "failed", "a transfer that was not called off is told as called off")


@case(GROUP, "C-133", title="A transfer is called off", needs="cancel_transfer")
async def cancel(cpe: WireCpe) -> None:
    """Answers CancelTransfer."""
    handle, said = await _asked(cpe, "cancel_transfer", ("CancelTransfer",), command_key="waiting-one")
    await cpe.finishes(await _plain(cpe, said, "CancelTransferResponse"))
    check((await cpe.outcome(handle)).state == "done", "CancelTransfer was answered, the ACS does not say so")


@case(GROUP, "C-134", "C-135", "B-40", title="ScheduleDownload has its windows in order", needs="schedule_download")
async def schedule_download(cpe: WireCpe) -> None:
    """Reads the windows of ScheduleDownload."""
    _, said = await _asked(cpe, "schedule_download", ("ScheduleDownload",), **_IMAGE)
    rpc = said.xml.rpc
    assert rpc is not None
    windows = rpc.child("TimeWindowList")
    check(windows is not None and 1 <= len(windows.children) <= 2, "ScheduleDownload has no or too many windows")
    assert windows is not None
    for window in windows.children:
        check(
            [node.name for node in window.children] == ["WindowStart", "WindowEnd", "WindowMode", "UserMessage", "MaxRetries"],
            "a window's parts",
        )
        check(int(window.value("WindowEnd")) > int(window.value("WindowStart")), "a window ends before it starts")
        check(window.value("WindowMode")[:2] in ("1 ", "2 ", "3 ", "4 ", "X "), f"WindowMode {window.value('WindowMode')!r}")


@case(GROUP, "C-136", "E-21", "D-38", title="No window worked: 9020 is told", needs="schedule_download")
async def windows_missed(cpe: WireCpe) -> None:
    """Takes ScheduleDownload and reports 9020."""
    from simulators.conformance.cases.events import _reported
    from simulators.conformance.cases.sessions import transfer_complete

    handle, said = await _asked(cpe, "schedule_download", ("ScheduleDownload",), **_IMAGE)
    key = said.xml.rpc.value("CommandKey") if said.xml.rpc is not None else ""
    await cpe.finishes(await _plain(cpe, said, "ScheduleDownloadResponse"))
    await cpe.informs("7 TRANSFER COMPLETE", f"M ScheduleDownload|{key}")
    await _reported(cpe, transfer_complete(key, 9020, "not within the time windows"))
    await cpe.finishes()
    check((await cpe.outcome(handle)).state == "failed", "a download that missed its windows is not told as failed")


@case(GROUP, "C-155", "C-156", "B-44", "C-159", title="ChangeDUState names its operation by type", needs="install_module")
async def install_form(cpe: WireCpe) -> None:
    """Reads the operation: xsi:type, URL, UUID; Operations is no SOAP array."""
    from simulators.conformance.soap import ENCODING, XSI

    _, said = await _asked(cpe, "install_module", ("ChangeDUState",), **_MODULE)
    rpc = said.xml.rpc
    assert rpc is not None
    found = [node for node in rpc.children if node.name == "Operations"]
    check(len(found) == 1, f"{len(found)} operations")
    check((ENCODING, "arrayType") not in found[0].attributes, "Operations is written as a SOAP array")
    check(
        found[0].attributes.get((XSI, "type"), "").endswith(":InstallOpStruct"), f"xsi:type is {found[0].attributes.get((XSI, 'type'))!r}"
    )
    check(found[0].value("URL") == _MODULE["url"], "the URL is another")


@case(GROUP, "C-160", "C-161", "L-54", "D-31", "D-40", "E-23", title="What became of the module is told", needs="install_module")
async def install_failed(cpe: WireCpe) -> None:
    """Takes ChangeDUState and reports 9022 with DUStateChangeComplete in the next session."""
    from simulators.conformance.cases.events import _raw

    handle, said = await _asked(cpe, "install_module", ("ChangeDUState",), **_MODULE)
    key = said.xml.rpc.value("CommandKey") if said.xml.rpc is not None else ""
    await cpe.finishes(await _plain(cpe, said, "ChangeDUStateResponse"))
    await cpe.informs("11 DU STATE CHANGE COMPLETE", f"M ChangeDUState|{key}")
    result = (f"<UUID>{_MODULE['uuid']}</UUID><DeploymentUnitRef></DeploymentUnitRef><Version></Version>"
              "<CurrentState>Failed</CurrentState><Resolved>0</Resolved>"
              "<ExecutionUnitRefList></ExecutionUnitRefList><StartTime>0001-01-01T00:00:00Z</StartTime><CompleteTime>0001-01-01T00:00:00Z</CompleteTime>"
              "<Fault><FaultCode>9022</FaultCode><FaultString>Invalid UUID Format</FaultString></Fault>")  # fmt: skip
    said = await cpe.post(_raw("DUStateChangeComplete", f"<Results>{result}</Results><CommandKey>{key}</CommandKey>")(cpe))
    check(said.name == "DUStateChangeCompleteResponse", f"DUStateChangeComplete was answered with {said}")
    await cpe.finishes()
    check((await cpe.outcome(handle)).state == "failed", "a module that could not be installed is not told as failed")
