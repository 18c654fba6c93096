"""Numbers as people read them."""

from acs.finding.views import Count
from care.groups.words import how_many


def test_exact_numbers_stand_in_full_and_estimates_are_rounded(app) -> None:
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        assert how_many(Count(1234, True)) == "1,234"
        assert how_many(Count(1234, False)) == "about 1,200"
        assert how_many(Count(119_583, False)) == "about 120,000"
        assert how_many(Count(1_249_000, False)) == "about 1.2 million"
        assert how_many(Count(7, False)) == "about 7"
