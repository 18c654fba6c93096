"""Two ACSs' messages of the same session, side by side: what differs, in words, as JSON and as a page.

Compared are names and arguments. What must differ between two ACSs is not: IDs, CommandKeys and ParameterKeys, times, logins, hosts and
signatures of links, and whatever a recording has struck out. Pure. replay.py plays, this judges. Tests: tests/simulators/test_compare.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass
from difflib import SequenceMatcher
from html import escape
from typing import Any
from urllib.parse import urlsplit

from acs.cwmp.codec import Envelope
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import ParameterValueStruct
from simulators.recording import MASK, name_of

_IGNORED = frozenset(("command_key", "parameter_key"))
_LOGIN = re.compile(r"(?:user_?name|password|passphrase|shared_?key|secret|psk|wep_?key|pin)\d*$", re.I)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Heard:
    """What an ACS said: its name and its arguments, as far as they count."""

    name: str
    arguments: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        shown = ", ".join(name for name, _ in self.arguments[:3])
        return self.name + (f" ({shown}{', …' if len(self.arguments) > 3 else ''})" if shown else "")


def heard(envelope: Envelope | None) -> Heard:
    if envelope is None:
        return Heard("empty")
    headers = [("HoldRequests", "true")] if envelope.headers.hold_requests else []
    headers += [("UseCWMPVersion", envelope.headers.use_version)] if envelope.headers.use_version else []
    message = envelope.message
    body = [] if isinstance(message, CwmpFault) else list(_arguments("", message))
    return Heard(name_of(message), tuple(sorted(body + headers)))


def heard_failure(text: str, unreadable: bool = False) -> Heard:
    """An end that is no message: a status, a broken connection."""
    return Heard("unreadable" if unreadable else "no answer", (("why", text),))


def _arguments(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, ParameterValueStruct):
        yield value.name, _value(value.name, value.value, value.type)
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            if one.name not in _IGNORED:
                yield from _arguments(f"{path}.{one.name}" if path else one.name, getattr(value, one.name))
    elif isinstance(value, tuple | list):
        for number, item in enumerate(value, 1):
            if isinstance(item, str):
                yield item, ""
            else:
                yield from _arguments(f"{path}[{number}]", item)
    else:
        yield path, _value(path, "" if value is None else str(value), "")


def _value(name: str, text: str, kind: str) -> str:
    """The value as it counts: a login is a login, a time a time, a link is the file it leads to."""
    if _LOGIN.search(name):
        return "(a login)" if text else ""
    if _TIME.match(text):
        return "(a time)"
    if re.match(r"https?://|ftps?://|sftp://", text, re.I):
        return f"(a link to {urlsplit(text).path.rpartition('/')[2] or '/'})"
    return f"{text} ({kind})" if kind and kind != "string" else text


def agrees(recorded: Heard, live: Heard) -> bool:
    return recorded.name == live.name and not _differences(recorded, live)


def _differences(recorded: Heard, live: Heard) -> list[str]:
    """What is otherwise between two messages of one name, a line each."""
    if recorded.name == "no answer":
        return []
    before, after = dict(recorded.arguments), dict(live.arguments)
    lines = [f"- {name} {before[name]}".rstrip() for name in before if name not in after]
    lines += [f"+ {name} {after[name]}".rstrip() for name in after if name not in before]
    lines += [f"~ {name} {before[name]} → {after[name]}" for name in before if name in after and not _same(before[name], after[name])]
    return lines


def _same(recorded: str, live: str) -> bool:
    if MASK not in recorded:
        return recorded == live
    if recorded.startswith("(a link to "):
        return live.startswith("(a link to ")
    return re.fullmatch(".+".join(re.escape(part) for part in recorded.split(MASK)), live, re.S) is not None


@dataclass(frozen=True, slots=True)
class Step:
    """One message of either ACS, or of both. `verdict`: same, different, missing (only in the recording), new (only now)."""

    verdict: str
    name: str
    instead_of: str = ""
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    steps: tuple[Step, ...]
    notes: tuple[str, ...]

    @property
    def same(self) -> bool:
        return all(step.verdict == "same" for step in self.steps)

    def text(self) -> str:
        """For a terminal: a line each message, the differences below it."""
        marks = {"same": "  same     ", "different": "! different", "missing": "! missing  ", "new": "! new      "}
        lines = []
        for number, step in enumerate(self.steps, 1):
            lines.append(f"{number:4} {marks[step.verdict]} {step.name}" + (f", recorded: {step.instead_of}" if step.instead_of else ""))
            lines += [f"                   {line}" for line in step.differences[:_SHOWN]]
            if len(step.differences) > _SHOWN:
                lines.append(f"                   and {len(step.differences) - _SHOWN} more")
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join([*lines, self.summary()])

    def summary(self) -> str:
        counts = {verdict: sum(step.verdict == verdict for step in self.steps) for verdict in ("same", "different", "missing", "new")}
        told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count or verdict == "same")
        return f"{'The ACS answered as recorded' if self.same else 'The ACS answered otherwise'}: {told}."

    def json(self) -> str:
        return json.dumps({"same": self.same, "summary": self.summary(), **asdict(self)}, ensure_ascii=False, indent=1)

    def html(self) -> str:
        rows = "".join(
            f'<tr class="{step.verdict}"><td>{number}</td><td>{step.verdict}</td><td>{escape(step.name)}'
            + (f"<br><small>recorded: {escape(step.instead_of)}</small>" if step.instead_of else "")
            + f"</td><td><pre>{escape(chr(10).join(step.differences))}</pre></td></tr>"
            for number, step in enumerate(self.steps, 1)
        )
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return _PAGE.format(summary=escape(self.summary()), rows=rows, notes=f"<h2>Notes</h2><ul>{notes}</ul>" if notes else "")


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Replay</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1a1a1a;background:#fff}}
table{{border-collapse:collapse;width:100%}}
th,td{{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid #ddd}}pre{{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}}
tr:not(.same) td:nth-child(2){{font-weight:600;color:#a40000}}</style>
<h1>Replay of a recorded session</h1><p>{summary}</p>
<table><thead><tr><th>No.</th><th>Verdict</th><th>Message of the ACS</th>
<th>Differences: − recorded, + now, ~ changed</th></tr></thead><tbody>{rows}</tbody></table>{notes}</html>
"""


def report(recorded: list[Heard], live: list[Heard], notes: list[str], whole: bool) -> Report:
    """Lays the two side by side. A recording that broke off says nothing about what would have come after its last message."""
    steps: list[Step] = []
    matcher = SequenceMatcher(None, [one.name for one in recorded], [one.name for one in live], autojunk=False)
    for verdict, a, b, c, d in matcher.get_opcodes():
        if verdict == "equal":
            steps += [_pair(x, y) for x, y in zip(recorded[a:b], live[c:d], strict=True)]
            continue
        for x, y in zip(recorded[a:b], live[c:d], strict=False):
            steps.append(Step("different", y.name, x.title, tuple(f"+ {name} {value}".rstrip() for name, value in y.arguments)))
        both = min(b - a, d - c)
        steps += [Step("missing", x.title) for x in recorded[a + both : b]]
        if whole or b < len(recorded):
            steps += [
                Step("new", y.name, "", tuple(f"+ {name} {value}".rstrip() for name, value in y.arguments)) for y in live[c + both : d]
            ]
    return Report(tuple(steps), tuple(notes))


def _pair(recorded: Heard, live: Heard) -> Step:
    differences = tuple(_differences(recorded, live))
    return Step("different" if differences else "same", live.title if live.name != "empty" else "empty: the end", "", differences)
