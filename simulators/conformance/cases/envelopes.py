"""HTTP_SOAP, second half: envelopes, what an ACS writes and what it has to be able to read (conformance B.1, B.3, B.4, A.6)."""

from __future__ import annotations

import re
from collections.abc import Callable

from acs.cwmp.messages import GetRPCMethods
from simulators.conformance.case import CaseFailed, case, check
from simulators.conformance.cpe import WireCpe
from simulators.conformance.soap import ENCODING, SOAP, array_count

GROUP = "HTTP_SOAP"
_NS = "urn:dslforum-org:cwmp-1-2"


# ---- what the ACS writes -------------------------------------------------------------------------------------------


@case(GROUP, "R-1", title="The ACS sends no XML declaration")
async def no_xml_declaration(cpe: WireCpe) -> None:
    """Two clients in the field drop a message that begins with <?xml: the session ends after InformResponse."""
    said = await cpe.informs()
    cpe.should(not said.body.lstrip().startswith(b"<?xml"), "the ACS's messages begin with an XML declaration: some devices drop them")


@case(GROUP, "R-2", title="The ACS uses the prefixes SOAP-ENV and cwmp")
async def usual_prefixes(cpe: WireCpe) -> None:
    """One client in the field compares prefixes as strings."""
    xml = (await cpe.informs()).xml
    cpe.should(xml.root.prefix == "SOAP-ENV", f"the envelope's prefix is {xml.root.prefix!r}, not SOAP-ENV")
    cpe.should(xml.rpc is not None and xml.rpc.prefix == "cwmp", f"the RPC's prefix is {xml.rpc and xml.rpc.prefix!r}, not cwmp")


@case(GROUP, "B-1", title="The envelope is of SOAP 1.1")
async def soap_1_1(cpe: WireCpe) -> None:
    """Reads the namespaces of Envelope, Header and Body."""
    xml = (await cpe.informs()).xml
    for node in (xml.root, *xml.root.children):
        check(node.namespace == SOAP, f"{node.name} is in the namespace {node.namespace!r}")


@case(GROUP, "B-3", "B-4", title="Arguments have no namespace")
async def unqualified_arguments(cpe: WireCpe) -> None:
    """Looks at everything below InformResponse and GetRPCMethodsResponse."""
    for said in (await cpe.informs(), await cpe.calls(GetRPCMethods())):
        rpc = said.xml.rpc
        check(rpc is not None, "an empty body")
        assert rpc is not None
        for node in list(rpc.walk())[1:]:
            check(not node.namespace, f"{node.name} is in the namespace {node.namespace!r}; arguments have none")


@case(GROUP, "B-3", "B-8", title="A response is named after its request, in the same namespace")
async def response_name(cpe: WireCpe) -> None:
    """Reads name and namespace of two responses."""
    for wanted, said in (("InformResponse", await cpe.informs()), ("GetRPCMethodsResponse", await cpe.calls(GetRPCMethods()))):
        rpc = said.xml.rpc
        check(rpc is not None and rpc.name == wanted, f"{wanted} was expected, there was {said}")
        check(rpc is not None and rpc.namespace == cpe.namespace, f"{wanted} is in the namespace {rpc and rpc.namespace!r}")


@case(GROUP, "A-8", "B-10", title="One Body with one element in each message")
async def one_body(cpe: WireCpe) -> None:
    """Counts bodies and what is in them."""
    for said in (await cpe.informs(), await cpe.calls(GetRPCMethods())):
        check(len(said.xml.bodies) == 1, f"{len(said.xml.bodies)} bodies")
        check(len(said.xml.bodies[0].children) == 1, f"{len(said.xml.bodies[0].children)} elements in the body")


@case(GROUP, "A-88", "D-1", title="InformResponse says MaxEnvelopes 1")
async def max_envelopes(cpe: WireCpe) -> None:
    """Reads MaxEnvelopes."""
    rpc = (await cpe.informs()).xml.rpc
    check(rpc is not None and rpc.value("MaxEnvelopes").strip() == "1", f"MaxEnvelopes is {rpc and rpc.value('MaxEnvelopes')!r}")


def _header_id(name: str, rid: str, what: str, *cites: str) -> None:
    @case(
        GROUP,
        "A-80",
        *cites,
        name=f"id-{name}",
        title=f"The ID header comes back: {what}",
        does=f"Informs with {what} and reads the ID of the answer.",
    )
    async def echoes(cpe: WireCpe) -> None:
        said = await cpe.informs(body=cpe.envelope(cpe.inform(), rid))
        check(said.xml.id == rid, f"the ID {rid!r} came back as {said.xml.id!r}")


