"""Software modules: install, update and uninstall deployment units (conformance C.13).

ChangeDUState is only accepted; what came of each unit is in DUStateChangeComplete, within 24 hours. Afterwards the modules are read anew, so
that what is shown is what the device shows.
"""

from collections.abc import Callable, Generator, Mapping
from datetime import timedelta
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import ChangeDUState, InstallOpStruct, UninstallOpStruct, UpdateOpStruct
from acs.provisioning.procedure import Answer, Context, Done, Failed, Phase, Procedure, Snapshot, Trigger, Wait
from acs.provisioning.procedures.parameters import read_leaves, walk
from acs.provisioning.procedures.plain import in_words

GRACE = timedelta(hours=24, minutes=15)


def _install(args: Mapping[str, Any]) -> InstallOpStruct:
    return InstallOpStruct(args["url"], args["uuid"], args["username"], args["password"], args["environment"])


def _update(args: Mapping[str, Any]) -> UpdateOpStruct:
    return UpdateOpStruct(args["uuid"], args["version"], args["url"], args["username"], args["password"])


def _uninstall(args: Mapping[str, Any]) -> UninstallOpStruct:
    return UninstallOpStruct(args["uuid"], args["version"], args["environment"])


_OPERATIONS: dict[str, Callable[[Mapping[str, Any]], Any]] = {"install": _install, "update": _update, "uninstall": _uninstall}


def change(verb: str) -> Phase:
    """The first phase of installing, updating or uninstalling; args as the struct of the verb has them."""
    struct = _OPERATIONS[verb]

    def phase(ctx: Context) -> Procedure:
        if not ctx.maybe_sent:
            answer = yield ChangeDUState((struct(ctx.args),), ctx.command_key)
            if isinstance(answer, CwmpFault):
                return Failed(f"The device did not take the order: {in_words(answer.code)}. Nothing was changed.", answer)
        until = ctx.now + GRACE
        return Wait("report", frozenset({Trigger.MODULES}), until, "The device changes its software and reports when it is done")

    return phase


def report(ctx: Context) -> Procedure:
    """memo: modules, the results per unit as the device told them."""
    results = ctx.memo.get("modules")
    snapshots = yield from read_modules(ctx)
    if results is None:
        return Failed("The device never told how it ended, within a day.", None, {}, snapshots)
    told = [{**result, "text": in_words(result["fault"]) if result["fault"] else ""} for result in results]
    failed = [result for result in told if result["fault"]]
    if not failed:
        return Done({"units": told}, snapshots)
    why = "; ".join(dict.fromkeys(result["text"] for result in failed))
    beside = f" {len(told) - len(failed)} of {len(told)} units were changed." if len(told) > 1 else ""
    fault = CwmpFault(failed[0]["fault"], failed[0]["fault_text"])
    return Failed(f"The unit was not changed: {why}.{beside}", fault, {"units": told}, snapshots)


def read_modules(ctx: Context) -> Generator[Any, Answer, tuple[Snapshot, ...]]:
    """Device.SoftwareModules. as it is now; nothing where the device does not show it."""
    prefix = ctx.facts.path("SoftwareModules.")
    names = yield from walk(prefix, True, ctx.facts.quirks)
    if not names:
        return ()
    values = yield from read_leaves(ctx, [name for name, _ in names if not name.endswith(".")], [])
    return (Snapshot(prefix, names, values),)
