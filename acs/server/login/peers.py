"""Who is at the other end of a request: address, encryption, client certificate; seen through proxies of ours, and through no others.

Forwarded headers are believed from HEARTHLINE_TRUSTED_PROXIES alone and do not exist otherwise (conformance A-106):
X-Forwarded-For, X-Forwarded-Proto; the certificate as nginx sends it (X-SSL-Client-Cert: $ssl_client_escaped_cert) or as HAProxy does
(X-SSL-Client-DER: %[ssl_c_der,base64]), with the proxy's verdict in X-SSL-Client-Verify (SUCCESS or 0).
"""

import base64
import binascii
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from cryptography.hazmat.primitives.serialization import Encoding

from acs import log
from acs.server.login.certificates import Authorities, Certificate, certificate_of, der_of_pem

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_log = log.get("peers")


@dataclass(frozen=True, slots=True)
class Peer:
    """The device's end, or as near to it as we can see."""

    address: str
    is_secret: bool = False
    certificate: Certificate | None = None


def is_one_of(address: str, networks: Sequence[Network]) -> bool:
    if not networks:
        return False
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


@dataclass
class Peers:
    """Looks at connections and, behind trusted proxies, at headers."""

    trusted: Sequence[Network] = ()
    authorities: Authorities | None = None

    def of_connection(self, transport: Any, address: str, now: datetime) -> Peer:
        """Once per connection, when its handshake is over; plain connections need not ask."""
        get = getattr(transport, "getPeerCertificate", None)
        if get is None:
            return Peer(address)
        given = get()
        if given is None:
            return Peer(address, True)
        chain = transport.getHandle().get_peer_cert_chain() or () if hasattr(transport, "getHandle") else ()
        ders = [each.to_cryptography().public_bytes(Encoding.DER) for each in chain[1:]]
        certificate = certificate_of(given.to_cryptography().public_bytes(Encoding.DER), self.authorities, ders, now)
        return Peer(address, True, certificate)

    def seen_through(self, peer: Peer, headers: Mapping[bytes, bytes], now: datetime) -> Peer:
        """The peer of one request: what a proxy of ours says stands before what we see of the proxy."""
        if not is_one_of(peer.address, self.trusted):
            return peer
        hops = [hop.strip() for hop in headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",") if hop.strip()]
        address = next((hop for hop in reversed(hops) if not is_one_of(hop, self.trusted)), hops[0] if hops else peer.address)
        proto = headers.get(b"x-forwarded-proto", b"").strip().lower()
        seen = replace(peer, address=_bare(address), is_secret=proto == b"https" if proto else peer.is_secret, certificate=None)
        der = _forwarded(headers)
        if der is None:
            return seen
        vouched = headers.get(b"x-ssl-client-verify", b"").strip().upper() in (b"SUCCESS", b"0")
        return replace(seen, certificate=certificate_of(der, self.authorities, (), now, vouched))


def _bare(address: str) -> str:
    """Without a port, as some proxies add; what is no address stays as it is, to be read by people."""
    bare = address.strip("[]") if address.count(":") != 1 else address.partition(":")[0]
    return bare.removeprefix("::ffff:")[:64]


def _forwarded(headers: Mapping[bytes, bytes]) -> bytes | None:
    escaped, packed = headers.get(b"x-ssl-client-cert", b""), headers.get(b"x-ssl-client-der", b"")
    try:
        if escaped:
            return der_of_pem(unquote(escaped.decode("latin-1")))
        if packed:
            return base64.b64decode(packed, validate=True)
    except (ValueError, binascii.Error):
        _log.warning("a proxy forwarded a certificate that cannot be read")
    return None
