"""Messages made worse: changes to the markup, to the values in it, to single octets, and to the HTTP around it.

A mutation knows tags, not trees: what it makes is often still an envelope, and often just not one any more. Deterministic by its `Random`.
"""

import gzip
import random
import re
import zlib
from collections.abc import Callable, Sequence

MOST = 64 * 1024
"""Results are cut to this: the big ones are made on purpose elsewhere (tests/integration/test_attacks.py)."""
SEPARATOR = b"\n=== next message ===\n"

_TAG = re.compile(rb"<[^<>]{1,300}>")
_TEXT = re.compile(rb">([^<>]{1,300})<")
_NAMES = (
    b"Inform", b"InformResponse", b"GetParameterValuesResponse", b"GetParameterNamesResponse", b"SetParameterValuesResponse", b"TransferComplete",
    b"AutonomousTransferComplete", b"GetRPCMethods", b"Kicked", b"RequestDownload", b"DUStateChangeComplete", b"Fault", b"DeviceId", b"Event",
    b"ParameterList", b"ParameterValueStruct", b"Name", b"Value", b"Header", b"Body", b"Envelope", b"ID", b"HoldRequests", b"SessionTimeout",
    b"SupportedCWMPVersions", b"NoMoreRequests", b"FaultCode", b"FaultStruct", b"CommandKey", b"X_VENDOR_Do", b"DownloadResponse", b"RebootResponse",
)  # fmt: skip
_VALUES = (
    b"", b"0", b"-1", b"4294967296", b"99999999999999999999", b"9" * 400, b"1e9", b"true", b"\x00", b"\x01\x02", b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80",
    b"\xef\xbf\xbf", b"&#0;", b"&#xD800;", b"&", b"&lol;", b"&amp;amp;", b"]]>", b"<![CDATA[x]]>", b"<![CDATA[", b"<!-- x -->", b"<?x y?>",
    b"A" * 5000, b"Device.", b"Device.X." + b"a." * 200, b"../../etc/passwd", b"'; DROP TABLE device; --", b"{{7*7}}", b"%s%n", b"\r\nSet-Cookie: a=b",
    b"0001-01-01T00:00:00Z",
    b"9999-12-31T23:59:59Z", b"-0001-00-00", b"2 PERIODIC", b"0 BOOTSTRAP", b"M Download", b"7 TRANSFER COMPLETE", b"hl1", b"hl2",
)  # fmt: skip
_PROLOGUES = (
    b'<!DOCTYPE x [<!ENTITY a "b">]>', b'<!DOCTYPE x SYSTEM "file:///etc/passwd">', b'<?xml version="1.0" encoding="utf-7"?>', b"\xef\xbb\xbf", b"\xff\xfe",
    b" \r\n", b'<?xml version="1.0" encoding="iso-8859-1"?>', b'<?xml version="1.1"?>', b"<?xml-stylesheet href='file:///etc/passwd'?>", b"\x00",
)  # fmt: skip
_ATTRIBUTES = (
    b' xsi:type="xsd:string"', b' xsi:type="cwmp:Inform"', b' SOAP-ENV:mustUnderstand="1"', b' SOAP-ENC:arrayType="cwmp:EventStruct[9999999999]"',
    b' href="#a"', b' id="a"', b' xmlns="urn:x"', b' xmlns:cwmp="urn:dslforum-org:cwmp-9-9"', b' xml:space="preserve"', b" a",
    b' a="1" a="2"', b' nope:type="x"',
)  # fmt: skip


def _somewhere(data: bytes, rng: random.Random) -> int:
    return rng.randrange(len(data) + 1)


def _tags(data: bytes) -> list[tuple[int, int]]:
    return [found.span() for found in _TAG.finditer(data)]


def _replaced(data: bytes, start: int, end: int, by: bytes) -> bytes:
    return data[:start] + by + data[end:]


def _drop_tag(data: bytes, rng: random.Random) -> bytes:
    found = _tags(data)
    return _replaced(data, *rng.choice(found), b"") if found else data


