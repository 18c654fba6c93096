"""The datagram of a UDP connection request: its vector, its encoding, its addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.cwmp import udp_request
from acs.cwmp.udp_request import make, parse, signature, split_address


@pytest.mark.cwmp("L-73", "F-38")
def test_signature_is_that_of_the_vector():
    assert signature("s3cr3t", "1700000000", "4711", "acs-user", "00c0ffee1234") == "5af2cbfff0e7672c9afb1f2e7330496cc7a05ff8"


@pytest.mark.quirk("K-72")
def test_fields_are_signed_in_the_order_of_their_names_for_who_wants_it_so():
    heard = parse(make("h", 1, 1700000000, 4711, "acs-user", "s3cr3t", "00c0ffee1234", by_name=True))
    assert heard is not None and not heard.is_signed_with("s3cr3t")
    assert heard.sig == signature("s3cr3t", "00c0ffee1234", "4711", "1700000000", "acs-user")


@pytest.mark.cwmp("F-37", "L-73")
def test_datagram_is_one_request_line_and_an_empty_one():
    data = make("203.0.113.9", 40123, 1700000000, 4711, "acs-user", "s3cr3t", "00c0ffee1234")
    assert data == (
        b"GET http://203.0.113.9:40123?ts=1700000000&id=4711&un=acs-user&cn=00c0ffee1234&sig=5af2cbfff0e7672c9afb1f2e7330496cc7a05ff8 HTTP/1.1\r\n"
        b"Host: 203.0.113.9:40123\r\n\r\n"
    )


@pytest.mark.cwmp("F-38")
def test_values_are_encoded_in_the_line_and_signed_as_they_are():
    data = make("2001:db8::1", 80, 1, 2, "a&b =ü", "s3cr3t", "cn")
    assert b"un=a%26b%20%3D%C3%BC&" in data and b"GET http://[2001:db8::1]:80?" in data
    heard = parse(data)
    assert heard is not None
    assert (heard.un, heard.sig) == ("a&b =ü", signature("s3cr3t", "1", "2", "a&b =ü", "cn"))
    assert heard.is_signed_with("s3cr3t") and not heard.is_signed_with("other")


@pytest.mark.cwmp("F-40")
def test_signature_is_compared_without_regard_to_case():
    heard = parse(
        make("h", 1, 1, 2, "u", "s", "c")
        .replace(b"&sig=", b"&sig=")
        .upper()
        .replace(b"HTTP://H:1?TS=1&ID=2&UN=U&CN=C&SIG", b"http://h:1?ts=1&id=2&un=u&cn=c&sig")
    )
    assert heard is not None and heard.is_signed_with("s")


@pytest.mark.cwmp("F-41")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET /",
        b"POST http://h?ts=1&id=2&un=u&cn=c&sig=s HTTP/1.1\r\n\r\n",
        b"GET http://h?ts=1&id=2 HTTP/1.1\r\n\r\n",
        b"\xff\xfe\r\n",
    ],
)
def test_anything_else_is_nothing(data: bytes):
    assert parse(data) is None


@given(st.binary(max_size=300))
def test_no_datagram_is_too_odd(data: bytes):
    heard = parse(data)
    assert heard is None or isinstance(heard, udp_request.UdpRequest)


@pytest.mark.cwmp("F-33")
@pytest.mark.quirk("K-72")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("203.0.113.9:40123", ("203.0.113.9", 40123)), ("203.0.113.9", ("203.0.113.9", 80)), ("[2001:db8::1]:5", ("2001:db8::1", 5)),
        (" 203.0.113.9:1 ", ("203.0.113.9", 1)), ("", None), (":40123", None), ("203.0.113.9:0", None), ("203.0.113.9:70000", None),
        ("http://203.0.113.9:1/", None), ("a@203.0.113.9:1", None), ("[::1", None),
    ],
)  # fmt: skip
def test_address_is_read_or_refused(text: str, found: object):
    assert split_address(text) == found
