"""Reading, writing and walking the parameter tree: read, write, add, delete, discover, refresh, notification.

Reads go by leaves in batches that are halved on a fault (lesson R-7, quirks K-46, K-49, K-50); writes keep credentials and the ACS URL apart
from everything else (K-54) and are read back (R-6). Conformance C.2 to C.6, K.2.
"""

import re
from collections.abc import Generator, Iterable, Sequence
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    AddObject,
    DeleteObject,
    GetParameterNames,
    GetParameterValues,
    ParameterInfoStruct,
    ParameterValueStruct,
    SetParameterAttributes,
    SetParameterAttributesStruct,
    SetParameterValues,
)
from acs.cwmp.paths import leaf, parent
from acs.provisioning.procedure import Answer, Context, Done, Failed, Procedure, Progress, Refused, Snapshot
from datamodels.check import is_secret

Values = tuple[ParameterValueStruct, ...]
_CREDENTIAL_LEAVES = frozenset(
    {"URL", "Username", "Password", "ConnectionRequestUsername", "ConnectionRequestPassword", "STUNUsername", "STUNPassword"}
)


def is_credential(path: str) -> bool:
    """Whether a parameter must travel alone: a refused value beside it would roll the login back, or lock the device out."""
    return parent(path).endswith("ManagementServer.") and leaf(path) in _CREDENTIAL_LEAVES


# ---- reading -----------------------------------------------------------------------------------------------


def read_names(names: Sequence[str], batch: int, missing: list[tuple[str, CwmpFault]]) -> Generator[Any, Answer, Values]:
    """The values of many leaves. A batch that faults is halved down to the culprit, which lands in `missing`."""
    got: list[ParameterValueStruct] = []
    stack = [tuple(names[i : i + batch]) for i in range(0, len(names), batch)][::-1]
    while stack:
        part = stack.pop()
        answer = yield GetParameterValues(part)
        if isinstance(answer, CwmpFault):
            if len(part) == 1:
                missing.append((part[0], answer))
            else:
                middle = len(part) // 2
                stack += [part[middle:], part[:middle]]
            continue
        got += answer.parameter_list
        if len(names) > 2 * batch:
            yield Progress(f"{len(got)} of {len(names)} values read")
    return tuple(got)


def read(ctx: Context) -> Procedure:
    """args: paths, full or partial. Partial ones are read as they are and walked when the device refuses."""
    got: list[ParameterValueStruct] = []
    missing: list[tuple[str, CwmpFault]] = []
    full = [path for path in ctx.args["paths"] if not path.endswith(".")]
    for path in ctx.args["paths"]:
        if path.endswith("."):
            got += yield from read_subtree(ctx, path, missing)
    got += yield from read_names(full, ctx.facts.read_batch, missing)
    if not got and missing:
        return Failed("The device refused to be read.", missing[0][1], {"missing": _told(missing)})
    return Done({"count": len(got), "values": {v.name: v.value for v in got[:200]}, "missing": _told(missing)})


def read_subtree(ctx: Context, path: str, missing: list[tuple[str, CwmpFault]]) -> Generator[Any, Answer, Values]:
    """All values below a partial path: asked for at once, by names in batches where that is refused."""
    answer = yield GetParameterValues((path,))
    if not isinstance(answer, CwmpFault) and all(v.name != path for v in answer.parameter_list):
        return tuple(answer.parameter_list)
    names = yield from walk(path, deep=False)
    leaves = [name for name, _ in names if not name.endswith(".")]
    if not leaves and isinstance(answer, CwmpFault):
        missing.append((path, answer))
    return (yield from read_names(leaves, ctx.facts.read_batch, missing))


def _told(missing: Iterable[tuple[str, CwmpFault]]) -> list[dict[str, str]]:
    return [{"path": path, "fault": str(fault)} for path, fault in list(missing)[:50]]


# ---- discovery ---------------------------------------------------------------------------------------------


def walk(path: str, deep: bool) -> Generator[Any, Answer, tuple[tuple[str, bool], ...]]:
    """Names below `path` with their writable flags. `deep` asks for all at once first; a refusal is walked level by level."""
    if deep:
        answer = yield GetParameterNames(path, False)
        if not isinstance(answer, CwmpFault) and answer.parameter_list:
            return _names(answer.parameter_list)
    found: dict[str, bool] = {}
    stack = [path]
    seen = set(stack)
    while stack:
        answer = yield GetParameterNames(stack.pop(), True)
        if isinstance(answer, CwmpFault):
            continue
        for name, writable in _names(answer.parameter_list):
            found[name] = writable
            if name.endswith(".") and name not in seen and name.startswith(path):
                seen.add(name)
                stack.append(name)
    return tuple(found.items())


