"""Compression of small documents before they are stored. `zlib.decompress` reads them back."""

import zlib

_SMALL = 16 * 1024


def deflated(data: bytes) -> bytes:
    """`data` compressed. What zlib sets up by default is sized for large streams: of a few kilobytes it costs five times what it compresses."""
    if len(data) > _SMALL:
        return zlib.compress(data, 1)
    stream = zlib.compressobj(1, zlib.DEFLATED, 12, 5)
    return stream.compress(data) + stream.flush()
