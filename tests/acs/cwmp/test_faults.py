"""Faults: their words, which may pass, and how they read in a sentence."""

import pytest

from acs.cwmp.codec import decode, encode
from acs.cwmp.faults import ACS_FAULTS, CPE_FAULTS, TRANSIENT, CpeProtocolError, CwmpFault, ParameterFault, SoapFault, meaning


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


CODES = [
    *((f"E-{code - 8999}", code, words) for code, words in {
        9000: "method not supported", 9001: "denied", 9002: "internal", 9003: "arguments", 9004: "resources", 9005: "parameter name",
        9006: "parameter type", 9007: "parameter value", 9008: "non-writable", 9009: "notification", 9010: "file transfer failure",
        9011: "upload", 9012: "server authentication", 9013: "unsupported protocol", 9014: "multicast", 9015: "contact file server",
        9016: "access file", 9017: "complete download", 9018: "corrupted", 9019: "file authentication", 9020: "time windows",
        9021: "not permitted", 9022: "uuid", 9023: "unknown execution", 9024: "disabled execution", 9025: "mismatch", 9026: "duplicate",
        9027: "system resources", 9028: "unknown deployment", 9029: "state", 9030: "downgrade", 9031: "not specified", 9032: "already exists",
    }.items()),
    *((f"E-{code - 7960}", code, words) for code, words in {
        8000: "not supported", 8001: "denied", 8002: "internal", 8003: "arguments", 8004: "resources", 8005: "retry", 8006: "version incompatible",
    }.items()),
]  # fmt: skip


@pytest.mark.parametrize(("code", "words"), [pytest.param(*rest, id=item, marks=pytest.mark.cwmp(item)) for item, *rest in CODES])
def test_a_code_reads_in_the_words_of_the_standard_and_survives_the_wire(code, words):
    assert words in meaning(code).lower()
    assert decode(encode(CwmpFault(code, "why"), "1")).message == CwmpFault(code, "why")


@pytest.mark.cwmp("E-34", "E-47", "B-87")
@pytest.mark.parametrize("code", [9033, 9799, 8007, 8799, 7])
def test_a_reserved_code_is_kept_as_it_came(code):
    assert decode(encode(CwmpFault(code), "1")).message.code == code
    assert str(code) in meaning(code)


@pytest.mark.cwmp("E-52")
@pytest.mark.parametrize("code", ["VersionMismatch", "MustUnderstand", "Client", "Server"])
def test_a_fault_of_soap_alone_is_an_internal_error_with_its_text(code):
    assert decode(encode(SoapFault(code, "no"), "1")).message == CwmpFault(9002, "no")


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