def _names(listed: Iterable[ParameterInfoStruct]) -> tuple[tuple[str, bool], ...]:
    """Names once each, objects with their dot (quirk K-48: some devices leave it out, and list things twice)."""
    names = {info.name: info.writable for info in listed if info.name}
    objects: set[str] = set()
    for name in names:
        above = parent(name)
        while above and above not in objects:  # also where the parents in between are missing
            objects.add(above)
            above = parent(above)
    return tuple((name + "." if name + "." in objects and not name.endswith(".") else name, flag) for name, flag in names.items())


def discover(ctx: Context) -> Procedure:
    """The whole tree: names, then values. After a session that broke off it walks in small steps (quirk K-46)."""
    root = ctx.facts.root + "."
    names = yield from walk(root, deep=ctx.attempts == 0)
    leaves = [name for name, _ in names if not name.endswith(".")]
    if not leaves:
        return Failed("The device lists no parameters.")
    yield Progress(f"{len(leaves)} parameters found")
    missing: list[tuple[str, CwmpFault]] = []
    values = yield from read_names(leaves, ctx.facts.read_batch, missing)
    return Done({"parameters": len(leaves), "values": len(values), "missing": _told(missing)}, (Snapshot("", names, values),))


def refresh(ctx: Context) -> Procedure:
    """args: prefixes. Reads subtrees anew, with what came and went in their tables."""
    snapshots: list[Snapshot] = []
    missing: list[tuple[str, CwmpFault]] = []
    for prefix in ctx.args["prefixes"]:
        names = yield from walk(prefix, deep=True)
        if not names:
            missing.append((prefix, CwmpFault(9005)))
            continue
        leaves = [name for name, _ in names if not name.endswith(".")]
        values = yield from read_names(leaves, ctx.facts.read_batch, missing)
        if values or not leaves:
            snapshots.append(Snapshot(prefix, names, values))
    told = {"values": sum(len(s.values) for s in snapshots), "missing": _told(missing)}
    if not snapshots:
        return Failed("Nothing could be read.", missing[0][1] if missing else None, told)
    return Done(told, tuple(snapshots))


# ---- writing -----------------------------------------------------------------------------------------------


def write_values(ctx: Context, values: Values, parameter_key: str) -> Generator[Any, Answer, int]:
    """Write one group; the highest Status. Refused with the faults of the parameters."""
    answer = yield SetParameterValues(values, parameter_key)
    if isinstance(answer, CwmpFault):
        raise Refused("The device refused the new values. Nothing of this group was changed.", answer)
    return int(answer.status)


def write(ctx: Context) -> Procedure:
    """args: values [[path, value, type], …]. Ordinary values in one atomic call, credentials and the ACS URL in calls of their own."""
    wanted = tuple(ParameterValueStruct(path, value, kind) for path, value, kind in ctx.args["values"])
    ordinary = tuple(v for v in wanted if not is_credential(v.name))
    groups = [group for group in (ordinary, *_credential_groups(wanted)) if group]
    status = 0
    written: list[ParameterValueStruct] = []
    for group in groups:
        try:
            status = max(status, (yield from write_values(ctx, group, ctx.args.get("parameter_key", ctx.facts.parameter_key))))
        except Refused as refused:
            told = f"{refused}" + (f" Already written: {', '.join(v.name for v in written)}." if written else "")
            return Failed(told, refused.fault, {"written": [v.name for v in written]})
        written += group
    missing: list[tuple[str, CwmpFault]] = []
    checked = [v.name for v in wanted if ctx.args.get("verify", True)]
    back = yield from read_names(checked, ctx.facts.read_batch, missing)
    unseen = _unseen(checked, back, missing)
    if len(checked) > 1 and unseen:  # left out of a longer answer (quirk K-51): asked for alone
        back += yield from read_names(unseen, 1, missing)
        unseen = _unseen(checked, back, missing)
    differing = _not_held(wanted, back)
    result = {"status": status, "written": [v.name for v in wanted], "needs_restart": status == 1, "not_held": differing}
    secrets = tuple(v for v in wanted if _hidden(v, back))
    if unseen and status == 0:  # some devices accept any name (lesson R-6)
        return Failed(f"The device accepted the write but has no {', '.join(unseen)}.", None, result)
    if differing and status == 0:
        names = ", ".join(item["path"] for item in differing)
        return Failed(f"The device accepted the write but shows another value for {names}.", None, result)
    return Done(result, values=secrets)


def _credential_groups(values: Values) -> list[Values]:
    """Username and password belong together; the URL travels alone, and last: it may lead the device away."""
    request = tuple(v for v in values if is_credential(v.name) and leaf(v.name).startswith("ConnectionRequest"))
    stun = tuple(v for v in values if is_credential(v.name) and leaf(v.name).startswith("STUN"))
    login = tuple(v for v in values if is_credential(v.name) and leaf(v.name) in ("Username", "Password"))
    url = tuple(v for v in values if is_credential(v.name) and leaf(v.name) == "URL")
    return [request, stun, login, url]


