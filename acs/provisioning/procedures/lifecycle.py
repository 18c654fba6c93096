"""Restart, factory reset, firmware, and the first contact: what ends a session and is judged by what informs afterwards.

Nothing here is repeated blind: a Download or Reboot that may have left is settled by evidence (TransferComplete, the version or the boot
that informs). Conformance C.7, C.11, I.1; quirks K-61 to K-66.
"""

from collections.abc import Generator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from acs.cwmp.events import BOOT, BOOTSTRAP, M_REBOOT
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import Download, FactoryReset, GetParameterValues, ParameterValueStruct, Reboot, SetParameterValues
from acs.provisioning.procedure import Answer, Context, Done, Failed, Learned, Outcome, Procedure, Trigger, Wait
from acs.provisioning.procedures.parameters import became_ready, wait_until_ready
from acs.provisioning.procedures.plain import in_words
from acs.provisioning.procedures.reach import hand_out_request_login, set_interval
from acs.provisioning.procedures.roots import rooted
from acs.provisioning.quirks import file_url_problem

REBOOT_GRACE = timedelta(minutes=10)
FIRMWARE_GRACE = timedelta(minutes=30)
SETTLE_GRACE = timedelta(minutes=5)
BOOT_LOOP = 4
"""Starts since the update began, or since the new version was first seen: one or two are normal, so many are a device that cannot stay up."""
SLOW_BOOT_S = 180
"""What takes longer is worth knowing: deadlines follow it."""
FIRMWARE = "1 Firmware Upgrade Image"


def reboot(ctx: Context) -> Procedure:
    if ctx.maybe_sent:
        if BOOT in ctx.events or BOOTSTRAP in ctx.events:  # the session that would settle it is this one
            return Done({"reported": M_REBOOT in ctx.events})
        return _await_boot(ctx, "A restart may have been asked for; waiting to see whether it happened")
    answer = yield Reboot(ctx.command_key)
    if isinstance(answer, CwmpFault):
        return Failed("The device refused to restart.", answer)
    return _await_boot(ctx, "The device restarts")


def boot_grace(ctx: Context) -> timedelta:
    """How long a restart may take: ten minutes, or twice what this model is known to need."""
    return max(REBOOT_GRACE, timedelta(seconds=2 * ctx.facts.quirks.boot_s))


def _await_boot(ctx: Context, text: str) -> Wait:
    return Wait("verify", frozenset({Trigger.BOOT}), ctx.now + boot_grace(ctx), text, {"asked_at": ctx.now.isoformat()})


def reboot_verify(ctx: Context) -> Procedure:
    if BOOT in ctx.events or BOOTSTRAP in ctx.events:
        if M_REBOOT in ctx.events and "asked_at" in ctx.memo:
            took = int((ctx.now - datetime.fromisoformat(ctx.memo["asked_at"])).total_seconds())
            if max(SLOW_BOOT_S, ctx.facts.quirks.boot_s) < took <= 86_400:
                yield Learned("boot_s", took, asked="a restart", answered=f"it informed {took} s later")
        return Done({"reported": M_REBOOT in ctx.events})
    return Failed(f"The device did not report a restart within {boot_grace(ctx) // timedelta(minutes=1)} minutes.")


def factory_reset(ctx: Context) -> Procedure:
    if ctx.maybe_sent:
        return Done({}) if BOOTSTRAP in ctx.events else _await_bootstrap(ctx)
    answer = yield FactoryReset()
    if isinstance(answer, CwmpFault):
        return Failed("The device refused the factory reset. Nothing was changed.", answer)
    return _await_bootstrap(ctx)


def _await_bootstrap(ctx: Context) -> Wait:
    return Wait("verify", frozenset({Trigger.BOOT}), ctx.now + boot_grace(ctx), "The device goes back to its factory settings")


def factory_reset_verify(ctx: Context) -> Procedure:
    yield from ()
    if BOOTSTRAP in ctx.events:
        return Done({})
    return Failed("The device did not come back as new within the time it has for it.")


# ---- firmware ----------------------------------------------------------------------------------------------


def firmware(ctx: Context) -> Procedure:
    """brief: url, size, version, file_name. Ends by the version that informs, not by what TransferComplete claims."""
    if ctx.maybe_sent:  # what this very contact shows may settle it already
        memo = {"before": "", "asked_at": ctx.now.isoformat(), **ctx.memo}
        return (yield from firmware_verify(replace(ctx, memo=memo)))
    before = yield from software_version(ctx)
    image = ctx.brief
    if before == image["version"] and not ctx.args.get("force"):
        return Done({"version": before, "before": before, "already": True})
    if problem := file_url_problem(image["url"], ctx.facts.quirks):
        return Failed(f"{problem} Nothing was sent; it still runs {before or 'its old version'}.")
    answer = yield Download(
        command_key=ctx.command_key, file_type=FIRMWARE, url=image["url"], username="", password="", file_size=image["size"],
        target_file_name=image["file_name"],
    )  # fmt: skip
    if isinstance(answer, CwmpFault):
        return Failed(f"The device refused the download. It still runs {before or 'its old version'}.", answer)
    if answer.status == 0:  # done at once: no report need come (conformance I-4), the version says whether it is so
        memo = {"before": before, "asked_at": ctx.now.isoformat(), "applied": True}
        return (yield from firmware_verify(replace(ctx, memo=memo, events=())))
    return _await_firmware(ctx, "The device loads the image and restarts", before)


