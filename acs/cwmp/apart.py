"""Decoding in a thread of its own, which makes room for a new one before the names it has met become a burden.

libxml2 keeps every name of a tag, attribute or prefix it ever met, in a dictionary per thread that lives as long as the thread and is full
after half a gigabyte: from then on no message with a new name can be read. Devices use a few hundred names; a stranger can send millions.
So what comes from the network is read here, one message at a time, the caller waiting. A message that differs from earlier ones only in
its texts brings no name that is new: after a few of one shape they are read in the caller's own thread, which is cheaper. How many shapes
are ever read there is bounded, and so are their names.
"""

import re
import threading
import weakref
from queue import SimpleQueue
from typing import Any

from acs.cwmp.codec import Envelope, decode

OCTETS_PER_THREAD = 64 * 1024 * 1024
"""What one thread reads at most, and so the most that its names can hold: thousands of Informs, or two of the largest messages."""

SHAPES_MOST, SHAPE_MOST, SEEN_BEFORE = 8 * 1024 * 1024, 16 * 1024, 3
"""Octets of all shapes that are read in the caller's thread, and of one; how often it was read apart before."""
SEEN_MOST = 500
"""Shapes that were met and are not read in the caller's thread yet."""
_TEXT = re.compile(rb">\s*+[^<>&]++(?=<)")
"""Text between two tags. Not text that is blank (libxml2 keeps short ones of these too), nor what could be a piece of markup."""


class DecoderApart:
    """Callable like `decode`, from one thread only. The thread ends with the object."""

    def __init__(self, octets_per_thread: int = OCTETS_PER_THREAD) -> None:
        self._most = octets_per_thread
        self._left = 0
        self._end: Any = None
        self._shapes: set[bytes] = set()
        self._octets = 0
        self.shape = b""
        """That of the last message, if it is one of those read in the caller's thread."""
        self._seen: dict[bytes, int] = {}

    def __call__(self, body: bytes, charset: str | None = None) -> Envelope:
        """As `decode`: the envelope, or what `decode` raises."""
        shape = shape_of(body)
        self.shape = shape if shape in self._shapes else b""
        if self.shape:
            return decode(body, charset)
        envelope = self._apart(body, charset)
        if shape:
            self._note(shape)
        return envelope

    def _note(self, shape: bytes) -> None:
        """Another message of this shape could be read."""
        if self._octets + len(shape) > SHAPES_MOST:
            return
        times = self._seen.get(shape, 0) + 1
        if times >= SEEN_BEFORE:
            self._seen.pop(shape, None)
            self._shapes.add(shape)
            self._octets += len(shape)
            return
        if len(self._seen) >= SEEN_MOST:
            self._seen.clear()
        self._seen[shape] = times

    def _apart(self, body: bytes, charset: str | None) -> Envelope:
        if self._left <= 0:
            self._renew()
        self._left -= len(body)
        self._in.put((body, charset))
        envelope, error = self._out.get()
        if error is not None:
            raise error
        return envelope

    def _renew(self) -> None:
        self.stop()
        self._left = self._most
        self._in: SimpleQueue[Any] = SimpleQueue()
        self._out: SimpleQueue[Any] = SimpleQueue()
        threading.Thread(target=_read, args=(self._in, self._out), name="decoder", daemon=True).start()
        self._end = weakref.finalize(self, self._in.put, None)

    def stop(self) -> None:
        """End the thread; the next message gets another one."""
        self._left = 0
        if self._end is not None:
            self._end()


def shape_of(body: bytes) -> bytes:
    """A message without its texts; b"" for one that is long, or whose texts could hold names: a declaration, a comment, another encoding."""
    if len(body) > 4 * SHAPE_MOST or body[:1] != b"<" or b"<!" in body or b"\0" in body:
        return b""
    shape = _TEXT.sub(b">", body)
    return shape if len(shape) <= SHAPE_MOST else b""


def _read(bodies: "SimpleQueue[Any]", read: "SimpleQueue[Any]") -> None:
    while (given := bodies.get()) is not None:
        done: tuple[Envelope | None, Exception | None]
        try:
            done = decode(*given), None
        except Exception as error:
            error.__traceback__ = error.__context__ = None  # they hold elements, and those the names
            done = None, error
        read.put(done)
        del given, done
