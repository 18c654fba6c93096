"""Tokens and their places."""

import pytest

from acs.finding.tokens import QueryError, Type, tokens


def test_words_strings_and_signs_have_their_places() -> None:
    found = tokens('model>="a \\"b\\"" (x,y)')
    assert [(each.type, each.text, each.at, each.length) for each in found] == [
        (Type.WORD, "model", 0, 5), (Type.OPERATOR, ">=", 5, 2), (Type.STRING, 'a "b"', 7, 9), (Type.OPEN, "(", 17, 1), (Type.WORD, "x", 18, 1),
        (Type.COMMA, ",", 19, 1), (Type.WORD, "y", 20, 1), (Type.CLOSE, ")", 21, 1), (Type.END, "", 22, 1),
    ]  # fmt: skip


def test_quotes_of_other_languages_close_as_they_open() -> None:
    assert [each.text for each in tokens("“a b” „c“ 'd\"'")][:3] == ["a b", "c", 'd"']


def test_a_quote_that_stays_open_is_named() -> None:
    with pytest.raises(QueryError, match=r"not closed \(column 3\)"):
        tokens('a "b')
