"""Decoding apart: the same as decoding, but the names of strangers do not stay."""

import gc
import threading
from pathlib import Path

import pytest

from acs.cwmp.apart import DecoderApart
from acs.cwmp.codec import decode
from acs.cwmp.faults import CpeProtocolError
from tests.acs.cwmp.envelopes import CAPTURED, inform


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
    read = DecoderApart(octets_per_thread=2 * len(inform()))
    for _ in range(7):
        read(inform())
        assert began.left(1)
    read.stop()
    assert began.left(0)
    read(inform())  # stopped is not broken
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
