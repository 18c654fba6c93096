"""Writing parameters so that a person learns what became of each value: written, refused with its fault, or not tried.

A call is atomic on the device (K-54), and so is the operation by default: a refusal leaves everything of its group as it was. Credentials
and the ACS URL travel in calls of their own. Written values are read back (R-6); what does not hold is written a second time, then told
and learned, never tried a third time.

A refusal that names its parameters (C-31, C-32) is shown as it is. One that does not (K-55) is isolated:

* By default without changing anything. The group's present values are read and written back as they are, in halves down to the culprit: a
  parameter that refuses even the value it has cannot be written at all, and is named. If all take theirs, a value is at fault, and which one
  cannot be found without changing the device: that is said, and offered.
* With `partial` ("write what the device takes") the values themselves are written in halves down to the culprit. What the device takes is
  written, what it refuses is told with its fault. Credentials are never split: half a login locks the device out.

Tests: tests/acs/provisioning/procedures/test_writing.py. Conformance C.2, C-22 to C-33.
"""

import re
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import GetParameterValues, ParameterValueStruct, SetParameterValues
from acs.cwmp.paths import leaf, parent
from acs.provisioning.procedure import Answer, Context, Done, Failed, Learned, Procedure
from acs.provisioning.procedures.parameters import Pace, Steps, Values, became_ready, read_names, wait_until_ready
from acs.provisioning.quirks import DeviceQuirks, boolean_as, literal, time_as
from datamodels.check import is_secret

_CREDENTIAL_LEAVES = frozenset(
    {"URL", "Username", "Password", "ConnectionRequestUsername", "ConnectionRequestPassword", "STUNUsername", "STUNPassword"}
)
WRITTEN, REFUSED, NOT_TRIED = "written", "refused", "not_tried"
_HIDDEN = "•••"


def is_credential(path: str) -> bool:
    """Whether a parameter must travel alone: a refused value beside it would roll the login back, or lock the device out."""
    return parent(path).endswith("ManagementServer.") and leaf(path) in _CREDENTIAL_LEAVES


@dataclass(slots=True)
class Told:
    """What became of each value so far, and the highest Status."""

    states: dict[str, str] = field(default_factory=dict)
    faults: dict[str, CwmpFault] = field(default_factory=dict)
    status: int = 0

    def note(self, values: Iterable[ParameterValueStruct], state: str, fault: CwmpFault | None = None) -> None:
        for v in values:
            self.states[v.name] = state
            if fault is not None:
                self.faults[v.name] = fault

    def named(self, state: str) -> list[str]:
        return [path for path, known in self.states.items() if known == state]

    def each(self) -> list[dict[str, str]]:
        """For people and programs: path, state, and the fault where there is one. No values."""
        return [
            {"path": path, "state": state, **({"fault": str(self.faults[path])} if path in self.faults else {})}
            for path, state in self.states.items()
        ]


def write(ctx: Context) -> Procedure:
    """args: values [[path, value, type], …], partial, verify, parameter_key. Result: status, written, needs_restart, not_held, each."""
    wanted = tuple(ParameterValueStruct(path, value, kind) for path, value, kind in ctx.args["values"])
    partial = bool(ctx.args.get("partial"))
    told = Told({v.name: NOT_TRIED for v in wanted})
    fault: CwmpFault | None = None
    for group in _groups(wanted, ctx.facts.quirks):
        fault = yield from _write_group(ctx, group, told, partial)
        if fault is not None and (not partial or is_credential(group[0].name)):
            break
    written = told.named(WRITTEN)
    if fault is not None and not written:
        ready = wait_until_ready(ctx, "write", fault)
        if ready is not None:
            return ready
    refusal = (yield from _refusal(ctx, wanted, fault, told, partial)) if fault is not None or told.named(REFUSED) else ""
    if refusal and not (partial and written):
        return Failed(refusal, fault, _result(told, []))
    yield from became_ready(ctx)
    return (yield from _verified(ctx, tuple(v for v in wanted if told.states[v.name] == WRITTEN), told))