def _copy_span(data: bytes, rng: random.Random) -> bytes:
    """What lies between two tags, once more or many times, there or elsewhere."""
    found = _tags(data)
    if len(found) < 2:
        return data
    first = rng.randrange(len(found) - 1)
    last = min(first + rng.randrange(1, 12), len(found) - 1)
    piece = data[found[first][0] : found[last][1]] * rng.choice((1, 1, 1, 2, 20, 200))
    at = rng.choice((found[first][0], found[last][1], rng.choice(found)[0]))
    return data[:at] + piece + data[at:]


def _drop_span(data: bytes, rng: random.Random) -> bytes:
    found = _tags(data)
    if len(found) < 2:
        return data
    first = rng.randrange(len(found) - 1)
    return _replaced(data, found[first][0], found[min(first + rng.randrange(1, 8), len(found) - 1)][1], b"")


def _rename(data: bytes, rng: random.Random) -> bytes:
    old = rng.choice(_NAMES)
    places = [found.start() for found in re.finditer(rb"(?<=[:<>/.])" + old + rb"(?![\w-])", data)]
    new = rng.choice(_NAMES)
    if places and rng.random() < 0.3:  # one end only
        at = rng.choice(places)
        return _replaced(data, at, at + len(old), new)
    return data.replace(old + b">", new + b">")


def _value(data: bytes, rng: random.Random) -> bytes:
    found = list(_TEXT.finditer(data))
    return _replaced(data, *rng.choice(found).span(1), rng.choice(_VALUES)) if found else data


def _attribute(data: bytes, rng: random.Random) -> bytes:
    found = [span for span in _tags(data) if data[span[0] + 1] not in b"/?!"]
    if not found:
        return data
    at = rng.choice(found)[1] - 1
    added = rng.choice(_ATTRIBUTES) if rng.random() < 0.8 else b"".join(b' z%d="%d"' % (n, n) for n in range(rng.randrange(500)))
    return data[:at] + added + data[at:]


def _namespace(data: bytes, rng: random.Random) -> bytes:
    found = list(re.finditer(rb'xmlns(?::[\w-]+)?="([^"]*)"', data))
    if not found:
        return data
    return _replaced(
        data, *rng.choice(found).span(rng.choice((0, 1))), rng.choice((b"", b"urn:x", b"urn:dslforum-org:cwmp-1-4", b"cwmp:", b"\xff"))
    )


def _nest(data: bytes, rng: random.Random) -> bytes:
    at, depth = _somewhere(data, rng), rng.choice((1, 10, 250, 300, 3000))
    return data[:at] + b"<n>" * depth + data[at:] + (b"</n>" * depth if rng.random() < 0.5 else b"")


def _prologue(data: bytes, rng: random.Random) -> bytes:
    return rng.choice(_PROLOGUES) + data


def _encoding(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037", "latin-1", "big5")), "replace")


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: _somewhere(data, rng)] if rng.random() < 0.7 else data[_somewhere(data, rng) :]


def _flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8)) if changed else 0):
        changed[rng.randrange(len(changed))] = rng.choice((rng.randrange(256), ord("<"), ord(">"), ord("&"), 0, 0xFF))
    return bytes(changed)


def _insert(data: bytes, rng: random.Random) -> bytes:
    at = _somewhere(data, rng)
    return data[:at] + (rng.choice(_VALUES) if rng.random() < 0.6 else rng.randbytes(rng.randrange(1, 40))) + data[at:]


XML: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _drop_tag, _copy_span, _copy_span, _drop_span, _rename, _rename, _rename, _value, _value, _value, _value, _value, _attribute, _attribute,
    _namespace, _nest, _prologue, _encoding, _cut, _flip,
    _flip, _insert,
)  # fmt: skip


