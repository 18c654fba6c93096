"""JUnit XML as Jenkins and GitLab read it: a suite per group, a case per case. Tests: tests/simulators/conformance/test_junit.py."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from simulators.conformance.case import Result, Verdict

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Sequence[Result], url: str, strict: bool = False) -> str:
    """The document. A warning is a failure only if `strict`; its text is in system-out else."""
    suites = []
    for group, found in groupby(sorted(results, key=lambda r: r.case.group), key=lambda r: r.case.group):
        suites.append(_suite(group, list(found), strict))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name={_attribute("CWMP conformance of " + url)} {_counts(results, strict)}>\n'
        + "\n".join(suites) + "\n</testsuites>\n"
    )  # fmt: skip


def _is_bad(result: Result, strict: bool) -> bool:
    return result.verdict is Verdict.FAILED or (strict and result.verdict is Verdict.WARNING)


def _counts(results: Sequence[Result], strict: bool) -> str:
    bad = sum(_is_bad(result, strict) for result in results)
    skipped = sum(result.verdict is Verdict.SKIPPED for result in results)
    return f'tests="{len(results)}" failures="{bad}" errors="0" skipped="{skipped}" time="{sum(result.seconds for result in results):.3f}"'


def _suite(group: str, results: Sequence[Result], strict: bool) -> str:
    cases = "\n".join(_case(result, strict) for result in results)
    return f"  <testsuite name={_attribute(group)} {_counts(results, strict)}>\n{cases}\n  </testsuite>"


def _case(result: Result, strict: bool) -> str:
    case = result.case
    name = case.id.partition("/")[2]
    about = {"title": case.title, "cites": " ".join(case.cites)}
    inside = "".join(f'<property name="{word}" value={_attribute(text)}/>' for word, text in about.items())
    inside = f"<properties>{inside}</properties>"
    said = "\n".join(f"{line.ms:6} ms {line.who or '·'} {line.what}" for line in result.transcript)
    if result.verdict is Verdict.SKIPPED:
        inside += f"<skipped message={_attribute(result.reason)}/>"
    elif _is_bad(result, strict):
        inside += f"<failure type={_attribute(result.verdict.value)} message={_attribute(result.reason)}>{_text(said)}</failure>"
    elif result.verdict is Verdict.WARNING:
        inside += f"<system-out>{_text('warning: ' + result.reason)}</system-out>"
    return f'    <testcase classname={_attribute("conformance." + case.group)} name={_attribute(name)} time="{result.seconds:.3f}">{inside}</testcase>'


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("�", text), {"\n": "&#10;"})


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("�", text))
