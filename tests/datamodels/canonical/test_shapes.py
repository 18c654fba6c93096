from __future__ import annotations

import pytest

from datamodels.canonical.shapes import Health, Limits


@pytest.mark.parametrize(
    ("number", "health"), [(-30, Health.BAD), (-26, Health.WARN), (-20, Health.GOOD), (6.5, Health.WARN), (7.5, Health.BAD)]
)
def test_limits_judge_from_both_sides(number, health):
    assert Limits(bad_low=-27, warn_low=-25, warn_high=6, bad_high=7).judge(number) is health


def test_without_limits_all_is_good():
    assert Limits().judge(1e9) is Health.GOOD
