"""Severities in the words of the standard: acs/monitoring/views.py."""

import pytest

from acs.monitoring.views import FleetView, LoadView, Severity


def test_severities_are_ordered_as_they_are_urgent():
    assert [s.word for s in sorted(Severity)] == ["cleared", "indeterminate", "warning", "minor", "major", "critical"]
    assert Severity.of("major") is Severity.MAJOR
    with pytest.raises(KeyError):
        Severity.of("terrible")


def test_fleet_is_the_sum_of_its_presences(now):
    load = LoadView(None, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert FleetView(now, 1, {"online": 3, "silent": 2}, (), (), {}, {}, (), 0, load).total == 5