def software_version(ctx: Context) -> Generator[Any, Answer, str]:
    answer = yield GetParameterValues((ctx.facts.path("DeviceInfo.SoftwareVersion"),))
    if isinstance(answer, CwmpFault) or not answer.parameter_list:
        return ctx.facts.software_version
    return str(answer.parameter_list[0].value)


def _await_firmware(ctx: Context, text: str, before: str | None = None) -> Wait:
    memo = {"before": ctx.facts.software_version if before is None else before, "asked_at": ctx.now.isoformat()}
    return Wait("verify", frozenset({Trigger.TRANSFER, Trigger.BOOT}), ctx.now + FIRMWARE_GRACE, text, memo)


def firmware_verify(ctx: Context) -> Procedure:
    """Success is TransferComplete without fault, or a download that was done at once, and the wanted version (conformance I-4, I-8 to I-13).

    Where the wanted version is the one that ran before, the version shows nothing: only the device's report counts.
    """
    ctx = _counting_starts(ctx)
    memo: Mapping[str, Any] = ctx.memo
    version = yield from software_version(ctx)
    wanted, before = ctx.brief["version"], memo.get("before", "")
    transfer, applied = ctx.transfer, bool(memo.get("applied"))
    reported = transfer is not None or applied
    result = {"version": version, "before": before, "wanted": wanted, "reported": reported}
    settled = "settle_until" in memo and ctx.now >= datetime.fromisoformat(memo["settle_until"])
    if transfer is not None and transfer.fault_code and (version != wanted or version == before):
        fault = CwmpFault(transfer.fault_code, transfer.fault_text)
        return Failed(f"The upgrade failed: {in_words(transfer.fault_code)}. The device still runs {version}.", fault, result)
    if memo.get("boots", 0) >= BOOT_LOOP:
        return _looping(ctx, version, result)
    if version == wanted:
        if memo.get("awaits_boot"):
            yield Learned(
                "second_boot",
                True,
                asked=f"firmware {wanted}",
                answered=f"reported as done while {before} ran; {wanted} after another start",
            )
        if settled and not reported and version == before:
            told = f"The device never reported the transfer. It ran {version} before and runs it now, so nothing shows that the image was loaded."
            return Failed(told, None, result)
        if not reported and settled:
            yield Learned("no_transfer_complete", True, asked=f"firmware {wanted}", answered="runs, and was never reported")
        if reported or settled or (ctx.facts.quirks.no_transfer_complete and version != before):
            return _watched(ctx, result)
        return _settle(ctx, "The new version runs; waiting for the device's report", ran=version != before)
    if memo.get("ran"):
        return Failed(f"The device ran {wanted} and went back to {version} by itself.", None, result)
    if reported and before and version != before:
        return Failed(f"The device now runs {version}, not {wanted}: the image holds another version than the library says.", None, result)
    if reported and settled:
        return Failed(f"The device reports success but still runs {version}: the image was not applied.", None, result)
    if transfer is not None or (applied and (BOOT in ctx.events or BOOTSTRAP in ctx.events)):
        return _settle(ctx, f"Reported as done, but {version} still runs; waiting for a restart", awaits_boot=True)  # quirk K-62
    if ctx.now < _deadline(ctx):
        on = {Trigger.TRANSFER, Trigger.BOOT, *((Trigger.INFORM,) if applied else ())}
        text = "Loaded; waiting for the new version" if applied else "The device loads the image and restarts"
        return Wait("verify", frozenset(on), _deadline(ctx), text, dict(memo))
    if applied:
        return Failed(f"The device said that the download is done but still runs {version}: the image was not applied.", None, result)
    return Failed(f"The device never reported the transfer and still runs {version}.", None, result)


def _counting_starts(ctx: Context) -> Context:
    """The same with this contact's start counted, once: a device tells of a start again until a session of it ends well."""
    started = ctx.facts.booted_at.isoformat() if ctx.facts.booted_at is not None else ""
    if (BOOT not in ctx.events and BOOTSTRAP not in ctx.events) or (started and started == ctx.memo.get("started")):
        return ctx
    return replace(ctx, memo={**ctx.memo, "boots": int(ctx.memo.get("boots", 0)) + 1, "started": started})


