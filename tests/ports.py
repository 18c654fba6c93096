"""Ports for servers that a test starts, and that must be named before they listen.

They are taken in blocks from below the range the kernel picks from for outgoing connections, so none of those takes one before its server
does; each call looks at another block, and each process of tests begins elsewhere.
"""

import os
import socket
from itertools import count

BLOCK = 20
FIRST, LAST = 20_000, 32_000
_BLOCKS = (LAST - FIRST) // BLOCK
_turn = count(os.getpid() * 37)


def free_range(number: int = 1) -> int:
    """The first of `number` ports in a row, at most 20, that nobody listens on now, by TCP or UDP. AssertionError if there are none."""
    assert 0 < number <= BLOCK, number
    for _ in range(_BLOCKS):
        first = FIRST + next(_turn) % _BLOCKS * BLOCK
        if all(_is_free(first + n) for n in range(number)):
            return first
    raise AssertionError("no free ports")


def free_ports(number: int) -> list[int]:
    first = free_range(number)
    return list(range(first, first + number))


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: what only lingers is no hindrance
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
