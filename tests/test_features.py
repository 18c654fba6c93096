"""The coverage page is up to date, and what the marks of tests name exists."""

import subprocess
import sys

import pytest

from tests.features import ASKED, PAGE, ROOT, Row, asked, known_items, page, unknown


@pytest.fixture(scope="module")
def written() -> subprocess.CompletedProcess[str]:
    """What `make features` would write, by a process of its own: collecting within a running pytest would stop the reactor."""
    return subprocess.run([sys.executable, "-m", "tests.features"], check=False, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_page_of_features_is_what_the_marks_say(written):
    assert written.stdout, written.stderr
    assert PAGE.read_text() == written.stdout, "docs/features.md is out of date: run `make features` and commit it"


def test_every_mark_names_an_id_that_exists(written):
    assert written.returncode == 0, written.stderr


def test_asked_rows_have_an_id_of_their_own_a_capability_and_a_family():
    rows = asked(ASKED.read_text())
    assert len({row.id for row in rows}) == len(rows) == 290
    assert {row.section[0] for row in rows} == {row.id[0] for row in rows} == set("ULEBCQJ")
    assert all(row.capability and row.must_do and row.section[0] == row.id[0] for row in rows)


def test_what_asks_for_nothing_is_not_counted():
    rows = (Row("U-1", "U: x", "one", "Test: a"), Row("U-2", "U: x", "two", "None (context)"), Row("U-3", "U: x", "three", "Test: b"))
    text = page(rows, {"U-1": {"tests/a.py::test_b", "tests/a.py::test_a"}})
    assert "1 of 2 rows" in text
    assert "| U-1 | one | `tests/a.py::test_a`<br>`tests/a.py::test_b` |" in text
    assert "| U-2 | two | asks for nothing |" in text
    assert "| U-3 | three | not yet |" in text


def test_unknown_marks_are_named_with_their_test():
    marks = {"feature": {"U-1": {"a"}, "Z-9": {"b"}}, "cwmp": {"A-1": {"c"}, "A-9999": {"d"}}, "quirk": {"K-73": {"e"}, "A-1": {"f"}}}
    told = unknown(marks, [Row("U-1", "", "", "")])
    assert [line.split()[0] for line in told] == ["b", "d", "f"]


def test_list_of_items_is_whole():
    known = known_items()
    assert known["quirk"] == {f"K-{n}" for n in range(1, 74)} | {f"R-{n}" for n in range(1, 22)}
    assert {item[0] for item in known["cwmp"]} == set("ABCDEFGHIJKLX")
    assert len(known["cwmp"]) > 750
