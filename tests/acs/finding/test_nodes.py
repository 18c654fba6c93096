"""The tree of a query: its leaves, and `not` pushed down to them."""

from acs.finding.nodes import And, Not, Or, Word, leaves, without_not
from acs.finding.parsing import parse_node

A, B, C = Word("a"), Word("b"), Word("c")


def test_not_goes_down_to_the_leaves() -> None:
    assert without_not(Not(And((A, Or((B, Not(C))))))) == Or((Not(A), And((Not(B), C))))
    assert without_not(Not(Not(A))) == A


def test_leaves_are_in_the_order_they_were_written() -> None:
    assert list(leaves(parse_node("a or not (b c)"))) == [A, B, C]
    assert list(leaves(None)) == []
