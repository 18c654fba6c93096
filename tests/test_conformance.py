"""The conformance page names what is held, what has a reason, and what is open; no item is silently missing."""

from tests.conformance import PAGE, notes, page
from tests.marks import Item

ITEMS = (Item("cwmp", "A-10", "ACS", "ten"), Item("cwmp", "A-2", "CPE", "two"), Item("quirk", "K-1", "ACS", "cookie"))


def _page(marks, reasons):
    problems: list[str] = []
    return page(ITEMS, {"cwmp": {}, "quirk": {}, **marks}, reasons, problems), problems


def test_each_item_is_held_has_a_reason_or_is_open_in_order_of_number():
    text, problems = _page({"cwmp": {"A-2": {"tests/a.py::test_b"}}}, {("quirk", "K-1"): "nobody does"})
    assert "3 items: 1 held by tests, 1 with a reason, 1 open." in text
    assert "| A-2 | CPE | two | `a.py::test_b` |\n| A-10 | ACS | ten | **OPEN** |" in text
    assert "| K-1 | ACS | cookie | no test: nobody does |" in text
    assert problems == []


def test_many_tests_of_an_item_are_counted():
    text, _ = _page({"cwmp": {"A-2": {f"tests/a.py::test_{n}" for n in range(6)}}}, {})
    assert "`a.py::test_3`<br>and 2 more" in text


def test_a_reason_for_what_a_test_holds_or_nobody_lists_is_a_problem():
    _, problems = _page({"cwmp": {"A-2": {"tests/a.py::test_b"}}}, {("cwmp", "A-2"): "why", ("cwmp", "A-3"): "why"})
    assert len(problems) == 2 and "A-3" in problems[0] and "A-2" in problems[1]


def test_no_item_is_open():
    """A new item of the list comes with its test, or with the reason why it needs none."""
    assert [line for line in PAGE.read_text().splitlines() if "**OPEN**" in line] == []


def test_each_reason_is_a_sentence_that_says_something():
    assert [item for item, reason in notes().items() if len(reason.split()) < 5] == []
