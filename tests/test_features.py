"""The table of asked features is read right, and the page says what the marks say."""

from tests.features import ASKED, Row, asked, page


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
