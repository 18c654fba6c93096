"""Where a canonical value comes from: which paths were looked at, which rule found the row, which was taken and how it was turned.

`explain(resolver, name)` walks the same candidates as `Resolver.get` and notes what became of each. Secrets are for the caller to mask:
`raw` and `value` are the texts themselves. Tests: tests/datamodels/canonical/test_explaining.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from datamodels.canonical.resolver import Resolver, described
from datamodels.canonical.shapes import Candidate, CanonicalParameter, Condition, Correction, Resolved, Rule


class Fate(StrEnum):
    """What became of one candidate. `passed`: it has a value, but one before it was taken."""

    TAKEN = "taken"
    PASSED = "passed"
    EMPTY = "empty"
    UNREADABLE = "unreadable"
    OTHER_WORD = "other_word"
    NOT_THERE = "not_there"
    NO_ROW = "no_row"


class Turn(StrEnum):
    """One way in which a raw text became the value."""

    SCALE = "scale"
    CONVERT = "convert"
    WORDS = "words"
    INVERTED = "inverted"
    CONSTANT = "constant"
    GATHERED = "gathered"
    CASES = "cases"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class Anchored:
    """The row a path hangs on: by which of the anchor's rules (from 1) it was found, in the words of the data files."""

    name: str
    row: str
    rule: int
    rules: int
    says: str


@dataclass(frozen=True, slots=True)
class Step:
    """One candidate, in the order of preference. `template` is as the data file has it: "{radio.5g}.Channel"."""

    template: str
    fate: Fate
    path: str | None = None
    raw: str | None = None
    anchored: Anchored | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """`resolved` None: the device has nothing for it. `turns` say how its raw text became its value: (what, detail)."""

    parameter: CanonicalParameter
    root: str
    steps: tuple[Step, ...]
    resolved: Resolved | None
    turns: tuple[tuple[Turn, str], ...] = ()

    @property
    def taken(self) -> Step | None:
        return next((step for step in self.steps if step.fate is Fate.TAKEN), None)

    def lines(self) -> list[str]:
        """In English, for a terminal. A secret's value is left out."""
        known = self.parameter
        head = f"{known.name}: {known.label}{f' ({known.unit})' if known.unit else ''}, {known.type}"
        if self.resolved is None:
            lines = [head, f"The device has no value for it below {self.root}."]
        else:
            shown = ("(secret)", "(secret)") if known.secret else (repr(self.resolved.value), repr(self.resolved.raw))
            can = "may be written" if self.resolved.writable else "can only be read"
            lines = [head, f"Value: {shown[0]}", f"Path:  {self.resolved.path}  ({can})", f"Raw:   {shown[1]}"]
            lines += [f"Turned: {_TURN_WORDS[turn].format(detail)}" for turn, detail in self.turns]
        for number, step in enumerate(self.steps, 1):
            lines.append(f"  {number}. {step.template}: {_FATE_WORDS[step.fate]}")
            if (row := step.anchored) is not None:
                lines.append(f"     {{{row.name}}} is {row.row} by rule {row.rule} of {row.rules}: {row.says}")
        return lines


_FATE_WORDS = {
    Fate.TAKEN: "taken",
    Fate.PASSED: "has a value, but one before it was taken",
    Fate.EMPTY: "is empty",
    Fate.UNREADABLE: "has a text that is no reading",
    Fate.OTHER_WORD: "has a word that means something else",
    Fate.NOT_THERE: "the device has no such parameter",
    Fate.NO_ROW: "the device has no such row",
}
_TURN_WORDS = {
    Turn.SCALE: "times {}",
    Turn.CONVERT: "by {}",
    Turn.WORDS: "word {}",
    Turn.INVERTED: "true and false are the other way round{}",
    Turn.CONSTANT: "that it is there means {}",
    Turn.GATHERED: "of all rows of {}",
    Turn.CASES: "spelled by several parameters: {}",
    Turn.CORRECTED: "what is known of the model says {}",
}


