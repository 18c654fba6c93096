"""The strict reading of an envelope: what was written, not what it means."""

import pytest

from acs.cwmp.codec import encode
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import GetRPCMethodsResponse, InformResponse
from simulators.conformance.soap import SOAP, NotXml, array_count, read

NS = "urn:dslforum-org:cwmp-1-2"


def test_prefixes_namespaces_id_and_rpc_are_read_as_written():
    found = read(encode(InformResponse(1), " a b ", NS))
    assert (found.id, found.namespace, found.declaration) == (" a b ", NS, False)
    assert found.rpc is not None
    assert (found.root.prefix, found.rpc.prefix, found.rpc.name, found.rpc.value("MaxEnvelopes")) == (
        "SOAP-ENV",
        "cwmp",
        "InformResponse",
        "1",
    )
    assert found.head("ID").attributes[(SOAP, "mustUnderstand")] == "1"  # type: ignore[union-attr]
    assert found.rpc.children[0].namespace == ""


def test_a_declaration_and_another_prefix_are_noticed():
    found = read(b'<?xml version="1.0"?>' + encode(InformResponse(1), None, NS).replace(b"SOAP-ENV", b"soap"))
    assert (found.declaration, found.root.prefix, found.id) == (True, "soap", None)


def test_faults_have_their_three_parts():
    assert read(encode(CwmpFault(8000, "no"), "1", NS)).fault == ("Client", 8000, "no")
    bare = encode(CwmpFault(8000, "no"), "1", NS)
    assert read(bare[: bare.find(b"<detail>")] + bare[bare.find(b"</detail>") + 9 :]).fault == ("Client", None, "")
    assert read(encode(InformResponse(1), "1", NS)).fault == ("", None, "")


def test_arrays_say_type_and_count():
    rpc = read(encode(GetRPCMethodsResponse(("a", "b")), "1", NS)).rpc
    assert rpc is not None
    assert array_count(rpc.children[0]) == ("xsd:string", 2)
    assert array_count(rpc) == ("", None)


@pytest.mark.parametrize(
    "body", [b"", b"<a>", b"<a/>", b"<!DOCTYPE a><Envelope/>", b"<Envelope>" * 300 + b"</Envelope>" * 300, b"\xff\x00"]
)
def test_what_is_no_envelope_is_refused(body):
    with pytest.raises(NotXml):
        read(body)