def _result(told: Told, not_held: list[dict[str, str]]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "status": told.status, "written": told.named(WRITTEN), "needs_restart": told.status == 1, "not_held": not_held,
    }  # fmt: skip
    return {**result, "each": told.each()} if len(result["written"]) < len(told.states) else result


def _groups(values: Values, quirks: DeviceQuirks) -> list[Values]:
    """What travels together: ordinary values at once, or as many as the device takes; each login whole; the URL last, it may lead away."""
    ordinary = tuple(v for v in values if not is_credential(v.name))
    size = quirks.write_batch or len(ordinary) or 1
    groups = [ordinary[i : i + size] for i in range(0, len(ordinary), size)]
    request = tuple(v for v in values if is_credential(v.name) and leaf(v.name).startswith("ConnectionRequest"))
    stun = tuple(v for v in values if is_credential(v.name) and leaf(v.name).startswith("STUN"))
    login = tuple(v for v in values if is_credential(v.name) and leaf(v.name) in ("Username", "Password"))
    url = tuple(v for v in values if is_credential(v.name) and leaf(v.name) == "URL")
    return [group for group in (*groups, request, stun, login, url) if group]


# ---- one group ---------------------------------------------------------------------------------------------


def _write_group(ctx: Context, group: Values, told: Told, partial: bool) -> Generator[Any, Answer, CwmpFault | None]:
    """Write a group; the fault it ended with, if any. With `partial` all that the device takes of it, unless it is a login."""
    answer = yield from _set(ctx, group, told)
    if not isinstance(answer, CwmpFault):
        return None
    refused = _named(group, answer)
    if not refused and len(group) == 1:
        refused = {group[0].name: answer}
    told.note((v for v in group if v.name in refused), REFUSED)
    told.faults |= refused
    if not partial or is_credential(group[0].name):
        return answer
    rest = tuple(v for v in group if v.name not in refused)
    if rest and refused:
        return (yield from _write_group(ctx, rest, told, True)) or answer
    return answer if len(group) == 1 else (yield from _halves(ctx, group, answer, told))  # who blames all of them names nobody (K-55)


def _halves(ctx: Context, group: Values, whole: CwmpFault, told: Told) -> Generator[Any, Answer, CwmpFault | None]:
    """An unnamed refusal: each half by itself, down to the culprit. Two halves that are both taken were too much at once."""
    middle = len(group) // 2
    faults = []
    for half in (group[:middle], group[middle:]):
        fault = yield from _write_group(ctx, half, told, True)
        if fault is not None:
            faults.append(fault)
    if not faults:
        size = len(group) - middle
        asked = f"{len(group)} values in one call"
        yield Learned("write_batch", size, asked=asked, answered=f"{whole}; {size} at once are taken")
    return faults[0] if faults else None


def _set(ctx: Context, group: Values, told: Told) -> Steps:
    """One call, spelled as the device wants it; once more in another spelling where that may be what it minds (K-37, K-38, K-40)."""
    quirks = ctx.facts.quirks
    key = ctx.args.get("parameter_key", ctx.facts.parameter_key)
    spelled = tuple(replace(v, value=literal(v.type, v.value, quirks), type=quirks.of("types", v.name) or v.type) for v in group)
    answer = yield SetParameterValues(spelled, key)
    if isinstance(answer, CwmpFault):
        found = yield from _respelled(spelled, answer, key)
        if found is not None:
            answer, spelled = found
    if not isinstance(answer, CwmpFault):
        told.note(group, WRITTEN)
        told.status = max(told.status, int(answer.status))
        if answer.status == 1:
            yield Learned("needs_restart", True, asked=f"{len(group)} values written", answered="Status 1: they count after a restart")
    return answer


