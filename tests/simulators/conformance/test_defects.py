"""Tests of the tests: an ACS with one defect turns exactly the cases red that are about it, for the right reason; a correct one none.

Each defect is tried with the cases of reds.toml and a sample of the others; `make soak` tries it with all. `and_more`: a defect so gross
that the cases named are only the plainest of those it spoils.
"""

import random
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted

from simulators.conformance.case import Case, Result, Verdict
from simulators.conformance.cases import load
from tests.simulators.conformance.broken_acs import DEFECTS
from tests.simulators.conformance.kit import against

REDS: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "reds.toml").read_text())
SAMPLE = 12
CASES = {case.id: case for case in load().values() if case.group != "Quirks" and not case.wait_s}
"""What takes no time on purpose. The devices of group Quirks live by themselves and are tried against ourselves."""


def reds(results: Sequence[Result]) -> dict[str, str]:
    return {result.case.id: result.reason for result in results if result.verdict in (Verdict.FAILED, Verdict.WARNING)}


def sample(defect: str) -> list[Case]:
    """The cases the defect is about, and some others."""
    wanted = [name for name in REDS[defect] if name != "and_more"]
    others = sorted(CASES.keys() - set(wanted))
    return [CASES[name] for name in [*wanted, *random.Random(defect).sample(others, SAMPLE)]]


def judge(defect: str, found: dict[str, str]) -> None:
    wanted = {name: piece for name, piece in REDS[defect].items() if name != "and_more"}
    missing = {name: found.get(name, "green") for name, piece in wanted.items() if piece not in found.get(name, "")}
    assert not missing, f"{DEFECTS[defect]}: not red, or for another reason: {missing}"
    if not REDS[defect].get("and_more"):
        assert found.keys() == wanted.keys(), {name: found[name] for name in found.keys() - wanted.keys()}


def test_every_defect_has_its_cases():
    assert REDS.keys() == DEFECTS.keys()
    assert len(DEFECTS) > 30


@pytest.mark.parametrize("defect", DEFECTS)
@pytest_twisted.ensureDeferred
async def test_a_defect_turns_the_cases_red_that_are_about_it(defect):
    judge(defect, reds(await against(sample(defect), defect, hold=defect == "hold_for_ever")))


@pytest_twisted.ensureDeferred
async def test_a_correct_acs_that_is_not_ours_is_green():
    results = await against(list(CASES.values()))
    assert not reds(results)
    assert sum(result.verdict is Verdict.PASSED for result in results) > 400


@pytest_twisted.ensureDeferred
async def test_an_acs_that_holds_requests_back_and_releases_them_is_green():
    (result,) = await against([CASES["Session_Shape/hold-is-released"]], hold=True)
    assert (result.verdict, result.reason) == (Verdict.PASSED, "")


@pytest.mark.soak
@pytest.mark.parametrize("defect", DEFECTS)
@pytest_twisted.ensureDeferred
async def test_a_defect_leaves_all_other_cases_green(defect):
    judge(defect, reds(await against(list(CASES.values()), defect)))
