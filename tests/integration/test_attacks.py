"""The XML attack set and what can be done with Content-Encoding, each through real HTTP against a running server.

Refused in time, in bounded memory, counted; and devices that behave are served meanwhile. What the decoder alone does with these is in
tests/acs/cwmp/test_codec.py, what the bytes of a connection can do in test_slow.py.
"""

import gzip
import time
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.recorder import search
from acs.recorder import service as recorder
from acs.recorder.views import Wanted
from acs.server.process import utc_now
from tests.acs.server.kit import envelope, inform, post
from tests.integration.besieged import Besieged, besieged, connect, read, repeated, said
from tests.integration.processes import Premises

PATIENCE_S = 3.0
"""A good device's answer, on a machine that many tests share."""
MIB = 1024 * 1024
GOOD = envelope(inform("VICTIM", "1 BOOT")).decode()
SERIAL = ">VICTIM<"
HEAD, TAIL = '<E:Envelope xmlns:E="http://schemas.xmlsoap.org/soap/envelope/"><E:Body>', "</E:Body></E:Envelope>"


ATTRIBUTES = " ".join(f'b{n}="c"' for n in range(100_000))
NAMESPACES = " ".join(f'xmlns:n{n}="urn:{n}"' for n in range(100_000))
NAMES = "".join(f"<n{n}_{'y' * 60}/>" for n in range(100_000))


def lol(levels: int, each: int) -> str:
    names = "abcdefghij"
    rules = "".join(f'<!ENTITY {names[n]} "{f"&{names[n - 1]};" * each}">' for n in range(1, levels))
    return f'<!DOCTYPE x [<!ENTITY a "lol">{rules}]>{GOOD.replace(SERIAL, f">&{names[levels - 1]};<")}'


def entity(rule: str, use: str = "&e;") -> str:
    return f"<!DOCTYPE x [{rule}]>{GOOD.replace(SERIAL, f'>{use}<')}"


HIDDEN = entity('<!ENTITY e SYSTEM "file:///etc/passwd">')
REFUSED: dict[str, bytes] = {
    "billion laughs": lol(10, 10).encode(),
    "quadratic blowup": entity(f'<!ENTITY e "{"A" * 100_000}">', "&e;" * 10_000).encode(),
    "entity of a file": HIDDEN.encode(),
    "entity over http": entity('<!ENTITY e SYSTEM "http://127.0.0.1:1/x">').encode(),
    "parameter entity": entity('<!ENTITY % p SYSTEM "file:///etc/passwd">%p;').encode(),
    "parameter entities over http": entity('<!ENTITY % d SYSTEM "http://127.0.0.1:1/evil.dtd">%d;%s;').encode(),
    "external DTD": f'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">{GOOD}'.encode(),
    "public DTD": f'<!DOCTYPE x PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:1/x.dtd">{GOOD}'.encode(),
    "entity that names itself": entity('<!ENTITY e "&e;">').encode(),
    "entity in an attribute": entity('<!ENTITY e "x">').replace("<cwmp:Inform>", '<cwmp:Inform a="&e;">').encode(),
    "DTD behind a comment": f"<!-- x --><?y z?>{HIDDEN}".encode(),
    "DTD behind a NUL": b"\0" + HIDDEN.encode(),
    "DTD in UTF-16": HIDDEN.encode("utf-16"),
    "DTD in UTF-16 without a mark": HIDDEN.encode("utf-16-le"),
    "DTD in UTF-7": f'<?xml version="1.0" encoding="UTF-7"?>{HIDDEN.replace("<", "+ADw-").replace(">", "+AD4-")}'.encode(),
    "DTD in EBCDIC": f'<?xml version="1.0" encoding="cp037"?>{HIDDEN}'.encode("cp037"),
    "DTD in UTF-32": HIDDEN.encode("utf-32"),
    "entity without a DTD": GOOD.replace(SERIAL, ">&e;<").replace(TAIL[-8:], "").encode(),
    "deep nesting": f"{HEAD}{'<a>' * 100_000}{'</a>' * 100_000}{TAIL}".encode(),
    "deep nesting without an end": ("<a>" * 300_000).encode(),
    "a huge name": f"{HEAD}<{'a' * 9_000_000}/>{TAIL}".encode(),
    "many elements": f"{HEAD}<Foo>{'<a/>' * 3_000_000}</Foo>{TAIL}".encode(),
    "a flood of comments": f"{HEAD}<Foo>{'<!---->' * 1_000_000}</Foo>{TAIL}".encode(),
    "a flood of CDATA": f"{HEAD}<Foo>{'<![CDATA[]]>' * 1_000_000}</Foo>{TAIL}".encode(),
    "a flood of instructions": f"{HEAD}<Foo>{'<?a?>' * 1_000_000}</Foo>{TAIL}".encode(),
    "ampersands": (HEAD + "&" * 10_000_000 + TAIL).encode(),
    "control characters": ("\1" * 10_000_000 + HEAD + TAIL).encode(),
    "NULs between": GOOD.encode().replace(b"Inform>", b"Inf\0orm>").replace(b"Body>", b"Bo\0dy>")[:-3],
    "CDATA without an end": GOOD.replace(SERIAL, "><![CDATA[<").encode(),
    "XInclude as the RPC": f'{HEAD}<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'.encode(),
    "XSL": b'<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:1/x.xsl"?><xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>',
}  # fmt: skip
"""What gets 400 or 413 and nothing else."""

