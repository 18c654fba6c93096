"""Faults: their words, which may pass, and how they read in a sentence."""

import pytest

from acs.cwmp.faults import ACS_FAULTS, CPE_FAULTS, TRANSIENT, CpeProtocolError, CwmpFault, ParameterFault, meaning


@pytest.mark.cwmp("E-1", "E-33", "E-40", "E-46")
def test_every_code_of_the_standard_has_its_meaning():
    assert set(CPE_FAULTS) == set(range(9000, 9033))
    assert set(ACS_FAULTS) == set(range(8000, 8007))
    assert (meaning(9005), meaning(8005)) == ("Invalid parameter name", "Retry request")


@pytest.mark.cwmp("E-34", "E-35", "E-48")
@pytest.mark.parametrize(
    ("code", "words"), [(9801, "Vendor fault 9801"), (8899, "Vendor fault 8899"), (9500, "Fault 9500"), (0, "Fault 0"), (12, "Fault 12")]
)
def test_a_code_newer_than_our_list_keeps_its_number(code, words):
    assert meaning(code) == words


@pytest.mark.cwmp("E-50", "B-87")
def test_only_the_passing_faults_are_worth_another_try():
    assert sorted(TRANSIENT) == [9002, 9004, 9010, 9011, 9015, 9016, 9017, 9027]
    assert CwmpFault(9004).is_transient
    assert not any(CwmpFault(code).is_transient for code in (9000, 9001, 9003, 9005, 9018, 9801, 1, 0))


@pytest.mark.cwmp("E-51")
def test_a_fault_reads_with_code_meaning_text_and_parameters():
    fault = CwmpFault(9003, "bad args", (ParameterFault("Device.X", 9007, "too big"),))
    assert str(fault) == "9003 Invalid arguments (bad args): Device.X 9007 Invalid parameter value"


def test_a_text_that_repeats_the_meaning_is_left_out():
    assert str(CwmpFault(9005, "Invalid parameter name")) == "9005 Invalid parameter name"


def test_of_many_parameters_the_first_five_are_named():
    fault = CwmpFault(9003, "", tuple(ParameterFault(f"p{i}", 9005) for i in range(9)))
    assert "p4" in str(fault)
    assert "p5" not in str(fault)


def test_a_protocol_error_ends_the_session_with_status_400_unless_it_says_otherwise():
    error = CpeProtocolError("why")
    assert (str(error), error.fault, error.status, error.ends, error.soap_fault, error.rid, error.namespace) == (
        "why",
        None,
        400,
        True,
        "",
        None,
        "",
    )
