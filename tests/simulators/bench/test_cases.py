import pytest

from simulators.bench.cases import CASES, FULL, QUICK, case_of
from simulators.bench.run import FIRST


def test_cases_are_found_by_name_and_each_has_a_place_for_its_devices():
    assert [case_of(case.name) for case in CASES] == list(CASES)
    assert {case.params for case in CASES} <= set(FIRST)
    with pytest.raises(KeyError):
        case_of("nothing")


def test_measured_case_has_a_session_for_every_device():
    assert all(case.sessions >= case.devices for case in CASES)


def test_smaller_size_plays_less_and_never_nothing():
    assert (FULL.of(6000), QUICK.of(6000), QUICK.of(10)) == (6000, 1200, 20)
