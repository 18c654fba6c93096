"""Messages no device should send, in endless variety: what tests and soak runs throw at the CWMP port. Deterministic by seed."""

import gzip
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from acs.cwmp.messages import GetParameterValuesResponse, GetRPCMethods, ParameterValueStruct
from tests.acs.server.kit import envelope, inform, post

BIG = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bad:
    """One bad message. `waits` for nothing: the connection is left half open or half said, and closed by us after a moment."""

    name: str
    data: bytes
    unfinished: bool = False


def _values(count: int) -> bytes:
    return envelope(GetParameterValuesResponse(tuple(ParameterValueStruct(f"Device.X.{n}", "v", "string") for n in range(count))), "hl1")


GOOD = envelope(inform("FUZZ", "1 BOOT", "4 VALUE CHANGE"))
ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a "b">]>',
    b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
    b'<!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;">]>',
    b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>',
)


def _cut(rng: random.Random) -> Bad:
    body = rng.choice((GOOD, _values(30)))
    return Bad("cut", post(body[: rng.randrange(1, len(body) - 1)]))


def _namespace(rng: random.Random) -> Bad:
    other = rng.choice((b"urn:example", b"", b"http://schemas.xmlsoap.org/wsdl/", b"urn:dslforum-org:cwmp-9-9"))
    body = GOOD.replace(b"http://schemas.xmlsoap.org/soap/envelope/", other, 1).replace(b"SOAP-ENV:Body", b"SOAP-ENV:Legs")
    return Bad("namespace", post(body))


def _entity(rng: random.Random) -> Bad:
    return Bad("entity", post(rng.choice(ENTITIES) + GOOD.replace(b">FUZZ<", b">&a;&d;<")))


def _binary(rng: random.Random) -> Bad:
    return Bad("binary", post(rng.randbytes(rng.randrange(1, 4000))))


def _not_http(rng: random.Random) -> Bad:
    return Bad("not http", bytes([rng.randrange(1, 9)]) + rng.randbytes(rng.randrange(20, 600)) + b"\r\n\r\n")


def _tls(rng: random.Random) -> Bad:
    return Bad("tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + rng.randbytes(500))


def _flipped(rng: random.Random) -> Bad:
    """A few bytes of the markup changed."""
    body = bytearray(GOOD)
    for _ in range(rng.randrange(3, 12)):
        body[rng.choice([at for at, byte in enumerate(body) if byte in b"<>/="])] = rng.choice(b"\x00\x01<&\xff")
    return Bad("flipped", post(bytes(body)))


def _short_length(rng: random.Random) -> Bad:
    return Bad("short length", post(GOOD, headers={"Content-Length": str(rng.randrange(1, len(GOOD) - 1))}))


def _long_length(rng: random.Random) -> Bad:
    return Bad("long length", post(GOOD, headers={"Content-Length": str(len(GOOD) + rng.randrange(1, 10_000))}), unfinished=True)


def _huge_length(rng: random.Random) -> Bad:
    return Bad("huge length", post(headers={"Content-Length": str(rng.choice((10**9, 10**12, 2**63)))}))


def _bad_length(rng: random.Random) -> Bad:
    return Bad("bad length", post(headers={"Content-Length": rng.choice(("-1", "1e3", "0x10", "99999999999999999999999", "1, 2"))}))


def _big_header(rng: random.Random) -> Bad:
    return Bad("big header", post(headers={f"X-{n}": "y" * 900 for n in range(rng.randrange(30, 60))}))


def _two_lengths(rng: random.Random) -> Bad:
    return Bad(
        "smuggling", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    )


def _chunks(rng: random.Random) -> Bad:
    tail = rng.choice((b"ZZ\r\nabc\r\n0\r\n\r\n", b"FFFFFFFFFFFFFFFFF\r\n", b"-5\r\nabc\r\n"))
    return Bad("chunks", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + tail)


def _method(rng: random.Random) -> Bad:
    return Bad("method", post(method=rng.choice(("GET", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"))))


def _coding(rng: random.Random) -> Bad:
    kind = rng.randrange(4)
    if kind == 0:
        return Bad("unknown coding", post(GOOD, headers={"Content-Encoding": rng.choice(("br", "zstd", "compress", "gzip, gzip"))}))
    if kind == 1:
        return Bad("false gzip", post(GOOD, headers={"Content-Encoding": "gzip"}))
    if kind == 2:
        return Bad("bomb", post(_BOMB, headers={"Content-Encoding": "gzip"}))
    return Bad("broken deflate", post(zlib.compress(GOOD)[:-20], headers={"Content-Encoding": "deflate"}))


_BOMB = gzip.compress(b"<x>" + b" " * (40 * 1024 * 1024), 9)


def _stray(rng: random.Random) -> Bad:
    cookie = rng.choice(("hl=" + "0" * 34 + f"-{rng.randrange(9)}", "hl=nonsense", "a=b", "hl=" + "f" * 34 + "-1"))
    body = rng.choice((b"", envelope(GetRPCMethods()), _values(3)))
    return Bad("stray", post(body, cookie))


def _no_serial(rng: random.Random) -> Bad:
    return Bad("no serial", post(envelope(inform(" "))))


def _deep(rng: random.Random) -> Bad:
    depth = rng.randrange(300, 5000)
    return Bad("deep", post(b"<a>" * depth + b"</a>" * depth))


def _wide(rng: random.Random) -> Bad:
    return Bad("wide", post(b"<a " + b" ".join(b'b%d="c"' % n for n in range(rng.randrange(100, 3000))) + b"/>"))


def _charset(rng: random.Random) -> Bad:
    return Bad(
        "charset",
        post(rng.randbytes(300), headers={"Content-Type": f"text/xml; charset={rng.choice(('utf-7', 'utf-16', 'nonsense', 'idna'))}"}),
    )


def _half_open(rng: random.Random) -> Bad:
    return Bad("half open", b"" if rng.random() < 0.3 else post(GOOD)[: rng.randrange(1, 60)], unfinished=True)


def _flood(rng: random.Random) -> Bad:
    return Bad("flood", post(GOOD[:100]) * 30)


KINDS = (
    _cut, _cut, _cut, _namespace, _entity, _entity, _binary, _not_http, _tls, _flipped, _flipped, _short_length, _long_length, _huge_length,
    _bad_length, _big_header, _two_lengths, _chunks, _method, _coding, _stray, _no_serial, _deep, _wide, _charset, _half_open, _flood,
)  # fmt: skip


def messages(count: int, seed: int = 1) -> Iterator[Bad]:
    """`count` bad messages of all kinds in turn, among them now and then one of 10 MB."""
    rng = random.Random(seed)
    for n in range(count):
        if n % 250 == 100:
            yield Bad("big", post(GOOD[:-60] + b"x" * (BIG - len(GOOD))))
        else:
            yield KINDS[n % len(KINDS)](rng)
