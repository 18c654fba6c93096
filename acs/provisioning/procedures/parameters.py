"""Reading and walking the parameter tree, and its objects: read, discover, refresh, add, delete, notification. Writing is in writing.py.

Reads go by leaves in batches (lesson R-7). What a batch shows of the device is told as it goes (`Learned`): a batch that faults is halved
down to the culprit, or, where both halves can be read, was too large (K-46, K-49, K-50); the next read begins with what worked and
grows again by small steps. Conformance C.2 to C.6, K.2.
"""

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
from acs.cwmp.paths import parent
from acs.provisioning.procedure import MISSING_ANSWER, Answer, Context, Done, Failed, Learned, Procedure, Progress, Snapshot, Trigger, Wait
from acs.provisioning.procedures.roots import rooted
from acs.provisioning.quirks import STANDARD, DeviceQuirks

Values = tuple[ParameterValueStruct, ...]
Steps = Generator[Any, Answer, Any]

# ---- a device that has just started --------------------------------------------------------------------------

NOT_READY = frozenset({9002, 9007})
"""Faults of a device that is not done starting (quirk K-57)."""
READY_AFTER_S = 180
"""How long after its start a device that is not known may refuse everything; known ones get half as much again as they took before."""
TRY_AGAIN = timedelta(seconds=30)
DOUBT = timedelta(seconds=25)


