"""The retry table."""

from __future__ import annotations

import pytest

from simulators.retry import retry_wait


@pytest.mark.cwmp("A-64", "L-8")
def test_default_table():
    expected = [(5 * 2**n, 10 * 2**n) for n in range(10)]
    assert [retry_wait(n) for n in range(1, 11)] == expected
    assert retry_wait(14) == (2560, 5120)


@pytest.mark.cwmp("A-65", "L-9")
def test_table_with_other_parameters():
    rows = [tuple(round(bound, 1) for bound in retry_wait(n, 10, 1500)) for n in (1, 2, 3, 10)]
    assert rows == [(10, 15), (15, 22.5), (22.5, 33.8), (384.4, 576.7)]
    assert {retry_wait(n, 60, 1000) for n in range(1, 13)} == {(60, 60)}


def test_first_attempt_does_not_wait():
    with pytest.raises(ValueError, match="first attempt"):
        retry_wait(0)
