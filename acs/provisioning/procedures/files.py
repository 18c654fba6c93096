"""Configuration backup and restore, and log upload (conformance I.2, I.3)."""

from datetime import timedelta

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import Download, GetParameterNames, Upload
from acs.cwmp.paths import leaf
from acs.provisioning.procedure import Context, Done, Failed, Procedure, Trigger, Wait
from acs.provisioning.procedures.plain import in_words
from acs.provisioning.quirks import file_url_problem

GRACE = timedelta(minutes=15)
CONFIGURATION, LOG, RESTORE = "Vendor Configuration File", "Vendor Log File", "3 Vendor Configuration File"


def _upload(ctx: Context, table: str, old_type: str, new_number: str, words: str) -> Procedure:
    """The instance form from protocol 1.2 on, the old form before or where the table is empty."""
    if ctx.maybe_sent:
        return _await(ctx, "The upload may have been asked for; waiting for the file")
    file_type = old_type
    if ctx.facts.version not in ("1.0", "1.1"):
        listed = yield GetParameterNames(ctx.facts.path(f"DeviceInfo.{table}."), True)
        if not isinstance(listed, CwmpFault):
            rows = sorted(int(leaf(info.name)) for info in listed.parameter_list if leaf(info.name).isdecimal())
            if rows:
                file_type = f"{new_number} {old_type.partition(' ')[2]} {rows[0]}"
    if problem := file_url_problem(ctx.brief["url"], ctx.facts.quirks):
        return Failed(problem)
    answer = yield Upload(ctx.command_key, file_type, ctx.brief["url"], "", "", 0)
    if isinstance(answer, CwmpFault):
        return Failed(f"The device refused to send its {words}.", answer)
    return _await(ctx, f"The device sends its {words}")


def _await(ctx: Context, text: str) -> Wait:
    return Wait("verify", frozenset({Trigger.TRANSFER}), ctx.now + GRACE, text)


def backup(ctx: Context) -> Procedure:
    return (yield from _upload(ctx, "VendorConfigFile", f"1 {CONFIGURATION}", "3", "configuration"))


def log_upload(ctx: Context) -> Procedure:
    return (yield from _upload(ctx, "VendorLogFile", f"2 {LOG}", "4", "log"))


def upload_verify(ctx: Context) -> Procedure:
    """brief: file_id, size of what arrived. A report of success without bytes is a failure (conformance I-32)."""
    yield from ()
    if ctx.transfer is not None and ctx.transfer.fault_code:
        fault = CwmpFault(ctx.transfer.fault_code, ctx.transfer.fault_text)
        return Failed(f"The upload failed: {in_words(fault.code)}.", fault)
    if ctx.brief.get("file_id"):
        return Done({"file": ctx.brief["file_id"], "size": ctx.brief["size"], "reported": ctx.transfer is not None})
    if ctx.transfer is not None:
        return Failed("The device reports the upload as done, but no file arrived.")
    return Failed("No file arrived within fifteen minutes.")


def restore(ctx: Context) -> Procedure:
    """brief: url, size."""
    if ctx.maybe_sent:
        return _await_restore(ctx)
    if problem := file_url_problem(ctx.brief["url"], ctx.facts.quirks):
        return Failed(f"{problem} Nothing was changed.")
    answer = yield Download(command_key=ctx.command_key, file_type=RESTORE, url=ctx.brief["url"], file_size=ctx.brief["size"])
    if isinstance(answer, CwmpFault):
        return Failed("The device refused the configuration. Nothing was changed.", answer)
    if answer.status == 0:
        return Done({"file": ctx.args["file"], "reported": True})
    return _await_restore(ctx)


def _await_restore(ctx: Context) -> Wait:
    return Wait("verify", frozenset({Trigger.TRANSFER}), ctx.now + GRACE, "The device takes its old configuration back")


def restore_verify(ctx: Context) -> Procedure:
    yield from ()
    if ctx.transfer is None:
        return Failed("The device never reported whether it took the configuration.")
    if ctx.transfer.fault_code:
        fault = CwmpFault(ctx.transfer.fault_code, ctx.transfer.fault_text)
        return Failed(f"The device did not take the configuration: {in_words(fault.code)}.", fault)
    return Done({"file": ctx.args["file"], "reported": True})