HARMLESS: dict[str, bytes] = {
    "XInclude in a value": GOOD.replace(SERIAL, '>x<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/><').encode(),
    "a huge attribute": GOOD.replace("<cwmp:Inform>", f'<cwmp:Inform a="{"b" * 9_000_000}">').encode(),
    "many attributes": GOOD.replace("<cwmp:Inform>", f"<cwmp:Inform {ATTRIBUTES}>").encode(),
    "many attributes of a value": GOOD.replace("<Value ", f"<Value {ATTRIBUTES} ", 1).encode(),
    "a namespace bomb": f"{HEAD}<Foo {NAMESPACES}>{'<a/>' * 100_000}</Foo>{TAIL}".encode(),
    "xsi:type that means nothing": GOOD.replace('xsi:type="xsd:string"', f'xsi:type="{"x:" * 5000}Inform"', 1).encode(),
    "arrayType of a billion": GOOD.replace('EventStruct[1]"', 'EventStruct[1000000000]"').encode(),
    "schemaLocation elsewhere": GOOD.replace("<cwmp:Inform>", '<cwmp:Inform xsi:schemaLocation="urn:x http://127.0.0.1:1/x.xsd">').encode(),
    "new names": f"{HEAD}<Foo>{NAMES}</Foo>{TAIL}".encode(),
    "a body made to be searched": f"{HEAD}<Foo>Password{'Name><Value>x' * 100_000}".encode(),
    "references": f"{HEAD}<Foo>{'&#65;' * 5_000_000}</Foo>{TAIL}".encode(),
}  # fmt: skip
"""What may be read as a message, for what it then says; it takes no time, no memory and no file."""


@cache
def codings() -> dict[str, tuple[str, bytes, int]]:
    """What Content-Encoding can be made to do, with the status it gets. The bombs take seconds to make, so not when this file is read."""
    return {
        "gzip bomb 1000:1": ("gzip", gzip.compress(b" " * (300 * MIB), 9, mtime=0), 413),
        "deflate bomb": ("deflate", zlib.compress(b" " * (300 * MIB), 9), 413),
        "bomb in a bomb": ("gzip", gzip.compress(gzip.compress(b" " * (300 * MIB), 9, mtime=0), 9, mtime=0), 400),
        "a chain of codings": ("gzip, gzip", gzip.compress(gzip.compress(GOOD.encode())), 415),
        "a long chain": (", ".join(["gzip"] * 500), b"x", 415),
        "an unknown coding": ("br", b"x", 415),
        "truncated gzip": ("gzip", gzip.compress(GOOD.encode())[:-30], 400),
        "truncated deflate": ("deflate", zlib.compress(GOOD.encode())[:40], 400),
        "false gzip": ("gzip", GOOD.encode(), 400),
        "false length in the trailer": ("gzip", gzip.compress(GOOD.encode())[:-4] + b"\xff\xff\xff\xff", 400),
    }


