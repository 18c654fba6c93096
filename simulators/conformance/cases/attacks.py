"""Secure_XML and Secure_HTTP: bounded attacks. None may be served, fetch anything, or stop the ACS (conformance J-5, J-6, J-8, B-9)."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.protocol import Factory, Protocol

from acs.cwmp.messages import GetRPCMethods
from simulators.conformance.case import CaseFailed, case, check
from simulators.conformance.cases.transport import refused_or_closed
from simulators.conformance.cpe import Said, WireCpe
from simulators.conformance.wire import NoAnswer

XML, HTTP = "Secure_XML", "Secure_HTTP"


class _Canary(Protocol):
    def connectionMade(self) -> None:
        self.factory.touched = True
        self.transport.loseConnection()


class Canary:
    """A port that must stay silent: whoever connects fetched something it should not."""

    def __init__(self, cpe: WireCpe) -> None:
        self._factory: Any = Factory.forProtocol(_Canary)
        self._factory.touched, self._factory.noisy = False, False
        self._port = cpe.world.reactor.listenTCP(0, self._factory, interface=cpe.world.callback)
        self.url = f"http://{cpe.world.callback}:{self._port.getHost().port}/canary"

    @property
    def touched(self) -> bool:
        return bool(self._factory.touched)

    def close(self) -> None:
        self._port.stopListening()


async def _refused(cpe: WireCpe, body: bytes, *, within_s: float = 10.0, **how: Any) -> None:
    """The message is not served, an answer comes in time, and the ACS goes on serving."""
    try:
        said = await cpe.post(body, patience_s=within_s, **how)
    except CaseFailed as error:
        check("in time" not in str(error), f"the ACS did not answer within {within_s:g} s")
        said = None
    if said is not None:
        check(said.name != "InformResponse", "it was served as if it were a proper Inform")
        check(said.status < 500 or said.name == "Fault" or said.status == 503, f"it was answered with HTTP {said.status}")
    cpe.hang_up()
    await cpe.lives()


def _doctype(declaration: str, use: str = "") -> Callable[[bytes, str], bytes]:
    def make(body: bytes, canary: str) -> bytes:
        head = declaration.replace("CANARY", canary).encode()
        return head + (body.replace(b"<Manufacturer>", b"<Manufacturer>" + use.encode()) if use else body)

    return make


_LAUGHS = "<!DOCTYPE l [<!ENTITY a0 'lol'>" + "".join(
    f"<!ENTITY a{n} '" + f"&a{n - 1};" * 10 + "'>" for n in range(1, 10)) + "]>"  # fmt: skip


def _xml(name: str, cites: tuple[str, ...], title: str, make: Callable[[bytes, str], bytes]) -> None:
    @case(
        XML, *cites, name=name, title=title, does=f"Sends an Inform with this in it: {title}. Not served, nothing fetched, the ACS lives."
    )
    async def attack(cpe: WireCpe) -> None:
        canary = Canary(cpe)
        try:
            await _refused(cpe, make(cpe.envelope(cpe.inform()), canary.url))
            await cpe.pause(0.05)
            check(not canary.touched, "the ACS fetched what the message named")
        finally:
            canary.close()


_DTD = ("B-9", "J-5", "K-31", "L-17")
_xml("doctype", _DTD, "a document type declaration", _doctype("<!DOCTYPE Envelope>"))
_xml("external-dtd", _DTD, "a DTD on another server", _doctype('<!DOCTYPE x SYSTEM "CANARY">'))
_xml("external-entity", _DTD, "an entity on another server", _doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "CANARY">]>', "&e;"))
_xml(
    "file-entity",
    _DTD,
    "an entity that is a file of the server",
    _doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>', "&e;"),
)
_xml("parameter-entity", _DTD, "a parameter entity on another server", _doctype('<!DOCTYPE x [<!ENTITY % p SYSTEM "CANARY"> %p;]>'))
_xml("entity-bomb", _DTD, "entities that unfold to a gigabyte", _doctype(_LAUGHS, "&a9;"))
_xml("quadratic-entity", _DTD, "one long entity used a thousand times",
     _doctype("<!DOCTYPE q [<!ENTITY a '" + "x" * 50_000 + "'>]>", "&a;" * 1000))  # fmt: skip
_xml("utf-16-doctype", _DTD, "a document type declaration hidden in UTF-16",
     lambda body, canary: f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x SYSTEM "{canary}">{body.decode()}'.encode("utf-16"))  # fmt: skip
_xml("deep", ("J-5",), "elements nested fifty thousand deep", lambda body, _c: b"<a>" * 50_000 + b"</a>" * 50_000)
_xml("deep-inside", ("J-5",), "five thousand nested elements inside the Inform",
     lambda body, _c: body.replace(b"<SOAP-ENV:Body>", b"<SOAP-ENV:Body>" + b"<a>" * 5000 + b"</a>" * 5000))  # fmt: skip
_xml("many-attributes", ("J-5",), "an element with twenty thousand attributes and no envelope",
     lambda body, _c: b"<a " + b" ".join(b'b%d="c"' % n for n in range(20_000)) + b"/>")  # fmt: skip
_xml("truncated", ("A-71", "L-17"), "half an envelope", lambda body, _c: body[: len(body) // 2])
_xml("garbage", ("A-71", "L-17"), "no XML at all", lambda _b, _c: bytes(range(1, 256)) * 20)
_xml("no-envelope", ("A-71",), "XML that is no envelope", lambda _b, _c: b"<html><body>hello</body></html>")
_xml(
    "empty-body",
    ("A-71", "A-8"),
    "an envelope without a body",
    lambda body, _c: body[: body.find(b"<SOAP-ENV:Body>")] + b"</SOAP-ENV:Envelope>",
)
_xml("two-bodies", ("A-8",), "an envelope with two bodies",
     lambda body, _c: body.replace(b"</SOAP-ENV:Body>", b"</SOAP-ENV:Body><SOAP-ENV:Body><x/></SOAP-ENV:Body>"))  # fmt: skip


@case(XML, "J-5", "B-9", title="XInclude is not followed")
async def xinclude(cpe: WireCpe) -> None:
    """Sends an Inform with an xi:include of another server in a value; served or not, nothing may be fetched."""
    canary = Canary(cpe)
    try:
        include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{canary.url}" parse="text"/>'.encode()
        said = await cpe.post(cpe.envelope(cpe.inform()).replace(b"<Manufacturer>", b"<Manufacturer>" + include))
        check(said.status < 500, f"an xi:include was answered with {said}")
        await cpe.pause(0.1)
        check(not canary.touched, "the ACS followed an xi:include")
    finally:
        canary.close()
    await cpe.lives()


@case(XML, "B-9", "J-5", title="Processing instructions and schema locations are not followed")
async def processing_instruction(cpe: WireCpe) -> None:
    """Sends an Inform with an xml-stylesheet and an xsi:schemaLocation that name another server."""
    canary = Canary(cpe)
    try:
        body = cpe.envelope(cpe.inform()).replace(
            b"<SOAP-ENV:Envelope ", f'<SOAP-ENV:Envelope xsi:schemaLocation="urn:x {canary.url}" '.encode(), 1
        )
        said = await cpe.post(f'<?xml-stylesheet type="text/xsl" href="{canary.url}"?>'.encode() + body)
        check(said.status < 500, f"a processing instruction was answered with {said}")
        await cpe.pause(0.1)
        check(not canary.touched, "the ACS fetched what a processing instruction or schemaLocation named")
    finally:
        canary.close()


@case(XML, "J-5", "A-14", title="A decompression bomb is bounded")
async def decompression_bomb(cpe: WireCpe) -> None:
    """Sends 300 KB of gzip that unpack to 300 MB; refused, in time."""
    await _refused(cpe, gzip.compress(b"<x>" + b" " * (300 * 2**20), 9), headers={"Content-Encoding": "gzip"}, within_s=20.0)


@case(XML, "J-8", "E-51", title="Markup in a device's words stays words")
async def markup_in_values(cpe: WireCpe) -> None:
    """Informs with script, SQL and path pieces in names and values; the session goes on."""
    await cpe.informs(
        manufacturer="<script>alert(1)</script>",
        values={
            cpe.root + "DeviceInfo.ProvisioningCode": "'; DROP TABLE device; --",
            cpe.root + "DeviceInfo.DeviceLog": "../../etc/passwd",
        },
    )
    await cpe.finishes()
    await cpe.lives()


# ---- HTTP ----------------------------------------------------------------------------------------------------------


def _http(name: str, cites: tuple[str, ...], title: str, make: Callable[[WireCpe], bytes]) -> None:
    @case(HTTP, *cites, name=name, title=title, does=f"Sends this: {title}. Refused or closed, and the ACS lives.")
    async def attack(cpe: WireCpe) -> None:
        await refused_or_closed(cpe, make(cpe))
        cpe.hang_up(cut=True)
        await cpe.lives()


_http("not-http", ("J-6",), "octets that are no HTTP", lambda _c: bytes(range(256)) * 8 + b"\r\n\r\n")
_http("tls-hello", ("J-6",), "a TLS hello on a port without TLS, or HTTP inside TLS",
      lambda _c: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + b"\r\n\r\n")  # fmt: skip
_http("long-target", ("J-6",), "a request line of 100,000 characters", lambda c: c.request(b"", target="/" + "a" * 100_000))
_http("header-flood", ("J-6",), "two thousand header lines", lambda c: c.request(b"", {f"X-{n}": "y" * 100 for n in range(2000)}))
_http("big-header", ("J-6",), "a header of 200,000 octets", lambda c: c.request(b"", {"X-Big": "y" * 200_000}))
_http("negative-length", ("J-6",), "a negative Content-Length", lambda c: c.request(b"", {"Content-Length": "-5"}))
_http("length-of-words", ("J-6",), "a Content-Length that is no number", lambda c: c.request(b"", {"Content-Length": "many"}))
_http("two-lengths", ("J-6",), "Content-Length and Transfer-Encoding at once",
      lambda c: c.request(b"", {"Content-Length": "4", "Transfer-Encoding": "chunked"}) + b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n")  # fmt: skip
_http("broken-chunks", ("J-6", "A-10"), "chunks whose size is no number",
      lambda c: c.request(b"", {"Content-Length": None, "Transfer-Encoding": "chunked"}) + b"ZZ\r\nabc\r\n0\r\n\r\n")  # fmt: skip
_http(
    "path-traversal",
    ("J-8", "J-12"),
    "a GET of files above the root",
    lambda c: c.request(b"", method="GET", target="/../../../etc/passwd"),
)


@case(HTTP, "J-6", title="Fifty half-open requests do not keep others out")
async def half_open(cpe: WireCpe) -> None:
    """Opens fifty connections, sends half a header on each, and has sessions beside them."""
    lines = []
    for _ in range(50):
        line = await cpe.line()
        line.send(b"POST / HTTP/1.1\r\nHost: acs\r\nContent-Le")
        lines.append(line)
        cpe.connection = None
    try:
        await cpe.lives()
        await cpe.informs()
        await cpe.finishes()
    finally:
        for line in lines:
            line.abort()


@case(HTTP, "J-6", title="Fifty connections opened and cut at once")
async def connect_and_cut(cpe: WireCpe) -> None:
    """Opens connections and resets them, empty or in the middle of a body."""
    body = cpe.request(cpe.envelope(cpe.inform()), login=False)
    for n in range(50):
        line = await cpe.line()
        if n % 2:
            line.send(body[: len(body) * n // 60])
        cpe.hang_up(cut=True)
    await cpe.lives()


@case(HTTP, "J-6", "A-59", title="A burst of thirty Informs is answered, or put off with 503")
async def burst(cpe: WireCpe) -> None:
    """Thirty devices inform at the same moment; each gets its InformResponse or 503 with Retry-After."""

    async def one(device: WireCpe) -> Said:
        return await device.post(device.envelope(device.inform("1 BOOT")))

    done = await DeferredList([Deferred.fromCoroutine(one(cpe.another())) for _ in range(30)], consumeErrors=True)
    for good, said in done:
        check(good, f"a device of the burst failed: {said}")
        check(said.name == "InformResponse" or (said.status == 503 and said.answer.one("retry-after")), f"a device of the burst got {said}")


@case(HTTP, "J-14", "A-41", title="What follows a refused message on its connection is not served by its login")
async def after_a_refusal(cpe: WireCpe) -> None:
    """Sends garbage and then GetRPCMethods on the same connection, if it is kept."""
    await cpe.post(b"<garbage", login=False)
    try:
        said = await cpe.post(cpe.envelope(GetRPCMethods()), login=False)
    except (NoAnswer, CaseFailed):
        return
    check(said.name != "GetRPCMethodsResponse", "a request without session was served after garbage")
