"""Who is at the other end: seen directly, and through proxies of ours alone."""

import base64
import ipaddress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from acs.server.login.peers import Peer, Peers, is_one_of
from tests.acs.server.login.certs import Made, make

NOW = datetime.now(UTC)
PROXY, STRANGER = "192.0.2.1", "198.51.100.66"
TRUSTED = (ipaddress.ip_network("192.0.2.0/28"),)


@pytest.fixture(scope="module")
def own() -> Made:
    return make("02A5C1-Box-S1")


def through(headers: dict[str, str], near: str = PROXY, is_secret: bool = False) -> Peer:
    peers = Peers(TRUSTED)
    return peers.seen_through(Peer(near, is_secret), {k.encode(): v.encode() for k, v in headers.items()}, NOW)


@pytest.mark.cwmp("A-106")
@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("10.9.9.9, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 192.0.2.2", "203.0.113.9"),
        ("203.0.113.9:51234", "203.0.113.9"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("", PROXY),
    ],
)
def test_address_is_that_of_the_nearest_hop_which_is_not_ours(header: str, address: str):
    assert through({"x-forwarded-for": header} if header else {}).address == address


@pytest.mark.cwmp("A-106", "L-26")
def test_headers_of_a_stranger_do_not_exist(own: Made):
    forged = {
        "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https", "x-ssl-client-verify": "SUCCESS",
        "x-ssl-client-cert": quote(own.pem, safe=""), "x-ssl-client-der": base64.b64encode(own.der).decode(),
    }  # fmt: skip
    assert through(forged, near=STRANGER) == Peer(STRANGER)


@pytest.mark.cwmp("A-106")
@pytest.mark.parametrize("form", ["nginx", "haproxy"])
@pytest.mark.parametrize(("verdict", "counts"), [("SUCCESS", True), ("0", True), ("FAILED:expired", False), ("", False)])
def test_certificate_comes_as_each_proxy_sends_it(own: Made, form: str, verdict: str, counts: bool):
    given = {"x-ssl-client-cert": quote(own.pem, safe="")} if form == "nginx" else {"x-ssl-client-der": base64.b64encode(own.der).decode()}
    found = through({**given, "x-ssl-client-verify": verdict}).certificate
    assert found is not None
    assert (found.fingerprint, found.common_name) == (own.fingerprint, "02A5C1-Box-S1")
    assert (found.trouble == "") is counts


@pytest.mark.parametrize("given", [{"x-ssl-client-cert": "nonsense"}, {"x-ssl-client-der": "!!!"}, {"x-ssl-client-der": "AAAA"}])
def test_certificate_that_cannot_be_read_is_none(given: dict[str, str]):
    assert through(given).certificate is None


def test_proxy_says_whether_the_device_came_encrypted():
    assert through({"x-forwarded-proto": "https"}).is_secret
    assert not through({"x-forwarded-proto": "http"}, is_secret=True).is_secret
    assert through({}, is_secret=True).is_secret


def test_certificate_of_the_proxy_itself_is_never_the_devices(own: Made):
    peers = Peers(TRUSTED)
    near = Peer(PROXY, True, peers.of_connection(Shown(own), PROXY, NOW).certificate)
    assert near.certificate is not None
    assert peers.seen_through(near, {}, NOW).certificate is None


class Shown:
    """A TLS transport that shows a certificate."""

    def __init__(self, own: Made | None) -> None:
        from OpenSSL import crypto

        self._own = crypto.X509.from_cryptography(own.certificate) if own else None

    def getPeerCertificate(self) -> Any:
        return self._own

    def getHandle(self) -> Any:
        return self

    def get_peer_cert_chain(self) -> list[Any]:
        return [self._own] if self._own else []


def test_connection_shows_what_tls_shows(own: Made):
    peers = Peers()
    assert peers.of_connection(object(), STRANGER, NOW) == Peer(STRANGER)
    assert peers.of_connection(Shown(None), STRANGER, NOW) == Peer(STRANGER, True)
    shown = peers.of_connection(Shown(own), STRANGER, NOW)
    assert shown.certificate is not None
    assert shown.certificate.fingerprint == own.fingerprint


@pytest.mark.parametrize(("address", "is_ours"), [(PROXY, True), (STRANGER, False), ("unix", False), ("::1", False)])
def test_networks_of_proxies(address: str, is_ours: bool):
    assert is_one_of(address, TRUSTED) is is_ours
    assert not is_one_of(address, ())