@pytest.fixture
def premises(tmp_path: Path) -> Iterator[Premises]:
    made = Premises(tmp_path / "home", HEARTHLINE_CPE_AUTH="none", HEARTHLINE_MAX_CONNECTIONS_PER_ADDRESS="4000")
    yield made
    made.stop()


@pytest.fixture
def server(premises: Premises) -> Besieged:
    return besieged(premises)


def known(premises: Premises) -> list[Any]:
    with premises.database() as database, database.read() as session:
        return list(devices.search(session, DEFAULT_TENANT, utc_now(), limit=100))


@pytest.mark.cwmp("B-9", "J-5", "L-17", "A-14", "A-59")
@pytest.mark.quirk("K-31")
def test_attacks_are_refused_in_time_and_memory_and_good_devices_do_not_notice(server: Besieged):
    bombs = codings()
    for body in REFUSED.values():  # once to warm up: what the largest of them needs is needed once
        said(server.port, post(body))
    before, refused = server.resident_mib(), server.refused()
    with server.good_devices(PATIENCE_S):
        for name, body in REFUSED.items():
            answers = said(server.port, post(body))
            assert answers, name
            assert answers[0].status == 400, (name, answers[0])
        for name, body in HARMLESS.items():
            answers = said(server.port, post(body))
            assert answers, name
            assert answers[0].status in (200, 400, 415), (name, answers[0])
            assert b"root:" not in answers[0].body
        for name, (coding, body, status) in bombs.items():
            answers = said(server.port, post(body, headers={"Content-Encoding": coding}))
            assert [answer.status for answer in answers] == [status], name
    assert server.refused() - refused >= len(REFUSED) + len(bombs)
    assert server.resident_mib() - before < 150

    assert "Traceback" not in server.premises.commands[-1].said
    serials = {row.serial_number for row in known(server.premises)}
    assert {"GOOD0", "GOOD1", "GOOD2"} <= serials
    assert not any("root:" in serial or "lol" in serial for serial in serials)


@pytest.mark.cwmp("J-5", "J-6")
def test_names_that_strangers_make_up_do_not_stay(server: Besieged):
    """Of 250 MB of new names the parser would keep every one; what stays is one decoding thread's, and what the allocator holds on to."""
    server.throw(repeated([post(HARMLESS["new names"])], 12), at_once=2)
    before = server.resident_mib()
    server.throw([post(HARMLESS["new names"].replace(b"<n", b"<m%d_" % n)) for n in range(32)], at_once=2)
    assert server.resident_mib() - before < 180


@pytest.mark.cwmp("A-71")
def test_attack_within_a_session_ends_it_and_is_recorded(server: Besieged):
    with connect(server.port) as sock:
        sock.sendall(post(envelope(inform("INSIDER"))))
        (answer,) = read(sock)
        sock.sendall(post(REFUSED["billion laughs"], answer.cookie))
        assert [answer.status for answer in read(sock)] == [400]

    (row,) = [row for row in known(server.premises) if row.serial_number == "INSIDER"]
    with server.premises.database() as database, database.read() as session:
        deadline = time.monotonic() + 5  # the refusal does not wait for its record
        while not (listed := search.listed(session, DEFAULT_TENANT, Wanted(device_id=row.id))) and time.monotonic() < deadline:
            session.rollback()
            time.sleep(0.05)
        (found,) = listed
        record = recorder.get(session, DEFAULT_TENANT, found.id)
    assert (found.outcome, "document type declaration is refused" in found.summary) == ("failed", True)
    assert any(b"<!ENTITY" in message.body for message in record.messages)
    assert not any(row.in_session for row in known(server.premises) if row.serial_number == "INSIDER")
