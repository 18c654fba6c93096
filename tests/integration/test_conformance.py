"""The conformance suite against ourselves: `hearthline up`, then every case with our own driver. Each case is a test that carries what it cites.

The suite runs once, as a command of its own; the tests look its report up. The odd devices of group Quirks have a run of their own, which is
the part of the soak that CI runs too. What is not applicable, or warned of, is listed here with the
reason, so that it does not go unnoticed when that changes.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from simulators.conformance.case import Case
from simulators.conformance.cases import load
from tests.conformance import notes
from tests.integration.processes import ONBOARDING, Premises
from tests.marks import items

NOT_APPLICABLE = {
    "Session_Shape/hold-is-released": "Hearthline never holds requests back",
    "HTTP_Redirect/form": "these devices are not sent elsewhere",
    "HTTP_Redirect/session-at-the-target": "these devices are not sent elsewhere",
    "HTTP_Redirect/cookies-after-redirect": "these devices are not sent elsewhere",
    "Secure_CWMP/tls-versions": "this run is without TLS",
    "Secure_CWMP/tls-certificate": "this run is without TLS",
}
OURS = {(item.kind, item.id) for item in items() if item.binds != "CPE"} - notes().keys()
WARNED = {
    "Secure_CWMP/digest-without-tls": "Basic is offered without TLS too, after Digest",
}
"""Known departures from what an ACS should do."""


ODD = [case for case in load().values() if case.group == "Quirks"]
ASKED = [case for case in load().values() if case.group != "Quirks"]


@dataclass(frozen=True)
class Run:
    """What the command did, and the verdict of each case with its reason."""

    code: int
    said: str
    verdicts: dict[str, tuple[str, str]]
    seconds: float
    html: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: Any) -> Iterator[Run]:
    yield from _runs(tmp_path_factory.mktemp("conformance"), ASKED)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: Any) -> Iterator[Run]:
    yield from _runs(tmp_path_factory.mktemp("quirks"), ODD)


def _runs(folder: Path, cases: list[Case]) -> Iterator[Run]:
    premises = Premises(folder / "home", HEARTHLINE_LOG="console")
    try:
        yield _run(premises, folder, [word for group in dict.fromkeys(case.group for case in cases) for word in ("--group", group)])
    finally:
        premises.stop()


def _run(premises: Premises, folder: Path, groups: list[str]) -> Run:
    up = premises.run("up")
    deadline = time.monotonic() + 90
    while "with the password " not in up.said or "\nready " not in "\n" + up.said:
        assert up.process.poll() is None, up.said
        assert time.monotonic() < deadline, up.said
        time.sleep(0.1)
    password = up.said.partition("with the password ")[2].split()[0]
    xml, html = folder / "report.xml", folder / "report.html"
    began = time.monotonic()
    done = premises.once(
        "conformance", premises.url, "--onboarding", ONBOARDING, "--driver", "hearthline", "--api", f"http://127.0.0.1:{premises.web}",
        "--api-user", "admin", "--api-password", password, "--jobs", "8", "--timeout", "20", *groups, "--junit", str(xml), "--html", str(html), "--quiet",
        seconds=900,
    )  # fmt: skip
    assert xml.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    root = ElementTree.parse(xml).getroot()
    verdicts = {f"{suite.get('name')}/{case.get('name')}": _verdict(case) for suite in root for case in suite}
    return Run(done.returncode, done.stdout, verdicts, time.monotonic() - began, html.read_text())


def _verdict(case: Any) -> tuple[str, str]:
    failure, skipped, out = case.find("failure"), case.find("skipped"), case.findtext("system-out") or ""
    if failure is not None:
        return "failed", f"{failure.get('message')}\n{failure.text}"
    if skipped is not None:
        return "skipped", skipped.get("message", "")
    return ("warning", out) if out.startswith("warning:") else ("passed", "")


def _marks(case: Case) -> list[Any]:
    """What the case cites and an ACS is bound by, if it applies and nothing is warned of. Items with a reason of their own are left to it."""
    if case.id in NOT_APPLICABLE or case.id in WARNED:
        return []
    cited = {
        ("cwmp", item.removeprefix("cwmp:")) if item.startswith("cwmp:") or item[0] not in "KR" else ("quirk", item) for item in case.cites
    }
    shown = sorted(cited & OURS)
    cwmp, quirks = ([number for kind, number in shown if kind == wanted] for wanted in ("cwmp", "quirk"))
    return [*([pytest.mark.cwmp(*cwmp)] if cwmp else []), *([pytest.mark.quirk(*quirks)] if quirks else [])]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id, marks=_marks(case)) for case in ASKED])
def test_hearthline(run: Run, case: Case) -> None:
    verdict, reason = run.verdicts[case.id]
    if case.id in NOT_APPLICABLE:
        assert verdict == "skipped", f"{NOT_APPLICABLE[case.id]}? {verdict} {reason}"
    elif case.id in WARNED:
        assert verdict in ("passed", "warning"), reason
    else:
        assert verdict == "passed", reason


def test_command_ends_well_and_in_time(run: Run) -> None:
    assert run.code == 0, run.said[-3000:]
    assert "No case of" in run.html
    assert run.verdicts.keys() == {case.id for case in ASKED}


@pytest.mark.soak
@pytest.mark.parametrize("case", [pytest.param(case, id=case.id, marks=_marks(case)) for case in ODD])
def test_quirks(odd: Run, case: Case) -> None:
    verdict, reason = odd.verdicts[case.id]
    assert verdict == "passed", reason


@pytest.mark.soak
def test_quirks_are_tried_within_their_time(odd: Run) -> None:
    assert odd.code == 0, odd.said[-3000:]
    assert odd.verdicts.keys() == {case.id for case in ODD}
    assert odd.seconds < 300
