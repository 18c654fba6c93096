"""The order of versions."""

import pytest

from acs.finding.versions import compare_versions


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.2.9", "1.2.10"), ("1.2", "1.2.1"), ("2.0-rc1", "2.0"), ("2.0-rc1", "2.0-rc2"), ("2.0-beta", "2.0-rc1"), ("V5R019C10", "V5R020C00S115"),
        ("1.2", "1.2b"), ("1.2b", "1.2.1"), ("v1.9", "V1.10"), ("", "0"),
    ],
)  # fmt: skip
def test_older_versions_come_first(older: str, newer: str) -> None:
    assert compare_versions(older, newer) == -1
    assert compare_versions(newer, older) == 1


def test_what_stands_between_does_not_count() -> None:
    assert compare_versions("1.2.3", "V1_2-3".lstrip("V")) == 0