def _respelled(group: Values, fault: CwmpFault, key: str) -> Generator[Any, Answer, tuple[Any, Values] | None]:
    """The answer to the same values in another form, and that form, if the device takes it; at most three tries."""
    blamed = {path for path, one in _named(group, fault).items() if one.code in (9003, 9006, 9007)}
    if not blamed and (len(group) > 1 or fault.code not in (9003, 9006, 9007)):
        return None
    blamed = blamed or {group[0].name}
    if not set(_named(group, fault)) <= blamed:
        return None  # something else is refused as well: another form would not help
    minded = tuple(v for v in group if v.name in blamed)
    if all(v.type == "boolean" for v in minded):
        for form in ("digits", "words"):
            changed = _with(group, blamed, lambda v, form=form: replace(v, value=boolean_as(form, v.value)))
            if changed != group:
                answer = yield SetParameterValues(changed, key)
                if not isinstance(answer, CwmpFault):
                    yield Learned(
                        "boolean_literal", form, asked=f"{minded[0].name} as {minded[0].value}", answered=f"{fault}; taken as {form}"
                    )
                    return answer, changed
    elif all(v.type == "dateTime" for v in minded):
        for time_form in ("utc", "offset", "local"):
            changed = _with(group, blamed, lambda v, form=time_form: replace(v, value=time_as(form, v.value)))
            if changed != group:
                answer = yield SetParameterValues(changed, key)
                if not isinstance(answer, CwmpFault):
                    yield Learned(
                        "time_form", time_form, asked=f"{minded[0].name} as {minded[0].value}", answered=f"{fault}; taken as {time_form}"
                    )
                    return answer, changed
    elif any(one.code == 9006 for one in (*_named(group, fault).values(), fault)):
        return (yield from _other_types(group, blamed, fault, key))
    return None


def _other_types(group: Values, blamed: set[str], fault: CwmpFault, key: str) -> Generator[Any, Answer, tuple[Any, Values] | None]:
    """9006: the device has another type for these than we; the one it reads them with."""
    answer = yield GetParameterValues(tuple(sorted(blamed)))
    types = {v.name: v.type for v in answer.parameter_list if v.type} if not isinstance(answer, CwmpFault) else {}
    changed = _with(group, blamed, lambda v: replace(v, type=types.get(v.name, v.type)))
    if changed == group:
        return None
    answer = yield SetParameterValues(changed, key)
    if isinstance(answer, CwmpFault):
        return None
    for v, old in zip(changed, group, strict=True):
        if v.type != old.type:
            yield Learned("types", v.type, v.name, asked=f"{v.name} as {old.type}", answered=f"{fault}; taken as {v.type}, as it reads")
    return answer, changed


def _with(group: Values, names: Iterable[str], change: Any) -> Values:
    return tuple(change(v) if v.name in names else v for v in group)


def _named(group: Values, fault: CwmpFault) -> dict[str, CwmpFault]:
    """The parameters of the group that the fault names, each with its own."""
    ours = {v.name for v in group}
    return {p.name: CwmpFault(p.code, p.text) for p in fault.parameters if p.name in ours}


# ---- why -----------------------------------------------------------------------------------------------------


def _refusal(ctx: Context, wanted: Values, fault: CwmpFault | None, told: Told, partial: bool) -> Steps:
    """What people are told of a refusal; where nobody is named and nothing may be changed, who cannot be written is looked for first."""
    refused, written = told.named(REFUSED), told.named(WRITTEN)
    already = f" Already written: {', '.join(written)}." if written else ""
    if refused:
        return f"The device refused {_list(refused)}." + (already or " Nothing was changed.")
    if partial or fault is None:
        return f"The device refused the new values.{already or ' Nothing was changed.'}"
    tried = next(group for group in _groups(wanted, ctx.facts.quirks) if told.states[group[0].name] == NOT_TRIED)
    guilty = {} if is_credential(tried[0].name) else (yield from _cannot_be_written(ctx, tried))
    if guilty:
        told.note((v for v in tried if v.name in guilty), REFUSED)
        told.faults |= guilty
        return f"The device refuses {_list(list(guilty))}, whatever the value.{already or ' Nothing was changed.'}"
    rest = "which of them cannot be told without changing the device" if len(tried) > 1 else "without a reason"
    return f"The device refused the new values and did not say which: {rest}.{already or ' Nothing was changed.'}"