def is_starting(ctx: Context) -> bool:
    """Whether the device started so recently that what it refuses may be for that alone."""
    if ctx.facts.booted_at is None:
        return False
    window = max(READY_AFTER_S, ctx.facts.quirks.not_ready_s * 3 // 2)
    return ctx.now - ctx.facts.booted_at < timedelta(seconds=window)


def wait_until_ready(ctx: Context, phase: str, fault: CwmpFault | None) -> Wait | None:
    """Where a refusal may only mean "not ready yet": try again in half a minute, as long as the device counts as starting.

    9007 is a plain word on a value as well: of a device that is not known to be slow it is doubted for `DOUBT` only.
    """
    codes = {parameter.code for parameter in fault.parameters} or {fault.code} if fault is not None else set()
    if not codes or fault == MISSING_ANSWER or not codes <= NOT_READY or not is_starting(ctx):
        return None
    since = datetime.fromisoformat(ctx.memo.get("refused_at", ctx.now.isoformat()))
    if 9007 in codes and ctx.now - since >= DOUBT and not ctx.facts.quirks.not_ready_s:
        return None
    memo = {**ctx.memo, "refused_at": since.isoformat()}
    return Wait(
        phase, frozenset({Trigger.INFORM}), ctx.now + TRY_AGAIN, "The device has only just started and refuses; it is tried again", memo
    )


def became_ready(ctx: Context) -> Steps:
    """What was refused while the device started is taken now: how long it takes to get ready."""
    if "refused_at" in ctx.memo and ctx.facts.booted_at is not None:
        took = int((ctx.now - ctx.facts.booted_at).total_seconds())
        if ctx.facts.quirks.not_ready_s < took <= 7200:
            yield Learned("not_ready_s", took, asked="the same request again", answered=f"refused at first, taken {took} s after the start")


# ---- reading -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Pace:
    """How many names are asked for at once. `fails`: the smallest number that was ever too many, 0 for none known; `proved`: the most
    that were answered.

    Between what works and what fails it grows by a quarter of the difference; one attempt that fails ends the growing of this operation.
    """

    size: int
    fails: int = 0
    may_grow: bool = True
    breaks: int = 0
    """How often the session broke off before: each time half as many (quirk K-46)."""
    proved: int = 0

    @classmethod
    def of(cls, ctx: Context) -> "Pace":
        quirks, breaks = ctx.facts.quirks, max(0, ctx.attempts)
        return cls(max(1, quirks.read_batch >> min(breaks, 7)), quirks.read_batch_fails, breaks == 0, breaks)

    def worked(self, count: int) -> None:
        """So many were answered. A last, short batch proves nothing."""
        if count < self.size:
            return
        self.proved = count
        if self.may_grow and self.fails > self.size + 1:
            self.size += max(1, (self.fails - self.size) // 4)

    def too_many(self, count: int, most: int) -> None:
        """So many faulted, though each can be read; `most` of them at once could."""
        if 0 < self.proved < count:
            self.may_grow, most = False, max(most, self.proved)
        self.fails = min(self.fails or count, count)
        self.size = self.proved = max(1, most)


Missing = list[tuple[str, CwmpFault]]


def read_names(names: Sequence[str], pace: Pace | int, missing: Missing) -> Generator[Any, Answer, Values]:
    """The values of many leaves, in order. A batch that faults is halved down to the culprit, which lands in `missing`."""
    pace = pace if isinstance(pace, Pace) else Pace(pace)
    before = replace(pace)
    got: list[ParameterValueStruct] = []
    fault: CwmpFault | None = None
    at = 0
    while at < len(names):
        part = tuple(names[at : at + pace.size])
        at += len(part)
        culprits = len(missing)
        answer = yield GetParameterValues(part)
        if isinstance(answer, CwmpFault):
            most = yield from _halves(part, answer, got, missing)
            if len(part) > 1 and len(missing) == culprits:
                pace.too_many(len(part), most)
                fault = answer
        else:
            got += answer.parameter_list
            pace.worked(len(part))
        if len(names) > 2 * before.size:
            yield Progress(f"{len(got)} of {len(names)} values read")
    if fault is not None:
        told = f"{fault}, though the same names can be read in parts"
        yield Learned("read_batch_fails", pace.fails, asked=f"values of {pace.fails} names", answered=told)
    if pace.proved and pace.proved != before.size and pace.fails:
        yield Learned("read_batch", pace.proved, asked=f"values of {pace.proved} names", answered=f"answered; {pace.fails} are too many")
    elif pace.proved and pace.breaks > 1:
        yield Learned(
            "read_batch", pace.proved, asked=f"values of {pace.proved} names", answered="answered; with more, the session broke off twice"
        )
    return tuple(got)


def _halves(part: tuple[str, ...], fault: CwmpFault, got: list[ParameterValueStruct], missing: Missing) -> Generator[Any, Answer, int]:
    """Read a part that faulted in halves, those in halves again, in order; the most names that were answered at once."""
    if len(part) == 1:
        missing.append((part[0], fault))
        return 0
    most = 0
    stack = [part[len(part) // 2 :], part[: len(part) // 2]]
    while stack:
        half = stack.pop()
        answer = yield GetParameterValues(half)
        if not isinstance(answer, CwmpFault):
            got += answer.parameter_list
            most = max(most, len(half))
        elif len(half) == 1:
            missing.append((half[0], answer))
        else:
            stack += [half[len(half) // 2 :], half[: len(half) // 2]]
    return most


def read(ctx: Context) -> Procedure:
    """args: paths, full or partial. Partial ones are read as they are and walked when the device refuses.

    Names the device is known to refuse are asked for all the same, each alone at the end: a person asked.
    """
    quirks = ctx.facts.quirks
    got: list[ParameterValueStruct] = []
    missing: Missing = []
    full = [path for path in ctx.args["paths"] if not path.endswith(".")]
    for path in ctx.args["paths"]:
        if path.endswith("."):
            got += yield from read_subtree(ctx, path, missing)
    got += yield from read_names([name for name in full if quirks.of("refused_names", name) is None], Pace.of(ctx), missing)
    odd = [name for name in full if quirks.of("refused_names", name) is not None]
    again = yield from read_names(odd, 1, missing)
    for value in again:
        yield Learned("refused_names", None, value.name, f"the value of {value.name}", "answered")
    got += again
    if not got and missing:
        fault = missing[0][1]
        return wait_until_ready(ctx, "read", fault) or Failed("The device refused to be read.", fault, {"missing": _told(missing)})
    yield from became_ready(ctx)
    return Done({"count": len(got), "values": {v.name: v.value for v in got[:200]}, "missing": _told(missing)})


def read_subtree(ctx: Context, path: str, missing: Missing) -> Generator[Any, Answer, Values]:
    """All values below a partial path: asked for at once, by names in batches where that is refused."""
    quirks = ctx.facts.quirks
    refused: CwmpFault | None = None
    if not quirks.partial_reads_refused:
        answer = yield GetParameterValues((path,))
        if not isinstance(answer, CwmpFault) and all(v.name != path for v in answer.parameter_list):
            return tuple(answer.parameter_list)
        refused = answer if isinstance(answer, CwmpFault) else None
    names = yield from walk(path, False, quirks, missing)
    leaves = [name for name, _ in names if not name.endswith(".")]
    if not leaves and refused is not None:
        missing.append((path, refused))
    values = yield from read_leaves(ctx, leaves, missing)
    if values and not quirks.partial_reads_refused:
        told = str(refused) if refused is not None else "one value named after the object"
        yield Learned("partial_reads_refused", True, asked=f"the values below {path}", answered=f"{told}; the names below can be read")
    return values


def read_leaves(ctx: Context, leaves: Sequence[str], missing: Missing) -> Generator[Any, Answer, Values]:
    """The values of names the device itself listed: those it is known to refuse are left out, those it refuses now are learned.

    What is left out is tried again after a change of firmware: what was learned counts for one version.
    """
    quirks = ctx.facts.quirks
    wanted = [name for name in leaves if quirks.of("refused_names", name) is None]
    culprits: Missing = []
    got = yield from read_names(wanted, Pace.of(ctx), culprits)
    missing += culprits
    if got:  # all of them refused is another matter; and a device that starts may say 9002 to anything
        for name, fault in culprits:
            if fault.code == 9005 or (fault.code == 9002 and not is_starting(ctx)):
                yield Learned("refused_names", fault.code, name, f"the value of {name}, which it lists", str(fault))
    return got


def _told(missing: Iterable[tuple[str, CwmpFault]]) -> list[dict[str, str]]:
    return [{"path": path, "fault": str(fault)} for path, fault in list(missing)[:50]]


# ---- discovery ---------------------------------------------------------------------------------------------


MOST_NAMES, MOST_LISTS, LONGEST_PATH = 60_000, 20_000, 256
"""What one walk takes and asks: a device that lists ever new children does not keep it going for ever. Paths are string(256) in the standard."""
CUT = CwmpFault(8004, "the device lists more than we take; the rest was left out")
"""Stands in `missing` where a walk ended before its end."""


def walk(
    path: str, deep: bool, quirks: DeviceQuirks = STANDARD, missing: Missing | None = None
) -> Generator[Any, Answer, tuple[tuple[str, bool], ...]]:
    """Names below `path` with their writable flags. `deep` asks for all at once first; a refusal is walked level by level, the upper
    levels first: where it is cut, what is left out lies deep.

    A device that gives nothing level by level (quirk K-47) is asked for all at once instead.
    """
    missing = [] if missing is None else missing
    refused = ""
    if deep and (not quirks.deep_names_refused or quirks.next_level_refused):
        answer = yield GetParameterNames(path, False)
        if not isinstance(answer, CwmpFault) and answer.parameter_list:
            return _bounded(path, _names(answer.parameter_list, path), missing)
        refused = _answered(answer)
    found: dict[str, bool] = {}
    open_ = deque[str]() if quirks.next_level_refused else deque([path])
    seen = set(open_)
    level, itself, unknown = "nothing was asked", False, False
    lists = 0
    while open_:
        asked = open_.popleft()
        if lists == MOST_LISTS or len(found) > MOST_NAMES:
            missing.append((asked, CUT))
            break
        lists += 1
        answer = yield GetParameterNames(asked, True)
        if asked == path:
            level, unknown = _answered(answer), isinstance(answer, CwmpFault) and answer.code == 9005
        if isinstance(answer, CwmpFault):
            continue
        for name, writable in _names(answer.parameter_list, asked):
            itself = itself or name == asked
            found[name] = writable
            if name.endswith(".") and name not in seen and name.startswith(path) and len(name) <= LONGEST_PATH:
                seen.add(name)
                open_.append(name)
    if found:
        if refused:
            yield Learned(
                "deep_names_refused", True, asked=f"all names below {path}", answered=f"{refused}; level by level they are listed"
            )
        if itself:
            yield Learned("lists_itself", True, asked=f"the next level of {path}", answered="the object itself is in the list")
        return _bounded(path, tuple(found.items()), missing)
    if not deep and not unknown:
        answer = yield GetParameterNames(path, False)
        if not isinstance(answer, CwmpFault) and answer.parameter_list:
            if not quirks.next_level_refused:
                yield Learned(
                    "next_level_refused", True, asked=f"the next level of {path}", answered=f"{level}; all at once they are listed"
                )
            return _bounded(path, _names(answer.parameter_list, path), missing)
    return ()


def _bounded(path: str, names: tuple[tuple[str, bool], ...], missing: Missing) -> tuple[tuple[str, bool], ...]:
    if len(names) > MOST_NAMES and all(fault is not CUT for _, fault in missing):
        missing.append((path, CUT))
    return names[:MOST_NAMES]


def _answered(answer: Any) -> str:
    return str(answer) if isinstance(answer, CwmpFault) else "an empty list"


def _names(listed: Sequence[ParameterInfoStruct], asked: str) -> tuple[tuple[str, bool], ...]:
    """Whole names once each, objects with their dot (quirk K-48: some devices leave it out, and list things twice; K-36: or list names
    relative to what was asked for)."""
    above_all = "" if any(f"{info.name}.".startswith(asked) for info in listed) else asked
    names = {above_all + info.name: info.writable for info in listed if info.name}
    objects: set[str] = set()
    for name in names:
        above = parent(name)
        while above and above not in objects:  # also where the parents in between are missing
            objects.add(above)
            above = parent(above)
    return tuple((name + "." if name + "." in objects and not name.endswith(".") else name, flag) for name, flag in names.items())


def discover(ctx: Context) -> Procedure:
    """The whole tree: names, then values. After a session that broke off it walks in small steps (quirk K-46).

    Where the device lists no names at its root (K-45), names come with the values of the whole tree.
    """
    ctx, unknown = yield from rooted(ctx)
    if unknown is not None:
        return wait_until_ready(ctx, "discover", unknown) or Failed("The device does not tell the root of its tree.", unknown)
    quirks, root = ctx.facts.quirks, ctx.facts.root + "."
    missing: Missing = []
    names = () if quirks.root_names_refused else (yield from walk(root, ctx.attempts == 0, quirks, missing))
    leaves = [name for name, _ in names if not name.endswith(".")]
    if not leaves:
        return (yield from _discover_values(ctx, root))
    yield Progress(f"{len(leaves)} parameters found")
    values = yield from read_leaves(ctx, leaves, missing)
    return Done({"parameters": len(leaves), "values": len(values), "missing": _told(missing)}, (Snapshot("", names, values),))


def _discover_values(ctx: Context, root: str) -> Procedure:
    """Names out of the values below the root; which of them can be written is not known then, and is left to trying."""
    answer = yield GetParameterValues((root,))
    if isinstance(answer, CwmpFault):
        return wait_until_ready(ctx, "discover", answer) or Failed("The device lists no parameters.", answer)
    values = tuple(v for v in answer.parameter_list if not v.name.endswith("."))
    if not values:
        return Failed("The device lists no parameters.")
    if not ctx.facts.quirks.root_names_refused:
        yield Learned("root_names_refused", True, asked=f"the names below {root}", answered="none; its values can be read")
    told = {"parameters": len(values), "values": len(values), "missing": []}
    return Done(told, (Snapshot("", tuple((v.name, True) for v in values), values),))


def refresh(ctx: Context) -> Procedure:
    """args: prefixes. Reads subtrees anew, with what came and went in their tables."""
    snapshots: list[Snapshot] = []
    missing: Missing = []
    for prefix in ctx.args["prefixes"]:
        names = yield from walk(prefix, True, ctx.facts.quirks, missing)
        if not names:
            missing.append((prefix, CwmpFault(9005)))
            continue
        leaves = [name for name, _ in names if not name.endswith(".")]
        values = yield from read_leaves(ctx, leaves, missing)
        if values or not leaves:
            snapshots.append(Snapshot(prefix, names, values))
    told = {"values": sum(len(s.values) for s in snapshots), "missing": _told(missing)}
    if not snapshots:
        return Failed("Nothing could be read.", missing[0][1] if missing else None, told)
    return Done(told, tuple(snapshots))


# ---- objects -----------------------------------------------------------------------------------------------


def add_object(ctx: Context) -> Procedure:
    """args: table, values [[leaf, value, type], …]. The row is taken away again if the device refuses its values.

    Of a device that does not say which row it made (quirk K-59) the table is looked at before and after.
    """
    table, quirks = ctx.args["table"], ctx.facts.quirks
    if ctx.maybe_sent:
        return Failed("The connection broke while the row was being added: look at the table before you try again.")
    before = (yield from _rows(table, quirks)) if quirks.instance_unusable else frozenset()
    answer = yield AddObject(table, ctx.facts.parameter_key)
    if isinstance(answer, CwmpFault):
        return Failed(f"The device added no row to {table}.", answer)
    number = answer.instance_number
    if quirks.instance_unusable:
        new = sorted((yield from _rows(table, quirks)) - before)
        number = new[0] if len(new) == 1 else number
    elif number < 1:
        yield Learned("instance_unusable", True, asked=f"a new row of {table}", answered=f"instance number {number}")
    if number < 1:
        return Failed(f"The device added a row to {table} but did not say which: look at the table before you try again.")
    row = f"{table}{number}."
    values = tuple(ParameterValueStruct(row + name, value, kind) for name, value, kind in ctx.args.get("values", ()))
    if values:
        written = yield SetParameterValues(values, ctx.facts.parameter_key)
        if isinstance(written, CwmpFault):
            removed = yield DeleteObject(row, ctx.facts.parameter_key)
            kept = " It could not be taken away again." if isinstance(removed, CwmpFault) else " The row was taken away again."
            return Failed("The device refused the values of the new row." + kept, written)
    missing: Missing = []
    names = yield from walk(row, True, quirks, missing)
    got = yield from read_leaves(ctx, [name for name, _ in names if not name.endswith(".")], missing)
    return Done({"instance": number, "path": row}, (Snapshot(row, _with_row(row, names), got),))


def _rows(table: str, quirks: DeviceQuirks) -> Generator[Any, Answer, frozenset[int]]:
    """The instance numbers a table has now."""
    names = yield from walk(table, False, quirks)
    below = (name[len(table) :].partition(".")[0] for name, _ in names if name.startswith(table))
    return frozenset(int(part) for part in below if part.isdigit())


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
    """args: paths, notification (0 off, 1 with the next contact, 2 at once; 3 to 6 are of CWMP 1.4)."""
    if int(ctx.args["notification"]) > 2 and ctx.facts.version < "1.4":
        return Failed(f"A notification by datagram came with CWMP 1.4; this device speaks {ctx.facts.version}.")  # conformance B-28
    request = SetParameterAttributes(
        tuple(SetParameterAttributesStruct(path, True, int(ctx.args["notification"]), False, ()) for path in ctx.args["paths"])
    )
    answer = yield request
    if isinstance(answer, CwmpFault):
        return Failed("The device refused to watch these values.", answer)
    return Done({"paths": list(ctx.args["paths"]), "notification": int(ctx.args["notification"])})
