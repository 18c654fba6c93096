"""Rules of envelopes that belong to no one message: namespaces, what need not be there, what we leave out. The codec's own tests are beside."""

import re

import pytest
from lxml import etree

from acs.cwmp.codec import decode, encode
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    DeviceIdStruct,
    EventStruct,
    GetParameterValues,
    Inform,
    InformResponse,
    ParameterValueStruct,
    SetParameterValues,
    TransferCompleteResponse,
)
from acs.cwmp.session import EMPTY_POST, CwmpSession, State

NS = "urn:dslforum-org:cwmp-1-2"
INFORM = Inform(DeviceIdStruct("N", "00D09E", "G240", "SN1"), (EventStruct("1 BOOT", ""),), 1, "", 0, ())
OURS = (
    InformResponse(1), TransferCompleteResponse(), GetParameterValues(("Device.A",)),
    SetParameterValues((ParameterValueStruct("Device.A", "1", "unsignedInt"),), "k"), CwmpFault(8003, "no"),
)  # fmt: skip
NAMED = pytest.mark.parametrize("message", OURS, ids=lambda message: type(message).__name__)


@NAMED
@pytest.mark.cwmp("B-1")
def test_our_envelopes_are_soap_1_1_with_the_namespaces_of_the_schema(message):
    root = etree.fromstring(encode(message, "1", NS))
    assert root.tag == "{http://schemas.xmlsoap.org/soap/envelope/}Envelope"
    assert root.nsmap == {
        "SOAP-ENV": "http://schemas.xmlsoap.org/soap/envelope/",
        "SOAP-ENC": "http://schemas.xmlsoap.org/soap/encoding/",
        "xsd": "http://www.w3.org/2001/XMLSchema",
        "xsi": "http://www.w3.org/2001/XMLSchema-instance",
        "cwmp": NS,
    }


@NAMED
@pytest.mark.cwmp("B-5", "B-11")
def test_our_envelopes_have_no_encoding_style_root_or_actor(message):
    said = encode(message, "1", NS)
    assert not re.search(rb"encodingStyle|SOAP-ENC:root|actor=", said)


@pytest.mark.cwmp("B-5", "B-11")
@pytest.mark.parametrize("place", ["Envelope", "Body", "Inform"])
@pytest.mark.parametrize(
    "attribute", ['SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"', 'SOAP-ENC:root="1"', 'SOAP-ENV:actor="next"']
)
def test_attributes_that_are_not_of_the_profile_are_read_over(place, attribute):
    plain = encode(INFORM, "1", NS).decode()
    said = re.sub(rf"(<[\w-]+:{place})(?=[ >])", rf"\1 {attribute}", plain, count=1)
    assert said != plain
    assert decode(said.encode()) == decode(plain.encode())


@pytest.mark.cwmp("X-15", "A-63")
@pytest.mark.parametrize(("name", "seconds"), [("SessionTimeout", 60), ("sessionTimeout", 60), ("SESSIONTIMEOUT", None)])
def test_session_timeout_is_known_with_a_small_first_letter_too(name, seconds):
    said = encode(INFORM, "1", NS, extra_headers=[(name, "60", 0)])
    assert decode(said).headers.session_timeout_s == seconds


@pytest.mark.cwmp("X-6")
@pytest.mark.parametrize(("text", "value"), [("1", 1), ("0", 0), ("true", 1), ("false", 0)])
def test_is_transferable_is_read_as_a_number_and_as_a_boolean_and_sent_as_a_number(text, value):
    body = (
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:c="{NS}"><e:Body><c:GetOptionsResponse><OptionList><OptionStruct>'
        f"<OptionName>o</OptionName><VoucherSN>1</VoucherSN><State>1</State><Mode>0</Mode><StartDate>2026-01-01T00:00:00Z</StartDate>"
        f"<IsTransferable>{text}</IsTransferable></OptionStruct></OptionList></c:GetOptionsResponse></e:Body></e:Envelope>"
    )
    message = decode(body.encode()).message
    assert message.option_list[0].is_transferable == value
    assert f">{value}</IsTransferable>".encode() in encode(message, "1", NS)


@pytest.mark.cwmp("A-83")
def test_hold_rides_only_with_a_question_so_an_empty_answer_releases_it():
    session = CwmpSession()
    session.receive(decode(encode(INFORM, "1", NS)))
    assert b"HoldRequests" not in session.inform_response()
    session.receive(EMPTY_POST)
    asked = session.ask(GetParameterValues(("Device.A",)), hold=True)
    assert b"HoldRequests" in asked
    session.receive(decode(encode(CwmpFault(9005), decode(asked).id, NS)))
    session.end()  # the answer is a 204 without an envelope: there is nothing a header could ride in
    assert session.state is State.ENDED


@pytest.mark.cwmp("X-11")
def test_transfer_complete_may_carry_a_code_the_schema_leaves_out():
    body = (
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:c="{NS}"><e:Body><c:TransferComplete><CommandKey>k</CommandKey>'
        "<FaultStruct><FaultCode>9013</FaultCode><FaultString>ftp</FaultString></FaultStruct><StartTime/><CompleteTime/></c:TransferComplete></e:Body></e:Envelope>"
    )
    assert decode(body.encode()).message.fault_struct.fault_code == 9013