def _cannot_be_written(ctx: Context, group: Values) -> Generator[Any, Answer, dict[str, CwmpFault]]:
    """Those of a group that refuse even the value they have, or that the device does not have; nothing on the device changes by asking."""
    missing: list[tuple[str, CwmpFault]] = []
    back = yield from read_names([v.name for v in group], Pace.of(ctx), missing)
    guilty = {path: fault for path, fault in missing if fault.code == 9005}
    kinds = {v.name: v.type for v in group}
    present = [replace(v, type=v.type or kinds[v.name]) for v in back if v.name in kinds and v.value and not _is_veiled(v)]
    stack = [tuple(present)] if present else []
    while stack:
        part = stack.pop()
        answer = yield SetParameterValues(part, ctx.facts.parameter_key)
        if not isinstance(answer, CwmpFault):
            continue
        if len(part) == 1:
            guilty[part[0].name] = answer
        else:
            stack += [part[len(part) // 2 :], part[: len(part) // 2]]
    return guilty


def _is_veiled(v: ParameterValueStruct) -> bool:
    """Shown as stars, or a secret: its present value is not to be written back."""
    return is_secret(v.name) or not v.value.strip("*•")


def _list(paths: list[str]) -> str:
    return ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")


# ---- reading back ------------------------------------------------------------------------------------------


def _verified(ctx: Context, written: Values, told: Told) -> Procedure:
    """Read back what was written; what does not hold a second time is told and learned."""
    quirks = ctx.facts.quirks
    if not ctx.args.get("verify", True):
        return Done(_result(told, []))
    missing: list[tuple[str, CwmpFault]] = []
    checked = [v.name for v in written]
    back = yield from _read_back(ctx, checked, missing)
    unseen = _unseen(checked, back, missing)
    differing = _not_held(written, back, quirks)
    if differing and told.status == 0:
        paths = {item["path"] for item in differing}
        again = tuple(v for v in written if v.name in paths)
        answer = yield from _set(ctx, again, told)
        if not isinstance(answer, CwmpFault):
            known = {v.name: v for v in (*back, *(yield from _read_back(ctx, [v.name for v in again], missing)))}
            back = tuple(known.values())
            differing = _not_held(written, back, quirks)
    yield from _learn_forms(written, back, differing, told, quirks)
    result = _result(told, differing)
    if unseen and told.status == 0:  # some devices accept any name (lesson R-6)
        return Failed(f"The device accepted the write but has no {', '.join(unseen)}.", None, result)
    if differing and told.status == 0:
        return Failed(" ".join(_does_not_keep(item) for item in differing[:5]), None, result)
    secrets = tuple(v for v in written if _hidden(v, back) or (quirks.of("hidden", v.name) is not None))
    return Done(result, values=secrets)


def _read_back(ctx: Context, names: list[str], missing: list[tuple[str, CwmpFault]]) -> Generator[Any, Answer, Values]:
    """The values of these names; those left out of a longer answer (quirk K-51) are asked for alone."""
    seen = [name for name in names if ctx.facts.quirks.of("hidden", name) is None]
    back: Values = yield from read_names(seen, Pace.of(ctx), missing)
    left = _unseen(seen, back, missing)
    if len(seen) > 1 and left:
        back += yield from read_names(left, 1, missing)
    missing += [(name, CwmpFault(9002, "never shown")) for name in names if name not in seen]
    return back


def _learn_forms(written: Values, back: Values, differing: list[dict[str, str]], told: Told, quirks: DeviceQuirks) -> Steps:
    shown = {v.name: v for v in back}
    lost = {item["path"]: item for item in differing}
    for v in written:
        got = shown.get(v.name)
        if got is None:
            continue
        asked = f"{v.name} written"
        if v.name in lost:
            if told.status == 0:
                marks = {"wrote": lost[v.name]["wanted"], "shows": lost[v.name]["shows"]}
                seen = {key: _HIDDEN if is_secret(v.name) else value[:200] for key, value in marks.items()}
                yield Learned("not_kept", seen, v.name, f"{v.name} written twice: {seen['wrote']}", f"accepted; shows {seen['shows']}")
        elif _hidden(v, back):
            if got.value:
                yield Learned("hidden", True, v.name, asked, "shown as stars")
        else:
            if quirks.of("not_kept", v.name) is not None:
                yield Learned("not_kept", None, v.name, asked, "it holds")
            if v.type not in ("boolean", "dateTime") and v.value.strip() != got.value.strip() and not is_secret(v.name):
                yield Learned("normalised", got.value[:200], v.name, f"{v.name} written: {v.value[:200]}", f"shows {got.value[:200]}")


def _does_not_keep(item: Mapping[str, str]) -> str:
    path = item["path"]
    if is_secret(path):
        return f"This device does not keep {path}: it was written twice, and something else is shown."
    return f"This device does not keep {path}: wrote “{item['wanted'][:80]}” twice, it shows “{item['shows'][:80]}”."


def _unseen(names: Iterable[str], back: Values, missing: Iterable[tuple[str, CwmpFault]]) -> list[str]:
    """Names the device neither shows nor refuses to show for a reason of its own."""
    known = {v.name for v in back} | {path for path, fault in missing if fault.code != 9005}
    return [name for name in names if name not in known]


def _hidden(wanted: ParameterValueStruct, back: Values) -> bool:
    """Written, but reads back as stars, or empty where it is a secret: a value only we know (quirk K-41)."""
    return any(
        v.name == wanted.name and v.value != wanted.value and not v.value.strip("*•") and (bool(v.value) or is_secret(v.name)) for v in back
    )


def _not_held(wanted: Values, back: Values, quirks: DeviceQuirks) -> list[dict[str, str]]:
    shown = {v.name: v for v in back}
    differing = []
    for v in wanted:
        got = shown.get(v.name)
        if got is None or _hidden(v, back) or same_value(v.value, got.value, got.type if v.type == "string" else v.type):
            continue
        if quirks.of("normalised", v.name) is not None and _loosely(v.value) == _loosely(got.value):
            continue
        differing.append({"path": v.name, "wanted": v.value, "shows": got.value})
    return differing


_NUMBER = re.compile(r"[+-]?[0-9]{1,20}")
_BOOLEANS = {"1": "1", "true": "1", "yes": "1", "on": "1", "enabled": "1", "0": "0", "false": "0", "no": "0", "off": "0", "disabled": "0"}


def same_value(wanted: str, got: str, kind: str) -> bool:
    """Equal as the device may normalise it: booleans, instants, numbers, case of hex, blanks and order-keeping commas (quirk K-42)."""
    a, b = wanted.strip(), got.strip()
    if a == b:
        return True
    if kind == "boolean":
        return _BOOLEANS.get(a.lower(), a) == _BOOLEANS.get(b.lower(), b)
    if kind == "dateTime" and time_as("utc", a) == time_as("utc", b):
        return True
    if a.lower() == b.lower() or a.strip('"') == b.strip('"'):
        return True
    if [part.strip() for part in a.split(",")] == [part.strip() for part in b.split(",")]:
        return True
    return bool(_NUMBER.fullmatch(a) and _NUMBER.fullmatch(b)) and int(a) == int(b)


def _loosely(value: str) -> list[str]:
    """Of a parameter known to come back in another form: letters and digits of its parts, in any order."""
    parts = (re.sub(r"[^a-z0-9]", "", part) for part in value.lower().split(","))
    return sorted(part for part in parts if part)
