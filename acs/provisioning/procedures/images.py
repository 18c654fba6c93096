"""Firmware for devices with two images: stored beside the running one, then started (conformance I-18).

Every phase looks at what the device has, so that one that may have been sent is settled by evidence.
"""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

from acs.cwmp.events import BOOT, BOOTSTRAP
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import Download, GetParameterValues, ParameterValueStruct, Reboot, SetParameterValues
from acs.provisioning.procedure import Answer, Context, Done, Failed, Outcome, Procedure, Trigger, Wait
from acs.provisioning.procedures.lifecycle import REBOOT_GRACE
from acs.provisioning.procedures.parameters import read_subtree
from acs.provisioning.procedures.plain import in_words

STORED = "6 Stored Firmware Image"
STORE_GRACE = timedelta(minutes=30)


def store(ctx: Context) -> Procedure:
    """args: image, activate; brief: url, size, version, file_name."""
    if ctx.maybe_sent:
        return (yield from stored(ctx))
    answer = yield Download(
        command_key=ctx.command_key, file_type=STORED, url=ctx.brief["url"], file_size=ctx.brief["size"], target_file_name=ctx.brief["file_name"]
    )  # fmt: skip
    if isinstance(answer, CwmpFault):
        return Failed(f"The device did not take the image: {in_words(answer.code)}. It runs what it ran.", answer)
    return _await_store(ctx)


def _await_store(ctx: Context) -> Wait:
    return Wait("stored", frozenset({Trigger.TRANSFER}), ctx.now + STORE_GRACE, "The device stores the image beside the one it runs")


def stored(ctx: Context) -> Procedure:
    """Where the image lies now; then, if wanted, made the next one to start, and started."""
    if ctx.transfer is not None and ctx.transfer.fault_code:
        fault = CwmpFault(ctx.transfer.fault_code, ctx.transfer.fault_text)
        return Failed(f"The image was not stored: {in_words(fault.code)}. The device runs what it ran.", fault)
    place, active, boot = yield from _images(ctx)
    if not place:
        if ctx.transfer is None and ctx.maybe_sent:
            return _await_store(ctx)
        reported = (
            "The device reports success but shows no image of" if ctx.transfer is not None else "The device never reported the image of"
        )
        return Failed(f"{reported} version {ctx.brief['version']}.")
    result = {"image": place, "version": ctx.brief["version"], "active": active == place}
    if active == place or not ctx.args["activate"]:
        return Done(result)
    if boot == place and ctx.maybe_sent:  # the restart may have been asked for
        if BOOT in ctx.events or BOOTSTRAP in ctx.events:
            return _not_started(ctx, result)
        return _await_boot(ctx, place)
    if boot != place:
        written = yield SetParameterValues(
            (ParameterValueStruct(ctx.facts.path("DeviceInfo.BootFirmwareImage"), place, "string"),), ctx.facts.parameter_key
        )
        if isinstance(written, CwmpFault):
            return Failed("The image is stored, but the device does not let it be the next one to start.", written, result)
    answer = yield Reboot(ctx.command_key)
    if isinstance(answer, CwmpFault):
        return Failed("The image is stored and next to start, but the device refused to restart.", answer, result)
    return _await_boot(ctx, place)


def _await_boot(ctx: Context, place: str) -> Outcome:
    return Wait("started", frozenset({Trigger.BOOT}), ctx.now + REBOOT_GRACE, "The device restarts into the stored image", {"image": place})


def started(ctx: Context) -> Procedure:
    """Confirmed by ActiveFirmwareImage."""
    place, active, _boot = yield from _images(ctx)
    result = {"image": place, "version": ctx.brief["version"], "active": bool(place) and active == place}
    if result["active"]:
        return Done(result)
    return _not_started(ctx, result)


def _not_started(ctx: Context, result: dict[str, Any]) -> Failed:
    return Failed(f"The image of {ctx.brief['version']} is stored, but the device did not start it.", None, result)


def _images(ctx: Context) -> Generator[Any, Answer, tuple[str, str, str]]:
    """(path of the wanted image, active one, next one), without trailing dots; "" for what is not told."""
    root = ctx.facts.path("DeviceInfo.")
    rows = yield from read_subtree(ctx, root + "FirmwareImage.", [])
    version = next((v.name.rpartition(".")[0] for v in rows if v.name.endswith(".Version") and v.value == ctx.brief["version"]), "")
    answer = yield GetParameterValues((root + "ActiveFirmwareImage", root + "BootFirmwareImage"))
    told = {} if isinstance(answer, CwmpFault) else {v.name: v.value.rstrip(".") for v in answer.parameter_list}
    return version, told.get(root + "ActiveFirmwareImage", ""), told.get(root + "BootFirmwareImage", "")
