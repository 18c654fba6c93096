"""Words of an age chip."""

from datetime import timedelta

import pytest

from care.ages import age_text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "now"), (0, "now"), (2, "2 s"), (89, "89 s"), (90, "1 min"), (89 * 60, "89 min"), (90 * 60, "1 h"), (35 * 3600, "35 h"),
        (36 * 3600, "1 d"), (7 * 86400, "7 d"), (7 * 86400 + 1, None),
    ],
)  # fmt: skip
def test_steps(app, seconds, words):
    with app.test_request_context():
        found = age_text(timedelta(seconds=seconds))
    assert found == (None if words is None else words.replace(" ", "\u00a0"))


def test_script_counts_in_the_same_steps():
    from care.app import STATIC

    script = (STATIC / "app.js").read_text()
    for limit in ("s < 2)", "s < 90)", "s < 5400)", "s < 129600)", "s <= 604800"):
        assert limit in script