def _unseen(names: Iterable[str], back: Values, missing: Iterable[tuple[str, CwmpFault]]) -> list[str]:
    """Names the device neither shows nor refuses to show for a reason of its own."""
    known = {v.name for v in back} | {path for path, fault in missing if fault.code != 9005}
    return [name for name in names if name not in known]


def _hidden(wanted: ParameterValueStruct, back: Values) -> bool:
    """Written, but reads back as stars, or empty where it is a secret: a value only we know (quirk K-41)."""
    return any(
        v.name == wanted.name and v.value != wanted.value and not v.value.strip("*•") and (bool(v.value) or is_secret(v.name)) for v in back
    )


def _not_held(wanted: Values, back: Values) -> list[dict[str, str]]:
    shown = {v.name: v for v in back}
    differing = []
    for v in wanted:
        got = shown.get(v.name)
        if got is None or _hidden(v, back) or same_value(v.value, got.value, got.type):
            continue
        differing.append({"path": v.name, "wanted": v.value, "shows": got.value})
    return differing


_NUMBER = re.compile(r"[+-]?[0-9]{1,20}")
_BOOLEANS = {"1": "1", "true": "1", "yes": "1", "on": "1", "enabled": "1", "0": "0", "false": "0", "no": "0", "off": "0", "disabled": "0"}


def same_value(wanted: str, got: str, kind: str) -> bool:
    """Equal as the device may normalise it: booleans, numbers, case of hex, blanks and order-keeping commas (quirk K-42)."""
    a, b = wanted.strip(), got.strip()
    if a == b:
        return True
    if kind == "boolean":
        return _BOOLEANS.get(a.lower(), a) == _BOOLEANS.get(b.lower(), b)
    if a.lower() == b.lower() or a.strip('"') == b.strip('"'):
        return True
    if [part.strip() for part in a.split(",")] == [part.strip() for part in b.split(",")]:
        return True
    return bool(_NUMBER.fullmatch(a) and _NUMBER.fullmatch(b)) and int(a) == int(b)


# ---- objects -----------------------------------------------------------------------------------------------


def add_object(ctx: Context) -> Procedure:
    """args: table, values [[leaf, value, type], …]. The row is taken away again if the device refuses its values."""
    table = ctx.args["table"]
    if ctx.maybe_sent:
        return Failed("The connection broke while the row was being added: look at the table before you try again.")
    answer = yield AddObject(table, ctx.facts.parameter_key)
    if isinstance(answer, CwmpFault):
        return Failed(f"The device added no row to {table}.", answer)
    if answer.instance_number < 1:  # quirk K-59
        return Failed(f"The device added a row to {table} but did not say which: look at the table before you try again.")
    row = f"{table}{answer.instance_number}."
    values = tuple(ParameterValueStruct(row + name, value, kind) for name, value, kind in ctx.args.get("values", ()))
    if values:
        written = yield SetParameterValues(values, ctx.facts.parameter_key)
        if isinstance(written, CwmpFault):
            removed = yield DeleteObject(row, ctx.facts.parameter_key)
            kept = " It could not be taken away again." if isinstance(removed, CwmpFault) else " The row was taken away again."
            return Failed("The device refused the values of the new row." + kept, written)
    names = yield from walk(row, deep=True)
    missing: list[tuple[str, CwmpFault]] = []
    got = yield from read_names([name for name, _ in names if not name.endswith(".")], ctx.facts.read_batch, missing)
    return Done({"instance": answer.instance_number, "path": row}, (Snapshot(row, _with_row(row, names), got),))


def _with_row(row: str, names: tuple[tuple[str, bool], ...]) -> tuple[tuple[str, bool], ...]:
    """The row itself once, whether the device listed it or not (lesson R-8)."""
    return ((row, True), *(item for item in names if item[0] != row))


def delete_object(ctx: Context) -> Procedure:
    """args: path of the row."""
    answer = yield DeleteObject(ctx.args["path"], ctx.facts.parameter_key)
    if isinstance(answer, CwmpFault) and not (ctx.maybe_sent and answer.code == 9005):
        return Failed(f"The device did not delete {ctx.args['path']}.", answer)
    return Done({"path": ctx.args["path"]}, (Snapshot(ctx.args["path"], (), ()),))


def set_notification(ctx: Context) -> Procedure:
    """args: paths, notification (0 off, 1 with the next contact, 2 at once)."""
    request = SetParameterAttributes(
        tuple(SetParameterAttributesStruct(path, True, int(ctx.args["notification"]), False, ()) for path in ctx.args["paths"])
    )
    answer = yield request
    if isinstance(answer, CwmpFault):
        return Failed("The device refused to watch these values.", answer)
    return Done({"paths": list(ctx.args["paths"]), "notification": int(ctx.args["notification"])})
