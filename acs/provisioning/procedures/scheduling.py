"""What a device does later by itself, and what it has in its queue: scheduled contacts and downloads, listing and calling off transfers.

Conformance C.10, I-19. A scheduled thing lives in the device: what may have been asked for is waited for, never asked again.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    CancelTransfer,
    GetAllQueuedTransfers,
    GetQueuedTransfers,
    ScheduleDownload,
    ScheduleInform,
    TimeWindowStruct,
)
from acs.provisioning.procedure import Context, Done, Failed, Procedure, Trigger, Wait
from acs.provisioning.procedures.files import RESTORE, restore_verify
from acs.provisioning.procedures.lifecycle import FIRMWARE, firmware_verify, software_version
from acs.provisioning.procedures.plain import in_words

INFORM_GRACE = timedelta(minutes=5)
WINDOW_GRACE = timedelta(minutes=30)
MODES: Mapping[str, str] = {"any": "1 At Any Time", "now": "2 Immediately", "idle": "3 When Idle", "confirm": "4 Confirmation Needed"}
"""When within its window a device may begin (conformance C-135), by the words of our arguments."""
STATES = {1: "waiting", 2: "running", 3: "ended"}
"""What a queued transfer does (conformance C-130)."""


# ---- a contact at a time ---------------------------------------------------------------------------------------


def schedule_inform(ctx: Context) -> Procedure:
    """args: delay_s. Ends with the contact that carries our key, `M ScheduleInform`."""
    if not ctx.maybe_sent:
        answer = yield ScheduleInform(ctx.args["delay_s"], ctx.command_key)
        if isinstance(answer, CwmpFault):
            return Failed("The device takes no appointment.", answer)
    until = ctx.now + timedelta(seconds=ctx.args["delay_s"]) + INFORM_GRACE
    return Wait("verify", frozenset({Trigger.SCHEDULED}), until, "The device comes by itself when its time is up")


def schedule_inform_verify(ctx: Context) -> Procedure:
    yield from ()
    if "scheduled" in ctx.memo:
        return Done({"reported": True})
    return Failed("The device did not come at the appointed time, or did not say that it came for it.")


# ---- a download within time windows ------------------------------------------------------------------------------


def windows_of(given: Sequence[Mapping[str, Any]]) -> tuple[TimeWindowStruct, ...]:
    return tuple(TimeWindowStruct(w["start_s"], w["end_s"], MODES[w["mode"]], w["message"], w["retries"]) for w in given)


def schedule_download(ctx: Context) -> Procedure:
    """args: image or file, windows [{start_s, end_s, mode, message, retries}]; brief: url, size, and of an image version, file_name."""
    end = ctx.now + timedelta(seconds=max(w["end_s"] for w in ctx.args["windows"])) + WINDOW_GRACE
    memo = {"before": ctx.facts.software_version, "asked_at": ctx.now.isoformat(), "deadline": end.isoformat()}
    waiting = Wait("verify", frozenset({Trigger.TRANSFER}), end, "The device loads the file in its time window", memo)
    if ctx.maybe_sent:
        return waiting
    if "version" in ctx.brief:
        before = yield from software_version(ctx)
        memo["before"] = before
        if before == ctx.brief["version"]:
            return Done({"version": before, "before": before, "already": True})
    answer = yield ScheduleDownload(
        command_key=ctx.command_key, file_type=FIRMWARE if "version" in ctx.brief else RESTORE, url=ctx.brief["url"],
        file_size=ctx.brief["size"], target_file_name=ctx.brief.get("file_name", ""), time_window_list=windows_of(ctx.args["windows"]),
    )  # fmt: skip
    if isinstance(answer, CwmpFault):
        return Failed(f"The device did not take the appointment: {in_words(answer.code)}. Nothing was changed.", answer)
    return waiting


def schedule_download_verify(ctx: Context) -> Procedure:
    """Of an image as any firmware is judged, by the version that informs; of a settings file by the device's report."""
    return (yield from (firmware_verify if "version" in ctx.brief else restore_verify)(ctx))


# ---- the device's queue ------------------------------------------------------------------------------------------


def queued_transfers(ctx: Context) -> Procedure:
    """All transfers with their files; on a device of the first version, or one that does not know that, only those we asked for."""
    answer = yield GetAllQueuedTransfers()
    complete = not (isinstance(answer, CwmpFault) and answer.code == 9000)
    if not complete:
        answer = yield GetQueuedTransfers()
    if isinstance(answer, CwmpFault):
        return Failed("The device does not tell what it has in its queue.", answer)
    listed = [
        {"command_key": t.command_key, "state": STATES.get(t.state, str(t.state))}
        | ({"download": t.is_download, "file_type": t.file_type, "size": t.file_size, "file_name": t.target_file_name} if complete else {})
        for t in answer.transfer_list
    ]
    return Done({"transfers": listed, "complete": complete})


def cancel_transfer(ctx: Context) -> Procedure:
    """args: command_key, and operation where it is one of ours, which then ends as cancelled. Asking twice does no harm (C-133)."""
    answer = yield CancelTransfer(ctx.args["command_key"])
    if isinstance(answer, CwmpFault):
        return Failed(f"The transfer was not called off: {in_words(answer.code)}.", answer)
    operation = ctx.args.get("operation", 0)
    return Done({"command_key": ctx.args["command_key"], "operation": operation}, cancels=operation)
