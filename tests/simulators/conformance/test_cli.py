"""`hearthline conformance`: what it lists, refuses, writes, and its exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from acs.errors import WrongEnvironment
from simulators.conformance.case import Verdict
from simulators.conformance.cases import load
from simulators.conformance.cli import choose, conformance, driver_of, exit_code
from tests.simulators.conformance.test_junit import RESULTS

NOTHING = {"api": "", "api_token": "", "api_user": "", "api_password": "", "ca": None}


def test_list_shows_cases_with_what_they_cite():
    shown = CliRunner().invoke(conformance, ["--list", "--group", "GetRPCMethods"])
    assert shown.exit_code == 0
    assert "GetRPCMethods/mandatory" in shown.output
    assert "[C-10 C-11]" in shown.output
    assert shown.output.splitlines()[-1] == "5 cases"


def test_patterns_choose_groups_and_cases():
    cases = list(load().values())
    assert {case.group for case in choose(cases, ["Session_*"], [])} == {
        "Session_Shape",
        "Session_Connection",
        "Session_Timeout",
        "Session_Cookies",
    }
    assert [case.id for case in choose(cases, [], ["*/minimal"])] == ["Session_Shape/minimal"]
    assert choose(cases, [], []) == cases


@pytest.mark.parametrize("given", [[], ["ftp://x/"], ["http://x/", "--group", "None_such"]])
def test_wrong_use_is_exit_code_2(given):
    assert CliRunner().invoke(conformance, given).exit_code == 2


def test_exit_codes_tell_what_failed():
    passed, failed, _skipped, warned = RESULTS
    assert (exit_code([passed]), exit_code([passed, failed]), exit_code([warned]), exit_code([warned], strict=True)) == (0, 1, 0, 1)
    assert failed.verdict is Verdict.FAILED


def test_drivers_are_found_by_name_or_file(tmp_path: Path):
    assert driver_of({**NOTHING, "driver": "none"}).name == "none"
    genieacs = driver_of({**NOTHING, "driver": "genieacs", "api": "http://nbi:7557"})
    assert (genieacs.name, genieacs.said["base"]) == ("GenieACS", "http://nbi:7557")
    assert driver_of({**NOTHING, "driver": "manual"}).name == "manual"
    for name, why in (("hearthline", "needs --api"), (str(tmp_path / "missing.toml"), "There is no driver"), ("genie", "There is no driver genie")):
        with pytest.raises(WrongEnvironment, match=why):
            driver_of({**NOTHING, "driver": name})


@pytest.mark.parametrize("option", ["--html", "--junit"])
def test_a_report_that_has_no_place_is_said_before_anything_runs(tmp_path: Path, option: str):
    said = CliRunner().invoke(conformance, ["http://127.0.0.1:1/", option, str(tmp_path / "nowhere" / "report")])
    assert said.exit_code == 2
    assert "There is no folder" in said.output


def test_an_acs_that_is_not_there_is_exit_code_2():
    done = subprocess.run(
        [sys.executable, "-m", "acs.cli", "conformance", "http://127.0.0.1:1/", "--case", "*/minimal"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "no connection" in done.stderr
