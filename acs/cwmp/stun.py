"""STUN messages as TR-069 devices and their servers exchange them: bytes to a `Message` and back. No socket, no clock.

Classic STUN (RFC 3489) with TR-111's two attributes; headers of RFC 5389 (magic cookie, FINGERPRINT, XOR-MAPPED-ADDRESS) are understood.
Conformance F-30 to F-36, L-74. acs/server/stun.py answers, simulators/stun.py asks.
"""

import hmac
import ipaddress
import struct
from dataclasses import dataclass, field

BINDING_REQUEST, BINDING_RESPONSE, BINDING_ERROR = 0x0001, 0x0101, 0x0111
MAPPED_ADDRESS, RESPONSE_ADDRESS, CHANGE_REQUEST, SOURCE_ADDRESS, CHANGED_ADDRESS = 1, 2, 3, 4, 5
USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, UNKNOWN_ATTRIBUTES = 6, 8, 9, 0x0A
XOR_MAPPED_ADDRESS, FINGERPRINT = 0x0020, 0x8028
CONNECTION_REQUEST_BINDING, BINDING_CHANGE = 0xC001, 0xC002
CONNECTION_REQUEST_VALUE = b"dslforum.org/TR-111 "
"""20 octets, the last one a blank (F-31)."""
MAGIC = b"\x21\x12\xa4\x42"
MAX_MESSAGE = 548
_KNOWN = frozenset(
    {
        MAPPED_ADDRESS,
        RESPONSE_ADDRESS,
        CHANGE_REQUEST,
        SOURCE_ADDRESS,
        CHANGED_ADDRESS,
        USERNAME,
        7,
        MESSAGE_INTEGRITY,
        ERROR_CODE,
        0x0A,
        0x0B,
    }
)
_HASH_SIZE = 20

Address = tuple[str, int]


class NotStun(ValueError):
    """Not a STUN message, or a broken one."""


@dataclass(frozen=True, slots=True)
class Message:
    """`transaction` are the 16 octets after type and length; with RFC 5389 the first four are its magic cookie.

    `raw` is what was received, for the integrity check; empty on messages of our own.
    """

    kind: int
    transaction: bytes
    attributes: tuple[tuple[int, bytes], ...] = ()
    raw: bytes = field(default=b"", repr=False)

    def get(self, kind: int) -> bytes | None:
        return next((value for found, value in self.attributes if found == kind), None)

    @property
    def has_magic(self) -> bool:
        return self.transaction.startswith(MAGIC)

    @property
    def username(self) -> str:
        """Without the padding that classic clients count as part of the value."""
        return (self.get(USERNAME) or b"").rstrip(b"\0 ").decode("utf-8", "replace")

    @property
    def keeps_call_binding(self) -> bool:
        """Whether it was sent from the port that takes connection requests; a value without the trailing blank is accepted."""
        return (self.get(CONNECTION_REQUEST_BINDING) or b"").rstrip() == CONNECTION_REQUEST_VALUE.rstrip()

    @property
    def mapped(self) -> Address | None:
        """The address a response tells: XOR-MAPPED-ADDRESS if it is there."""
        hidden = self.get(XOR_MAPPED_ADDRESS)
        if hidden is not None:
            return _address(hidden, self.transaction)
        plain = self.get(MAPPED_ADDRESS)
        return _address(plain) if plain is not None else None

    @property
    def response_address(self) -> Address | None:
        given = self.get(RESPONSE_ADDRESS)
        return _address(given) if given is not None else None

    @property
    def wants_change(self) -> bool:
        """Whether the answer is asked for from another address or port of ours."""
        given = self.get(CHANGE_REQUEST)
        return given is not None and len(given) == 4 and bool(given[3] & 6)

    @property
    def error(self) -> int:
        given = self.get(ERROR_CODE)
        return (given[2] & 7) * 100 + given[3] if given is not None and len(given) >= 4 else 0

    @property
    def unknown(self) -> tuple[int, ...]:
        """Attributes that must be understood (below 0x8000) and are not."""
        return tuple(kind for kind, _ in self.attributes if kind < 0x8000 and kind not in _KNOWN)


def decode(data: bytes) -> Message:
    """NotStun for anything that is not one whole message."""
    if not 20 <= len(data) <= MAX_MESSAGE or data[0] & 0xC0:
        raise NotStun("no STUN header")
    kind, length = struct.unpack_from("!HH", data)
    if length != len(data) - 20 or length % 4:
        raise NotStun("length and size differ")
    attributes, at = [], 20
    while at < len(data):
        if at + 4 > len(data):
            raise NotStun("attribute is cut off")
        name, size = struct.unpack_from("!HH", data, at)
        if at + 4 + size > len(data):
            raise NotStun("attribute is cut off")
        attributes.append((name, data[at + 4 : at + 4 + size]))
        at += 4 + size + -size % 4
    return Message(kind, data[4:20], tuple(attributes), data)


def encode(message: Message, secret: str | None = None) -> bytes:
    """Bytes of the message; with `secret` MESSAGE-INTEGRITY goes last."""
    body = b"".join(struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4) for kind, value in message.attributes)
    if secret is None:
        return struct.pack("!HH", message.kind, len(body)) + message.transaction + body
    head = struct.pack("!HH", message.kind, len(body) + 4 + _HASH_SIZE) + message.transaction + body
    mac = _mac(head, secret, classic=not message.has_magic)
    return head + struct.pack("!HH", MESSAGE_INTEGRITY, _HASH_SIZE) + mac


def is_signed_with(message: Message, secret: str) -> bool:
    """Whether MESSAGE-INTEGRITY was made with the secret, padded as RFC 3489 wants or not, as RFC 5389 does."""
    given = message.get(MESSAGE_INTEGRITY)
    if given is None or len(given) != _HASH_SIZE:
        return False
    at = 20
    for kind, value in message.attributes:
        if kind == MESSAGE_INTEGRITY:
            break
        at += 4 + len(value) + -len(value) % 4
    signed = message.raw[:2] + struct.pack("!H", at - 20 + 4 + _HASH_SIZE) + message.raw[4:at]
    return any(hmac.compare_digest(_mac(signed, secret, classic), given) for classic in (True, False))


def _mac(text: bytes, secret: str, classic: bool) -> bytes:
    return hmac.digest(secret.encode(), text + b"\0" * (-len(text) % 64) if classic else text, "sha1")


def address_attribute(kind: int, address: Address, transaction: bytes = b"") -> tuple[int, bytes]:
    """MAPPED-ADDRESS and its like; for XOR-MAPPED-ADDRESS give the transaction."""
    packed, port = ipaddress.ip_address(address[0]).packed, struct.pack("!H", address[1])
    if kind == XOR_MAPPED_ADDRESS:
        packed, port = _xor(packed, transaction), _xor(port, transaction)
    return kind, b"\0" + (b"\1" if len(packed) == 4 else b"\2") + port + packed


def error_attribute(code: int, reason: str = "") -> tuple[int, bytes]:
    return ERROR_CODE, bytes((0, 0, code // 100, code % 100)) + reason.encode()


def _address(value: bytes, transaction: bytes = b"") -> Address | None:
    size = {1: 4, 2: 16}.get(value[1]) if len(value) > 1 else None
    if size is None or len(value) != 4 + size:
        return None
    packed, port = value[4:], value[2:4]
    if transaction:
        packed, port = _xor(packed, transaction), _xor(port, transaction)
    return str(ipaddress.ip_address(packed)), int.from_bytes(port, "big")


def _xor(data: bytes, key: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(data, key, strict=False))