_header_id("number", "1234", "a number")
_header_id("text", "ID:intrnl.unset.id.Inform1732.1", "a text with dots and colons")
_header_id("blanks", " a  b ", "blanks before, between and after")
_header_id("markup", "<a>&\"'", "characters that must be escaped")
_header_id("long", "x" * 200, "two hundred characters")
_header_id("unicode", "Gerät-七", "letters beyond ASCII")


@case(GROUP, "A-80", "K-28", title="A request without ID gets a response without ID")
async def no_id(cpe: WireCpe) -> None:
    """Informs without the ID header."""
    said = await cpe.informs(body=cpe.envelope(cpe.inform(), None))
    cpe.should(said.xml.id is None, f"a request without ID got a response with ID {said.xml.id!r}")


@case(GROUP, "A-80", title="The ID of the response must be understood")
async def id_must_understand(cpe: WireCpe) -> None:
    """Reads mustUnderstand and the namespace of the ID header."""
    head = (await cpe.informs()).xml.head("ID")
    check(head is not None, "InformResponse has no ID")
    assert head is not None
    check(head.namespace == cpe.namespace, f"the ID header is in the namespace {head.namespace!r}")
    cpe.should(head.attributes.get((SOAP, "mustUnderstand")) == "1", "the ID header has no mustUnderstand=1")


@case(GROUP, "A-87", "L-40", "E-52", title="An unknown header that must be understood is refused")
async def must_understand(cpe: WireCpe) -> None:
    """Informs with a foreign header and mustUnderstand=1: a SOAP fault MustUnderstand is due."""
    said = await cpe.post(cpe.envelope(cpe.inform(), headers=[("Mystery", "x", 1)]))
    check(said.name != "InformResponse", "a header that must be understood was passed over")
    cpe.should(
        said.name == "Fault" and "MustUnderstand" in said.xml.fault[0], f"it was answered with {said}, not with a fault MustUnderstand"
    )


@case(GROUP, "A-87", "L-40", title="An unknown header without mustUnderstand is ignored")
async def unknown_header(cpe: WireCpe) -> None:
    """Informs with a foreign header that need not be understood."""
    await cpe.informs(body=cpe.envelope(cpe.inform(), headers=[("Mystery", "x", 0)]))


@case(GROUP, "A-85", "L-40", title="NoMoreRequests is ignored, whatever it says")
async def no_more_requests(cpe: WireCpe) -> None:
    """Informs with NoMoreRequests, mustUnderstand=1, and has a request all the same."""
    await cpe.informs(body=cpe.envelope(cpe.inform(), headers=[("NoMoreRequests", "1", 1)]))
    check((await cpe.calls(GetRPCMethods())).name == "GetRPCMethodsResponse", "after NoMoreRequests a request is not answered")


# ---- what the ACS has to read --------------------------------------------------------------------------------------


def _reads(name: str, cites: tuple[str, ...], title: str, change: Callable[[bytes], bytes], *, should: bool = False) -> None:
    """An Inform written another way, and a request of the device's own the same way."""

    @case(GROUP, *cites, name=f"reads-{name}", title=title, does=f"Sends Inform and GetRPCMethods so: {title[0].lower()}{title[1:]}.")
    async def written_otherwise(cpe: WireCpe) -> None:
        try:
            await cpe.informs(body=change(cpe.envelope(cpe.inform())))
        except CaseFailed as error:
            if not should:
                raise
            cpe.should(False, f"{title}: {error}")
            return
        said = await cpe.post(change(cpe.envelope(GetRPCMethods())))
        check(said.name == "GetRPCMethodsResponse", f"GetRPCMethods was answered with {said}")