def explain(resolver: Resolver, name: str) -> Explanation:
    """KeyError for a name that is not canonical."""
    parameter = described(name)
    resolved = resolver.get(name)
    correction = resolver.corrections.get(name)
    steps: list[Step] = []
    turns: tuple[tuple[Turn, str], ...] = ()
    for known in parameter.candidates.get(resolver.root, ()):
        candidate = known if correction is None else correction.of(known)
        step = _step(resolver, parameter, candidate, resolved, any(each.fate is Fate.TAKEN for each in steps))
        if step.fate is Fate.TAKEN:
            turns = tuple(_turns(resolver, known, candidate, correction, step, resolved))
        steps.append(step)
    return Explanation(parameter, resolver.root, tuple(steps), resolved, turns)


def _step(resolver: Resolver, parameter: CanonicalParameter, candidate: Candidate, resolved: Resolved | None, over: bool) -> Step:
    template = f"{{{candidate.anchor}}}.{candidate.rest}" if candidate.anchor else (candidate.gather or "") + candidate.rest
    found = resolver.place_of(candidate)
    anchored = _anchored(resolver, candidate.anchor) if candidate.anchor else None
    if found is None:
        return Step(template, Fate.NO_ROW if candidate.anchor and anchored is None else Fate.NOT_THERE, None, None, anchored)
    raw, value = resolver.reading_of(parameter, candidate, found)
    if resolved is not None and found == resolved.path and not over and raw is not None:
        fate = Fate.TAKEN
    elif raw is None:
        fate = Fate.OTHER_WORD
    elif value is None and raw.strip():
        fate = Fate.UNREADABLE
    elif value in (None, "", ()):
        fate = Fate.EMPTY
    else:
        fate = Fate.PASSED
    return Step(template, fate, found, resolver.tree.get(found) if raw is None else raw, anchored)


def _anchored(resolver: Resolver, name: str) -> Anchored | None:
    row = resolver.index.anchor(name)
    if row is None:
        return None
    rules = resolver.index.rules_of(name)
    number = next((i for i, rule in enumerate(rules, 1) if resolver.index.by_rule(rule) == row), 0)
    return Anchored(name, row, number, len(rules), said(rules[number - 1]) if number else "")


def _turns(
    resolver: Resolver, known: Candidate, candidate: Candidate, correction: Correction | None, step: Step, resolved: Resolved | None
) -> Iterator[tuple[Turn, str]]:
    if correction is not None and candidate != known:
        yield Turn.CORRECTED, str(correction.convert or (f"times {correction.scale:g}" if correction.scale is not None else "the other way round"))
    if candidate.gather is not None:
        yield Turn.GATHERED, candidate.gather
    if candidate.constant is not None:
        yield Turn.CONSTANT, candidate.constant
    elif candidate.cases and step.path is not None:
        parent = step.path[: step.path.rindex(".") + 1]
        leaves = dict.fromkeys(leaf for case in candidate.cases for leaf in case.when)
        told = (f"{leaf} {resolver.tree[parent + leaf]!r}" for leaf in leaves if parent + leaf in resolver.tree)
        yield Turn.CASES, ", ".join(told)
    elif candidate.words and step.raw is not None:
        word = candidate.words.get(step.raw.strip().lower())
        yield Turn.WORDS, f"{step.raw.strip()} → {word}" if word is not None else f"{step.raw.strip()}, which nobody knows"
    if candidate.convert is not None:
        yield Turn.CONVERT, candidate.convert
    if candidate.scale is not None:
        yield Turn.SCALE, f"{candidate.scale:g}"
    if candidate.inverted:
        yield Turn.INVERTED, ""


def said(rule: Rule) -> str:
    """A rule in the words of the data files: "Device.WiFi.Radio.{i}. with OperatingFrequencyBand is 5GHz"."""
    if rule.named_by is not None:
        return f"named by {rule.named_by}"
    if rule.below is not None:
        return f"below {{{rule.below}}} the first {rule.kind}"
    if rule.same is not None:
        return f"{{{rule.same}}} if it is {rule.kind}"
    text = str(rule.table)
    if rule.any_of:
        text += " with " + " or ".join(" and ".join(_tested(each) for each in together) for together in rule.any_of)
    if rule.nth > 1:
        text += f", number {rule.nth} of them"
    if rule.sibling is not None:
        text += f", of the number of {{{rule.sibling}}}"
    return text + (f", then {rule.follow}" if rule.follow is not None else "")


def _tested(test: Condition) -> str:
    return " ".join(filter(None, (test.leaf, test.test.replace("_", " "), " / ".join(each or '""' for each in test.arguments))))
