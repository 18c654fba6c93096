"""Decoding apart: the same as decoding, but the names of strangers do not stay."""

import gc
import threading
from pathlib import Path

import pytest

from acs.cwmp import apart
from acs.cwmp.apart import SEEN_BEFORE, DecoderApart, shape_of
from acs.cwmp.codec import decode
from acs.cwmp.faults import CpeProtocolError
from tests.acs.cwmp.envelopes import CAPTURED, inform

ALWAYS_APART = inform() + b"<!-- has no shape -->"


class Decoders:
    """The decoding threads that began since, counted once those told to end have had time to."""

    def __init__(self) -> None:
        self._before = set(threading.enumerate())

    def left(self, expected: int) -> bool:
        fresh = [thread for thread in threading.enumerate() if thread.name == "decoder" and thread not in self._before]
        for thread in fresh[: len(fresh) - expected]:
            thread.join(2.0)
        return sum(thread.is_alive() for thread in fresh) == expected


def resident_mib() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4 // 1024


@pytest.mark.parametrize("path", CAPTURED, ids=lambda path: path.stem)
def test_it_reads_what_decode_reads(path: Path):
    read = DecoderApart()
    for charset in (None, "iso-8859-1"):
        assert read(path.read_bytes(), charset) == decode(path.read_bytes(), charset)
    read.stop()


def test_it_raises_what_decode_raises_and_goes_on():
    read = DecoderApart()
    with pytest.raises(CpeProtocolError, match="not well-formed") as found:
        read(b"<Envelope>")
    assert (found.value.status, found.value.__context__) == (400, None)
    with pytest.raises(TypeError):
        read(None)  # type: ignore[arg-type]
    assert read(inform()) == decode(inform())
    read.stop()


def test_thread_makes_room_for_a_new_one_and_ends_with_its_owner():
    began = Decoders()
    read = DecoderApart(octets_per_thread=2 * len(ALWAYS_APART))
    for _ in range(7):
        read(ALWAYS_APART)
        assert began.left(1)
    read.stop()
    assert began.left(0)
    read(ALWAYS_APART)  # stopped is not broken
    assert began.left(1)
    del read
    gc.collect()
    assert began.left(0)


@pytest.mark.cwmp("J-5", "J-6")
def test_names_of_strangers_do_not_stay():
    """Without threads that end, this would keep 150 MB for good."""
    read = DecoderApart(octets_per_thread=4_000_000)

    def many(n: int) -> bytes:
        return b"<Envelope><Body><Foo>" + b"".join(b"<n%d_%d_%s/>" % (n, k, b"y" * 60) for k in range(40_000)) + b"</Foo></Body></Envelope>"

    for n in range(5):
        read(many(n))
    before = resident_mib()
    for n in range(5, 40):
        read(many(n))
    assert resident_mib() - before < 60
    read.stop()


def test_a_shape_that_is_known_is_read_in_the_callers_thread_and_says_the_same():
    read, began = DecoderApart(), Decoders()
    for serial in ("A1", "B2", "C3"):
        read(inform(serial=serial))
    read.stop()
    assert began.left(0)
    assert read(inform(serial="D4")) == decode(inform(serial="D4"))
    assert began.left(0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"<a><b>1</b></a>", b"<a><c>1</c></a>"),
        (b'<a b=">" c="1"><d/></a>', b'<a b=">" e="1"><d/></a>'),
        (b"<a>one</a>", b"<a>&one;</a>"),
        (b"<a>&one;</a>", b"<a>&two;</a>"),
        (b"<a> \n </a>", b"<a>\n  </a>"),
        (b'<a x="1">t</a>', b'<a y="1">t</a>'),
        (b"<a><?one?>t</a>", b"<a><?two?>t</a>"),
    ],
)
def test_messages_with_other_names_have_other_shapes(one: bytes, other: bytes):
    assert shape_of(one) != shape_of(other)


@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE a><a>t</a>", b"<a><!-- t --></a>", b"<a><![CDATA[t]]></a>", "<a>t</a>".encode("utf-16"), "<a>t</a>".encode("utf-16-le"), b" <a/>"]
)
def test_what_could_hide_names_has_no_shape(body: bytes):
    assert shape_of(body) == b""


def test_messages_that_differ_in_texts_have_one_shape():
    assert shape_of(inform(serial="A1")) == shape_of(inform(serial="longer than that")) != b""


def test_only_so_many_shapes_are_ever_read_in_the_callers_thread(monkeypatch):
    monkeypatch.setattr(apart, "SHAPES_MOST", 2 * len(shape_of(inform())) + 40)
    monkeypatch.setattr(apart, "SEEN_MOST", 2)
    read = DecoderApart()
    for n in range(8):
        body = inform().replace(b"</soap:Body>", b"</soap:Body>" + b"<x%d/>" % (n % 4))
        for _ in range(SEEN_BEFORE + 1):
            read(body)
    assert len(read._shapes) == 2
    assert len(read._seen) <= 2
    read.stop()