def _prefix(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda body: (
        body.replace(b"<" + old + b":", b"<" + new + b":").replace(b"</" + old + b":", b"</" + new + b":")
        .replace(b"xmlns:" + old + b"=", b"xmlns:" + new + b"=").replace(b" " + old + b":", b" " + new + b":").replace(b'"' + old + b":", b'"' + new + b":")
    )  # fmt: skip


def _default_envelope(body: bytes) -> bytes:
    """The SOAP namespace as default namespace on Envelope, taken back on the RPC's element, prefix or not."""
    body = (
        body.replace(b"<SOAP-ENV:", b"<")
        .replace(b"</SOAP-ENV:", b"</")
        .replace(b"<Envelope ", b'<Envelope xmlns="' + SOAP.encode() + b'" ')
    )
    return body.replace(b"<cwmp:Inform>", b'<cwmp:Inform xmlns="">').replace(b"<cwmp:GetRPCMethods>", b'<cwmp:GetRPCMethods xmlns="">')


def _declared_inside(body: bytes) -> bytes:
    """xmlns:cwmp on the elements that use it instead of on Envelope."""
    place = b' xmlns:cwmp="' + _NS.encode() + b'"'
    body = body.replace(place, b"")
    for name in (b"ID", b"Inform", b"GetRPCMethods"):
        body = re.sub(rb"<cwmp:" + name + rb"(?=[ >])", b"<cwmp:" + name + place, body)
    return body


def _reordered(body: bytes) -> bytes:
    """RetryCount before DeviceId."""
    begin, end = body.find(b"<RetryCount>"), body.find(b"</RetryCount>") + 13
    if begin < 0:
        return body
    moved = body[begin:end]
    return body[:begin].replace(b"<DeviceId>", moved + b"<DeviceId>") + body[end:]


def _qualified(body: bytes) -> bytes:
    for name in (b"DeviceId", b"SerialNumber", b"OUI", b"Event", b"EventStruct", b"EventCode", b"ParameterList", b"RetryCount"):
        body = body.replace(b"<" + name + b">", b"<cwmp:" + name + b">").replace(b"</" + name + b">", b"</cwmp:" + name + b">")
        body = body.replace(b"<" + name + b" ", b"<cwmp:" + name + b" ")
    return body


_reads("prefix-soap", ("B-4", "L-39", "K-26"), "Prefixes soap and cwmp", _prefix(b"SOAP-ENV", b"soap"))
_reads(
    "prefix-soapenv",
    ("B-4", "K-26"),
    "Prefixes soapenv and soapenc",
    lambda b: _prefix(b"SOAP-ENC", b"soapenc")(_prefix(b"SOAP-ENV", b"soapenv")(b)),
)
_reads("prefix-m", ("B-4", "L-39"), "Prefixes SOAP-ENV and m", _prefix(b"cwmp", b"m"))
_reads("prefix-underscore", ("B-4", "K-26"), "Prefixes soap_env and cwmp", _prefix(b"SOAP-ENV", b"soap_env"))
_reads("default-namespace", ("B-4", "L-39", "K-26"), "A default namespace on the envelope", _default_envelope)
_reads("declared-inside", ("B-4", "K-26"), "The CWMP namespace declared on inner elements", _declared_inside)
_reads("single-quotes", ("K-25",), "Attributes in single quotes", lambda b: b.replace(b'"', b"'"))
_reads(
    "comments", ("B-9",), "Comments between the elements", lambda b: b.replace(b"<SOAP-ENV:Body>", b"<!-- a --><SOAP-ENV:Body><!-- b -->")
)
_reads("white-space", ("B-1",), "White space between the elements", lambda b: b.replace(b"><", b">\n  <"))
_reads(
    "encoding-style",
    ("B-5",),
    "An encodingStyle on the envelope",
    lambda b: b.replace(b"<SOAP-ENV:Envelope ", b'<SOAP-ENV:Envelope SOAP-ENV:encodingStyle="' + ENCODING.encode() + b'" ', 1),
)
_reads("order", ("B-6",), "Arguments in another order", _reordered, should=True)
_reads("qualified", ("B-4",), "Arguments qualified with the CWMP namespace", _qualified, should=True)
_reads(
    "no-header-element",
    ("K-28",),
    "No SOAP Header at all",
    lambda b: b[: b.find(b"<SOAP-ENV:Header>")] + b[b.find(b"</SOAP-ENV:Header>") + 18 :],
)
_reads("empty-id", ("K-28",), "An empty ID", lambda b: b[: b.find(b'mustUnderstand="1">') + 19] + b[b.find(b"</cwmp:ID>") :])
_reads("id-newline", ("K-28",), "An ID that ends in a line feed", lambda b: b.replace(b"</cwmp:ID>", b"\n</cwmp:ID>"))
_reads(
    "array-type-wrong",
    ("B-42", "L-33", "R-11"),
    "Arrays that count wrong",
    lambda b: b.replace(b"ParameterValueStruct[", b"ParameterValueStruct[1").replace(b"EventStruct[", b"EventStruct[9"),
)
_reads("array-type-missing", ("B-42", "L-33"), "Arrays without arrayType", lambda b: b.replace(b"SOAP-ENC:arrayType=", b"SOAP-ENC:other="))
_reads("array-type-padded", ("R-11",), "Arrays that count with a leading zero", lambda b: b.replace(b"EventStruct[", b"EventStruct[0"))
_reads(
    "item-names",
    ("B-43",),
    "List items of another name",
    lambda b: b.replace(b"<EventStruct>", b"<item>").replace(b"</EventStruct>", b"</item>"),
    should=True,
)
_reads(
    "cdata",
    ("B-70", "L-38", "K-31"),
    "A value in a CDATA section",
    lambda b: b.replace(
        b"</ParameterList>",
        b'<ParameterValueStruct><Name>X.Y</Name><Value xsi:type="xsd:string"><![CDATA[<a>&"]]></Value></ParameterValueStruct></ParameterList>',
    ),
)
_reads("type-missing", ("B-53", "K-38"), "Values without xsi:type", lambda b: b.replace(b' xsi:type="xsd:string"', b""))
_reads("type-private", ("K-38",), "Values of a type nobody knows", lambda b: b.replace(b'xsi:type="xsd:string"', b'xsi:type="xsd:json"'))
_reads("type-empty", ("K-38",), "Values with half a type", lambda b: b.replace(b'xsi:type="xsd:string"', b'xsi:type="xsd:"'))
_reads(
    "xsi-1999",
    ("R-10",),
    "The schema instance namespace of 1999",
    lambda b: b.replace(b"http://www.w3.org/2001/XMLSchema-instance", b"http://www.w3.org/1999/XMLSchema-instance"),
)
_reads("max-envelopes-0", ("K-22", "A-88"), "MaxEnvelopes 0", lambda b: b.replace(b"<MaxEnvelopes>1<", b"<MaxEnvelopes>0<"))
_reads("max-envelopes-5", ("K-22", "A-88"), "MaxEnvelopes 5", lambda b: b.replace(b"<MaxEnvelopes>1<", b"<MaxEnvelopes>5<"))
_reads("max-envelopes-missing", ("K-22",), "No MaxEnvelopes", lambda b: b.replace(b"<MaxEnvelopes>1</MaxEnvelopes>", b""))
_reads(
    "value-missing",
    ("K-39",),
    "A parameter without Value",
    lambda b: b.replace(b"</ParameterList>", b"<ParameterValueStruct><Name>X.Y</Name></ParameterValueStruct></ParameterList>"),
)
_reads(
    "control-character",
    ("K-23",),
    "A control character in a value",
    lambda b: b.replace(
        b"</ParameterList>", b"<ParameterValueStruct><Name>X.Y</Name><Value>a\x02b</Value></ParameterValueStruct></ParameterList>"
    ),
    should=True,
)
_reads(
    "bare-ampersand",
    ("K-24",),
    "A bare ampersand in a value",
    lambda b: b.replace(
        b"</ParameterList>", b"<ParameterValueStruct><Name>X.Y</Name><Value>A & B</Value></ParameterValueStruct></ParameterList>"
    ),
    should=True,
)
_reads(
    "latin-1-lie",
    ("K-27",),
    "Latin-1 octets where UTF-8 was declared",
    lambda b: b.replace(
        b"</ParameterList>", b"<ParameterValueStruct><Name>X.Y</Name><Value>B\xf6x</Value></ParameterValueStruct></ParameterList>"
    ),
    should=True,
)


@case(GROUP, "B-40", "B-41", title="Lists of the ACS say their type and count")
async def array_type(cpe: WireCpe) -> None:
    """Reads arrayType of MethodList."""
    await cpe.informs()
    rpc = (await cpe.calls(GetRPCMethods())).xml.rpc
    found = rpc.child("MethodList") if rpc is not None else None
    check(found is not None, "GetRPCMethodsResponse has no MethodList")
    assert found is not None
    kind, count = array_count(found)
    check(kind.endswith(":string"), f"MethodList has the arrayType {kind!r}")
    check(count == len(found.children), f"arrayType counts {count}, there are {len(found.children)}")
