"""Plain words for faults."""

import pytest

from acs.cwmp.faults import meaning
from acs.provisioning.procedures.plain import in_words


@pytest.mark.parametrize("code", [9010, 9020, 9021, 9022, 9032])
def test_a_fault_is_told_as_people_speak(code):
    assert in_words(code)[0].islower()
    assert in_words(code) != meaning(code).lower()


def test_what_has_no_words_of_ours_keeps_the_standards():
    assert in_words(9003) == "invalid arguments"
    assert in_words(9850) == "vendor fault 9850"
