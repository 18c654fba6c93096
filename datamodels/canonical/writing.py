"""From a canonical value to the parameters that must be written: path, text and type on the wire.

All of one canonical value belongs into one SetParameterValues (H-53: clients never see an open network in between).
Judged three times: by the canonical limits, by what the device says it supports, and by the data model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from datamodels.canonical.convert import Demand, Refused, refused, to_raw_text
from datamodels.canonical.resolver import Resolver, described, is_writable
from datamodels.canonical.shapes import Candidate, CanonicalParameter, Value
from datamodels.check import check, wire_type

Write = tuple[str, str, str]
"""(path, raw text, xsi:type), as `("Device.WiFi.Radio.1.Channel", "6", "xsd:unsignedInt")`."""


def to_raw(device: Resolver | Mapping[str, str], name: str, value: Value, root: str | None = None) -> list[Write]:
    """What to write so that `name` becomes `value`; the parameter itself first, what goes with it after.

    `device` is a Resolver, or a tree whose root is guessed from its first path unless given.
    KeyError for an unknown name or root; Refused (a ValueError) naming the canonical name, the value and the rule it breaks, also
    where the device has no parameter for it or only a read-only one.
    """
    resolver = device if isinstance(device, Resolver) else Resolver(device, root or _root_of(device))
    parameter = described(name)
    if not parameter.writable:
        raise Refused(f"{name} can only be read; {value!r} cannot be written.", Demand.READ_ONLY, None if parameter.secret else str(value))
    candidate, path = _target(resolver, parameter)
    raw = to_raw_text(parameter, candidate, value)
    _check_supported(resolver, parameter, candidate, raw, value)
    if candidate.cases:
        return _case_writes(resolver, parameter, candidate, path, value)
    writes = [_write(resolver, parameter, candidate, path, raw)]
    for anchor, rest, text in candidate.also:
        beside = resolver.index.path(anchor, rest)
        if beside is not None and beside in resolver.tree:
            writes.append(_write(resolver, parameter, candidate, beside, text))
    return writes


def _root_of(tree: Mapping[str, str]) -> str:
    return next(iter(tree), "").partition(".")[0]


def _target(resolver: Resolver, parameter: CanonicalParameter) -> tuple[Candidate, str]:
    existing = list(resolver.existing(parameter))
    for candidate, path in existing:
        if is_writable(candidate, path, resolver.model):
            return candidate, path
    if existing:
        raise Refused(f"{parameter.name} can only be read on this device ({existing[0][1]}).", Demand.READ_ONLY_HERE, None, existing[0][1])
    raise Refused(f"{parameter.name} cannot be set: the device has no parameter for it.", Demand.ABSENT)


def _check_supported(resolver: Resolver, parameter: CanonicalParameter, candidate: Candidate, raw: str, value: Value) -> None:
    if candidate.allowed_from is None:
        return
    path = resolver.index.path(*candidate.allowed_from)
    listed = resolver.tree.get(path or "", "").strip()
    if listed and raw.lower() not in _expanded(listed):
        raise refused(parameter, value, f"one of those the device supports ({listed})", Demand.ONE_OF_HERE, listed)


def _expanded(listed: str) -> set[str]:
    """ "1-13,36" -> 1 … 13, 36; PossibleChannels allows ranges (TR-181 Device.WiFi.Radio.{i}.PossibleChannels)."""
    found: set[str] = set()
    for item in (part.strip().lower() for part in listed.split(",")):
        span = re.fullmatch(r"(\d+)-(\d+)", item)
        found |= {item} if span is None else {str(number) for number in range(int(span[1]), int(span[2]) + 1)}
    return found


def _case_writes(resolver: Resolver, parameter: CanonicalParameter, candidate: Candidate, path: str, value: Value) -> list[Write]:
    case = next((case for case in candidate.cases if case.word == value and case.set), None)
    if case is None:
        offered = ", ".join(dict.fromkeys(each.word for each in candidate.cases if each.set))
        raise refused(parameter, value, f"one of {offered} on this device", Demand.ONE_OF_HERE, offered)
    parent = path[: path.rindex(".") + 1]
    present = [(parent + leaf, text) for leaf, text in case.set.items() if parent + leaf in resolver.tree]
    return [_write(resolver, parameter, candidate, each, text) for each, text in present]


def _write(resolver: Resolver, parameter: CanonicalParameter, candidate: Candidate, path: str, raw: str) -> Write:
    entry = resolver.model.lookup(path)
    if entry is None:
        return path, raw, f"xsd:{candidate.wire or 'string'}"
    problem = check(entry, raw)
    if problem is not None:
        raise Refused(f"{parameter.name}: {problem.sentence}", Demand.MODEL, problem.shown, path, problem=problem)
    return path, raw, wire_type(entry)
