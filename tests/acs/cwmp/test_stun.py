"""STUN messages: TR-111's attributes, integrity in both forms, and what is not STUN."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.cwmp import stun
from acs.cwmp.stun import Message, NotStun, address_attribute, decode, encode, is_signed_with

CLASSIC = bytes(range(16))
MODERN = stun.MAGIC + bytes(12)
REQUEST = Message(
    stun.BINDING_REQUEST,
    CLASSIC,
    ((stun.CONNECTION_REQUEST_BINDING, stun.CONNECTION_REQUEST_VALUE), (stun.BINDING_CHANGE, b""), (stun.USERNAME, b"cpe1")),
)


@pytest.mark.cwmp("F-31", "L-74")
def test_request_of_a_device_has_the_two_attributes_of_tr_111():
    data = encode(REQUEST)
    assert data[20:24] == b"\xc0\x01\x00\x14"
    assert data[24:44] == b"dslforum.org/TR-111 "
    assert data[44:48] == b"\xc0\x02\x00\x00"
    heard = decode(data)
    assert (heard.keeps_call_binding, heard.get(stun.BINDING_CHANGE), heard.username, heard.unknown) == (True, b"", "cpe1", ())


def test_value_without_its_trailing_blank_is_taken_too():
    heard = decode(encode(Message(1, CLASSIC, ((stun.CONNECTION_REQUEST_BINDING, b"dslforum.org/TR-111"),))))
    assert heard.keeps_call_binding


@pytest.mark.cwmp("F-32")
@pytest.mark.parametrize("transaction", [CLASSIC, MODERN], ids=["RFC 3489", "RFC 5389"])
def test_integrity_is_checked_in_both_forms(transaction: bytes):
    heard = decode(encode(Message(1, transaction, REQUEST.attributes), "s3cr3t"))
    assert is_signed_with(heard, "s3cr3t")
    assert not is_signed_with(heard, "other")
    assert not is_signed_with(decode(encode(REQUEST)), "s3cr3t")


def test_integrity_is_that_of_rfc_3489_padded_to_blocks_of_64():
    import hashlib
    import hmac

    data = encode(REQUEST, "s3cr3t")
    text = data[:-24]
    assert data[-20:] == hmac.new(b"s3cr3t", text + b"\0" * (-len(text) % 64), hashlib.sha1).digest()


def test_integrity_holds_with_a_fingerprint_after_it():
    """RFC 5389: the length that is signed ends with MESSAGE-INTEGRITY."""
    signed = decode(encode(Message(1, MODERN, REQUEST.attributes), "s3cr3t"))
    longer = decode(encode(Message(1, MODERN, (*signed.attributes, (stun.FINGERPRINT, bytes(4))))))
    assert is_signed_with(longer, "s3cr3t")


def test_change_of_one_octet_breaks_the_integrity():
    data = bytearray(encode(REQUEST, "s3cr3t"))
    data[30] ^= 1
    assert not is_signed_with(decode(bytes(data)), "s3cr3t")


@pytest.mark.parametrize("address", [("192.0.2.9", 40000), ("2001:db8::9", 3478)])
def test_addresses_are_told_plainly_and_masked(address: tuple[str, int]):
    plain = decode(encode(Message(stun.BINDING_RESPONSE, MODERN, (address_attribute(stun.MAPPED_ADDRESS, address),))))
    masked = decode(encode(Message(stun.BINDING_RESPONSE, MODERN, (address_attribute(stun.XOR_MAPPED_ADDRESS, address, MODERN),))))
    assert plain.mapped == masked.mapped == address
    assert masked.get(stun.XOR_MAPPED_ADDRESS) != plain.get(stun.MAPPED_ADDRESS)


def test_error_and_unknown_attributes_are_read():
    heard = decode(encode(Message(stun.BINDING_ERROR, CLASSIC, (stun.error_attribute(401, "Unauthorized"), (0x0030, b"what")))))
    assert (heard.error, heard.unknown) == (401, (0x0030,))


@pytest.mark.parametrize(
    "data",
    [b"", b"GET / HTTP/1.1\r\n\r\n1234567", encode(REQUEST)[:-1], encode(REQUEST) + b"\0", b"\xff" + encode(REQUEST)[1:], bytes(600)],
    ids=["nothing", "http", "cut", "longer", "bits", "huge"],
)
def test_what_is_not_stun_is_refused(data: bytes):
    with pytest.raises(NotStun):
        decode(data)


@given(st.binary(max_size=600))
def test_any_datagram_is_a_message_or_refused(data: bytes):
    try:
        heard = decode(data)
    except NotStun:
        return
    _ = heard.mapped, heard.response_address, heard.username, heard.error, heard.wants_change, is_signed_with(heard, "x")
