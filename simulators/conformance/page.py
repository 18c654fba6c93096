"""The report as one HTML page: no script, no other file, light and dark, by keyboard. Tests: tests/simulators/conformance/test_page.py.

Filters are radio buttons and CSS; every case is a <details>, so it opens by Enter and is found by the browser's search.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from html import escape
from itertools import groupby

from simulators.conformance.case import Result, Verdict
from simulators.conformance.runner import counts

_CSS = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#59636e;--line:#d5dbe1;--soft:#f4f6f8;--pass:#1a7f37;--warn:#8a5d00;--fail:#b3261e;--skip:#59636e}
@media (prefers-color-scheme:dark){
:root{--bg:#12161b;--fg:#e4e9ee;--dim:#9aa6b2;--line:#303841;--soft:#1a2027;--pass:#56d364;--warn:#e3b341;--fail:#ff7b72;--skip:#9aa6b2}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}
main,header{max-width:72rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.4rem 0}
.dim{color:var(--dim)}code,pre{font:13px/1.45 ui-monospace,monospace}
.bar{display:flex;height:.75rem;border-radius:.4rem;overflow:hidden;background:var(--soft);margin:.75rem 0}.bar i{display:block;min-width:2px}
.passed{--c:var(--pass)}.warning{--c:var(--warn)}.failed{--c:var(--fail)}.skipped{--c:var(--skip)}.bar i{background:var(--c)}
.filters{border:0;padding:0;margin:1rem 0;display:flex;flex-wrap:wrap;gap:.5rem}
.filters label{border:1px solid var(--line);border-radius:2rem;padding:.35rem .9rem;min-height:2.75rem;display:flex;align-items:center;gap:.4rem;cursor:pointer}
.filters input{accent-color:var(--fg)}.filters label:has(:checked){background:var(--soft);border-color:var(--fg);font-weight:600}
.filters label:has(:focus-visible),summary:focus-visible,a:focus-visible{outline:3px solid #0a66d0;outline-offset:2px}
details{border-top:1px solid var(--line)}section>details:last-child{border-bottom:1px solid var(--line)}
summary{display:grid;grid-template-columns:6.2rem 1fr auto;gap:.75rem;padding:.6rem .25rem;cursor:pointer;list-style:none;align-items:baseline}
summary::-webkit-details-marker{display:none}summary b{color:var(--c);font-weight:600}summary b::before{content:attr(data-sign);margin-right:.35rem}
.in{padding:0 .25rem 1rem;overflow-wrap:anywhere}.reason{border-left:3px solid var(--c);padding:.25rem .75rem;background:var(--soft)}
ol{list-style:none;margin:.5rem 0;padding:0}ol li{border-top:1px dashed var(--line);padding:.25rem 0}
.ms{color:var(--dim);display:inline-block;min-width:5.2rem;font-variant-numeric:tabular-nums}
pre{background:var(--soft);padding:.6rem;margin:.3rem 0;overflow:auto;max-height:24rem;white-space:pre-wrap}
li details,li summary{border:0;display:block;padding:.1rem 0}li details{display:inline-block;width:100%}
nav ul{columns:16rem;padding:0;list-style:none}nav a{color:inherit}
body:has(#f-failed:checked) section>details:not(.failed),body:has(#f-warning:checked) section>details:not(.warning),
body:has(#f-passed:checked) section>details:not(.passed),body:has(#f-skipped:checked) section>details:not(.skipped){display:none}
body:has(#f-failed:checked) section:not(:has(>.failed)),body:has(#f-warning:checked) section:not(:has(>.warning)),
body:has(#f-passed:checked) section:not(:has(>.passed)),body:has(#f-skipped:checked) section:not(:has(>.skipped)){display:none}
@media (max-width:40rem){summary{grid-template-columns:1fr auto}summary b{grid-column:1/-1}}
@media print{.filters,nav{display:none}}
"""
_SIGNS = {Verdict.PASSED: "✓", Verdict.WARNING: "!", Verdict.FAILED: "✗", Verdict.SKIPPED: "–"}
_WORDS = {Verdict.FAILED: "failed", Verdict.WARNING: "warnings", Verdict.PASSED: "passed", Verdict.SKIPPED: "skipped"}