def worse(data: bytes, rng: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """A message with one to five changes; now and then spliced with another one."""
    if others and rng.random() < 0.1:
        other = rng.choice(others)
        data = data[: _somewhere(data, rng)] + other[_somewhere(other, rng) :]
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        data = rng.choice(XML)(data, rng)
    return data[:MOST]


def worse_script(data: bytes, rng: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """A session's messages, some of them changed, left out, said twice, put elsewhere."""
    messages = data.split(SEPARATOR)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(messages))
        kind = rng.randrange(8)
        if kind < 3:
            messages[at] = worse(messages[at], rng)
        elif kind == 3 and len(messages) > 1:
            del messages[at]
        elif kind == 4:
            messages.insert(at, messages[rng.randrange(len(messages))])
        elif kind == 5:
            messages.insert(at, b"")
        elif kind == 6 and others:
            messages.insert(at, rng.choice(rng.choice(others).split(SEPARATOR)))
        else:
            rng.shuffle(messages)
    return SEPARATOR.join(messages[:12])[: 2 * MOST]


# ---- HTTP ------------------------------------------------------------------------------------------------------

_LINES = (
    b"Content-Length: 0", b"Content-Length: -1", b"Content-Length: 99999999999999999999", b"Content-Length: 10", b"Content-Length: +5", b"Content-Length: 5, 5",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding: identity", b"TE: trailers",
    b"Content-Encoding: gzip", b"Content-Encoding: deflate", b"Content-Encoding: gzip, gzip", b"Content-Encoding: br", b"Expect: 100-continue",
    b"Connection: close", b"Connection: keep-alive, Upgrade", b"Upgrade: h2c", b"Host: a\r\nHost: b", b"Cookie: hl=" + b"0" * 34 + b"-1", b"Cookie: hl=\xb2",
    b"Cookie: {COOKIE}", b"Authorization: Basic AAAA", b"Authorization: Digest " + b"a" * 300, b'Authorization: Digest username="x", nonce="y", response="z"',
    b"Content-Type: text/xml; charset=utf-7", b"Content-Type: text/xml; charset=zlib", b"X: " + b"y" * 3000, b" folded: line", b"No colon", b"\x00: \x01",
    b": ",
    b"X-Forwarded-For: 127.0.0.1",
)  # fmt: skip


def _line(data: bytes, rng: random.Random) -> bytes:
    ends = [found.end() for found in re.finditer(rb"\r\n", data)]
    at = rng.choice(ends) if ends else 0
    return data[:at] + rng.choice(_LINES) + b"\r\n" + data[at:]


def _pack(data: bytes, rng: random.Random) -> bytes:
    head, gap, body = data.partition(b"\r\n\r\n")
    packed = rng.choice((gzip.compress, zlib.compress))(body)
    if rng.random() < 0.3:
        packed = packed[: _somewhere(packed, rng)]
    head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(packed), head)
    return head + b"\r\nContent-Encoding: " + rng.choice((b"gzip", b"deflate", b"x-gzip")) + gap + packed


def _chunk(data: bytes, rng: random.Random) -> bytes:
    head, gap, body = data.partition(b"\r\n\r\n")
    head = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head)
    size = rng.choice((1, 7, 100, 5000))
    chunks = b"".join(
        b"%x%s\r\n%s\r\n" % (len(body[n : n + size]), rng.choice((b"", b"", b";x=y")), body[n : n + size])
        for n in range(0, len(body), size)
    )
    return head + gap + chunks + rng.choice((b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"", b"FFFFFFFFFFFFFFFFF\r\n", b"-1\r\n", b"0;\r\n\r\n"))


def _pipeline(data: bytes, rng: random.Random) -> bytes:
    return data * rng.choice((2, 3, 12))


def _first_line(data: bytes, rng: random.Random) -> bytes:
    end = data.find(b"\r\n")
    lines = (
        b"GET / HTTP/1.1",
        b"POST / HTTP/1.0",
        b"POST / HTTP/0.9",
        b"POST http://x/ HTTP/1.1",
        b"CONNECT a:1 HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"POST /\xff HTTP/1.1",
        b"",
    )
    return rng.choice(lines) + data[max(end, 0) :]


HTTP = (_line, _line, _line, _pack, _chunk, _pipeline, _first_line, _flip, _insert, _cut)


def worse_request(data: bytes, rng: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """A request, or several, with changes to what is around the body, and to the body."""
    if rng.random() < 0.4:
        head, gap, body = data.partition(b"\r\n\r\n")
        body = worse(body, rng)
        data = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head) + gap + body
    if others and rng.random() < 0.2:
        data += rng.choice(others)
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        data = rng.choice(HTTP)(data, rng)
    return data[: 2 * MOST]
