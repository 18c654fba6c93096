"""The session as a CPE plays it, scripted without any network."""

from __future__ import annotations

import pytest

from acs.cwmp.codec import decode, encode
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    GetParameterAttributes,
    GetParameterValues,
    GetParameterValuesResponse,
    GetRPCMethods,
    GetRPCMethodsResponse,
    Inform,
    InformResponse,
    TransferComplete,
    TransferCompleteResponse,
)
from simulators.cpe import Transfer
from simulators.oddities import Crashes
from simulators.session import Session, SessionFailed
from tests.simulators.kit import START, make_cpe

NS = "urn:dslforum-org:cwmp-1-2"


def say(message, rid="1", **more):
    return encode(message, rid, NS, **more)


def done_transfer(key="k1", fault=0):
    return Transfer("download", key, "1 Firmware Upgrade Image", "http://h/f", "", "", 0, "", START, "done", fault, "", START, START + 3)


def begin(cpe):
    session = Session(cpe)
    inform = decode(session.first())
    assert isinstance(inform.message, Inform)
    return session, inform


@pytest.mark.cwmp("L-1", "A-40", "A-45", "A-51", "A-55")
def test_minimal_session_is_inform_empty_post_end():
    cpe = make_cpe()
    cpe.boot(first=True)
    session, inform = begin(cpe)
    assert [event.event_code for event in inform.message.event] == ["0 BOOTSTRAP", "1 BOOT"]
    assert session.next(say(InformResponse(1), inform.id)) == b""
    assert session.next(b"") is None
    assert not cpe.pending


@pytest.mark.cwmp("L-2", "A-46", "A-48", "A-80")
def test_a_question_is_answered_with_its_own_id_and_then_the_session_ends():
    cpe = make_cpe()
    session, inform = begin(cpe)
    session.next(say(InformResponse(1), inform.id))
    answer = decode(session.next(say(GetParameterValues(("Device.DeviceInfo.SerialNumber",)), " x1 ")))
    assert answer.id == " x1 "
    assert isinstance(answer.message, GetParameterValuesResponse)
    assert answer.message.parameter_list[0].value == cpe.serial
    assert session.next(b"") is None


@pytest.mark.cwmp("A-80")
def test_a_question_without_id_is_answered_without():
    session, inform = begin(make_cpe())
    session.next(say(InformResponse(1), inform.id))
    assert decode(session.next(say(GetRPCMethods(), None))).id is None


@pytest.mark.cwmp("L-3", "D-27", "D-47", "D-6", "C-123")
def test_event_7_goes_only_when_transfer_complete_was_answered():
    cpe = make_cpe()
    cpe.transfers.append(done_transfer())
    session, inform = begin(cpe)
    assert [(e.event_code, e.command_key) for e in inform.message.event] == [("7 TRANSFER COMPLETE", ""), ("M Download", "k1")]
    report = decode(session.next(say(InformResponse(1), inform.id))).message
    assert isinstance(report, TransferComplete)
    assert (report.command_key, report.fault_struct.fault_code) == ("k1", 0)
    cpe.failed()  # the connection is cut here
    session, inform = begin(cpe)
    assert inform.message.retry_count == 1
    assert "7 TRANSFER COMPLETE" in [event.event_code for event in inform.message.event]
    report = decode(session.next(say(InformResponse(1), inform.id)))
    assert session.next(say(TransferCompleteResponse(), report.id)) == b""
    assert cpe.transfers == []


@pytest.mark.cwmp("C-121", "C-122")
def test_failed_transfer_reports_its_code_and_no_time_of_completion():
    cpe = make_cpe()
    cpe.transfers.append(done_transfer(fault=9016))
    session, inform = begin(cpe)
    report = decode(session.next(say(InformResponse(1), inform.id))).message
    assert report.fault_struct.fault_code == 9016
    assert report.complete_time == "0001-01-01T00:00:00Z"


@pytest.mark.cwmp("L-5", "A-82", "A-84")
def test_held_device_reports_its_transfer_once_hold_is_released():
    cpe = make_cpe()
    cpe.transfers.append(done_transfer())
    session, inform = begin(cpe)
    assert session.next(say(InformResponse(1), inform.id, hold=True)) == b""
    answer = decode(session.next(say(GetRPCMethods(), "q1", hold=True)))
    assert isinstance(answer.message, GetRPCMethodsResponse)
    report = decode(session.next(b""))
    assert isinstance(report.message, TransferComplete)
    assert session.next(say(TransferCompleteResponse(), report.id)) == b""
    assert session.next(b"") is None


@pytest.mark.cwmp("A-44", "A-45")
def test_nothing_of_its_own_after_the_first_empty_post():
    cpe = make_cpe()
    session, inform = begin(cpe)
    assert session.next(say(InformResponse(1), inform.id)) == b""
    cpe.transfers.append(done_transfer())
    session.next(say(GetRPCMethods()))
    assert session.next(b"") is None


@pytest.mark.cwmp("L-6", "A-69", "E-45")
def test_8005_repeats_the_identical_request_and_is_survived_for_ever():
    session = Session(make_cpe())
    first = session.first()
    assert session.next(say(CwmpFault(8005), "1")) == first
    for _ in range(4):
        assert session.next(say(CwmpFault(8005), "1")) == first
    with pytest.raises(SessionFailed):
        session.next(say(CwmpFault(8005), "1"))


@pytest.mark.cwmp("L-7", "A-60", "E-41")
def test_refused_inform_fails_the_session():
    session, inform = begin(make_cpe())
    with pytest.raises(SessionFailed, match="8001"):
        session.next(say(CwmpFault(8001), inform.id))