def page(results: Sequence[Result], url: str, driver: str, at: datetime, seconds: float) -> str:
    """The whole page."""
    found = counts(results)
    groups = [(group, list(cases)) for group, cases in groupby(sorted(results, key=lambda r: r.case.group), key=lambda r: r.case.group)]
    verdict = f"{found[Verdict.FAILED]} of {len(results)} cases failed" if found[Verdict.FAILED] else f"No case of {len(results)} failed"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{escape(verdict)} · CWMP conformance</title><style>{_CSS}</style></head><body><header><h1>{escape(verdict)}</h1>",
        f"<p>CWMP conformance of <code>{escape(url)}</code></p>",
        f'<p class="dim">{at:%Y-%m-%d %H:%M} UTC · {seconds:.0f} s · driver {escape(driver)}</p>',
        _bar(found, len(results)), _filters(found, len(results)), _contents(groups), "</header><main>",
        *(_group(group, cases) for group, cases in groups),
        "</main></body></html>",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def _bar(found: dict[Verdict, int], total: int) -> str:
    pieces = "".join(f'<i class="{v.value}" style="flex:{found[v]}"></i>' for v in _WORDS if found[v])
    words = ", ".join(f"{found[v]} {_WORDS[v]}" for v in _WORDS)
    return f'<div class="bar" role="img" aria-label="{words} of {total}">{pieces}</div>'


def _filters(found: dict[Verdict, int], total: int) -> str:
    made = [f'<label><input type="radio" name="f" id="f-all" checked> All {total}</label>']
    made += [f'<label class="{v.value}"><input type="radio" name="f" id="f-{v.value}"> {found[v]} {_WORDS[v]}</label>' for v in _WORDS]
    return f'<fieldset class="filters"><legend class="dim">Show</legend>{"".join(made)}</fieldset>'


def _contents(groups: Sequence[tuple[str, list[Result]]]) -> str:
    rows = []
    for group, cases in groups:
        bad = counts(cases)
        told = f"{bad[Verdict.FAILED]} failed" if bad[Verdict.FAILED] else f"{len(cases)}"
        rows.append(f'<li><a href="#{_anchor(group)}">{escape(group)}</a> <span class="dim">{told}</span></li>')
    return f'<nav aria-label="Groups"><details><summary>Groups</summary><ul>{"".join(rows)}</ul></details></nav>'


def _anchor(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text)


def _group(group: str, cases: Sequence[Result]) -> str:
    return f'<section id="{_anchor(group)}"><h2>{escape(group)}</h2>{"".join(map(_case, cases))}</section>'


def _case(result: Result) -> str:
    case, verdict = result.case, result.verdict
    reason = f'<p class="reason">{escape(result.reason)}</p>' if result.reason else ""
    cites = f'<p class="dim">Cites {escape(", ".join(case.cites))}</p>' if case.cites else ""
    lines = (
        "".join(_line(line.ms, line.who, line.what, "" if verdict is Verdict.PASSED else line.text) for line in result.transcript)
        if verdict is not Verdict.SKIPPED
        else ""
    )
    opened = " open" if verdict is Verdict.FAILED else ""
    return (
        f'<details class="{verdict.value}"{opened}><summary><b data-sign="{_SIGNS[verdict]}">{verdict.value}</b><span>{escape(case.title)}</span>'
        f'<span class="dim">{result.seconds:.1f} s</span></summary><div class="in">{reason}<p>{escape(case.does)}</p>{cites}'
        f'<p class="dim"><code>{escape(case.id)}</code></p>' + (f"<ol>{lines}</ol>" if lines else "") + "</div></details>"
    )  # fmt: skip


def _line(ms: int, who: str, what: str, text: str) -> str:
    side = {">": "device → ACS", "<": "ACS → device"}.get(who, "suite")
    head = f'<span class="ms">{ms} ms</span> <span class="dim">{side}</span> {escape(what)}'
    return f"<li><details><summary>{head}</summary><pre>{escape(text)}</pre></details></li>" if text else f"<li>{head}</li>"
