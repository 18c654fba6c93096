"""The pages made of the tests' marks are up to date, and what the marks name exists."""

import subprocess
import sys

import pytest

from tests.features import Row
from tests.marks import ROOT, items, known, unknown


@pytest.fixture(scope="module")
def checked() -> subprocess.CompletedProcess[str]:
    """By a process of its own: collecting within a running pytest would stop the reactor."""
    return subprocess.run(
        [sys.executable, "-m", "tests.marks", "check"], check=False, cwd=ROOT, capture_output=True, text=True, timeout=300
    )


def test_the_pages_are_what_the_marks_say_and_every_mark_names_what_exists(checked):
    assert checked.returncode == 0, checked.stderr


def test_unknown_marks_are_named_with_their_test():
    marks = {"feature": {"U-1": {"a"}, "Z-9": {"b"}}, "cwmp": {"A-1": {"c"}, "A-9999": {"d"}}, "quirk": {"K-73": {"e"}, "A-1": {"f"}}}
    told = unknown(marks, known([Row("U-1", "", "", "")], items()))
    assert [line.split()[0] for line in told] == ["b", "d", "f"]


def test_list_of_items_is_whole():
    listed = known([], items())
    assert listed["quirk"] == {f"K-{n}" for n in range(1, 74)} | {f"R-{n}" for n in range(1, 22)}
    assert {item[0] for item in listed["cwmp"]} == set("ABCDEFGHIJKLX")
    assert len(listed["cwmp"]) == 770
    assert all(item.binds in ("ACS", "CPE", "both") and item.title for item in items())
