"""Envelopes of odd devices, byte by byte, and what odd devices do with envelopes they do not like."""

from __future__ import annotations

import re

import pytest

from acs.cwmp.codec import encode
from acs.cwmp.messages import (
    GetParameterNames,
    GetParameterValues,
    GetRPCMethods,
    InformResponse,
    ParameterValueStruct,
    SetParameterValues,
)
from simulators.quirks import named
from simulators.session import Session, SessionFailed
from simulators.wire import LAUGHS, complaint, distorted
from tests.simulators.kit import make_cpe, set_values

NS = "urn:dslforum-org:cwmp-1-2"


def begun(*quirks):
    cpe = make_cpe(quirks=quirks)
    session = Session(cpe)
    return session, session.first()


def asked(session, message, **more):
    """What the device answers to this question, once its Inform was answered."""
    session.next(encode(InformResponse(1), "1", NS))
    return session.next(encode(message, "q7", NS, **more))


def has(text):
    return lambda body: text.encode() in body


def lacks(text):
    return lambda body: text.encode() not in body


def row(quirk, name, shows):
    return pytest.param(name, shows, marks=pytest.mark.quirk(quirk), id=name)


INFORMS = [
    row("K-22", "no-max-envelopes", lacks("MaxEnvelopes")),
    row("K-22", "two-envelopes", lambda body: body.count(b"</SOAP-ENV:Envelope>") == 2),
    row("K-23", "control-characters", lambda body: re.search(b"<Value[^>]*>[^<]+\x02</Value>", body)),
    row("K-23", "nul-characters", lambda body: re.search(b"<Value[^>]*>[^<]+\x00</Value>", body)),
    row("K-23", "nul-at-the-end", lambda body: body.endswith(b"Envelope>\n\x00")),
    row("K-24", "bare-ampersand", has("Norvik & Co<")),
    row("K-25", "single-quotes", lambda body: b'"' not in body and b"mustUnderstand='1'" in body),
    row("K-25", "xml-declaration", lambda body: body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')),
    row("K-25", "byte-order-mark", lambda body: body.startswith(b"\xef\xbb\xbf<SOAP-ENV")),
    row("K-26", "prefix-underscore", lambda body: body.startswith(b"<soap_env:Envelope") and b"SOAP-ENV" not in body),
    row("K-26", "prefix-soapenv", lambda body: body.startswith(b"<soapenv:Envelope")),
    row("K-26", "default-namespace", lambda body: body.startswith(b'<Envelope xmlns="http://schemas.xmlsoap.org') and b"<Body>" in body),
    row("K-26", "inner-namespace", lambda body: b"xmlns:cwmp" not in body.partition(b">")[0] and b"<cwmp:Inform xmlns:cwmp=" in body),
    row("K-27", "latin1-as-utf8", lambda body: b"Norvik \xc9lectronique" in body),
    row("K-27", "latin1-declared", lambda body: body.startswith(b'<?xml version="1.0" encoding="ISO-8859-1"?>') and b"\xc9lec" in body),
    row("K-27", "utf16", lambda body: "Norvik \u00c9lectronique" in body.decode("utf-16", "replace")),
    row("K-28", "no-header", lacks("Header")),
    row("K-28", "no-id", lacks("cwmp:ID")),
    row("K-28", "empty-id", has('mustUnderstand="1"></cwmp:ID>')),
    row("K-28", "id-with-newline", has('mustUnderstand="1">1\n</cwmp:ID>')),
    row("K-28", "id-not-mandatory", has("<cwmp:ID>1</cwmp:ID>")),
    row("K-29", "unknown-namespace", has('xmlns:cwmp="urn:dslforum-org:cwmp-1-9"')),
    row("K-29", "old-namespace", lambda body: b'xmlns:cwmp="urn:dslforum-org:cwmp-1-0"' in body and b"SupportedCWMPVersions" in body),
    row("K-31", "cdata", has("<![CDATA[3.2.4]]></Value>")),
    row("K-31", "entity-attack", lambda body: body.startswith(LAUGHS.encode()) and b"&c;&p;" in body),
    row("K-33", "no-event-list", lacks("<Event ")),
    row("K-35", "no-manufacturer", lacks("<Manufacturer>")),
    row("K-35", "no-product-class", lacks("<ProductClass>")),
    row("K-38", "no-type", lambda body: b"<Value>" in body and b"<Value xsi" not in body),
    row("K-38", "empty-type", has('<Value xsi:type="xsd:">')),
    row("K-38", "private-types", has('<Value xsi:type="xsd:json">')),
    row("K-38", "wrong-types", lambda body: b'xsi:type="xsd:boolean"' not in body and b'xsi:type="xsd:string">true<' in body),
    row("K-39", "no-value", lambda body: b"<Name>Device.DeviceInfo.ProvisioningCode</Name></ParameterValueStruct>" in body),
    row("R-10", "xsi-1999", lambda body: b"http://www.w3.org/1999/XMLSchema-instance" in body and b"2001/XMLSchema-instance" not in body),
    row("R-11", "array-counts-padded", lambda body: re.search(rb"cwmp:EventStruct\[0\d\]", body)),
    row("R-11", "array-counts-wrong", has("cwmp:EventStruct[16]")),
    row(
        "R-12",
        "icwmp-headers",
        lambda body: b"cwmp-1-4" in body and b">1.0, 1.1, 1.2, 1.3, 1.4<" in body and b">60</cwmp:SessionTimeout>" in body,
    ),
]


@pytest.mark.parametrize(("name", "shows"), INFORMS)
def test_the_inform_of_an_odd_device(name, shows):
    assert shows(begun(name)[1])
    assert not shows(begun()[1])


@pytest.mark.quirk("K-29")
def test_the_namespace_changes_after_the_inform():
    session, first = begun("changing-namespace")
    assert b"urn:dslforum-org:cwmp-1-2" in first
    assert b"urn:dslforum-org:cwmp-1-1" in asked(session, GetRPCMethods())


@pytest.mark.parametrize(
    ("name", "shows"),
    [
        row("K-55", "no-fault-detail", lambda body: b"Fault>" in body and b"<detail>" not in body),
        row("R-9", "undeclared-fault-prefix", lambda body: b"<soap:Fault>" in body and b"xmlns:soap=" not in body),
    ],
)
def test_faults_of_odd_devices(name, shows):
    values = {"Device.DeviceInfo.ProvisioningCode": "x"}
    assert shows(asked(begun(name)[0], set_values(values)))
    assert not shows(asked(begun("private-fault-codes")[0], set_values(values)))


def test_every_xml_profile_is_shown_here():
    shown = {each.values[0] for each in INFORMS} | {"changing-namespace", "no-fault-detail", "undeclared-fault-prefix"}
    assert {name for name, profile in named().items() if profile.get("xml")} == shown


@pytest.mark.quirk("K-30")
def test_needs_a_newline_at_the_end():
    session, _ = begun("needs-newline")
    with pytest.raises(SessionFailed, match="newline"):
        session.next(encode(InformResponse(1), "1", NS).rstrip())
    assert begun("needs-newline")[0].next(encode(InformResponse(1), "1", NS).rstrip() + b"\n") == b""


@pytest.mark.quirk("R-1")
def test_drops_what_begins_with_an_xml_declaration():
    with pytest.raises(SessionFailed, match="no-declaration"):
        begun("drops-declarations")[0].next(b'<?xml version="1.0"?>' + encode(InformResponse(1), "1", NS))
    assert begun("drops-declarations")[0].next(encode(InformResponse(1), "1", NS)) == b""


@pytest.mark.quirk("R-2")
def test_answers_empty_to_a_prefix_it_does_not_know():
    session, _ = begun("compares-prefixes")
    session.next(encode(InformResponse(1), "1", NS))
    question = encode(GetRPCMethods(), "q1", NS)
    assert session.next(question.replace(b"SOAP-ENV:", b"soap:").replace(b"xmlns:SOAP-ENV", b"xmlns:soap")) == b""
    assert b"GetRPCMethodsResponse" in session.next(question)


VALUES = SetParameterValues((ParameterValueStruct("Device.DeviceInfo.ProvisioningCode", "x", "string"),), "")


@pytest.mark.parametrize(
    ("name", "message", "change"),
    [
        pytest.param("needs-array-type", VALUES, (rb' SOAP-ENC:arrayType="[^"]*"', b""), marks=pytest.mark.quirk("K-30")),
        pytest.param("needs-parameter-key", VALUES, (rb"<ParameterKey></ParameterKey>", b""), marks=pytest.mark.quirk("K-30")),
        pytest.param(
            "needs-cwmp-prefix", GetParameterValues(("Device.DeviceInfo.UpTime",)), (rb"cwmp:Get", b"Get"), marks=pytest.mark.quirk("K-30")
        ),
        pytest.param("needs-plain-arguments", VALUES, (rb"<(/?)Name>", rb"<\1cwmp:Name>"), marks=pytest.mark.quirk("K-30")),
        pytest.param(
            "next-level-digits", GetParameterNames("Device.", True), (rb"<NextLevel>1", b"<NextLevel>true"), marks=pytest.mark.quirk("K-47")
        ),
    ],
)
def test_refuses_with_9003_what_is_not_as_it_needs_it_and_takes_ours(name, message, change):
    session, _ = begun(name)
    assert b"<cwmp:Fault>" not in asked(session, message)
    answer = session.next(re.sub(*change, encode(message, "q8", NS)))
    assert b"<FaultCode>9003</FaultCode>" in answer
    assert b">q8</cwmp:ID>" in answer
    honest, _ = begun()
    asked(honest, message)
    assert b"<FaultCode>9003" not in honest.next(re.sub(*change, encode(message, "q8", NS)))


def test_words_come_together():
    body = distorted(begun()[1], ("accent", "single-quotes", "latin1"), True)
    assert b"\xc9" in body
    assert b'"' not in body
    assert complaint(b"<a/>\n", ("newline",)) is None
