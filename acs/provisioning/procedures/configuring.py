"""Bringing a device to what should hold on it: rows that are too many go, missing rows come, then values, then what is to be watched.

The plan comes ready in the brief (differences.py); each SetParameterValues, AddObject and DeleteObject carries the hash of the desired state as
its ParameterKey. Writing is that of writing.py: logins apart, batches as the device takes them, culprits isolated, read back, what does not hold
a second time told and never tried a third time. Where another ACS or a reset was at the device since, the wanted values are read first.

`carried_out` is for other procedures to `yield from`: it ends with what came of the plan instead of an outcome. The rows of a session that
broke off are looked for before any is added: AddObject is not repeated blind. Tests: tests/acs/provisioning/procedures/test_configuring.py.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    AddObject,
    DeleteObject,
    ParameterValueStruct,
    SetParameterAttributes,
    SetParameterAttributesStruct,
)
from acs.provisioning.desired import Desired, KnownTree
from acs.provisioning.differences import NewRow, Plan, mark, plan_of, row_mark, touched
from acs.provisioning.procedure import Answer, Context, Done, Failed, Learned, Procedure, Progress, Snapshot, Trigger, Wait
from acs.provisioning.procedures.parameters import Pace, read_leaves, read_names, walk
from acs.provisioning.procedures.writing import write

UNREAD = timedelta(days=1)
"""How long a device whose parameters were never read is waited for: each contact reads it, and goes on here."""


@dataclass(frozen=True, slots=True)
class Order:
    """What `configure` is briefed with. `again`: what did not stick before is tried once more. `watch`: tell the device what to watch.

    `read_first`: what is known may be old. `key_lost`: how often the device came back without the key it had been given.
    """

    desired: Desired
    known: KnownTree
    marks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    read_first: bool = False
    watch: bool = True
    key_lost: int = 0
    briefed_at: str = ""

    def plan(self, ctx: Context, known: KnownTree) -> Plan:
        return plan_of(self.desired, known, ctx.facts.quirks, self.marks)


@dataclass(slots=True)
class Came:
    """What came of a plan. `marks` are values that did not stick, by path; `key` the ParameterKey the device has now, None if unknown."""

    written: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)
    marks: dict[str, dict[str, str]] = field(default_factory=dict)
    values: tuple[ParameterValueStruct, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    key: str | None = None
    needs_restart: bool = False
    touched: bool = False
    """All held already: one value was written again, so that the device takes the key."""
    watched: int = 0
    fault: CwmpFault | None = None
    not_ready: Wait | None = None


def configure(ctx: Context) -> Procedure:
    """brief: order; or unread, where nothing is known of the device yet; or error. Result: key, written, added, deleted, refused, marks, watched, profiles."""
    order: Order | None = ctx.brief.get("order")
    if ctx.brief.get("unread"):
        return Wait("configure", frozenset({Trigger.INFORM}), ctx.now + UNREAD, "Its parameters have to be read first")
    if order is None:
        return Failed(ctx.brief.get("error", "What should hold on the device could not be put together."))
    desired = order.desired
    if desired.is_empty:
        return Done({"key": "", "profiles": [], "written": []})
    came = yield from carried_out(ctx, order)
    if came.not_ready is not None:
        return came.not_ready
    result = {
        "key": came.key, "wanted_key": desired.key, "profiles": [list(p) for p in desired.profiles], "written": came.written, "added": came.added,
        "deleted": came.deleted, "refused": came.refused, "marks": came.marks, "watched": came.watched, "needs_restart": came.needs_restart,
        "touched": came.touched,
        "briefed_at": order.briefed_at, "firmware": desired.firmware,
    }  # fmt: skip
    if came.refused and not (came.written or came.added or came.deleted):
        why = "; ".join(f"{one['path']}: {one['why']}" for one in came.refused[:3])
        return Failed(f"The device took nothing of what should hold. {why}", came.fault, result, came.snapshots)
    return Done(result, came.snapshots, came.values)


def carried_out(ctx: Context, order: Order) -> Generator[Any, Answer, Came]:
    """Carry the plan out; nothing is asked where everything holds and the device carries the key."""
    came, desired = Came(key=ctx.facts.parameter_key), order.desired
    known = order.known
    if order.read_first or ctx.maybe_sent:
        known = yield from _read(ctx, order)
    plan = order.plan(ctx, known)
    loses_key = ctx.facts.quirks.parameter_key_lost
    if plan.is_empty and order.key_lost >= 2 and not loses_key:
        loses_key = True
        told = "the values are there, the key is not, for the second time"
        yield Learned("parameter_key_lost", True, asked=f"ParameterKey {desired.key}", answered=told)
    yield from _delete(ctx, desired.key, plan, came)
    rows = yield from _add(ctx, desired.key, plan, came)
    values = tuple(v for row in rows.values() for v in row) + plan.values
    if not values and not came.written and came.key != desired.key and not loses_key:
        again = touched(desired, known)
        values, came.touched = ((again,), True) if again is not None else ((), False)
    if values:
        yield from _write(ctx, desired.key, values, came)
        if came.not_ready is not None:
            return came
        yield from _take_away(ctx, desired.key, rows, came)
    if order.watch:
        yield from _watch(ctx, desired, came)
    return came


# ---- looking first -------------------------------------------------------------------------------------------


def _read(ctx: Context, order: Order) -> Generator[Any, Answer, KnownTree]:
    """The wanted values as they are now, and the rows of the tables that rows are wanted of."""
    missing: list[tuple[str, CwmpFault]] = []
    shown = [path for path in order.desired.paths if path in order.known.values and ctx.facts.quirks.of("refused_names", path) is None]
    got = yield from read_names(shown, Pace.of(ctx), missing)
    hidden = {v.name for v in got if not v.value.strip("*•") and order.known.values.get(v.name)}
    known = order.known.with_values((v.name, v.value, v.type) for v in got if v.name not in hidden)
    for table in dict.fromkeys(row.table for row in order.desired.rows):
        names = yield from walk(table, True, ctx.facts.quirks, missing)
        leaves = [name for name, _ in names if not name.endswith(".")]
        values = yield from read_leaves(ctx, leaves, missing)
        kept = {path: text for path, text in known.values.items() if not path.startswith(table)}
        objects = {o for o in known.objects if not o.startswith(table)} | {name for name, _ in names if name.endswith(".")} | {table}
        known = replace(known, values=kept, objects=frozenset(objects)).with_values((v.name, v.value, v.type) for v in values)
    return known


# ---- rows ----------------------------------------------------------------------------------------------------


def _delete(ctx: Context, key: str, plan: Plan, came: Came) -> Generator[Any, Answer, None]:
    for row in plan.deletes:
        answer = yield DeleteObject(row, key)
        if isinstance(answer, CwmpFault) and answer.code != 9005:
            came.refused.append({"path": row, "why": str(answer)})
            came.fault = answer
            continue
        came.deleted.append(row)
        came.key = key
        came.snapshots += (Snapshot(row, (), ()),)


def _add(ctx: Context, key: str, plan: Plan, came: Came) -> Generator[Any, Answer, dict[str, tuple[ParameterValueStruct, ...]]]:
    """Add the missing rows; the values of each new row by its path."""
    rows: dict[str, tuple[ParameterValueStruct, ...]] = {}
    for new in plan.adds:
        answer = yield AddObject(new.table, key)
        number = 0 if isinstance(answer, CwmpFault) else answer.instance_number
        if number < 1:
            why = str(answer) if isinstance(answer, CwmpFault) else "the device did not say which row it made"
            came.refused.append({"path": new.table, "why": why})
            came.marks[_mark_of(new)] = {"mark": mark(new.table, ""), "why": why}
            came.fault = answer if isinstance(answer, CwmpFault) else came.fault
            continue
        row = f"{new.table}{number}."
        rows[row] = tuple(ParameterValueStruct(row + leaf, text, kind) for leaf, text, kind in new.cells)
        came.added.append(row)
        came.key = key
        names = ((row, True), *((row + leaf, True) for leaf, _, _ in new.cells))
        came.snapshots += (Snapshot(row, names, rows[row]),)
    return rows


def _mark_of(new: NewRow) -> str:
    return row_mark(new.table, new.cells[: new.keys])


def _take_away(ctx: Context, key: str, rows: Mapping[str, tuple[ParameterValueStruct, ...]], came: Came) -> Generator[Any, Answer, None]:
    """New rows whose values the device refused: half a row is worse than none."""
    refused = {one["path"] for one in came.refused}
    for row, values in rows.items():
        if any(v.name in refused for v in values):
            answer = yield DeleteObject(row, key)
            came.added.remove(row)
            came.snapshots = (*(s for s in came.snapshots if s.prefix != row), Snapshot(row, (), ()))
            if isinstance(answer, CwmpFault):
                came.refused.append({"path": row, "why": f"half a row that could not be taken away again: {answer}"})


# ---- values --------------------------------------------------------------------------------------------------


def _write(ctx: Context, key: str, values: tuple[ParameterValueStruct, ...], came: Came) -> Generator[Any, Answer, None]:
    """As writing.py writes: what the device takes of it, read back, tried once more where it does not hold."""
    yield Progress(f"{len(values)} values to write")
    args = {"values": [(v.name, v.value, v.type) for v in values], "partial": True, "parameter_key": key}
    outcome = yield from write(replace(ctx, args=args, memo={k: v for k, v in ctx.memo.items() if k == "refused_at"}))
    if isinstance(outcome, Wait):
        if not (came.added or came.deleted):
            came.not_ready = replace(outcome, phase="configure")
            return
        outcome = Failed("The device has only just started and refuses.")
    result = outcome.result
    texts = {v.name: v.value for v in values}
    lost = {item["path"]: item for item in result.get("not_held", ())}
    came.written += [path for path in result.get("written", ()) if path not in lost]
    if result.get("written"):
        came.key = key
    for path, item in lost.items():
        _mark(came, path, texts[path], f"the device does not keep it: written twice, it shows “{item['shows'][:80]}”")
    for one in result.get("each", ()):
        if one["state"] != "written":
            _mark(came, one["path"], texts[one["path"]], one.get("fault", "the device refused it"))
    if isinstance(outcome, Failed):
        came.fault = outcome.fault or came.fault
        if not result.get("each") and not result.get("written"):
            for path, text in texts.items():
                _mark(came, path, text, outcome.text)
    else:
        came.values += outcome.values
    came.needs_restart = bool(result.get("needs_restart"))


def _mark(came: Came, path: str, value: str, why: str) -> None:
    came.refused.append({"path": path, "why": why})
    came.marks[path] = {"mark": mark(path, value), "why": why}


# ---- what is watched -----------------------------------------------------------------------------------------


def _watch(ctx: Context, desired: Desired, came: Came) -> Generator[Any, Answer, None]:
    """Which values the device tells of by itself: all at once; one by one where it refuses, since a refusal names nobody."""
    wanted = tuple(
        SetParameterAttributesStruct(path, True, notification, False, ())
        for path, notification, _ in desired.watches
        if notification <= 2 or ctx.facts.version >= "1.4"
    )
    if not wanted:
        return
    answer = yield SetParameterAttributes(wanted)
    if not isinstance(answer, CwmpFault):
        came.watched = len(wanted)
        return
    for each in wanted if len(wanted) > 1 else ():
        single = yield SetParameterAttributes((each,))
        if isinstance(single, CwmpFault):
            came.refused.append({"path": each.name, "why": f"cannot be watched: {single}"})
        else:
            came.watched += 1
    if len(wanted) == 1:
        came.refused.append({"path": wanted[0].name, "why": f"cannot be watched: {answer}"})