def _looping(ctx: Context, version: str, result: Mapping[str, Any]) -> Failed:
    minutes = max(1, round((ctx.now - datetime.fromisoformat(ctx.memo["asked_at"])) / timedelta(minutes=1)))
    told = f"The device starts again and again: {ctx.memo['boots']} times in {minutes} min since the update. It runs {version}."
    return Failed(told, None, {**result, "boots": ctx.memo["boots"]})


def _watched(ctx: Context, result: Mapping[str, Any]) -> Outcome:
    """Done; or, where a time to hold is asked for, the watch over it."""
    watch_s = int(ctx.args.get("watch_s", 0))
    if not watch_s:
        return Done(result)
    memo = {"asked_at": ctx.now.isoformat(), "result": dict(result)}
    until = ctx.now + timedelta(seconds=watch_s)
    return Wait("watch", frozenset({Trigger.BOOT}), until, f"{result['version']} runs; watching whether it stays", memo | {"until": until.isoformat()})


def firmware_watch(ctx: Context) -> Procedure:
    """args: watch_s. The new version must still run at the end of its time, and the device must not start again and again meanwhile."""
    ctx = _counting_starts(ctx)
    version = yield from software_version(ctx)
    result, until = dict(ctx.memo["result"]), datetime.fromisoformat(ctx.memo["until"])
    if version != result["wanted"]:
        told = f"The device ran {result['wanted']} and went back to {version} by itself."
        return Failed(told, None, {**result, "version": version})
    if ctx.memo.get("boots", 0) >= BOOT_LOOP - 1:
        return _looping(ctx, version, result)
    if ctx.now < until:
        return Wait("watch", frozenset({Trigger.BOOT}), until, f"{version} runs; watching whether it stays", dict(ctx.memo))
    return Done({**result, "held_s": int(ctx.args.get("watch_s", 0))})


def _deadline(ctx: Context) -> datetime:
    """Thirty minutes from the request, or the end of the last time window of a scheduled one."""
    memo = ctx.memo
    return datetime.fromisoformat(memo["deadline"]) if "deadline" in memo else datetime.fromisoformat(memo["asked_at"]) + FIRMWARE_GRACE


def _settle(ctx: Context, text: str, awaits_boot: bool = False, ran: bool = False) -> Wait:
    """Give the device five minutes, counted once, to report or to boot what it loaded; three times that where it is known to start twice."""
    quirks = ctx.facts.quirks
    grace = max(SETTLE_GRACE * (3 if quirks.second_boot else 1), timedelta(seconds=2 * quirks.boot_s))
    until = datetime.fromisoformat(ctx.memo["settle_until"]) if "settle_until" in ctx.memo else ctx.now + grace
    on = frozenset({Trigger.TRANSFER, Trigger.BOOT, Trigger.INFORM})
    seen = {name: True for name, is_so in (("awaits_boot", awaits_boot), ("ran", ran)) if is_so}
    return Wait("verify", on, until, text, {**ctx.memo, "settle_until": until.isoformat(), **seen})


# ---- first contact -----------------------------------------------------------------------------------------


def secure(ctx: Context) -> Procedure:
    """Give the device its own login and the login we wake it with, each in a call of its own; set its inform interval if wanted.

    brief: request_username, request_secret, and, where the device logs in with a secret of its own, username, secret; inform_interval_s and
    inform_time, its place in that interval.
    """
    brief, interval = ctx.brief, int(ctx.brief.get("inform_interval_s", 0))
    if not (brief.get("request_secret") or brief.get("secret") or interval):
        return Done({"set": []})
    ctx, unknown = yield from rooted(ctx)
    if unknown is not None:
        return wait_until_ready(ctx, "secure", unknown) or Failed(
            "The device does not tell the root of its tree; nothing was set.", unknown
        )
    server = ctx.facts.path("ManagementServer.")
    done: list[str] = []
    faults: list[CwmpFault] = []
    called: dict[str, str] = {}
    if brief.get("request_secret"):
        taken = yield from hand_out_request_login(ctx)
        if isinstance(taken, CwmpFault):
            faults.append(taken)
        else:
            called = taken
            done.append("request login")
    if brief.get("secret"):
        own = (("Username", brief["username"]), ("Password", brief["secret"]))
        answer = yield SetParameterValues(
            tuple(ParameterValueStruct(server + name, value, "string") for name, value in own), ctx.facts.parameter_key
        )
        if isinstance(answer, CwmpFault):
            faults.append(answer)
        else:
            done.append("own login")
    if interval:
        interval_set = yield from set_interval(ctx, "1", str(interval), str(brief.get("inform_time", "")))
        if isinstance(interval_set, CwmpFault):
            faults.append(interval_set)
        else:
            done.append("inform interval")
    for fault in faults:
        if wait := wait_until_ready(ctx, "secure", fault):
            return wait
    if faults:
        return Failed(
            f"The device refused part of its credentials; set: {', '.join(done) or 'nothing'}.", faults[0], {"set": done, **called}
        )
    yield from became_ready(ctx)
    return Done({"set": done, **called})
