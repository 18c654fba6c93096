"""The UDP connection request of TR-069 Annex G: making and judging the one datagram. No socket, no clock.

Conformance F-37 to F-42, L-73; quirk K-72. acs/server/udp_request.py sends it, simulators/stun.py receives it.
"""

import hmac
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit


@dataclass(frozen=True, slots=True)
class UdpRequest:
    """`ts` and `id` as their texts: what is signed is what was written."""

    ts: str
    id: str
    un: str
    cn: str
    sig: str

    def is_signed_with(self, secret: str) -> bool:
        return hmac.compare_digest(signature(secret, self.ts, self.id, self.un, self.cn), self.sig.lower())


def signature(secret: str, *values: str) -> str:
    """Hex HMAC-SHA1 over the four values one after the other: ts, id, un, cn (F-38)."""
    return hmac.digest(secret.encode(), "".join(values).encode(), "sha1").hex()


def make(host: str, port: int, ts: int, number: int, username: str, secret: str, cnonce: str, by_name: bool = False) -> bytes:
    """The datagram for a device at host and port; values are percent-encoded in the line and signed as they are.

    `by_name`: signed in the order of their names, cn, id, ts, un, as some devices want it (quirk K-72).
    """
    values = (cnonce, str(number), str(ts), username) if by_name else (str(ts), str(number), username, cnonce)
    sig = signature(secret, *values)
    netloc = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    query = f"ts={ts}&id={number}&un={quote(username, safe='')}&cn={quote(cnonce, safe='')}&sig={sig}"
    return f"GET http://{netloc}?{query} HTTP/1.1\r\nHost: {netloc}\r\n\r\n".encode()


def parse(datagram: bytes) -> UdpRequest | None:
    """The request in a datagram; None for anything else, which is dropped in silence (F-41)."""
    line, end, _ = datagram.partition(b"\r\n")
    parts = line.decode("utf-8", "replace").split(" ")
    if not end or len(parts) != 3 or parts[0] != "GET" or not parts[2].startswith("HTTP/1."):
        return None
    try:
        given = dict(parse_qsl(urlsplit(parts[1]).query, keep_blank_values=True, strict_parsing=True, max_num_fields=20))
        return UdpRequest(given["ts"], given["id"], given["un"], given["cn"], given["sig"])
    except (ValueError, KeyError):
        return None


def split_address(text: str) -> tuple[str, int] | None:
    """Host and port of a UDPConnectionRequestAddress: `host:port`, or `host` where the port is 80 (F-33). None for what is neither (K-72)."""
    try:
        parts = urlsplit(f"//{text.strip()}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or parts.path or parts.query or "@" in parts.netloc or port == 0:
        return None
    return host, port or 80
