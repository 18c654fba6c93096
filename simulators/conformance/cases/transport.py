"""HTTP_SOAP, first half: HTTP framing (conformance A.1, quirks K-8 to K-14)."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from typing import Any

from acs.cwmp.messages import GetParameterValuesResponse, GetRPCMethods, ParameterValueStruct
from simulators.conformance.case import CaseFailed, case, check
from simulators.conformance.cpe import Said, WireCpe
from simulators.conformance.wire import NoAnswer

GROUP = "HTTP_SOAP"


async def refused_or_closed(cpe: WireCpe, data: bytes, patience_s: float = 5.0) -> Said | None:
    """What a message gets that no ACS must serve; None where the connection is just closed. Never a good answer."""
    try:
        said = Said(await cpe.exchange(data, patience_s=patience_s))
    except NoAnswer as error:
        check(error.closed, f"neither answered nor closed: {error}")
        cpe.connection = None
        return None
    except CaseFailed:
        return None
    check(said.status >= 400, f"it was answered with {said}")
    check(said.status not in (500, 502), f"it was answered with HTTP {said.status}: an error of the ACS, not a refusal")
    return said


def _method(word: str) -> None:
    @case(GROUP, "A-2", name=f"method-{word.lower()}", title=f"{word} is not allowed on the CWMP URL", does=f"Sends {word} to the ACS URL.")
    async def other_method(cpe: WireCpe) -> None:
        said = await cpe.post(b"", method=word, login=False)
        check(not said.name, f"{word} was answered with {said}")
        check(said.status >= 400, f"{word} was answered with HTTP {said.status}")
        cpe.should(said.status in (405, 401, 501), f"{word} was answered with HTTP {said.status}, not 405")


for _word in ("GET", "PUT", "DELETE", "OPTIONS"):
    _method(_word)


def _serves(
    name: str, cites: tuple[str, ...], title: str, does: str, how: dict[str, Any], change: Callable[[bytes], bytes] = bytes
) -> None:
    """A whole session whose Inform and whose own request are sent in an unusual but legal (or common) way."""

    @case(GROUP, *cites, name=name, title=title, does=does)
    async def unusual(cpe: WireCpe) -> None:
        await cpe.informs(body=change(cpe.envelope(cpe.inform())), how=how)
        said = await cpe.post(change(cpe.envelope(GetRPCMethods())), **how)
        check(said.name == "GetRPCMethodsResponse", f"GetRPCMethods was answered with {said}")
        await cpe.finishes()


for _name, _type in {
    "content-type-upper-case": "TEXT/XML; CHARSET=UTF-8",
    "content-type-bare": "text/xml",
    "content-type-soap-xml": "application/soap+xml",
    "content-type-html": "text/html",
    "content-type-missing": None,
}.items():
    _serves(_name, ("A-3", "K-11"), f"Content-Type {_type or 'missing'} is accepted", f"Sends envelopes with Content-Type {_type!r}.",
            {"headers": {"Content-Type": _type}})  # fmt: skip
for _name, _action in {"missing": None, "empty": "", "quoted": '""', "vendor": "urn:vendor:cwmp#Inform"}.items():
    _serves(f"soapaction-{_name}", ("A-4", "K-12"), f"SOAPAction {_name} is accepted", f"Sends envelopes with SOAPAction {_action!r}.",
            {"headers": {"SOAPAction": _action}})  # fmt: skip
_serves("chunked", ("A-10", "K-13", "L-13"), "Chunked bodies are accepted", "Sends bodies in chunks of 200 octets.", {"chunk": 200})
_serves("chunked-small", ("A-10", "K-13"), "Chunks of a few octets with extensions are accepted", "Sends chunks of 7 octets with an extension.",
        {"chunk": 7, "extension": ";name=value"})  # fmt: skip
_serves(
    "http-1-0", ("K-8",), "HTTP/1.0 is served", "Sends HTTP/1.0 with keep-alive.", {"http10": True, "headers": {"Connection": "keep-alive"}}
)
_serves("header-case", ("A-1",), "Header names in any case are understood", "Sends header names in lower case.",
        {"headers": {"Content-Type": None, "content-type": "text/xml", "SOAPAction": None, "soapaction": ""}})  # fmt: skip
_serves("small-packets", ("K-14", "A-1"), "Header and body in small packets are put together", "Sends everything in pieces of 150 octets.",
        {"pieces": 150, "pause_s": 0.002})  # fmt: skip
_serves(
    "utf-8-bom",
    ("A-17", "K-25"),
    "A byte order mark before the envelope is skipped",
    "Sends bodies with a BOM.",
    {},
    lambda b: b"\xef\xbb\xbf" + b,
)
_serves(
    "leading-space",
    ("A-17",),
    "White space before the envelope is skipped",
    "Sends bodies after line feeds and blanks.",
    {},
    lambda b: b"\r\n \n" + b,
)
_serves(
    "trailing-nul", ("A-17",), "NULs after the envelope are skipped", "Sends bodies with NULs behind.", {}, lambda b: b + b"\x00\x00\x00"
)
_serves("xml-declaration", ("A-16", "K-25"), "An XML declaration is understood", "Sends bodies with an XML declaration.", {},
        lambda b: b'<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n' + b)  # fmt: skip
_serves("utf-16", ("A-16", "K-27"), "UTF-16 with a byte order mark is understood", "Sends bodies in UTF-16.",
        {"headers": {"Content-Type": "text/xml"}}, lambda b: ('<?xml version="1.0" encoding="UTF-16"?>' + b.decode()).encode("utf-16"))  # fmt: skip


@case(GROUP, "A-16", "K-27", title="Latin-1 named by the XML declaration is understood")
async def latin_1(cpe: WireCpe) -> None:
    """Informs in ISO-8859-1 with a letter that is not ASCII."""
    body = cpe.envelope(cpe.inform(manufacturer="Böx")).decode()
    await cpe.informs(
        body=('<?xml version="1.0" encoding="ISO-8859-1"?>' + body).encode("latin-1"), how={"headers": {"Content-Type": "text/xml"}}
    )


@case(GROUP, "A-16", title="The charset of Content-Type counts before the XML declaration's absence")
async def charset_of_content_type(cpe: WireCpe) -> None:
    """Informs in ISO-8859-1 as Content-Type says, without an XML declaration."""
    body = cpe.envelope(cpe.inform(manufacturer="Böx")).decode().encode("latin-1")
    await cpe.informs(body=body, how={"headers": {"Content-Type": "text/xml; charset=iso-8859-1"}})


@case(GROUP, "A-16", title="UTF-8 beyond ASCII is understood")
async def utf_8(cpe: WireCpe) -> None:
    """Informs with letters of many scripts."""
    await cpe.informs(manufacturer="Bücher 漢字 привет 🏠")


@case(GROUP, "A-19", "K-10", title="Expect: 100-continue is answered at once")
async def expect_continue(cpe: WireCpe) -> None:
    """Sends the head of an Inform with Expect: 100-continue and waits for 100 or the final status before it sends the body."""
    await cpe.post(cpe.envelope(cpe.inform()))  # the login is known now
    body = cpe.envelope(cpe.inform())
    head = cpe.request(body, {"Expect": "100-continue"})[: -len(body)]
    line = await cpe.line()
    line.send(head)
    began, heard = cpe.world.reactor.seconds(), line.heard
    while line.heard == heard and not line.closed and cpe.world.reactor.seconds() - began < 3:
        await cpe.pause(0.01)
    waited = cpe.world.reactor.seconds() - began
    check(line.heard > heard, "neither 100 Continue nor a final status within 3 s")
    cpe.should(waited < 0.9, f"100 Continue took {waited:.1f} s")
    line.send(body)
    answer = Said(await line.answer(cpe.world.timeout_s))
    check(answer.name == "InformResponse", f"after 100 Continue the Inform was answered with {answer}")


@case(GROUP, "A-5", title="An empty POST may carry the headers of a full one")
async def empty_with_headers(cpe: WireCpe) -> None:
    """Posts empty with Content-Type and SOAPAction."""
    await cpe.informs()
    said = await cpe.empty(headers={"Content-Type": "text/xml; charset=utf-8", "SOAPAction": ""})
    check(said.status in (200, 204), f"an empty POST with headers was answered with {said}")


@case(GROUP, "K-16", "A-5", title="A line feed instead of an empty body is an empty POST")
async def newline_for_empty(cpe: WireCpe) -> None:
    """Posts a line feed, and a blank."""
    for body in (b"\n", b" "):
        await cpe.informs()
        said = await cpe.post(body, {"Content-Type": None, "SOAPAction": None})
        check(said.status in (200, 204), f"{body!r} for an empty POST was answered with {said}")


@case(GROUP, "A-5", "A-10", title="An empty POST in chunks")
async def empty_chunked(cpe: WireCpe) -> None:
    """Posts empty with Transfer-Encoding: chunked."""
    await cpe.informs()
    said = await cpe.empty(chunk=100)
    check(said.status in (200, 204), f"an empty chunked POST was answered with {said}")


@case(GROUP, "A-6", title="Envelopes come as 200 with Content-Type text/xml and a length")
async def response_headers(cpe: WireCpe) -> None:
    """Reads the headers of InformResponse."""
    said = await cpe.informs()
    kind = said.answer.one("content-type").lower().replace(" ", "")
    check(kind.startswith("text/xml"), f"InformResponse comes as Content-Type {kind!r}, not text/xml")
    cpe.should(kind in ("text/xml;charset=utf-8", 'text/xml;charset="utf-8"'), f"Content-Type is {kind!r}, not text/xml; charset=utf-8")
    cpe.should(said.answer.one("content-length"), "InformResponse comes in chunks: old devices break on that")


@case(GROUP, "A-7", title="An empty response is 204 without body and Content-Type")
async def empty_response(cpe: WireCpe) -> None:
    """Ends a session and reads the last answer."""
    await cpe.informs()
    said = await cpe.empty()
    while said.is_request:
        said = await cpe.answers(said)
    check(said.status == 204, f"the session ended with HTTP {said.status}, not 204")
    check(not said.answer.one("content-type"), "204 has a Content-Type")
    check(said.answer.one("content-length") in ("", "0"), "204 says that it has a body")


@case(GROUP, "A-11", "L-14", title="An envelope of 33,000 octets is accepted")
async def envelope_33k(cpe: WireCpe) -> None:
    """Informs with a value that makes the envelope 33,000 octets long."""
    await cpe.informs(values={cpe.root + "DeviceInfo.DeviceLog": "x" * 32_000})
    await cpe.finishes()


@case(GROUP, "A-11", "K-32", title="An envelope of a mebibyte is accepted")
async def envelope_1m(cpe: WireCpe) -> None:
    """Informs with 8,000 vendor parameters."""
    values = {f"{cpe.root}X_00A0C5_Table.{n}.Value": "y" * 60 for n in range(8000)}
    await cpe.informs(values=values)
    await cpe.finishes()


@case(GROUP, "A-12", "J-6", title="A body without bound is refused by its announced length")
async def body_without_bound(cpe: WireCpe) -> None:
    """Announces a body of 20 GB; the ACS refuses or closes without reading it."""
    said = await refused_or_closed(cpe, cpe.request(b"", {"Content-Length": str(20 * 10**9)}))
    cpe.should(said is None or said.status == 413, "a body of 20 GB was not answered with 413")
    cpe.hang_up()
    await cpe.lives()


@case(GROUP, "A-13", "L-13", "R-13", title="A gzip body is unpacked or refused with 415")
async def gzip_body(cpe: WireCpe) -> None:
    """Informs with Content-Encoding: gzip."""
    await _packed(cpe, gzip.compress, "gzip")


@case(GROUP, "A-13", "R-13", title="A deflate body is unpacked or refused with 415")
async def deflate_body(cpe: WireCpe) -> None:
    """Informs with Content-Encoding: deflate, a zlib stream as the field sends it."""
    await _packed(cpe, zlib.compress, "deflate")


async def _packed(cpe: WireCpe, pack: Callable[[bytes], bytes], name: str) -> None:
    said = await cpe.post(pack(cpe.envelope(cpe.inform())), {"Content-Encoding": name})
    check(said.name == "InformResponse" or said.status == 415, f"a {name} body was answered with {said}")
    cpe.should(said.name == "InformResponse", f"the ACS does not unpack {name}")


@case(GROUP, "R-13", title="An empty POST that says it is gzip")
async def gzip_nothing(cpe: WireCpe) -> None:
    """Posts zero octets with Content-Encoding: gzip, as a client in the field does."""
    await cpe.informs()
    said = await cpe.empty(headers={"Content-Encoding": "gzip"})
    check(said.status in (200, 204), f"an empty gzip POST was answered with {said}")


@case(GROUP, "A-14", "L-13", title="An unknown Content-Encoding is refused with 415 and the session does not advance")
async def unknown_encoding(cpe: WireCpe) -> None:
    """Sends a body in an encoding nobody knows, then the same body plainly."""
    body = cpe.envelope(cpe.inform())
    said = await cpe.post(body, {"Content-Encoding": "x-unknown"})
    check(400 <= said.status < 500, f"an unknown Content-Encoding was answered with {said}")
    cpe.should(said.status == 415, f"an unknown Content-Encoding was answered with HTTP {said.status}, not 415")
    await cpe.informs(body=body)


@case(GROUP, "A-14", title="A broken gzip body is refused")
async def broken_gzip(cpe: WireCpe) -> None:
    """Says gzip and sends something else, then half of a gzip stream."""
    body = cpe.envelope(cpe.inform())
    for wrong in (body, gzip.compress(body)[:-30]):
        said = await cpe.post(wrong, {"Content-Encoding": "gzip"})
        check(400 <= said.status < 500, f"a broken gzip body was answered with {said}")
        cpe.hang_up()
    await cpe.lives()


@case(GROUP, "A-15", title="The ACS does not compress unless asked")
async def no_compression(cpe: WireCpe) -> None:
    """Reads whether an answer is packed though the device said nothing of Accept-Encoding."""
    said = await cpe.informs()
    check(said.answer.one("content-encoding").lower() in ("", "identity"), "the answer is compressed though nobody asked for it")


@case(GROUP, "A-9", title="Requests in one packet do not confuse the ACS")
async def pipelined(cpe: WireCpe) -> None:
    """Sends two requests in one packet though CWMP does not; whatever is answered comes in order, and the ACS lives."""
    await cpe.informs()
    two = cpe.request(cpe.envelope(GetRPCMethods(), "first")) + cpe.request(cpe.envelope(GetRPCMethods(), "second"))
    said = Said(await cpe.exchange(two))
    check(said.name != "GetRPCMethodsResponse" or said.xml.id == "first", "the second of two requests in one packet was answered first")
    cpe.hang_up()
    await cpe.lives()


@case(GROUP, "A-10", "A-11", "K-32", title="A large answer in chunks is taken", needs="read")
async def large_chunked_answer(cpe: WireCpe) -> None:
    """Answers GetParameterValues with 300,000 octets in chunks."""
    path = cpe.root + "DeviceInfo.DeviceLog"
    handle = await cpe.wants("read", paths=[path])
    await cpe.informs("0 BOOTSTRAP")
    said = await cpe.until("GetParameterValues", lambda message: path in message.parameter_names)
    found = [cpe.model.value_struct(name) for name in cpe.reading(said).parameter_names if name != path]
    said = await cpe.answers(said, GetParameterValuesResponse((*found, ParameterValueStruct(path, "l" * 300_000, "string"))), chunk=8000)
    check(said.status in (200, 204), f"a large answer was answered with {said}")
    check((await cpe.outcome(handle)).state == "done", "a large answer was not taken")