@pytest.mark.cwmp("C-124", "E-43")
def test_refused_transfer_complete_is_not_repeated():
    cpe = make_cpe()
    cpe.transfers.append(done_transfer())
    session, inform = begin(cpe)
    report = decode(session.next(say(InformResponse(1), inform.id)))
    assert session.next(say(CwmpFault(8003), report.id)) == b""
    assert cpe.transfers == []


@pytest.mark.cwmp("A-60")
@pytest.mark.parametrize("answer", [b"", b"<html>", b"<a/>", b"\xff\xfe\x00", say(GetRPCMethods()), say(TransferCompleteResponse())])
def test_an_answer_that_is_no_inform_response_fails_the_session(answer):
    session, _ = begin(make_cpe())
    with pytest.raises(SessionFailed):
        session.next(answer)


@pytest.mark.cwmp("B-89")
def test_arguments_that_cannot_be_read_are_9003():
    session, inform = begin(make_cpe())
    session.next(say(InformResponse(1), inform.id))
    wrong = say(GetRPCMethods(), "q9").replace(
        b"<cwmp:GetRPCMethods></cwmp:GetRPCMethods>", b"<cwmp:Download><FileSize>big</FileSize></cwmp:Download>"
    )
    answer = decode(session.next(wrong))
    assert answer.id == "q9"
    assert answer.message.code == 9003


@pytest.mark.cwmp("B-20", "B-24")
def test_versions_are_announced_by_new_models_only():
    assert decode(Session(make_cpe("G240")).first()).headers.supported_versions == ("1.0", "1.1", "1.2", "1.3", "1.4")
    old = decode(Session(make_cpe("R110")).first())
    assert old.headers.supported_versions == ()
    assert old.namespace.endswith("cwmp-1-0")


@pytest.mark.quirk("K-16")
def test_device_that_never_posts_empty_stops_after_the_inform():
    session, inform = begin(make_cpe(quirks=("no-empty-post",)))
    assert session.next(say(InformResponse(1), inform.id)) is None


@pytest.mark.quirk("K-20", "K-61")
def test_odd_retry_count_and_missing_transfer_complete():
    cpe = make_cpe(quirks=("retry-thousands", "no-transfer-complete"))
    cpe.transfers.append(done_transfer())
    session, inform = begin(cpe)
    assert inform.message.retry_count == 1490
    assert session.next(say(InformResponse(1), inform.id)) == b""
    assert cpe.transfers == []


@pytest.mark.cwmp("B-21")
def test_a_version_that_was_not_offered_fails_the_session():
    session, inform = begin(make_cpe())
    with pytest.raises(SessionFailed, match=r"1\.9"):
        session.next(say(InformResponse(1), inform.id, extra_headers=[("UseCWMPVersion", "1.9", 1)]))
    session, inform = begin(make_cpe())
    assert session.next(say(InformResponse(1), inform.id, extra_headers=[("UseCWMPVersion", "1.2", 1)])) == b""


@pytest.mark.quirk("K-17")
def test_device_that_needs_three_empty_answers():
    session, inform = begin(make_cpe(quirks=("three-empties",)))
    session.next(say(InformResponse(1), inform.id))
    assert [session.next(b"") for _ in range(3)] == [b"", b"", None]


@pytest.mark.quirk("K-18")
def test_device_that_restarts_when_its_report_was_answered():
    cpe = make_cpe(quirks=("reboots-after-report",))
    cpe.transfers.append(done_transfer())
    session, inform = begin(cpe)
    report = decode(session.next(say(InformResponse(1), inform.id)))
    with pytest.raises(Crashes):
        session.next(say(TransferCompleteResponse(), report.id))
    assert cpe.transfers == []


@pytest.mark.quirk("K-19")
def test_device_that_informs_again_in_the_middle_once():
    session, inform = begin(make_cpe(quirks=("informs-again",)))
    session.next(say(InformResponse(1), inform.id))
    session.next(say(GetRPCMethods(), "q1"))
    again = decode(session.next(say(GetRPCMethods(), "q2")))
    assert isinstance(again.message, Inform)
    assert session.next(say(InformResponse(1), again.id)) == b""
    assert session.next(b"") is None


@pytest.mark.quirk("R-3")
@pytest.mark.parametrize("question", [GetRPCMethods(), GetParameterAttributes(("Device.",))])
def test_device_that_answers_some_questions_with_nothing(question):
    session, inform = begin(make_cpe(quirks=("empty-answer",)))
    session.next(say(InformResponse(1), inform.id))
    assert session.next(say(question, "q1")) == b""
    assert isinstance(
        decode(session.next(say(GetParameterValues(("Device.DeviceInfo.UpTime",)), "q2"))).message, GetParameterValuesResponse
    )


@pytest.mark.quirk("R-4")
def test_device_that_reports_twice_in_a_row():
    cpe = make_cpe(quirks=("reports-twice",))
    cpe.transfers.append(done_transfer())
    session, inform = begin(cpe)
    first = decode(session.next(say(InformResponse(1), inform.id)))
    second = decode(session.next(say(TransferCompleteResponse(), first.id)))
    assert first.message == second.message
    assert session.next(say(TransferCompleteResponse(), second.id)) == b""
    assert cpe.transfers == []


@pytest.mark.quirk("R-12")
def test_versions_with_blanks_are_offered_all_the_same():
    session, inform = begin(make_cpe("R110", quirks=("icwmp-headers",)))
    assert inform.headers.supported_versions == ("1.0", "1.1", "1.2", "1.3", "1.4")
    assert session.next(say(InformResponse(1), inform.id, extra_headers=[("UseCWMPVersion", "1.4", 1)])) == b""
