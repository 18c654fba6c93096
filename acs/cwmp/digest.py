"""HTTP Basic and Digest, both ends, computed without I/O (RFC 2617, 7616; conformance A.7 and F.1).

The server's end checks what a CPE sends, against several secrets at once while one replaces another; the client's end answers the
challenge of a CPE's connection-request listener. Nonces are signed times: any worker can check one, none is stored.
What devices do wrong with Digest is in quirks K-67 and K-68, lesson R-14.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

_PAIR = re.compile(r'(?<![\w-])([A-Za-z][\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
NONCE_LIFE_S = 300
_HASHES: dict[str, Callable[[bytes], str]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}


@dataclass(frozen=True, slots=True)
class Basic:
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Digest:
    """The fields of an Authorization: Digest header, unquoted; `qop` is "" for the old form of RFC 2069."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    qop: str = ""
    nc: str = ""
    cnonce: str = ""
    algorithm: str = "MD5"


Credentials = Basic | Digest


def parse_authorization(header: str) -> Credentials | None:
    """The credentials a request carries; None for a scheme we do not know or a header that is broken (K-68)."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() == "basic":
        try:
            user, colon, password = base64.b64decode(rest.strip(), validate=False).decode("utf-8", "replace").partition(":")
        except (binascii.Error, ValueError):
            return None
        return Basic(user, password) if colon and "\0" not in user else None  # no database keeps a NUL
    if scheme.lower() != "digest":
        return None
    given = pairs(rest)
    if not {"username", "nonce", "response"} <= given.keys():
        return None
    response, algorithm = given["response"].lower(), given.get("algorithm", "MD5").upper()
    if len(response) == 32 and algorithm.startswith("SHA-256"):
        algorithm = algorithm.replace("SHA-256", "MD5")  # repeats the challenge's word and computes what it knows (a guess from practice)
    return Digest(
        given["username"], given.get("realm", ""), given["nonce"], given.get("uri", ""), response,
        given.get("qop", "").lower(), given.get("nc", ""), given.get("cnonce", ""), algorithm,
    )  # fmt: skip


def pairs(text: str) -> dict[str, str]:
    """`name="value", name=value` as a dictionary with lower-case names."""
    return {m[1].lower(): (m[2].replace('\\"', '"').replace("\\\\", "\\") if m[2] is not None else m[3]) for m in _PAIR.finditer(text)}


def response_of(digest: Digest, secret: str, method: str) -> str:
    """The response the credentials would have if made with `secret`. ValueError for an algorithm we do not know."""
    name, _, _ = digest.algorithm.partition("-SESS")
    hashed = _HASHES.get(name)
    if hashed is None:
        raise ValueError(f"Digest algorithm {digest.algorithm!r} is not known")
    ha1 = hashed(f"{digest.username}:{digest.realm}:{secret}".encode())
    if digest.algorithm.endswith("-SESS"):
        ha1 = hashed(f"{ha1}:{digest.nonce}:{digest.cnonce}".encode())
    ha2 = hashed(f"{method}:{digest.uri}".encode())
    if digest.qop:
        return hashed(f"{ha1}:{digest.nonce}:{digest.nc}:{digest.cnonce}:{digest.qop}:{ha2}".encode())
    return hashed(f"{ha1}:{digest.nonce}:{ha2}".encode())


def matching_secret(credentials: Credentials, method: str, candidates: Iterable[str]) -> str | None:
    """Which of the secrets the credentials were made with; compared in constant time."""
    for secret in candidates:
        if isinstance(credentials, Basic):
            good = hmac.compare_digest(credentials.password.encode(), secret.encode())
        else:
            try:
                good = hmac.compare_digest(response_of(credentials, secret, method).encode(), credentials.response.encode())
            except ValueError:
                return None
        if good:
            return secret
    return None


def algorithm_of(credentials: Credentials) -> str:
    """The hash a Digest was made with, without "-SESS"; "" for Basic."""
    return credentials.algorithm.removesuffix("-SESS") if isinstance(credentials, Digest) else ""


def is_for(uri: str, target: str, others: Iterable[str] = ()) -> bool:
    """Whether the `uri` a Digest was made for is the target of its request (conformance A-98).

    A full URI counts by its path; an empty one is netcwmp's (R-14), and hashes to its own response all the same. `others` are the paths
    under which a proxy shows us.
    """
    if not uri:
        return True
    path = _path(uri)
    return path == _path(target) or path in others


def _path(uri: str) -> str:
    scheme, found, rest = uri.partition("://")
    if found and "/" not in scheme:
        return "/" + rest.partition("/")[2]
    return uri or "/"


class NonceState(Enum):
    GOOD = auto()
    STALE = auto()
    FORGED = auto()
    REPLAYED = auto()


@dataclass(slots=True)
class Nonces:
    """Makes and checks nonces: 8 hex digits of time, 16 of chance, 24 of signature. `key` is shared by all workers.

    A nonce may be used again with a growing nc (R-14); which nc was last seen is remembered for the newest 10,000 nonces of this worker.
    The old form without nc cannot tell a repetition: such a nonce is only good from the address that used it first.
    """

    key: bytes
    _last_nc: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _first_peer: OrderedDict[str, str] = field(default_factory=OrderedDict)

    def make(self, now_s: float) -> str:
        body = f"{int(now_s):08x}{secrets.token_hex(8)}"
        return body + self._signature(body)

    def _signature(self, body: str) -> str:
        return hmac.digest(self.key, body.encode(), "sha256").hex()[:24]

    def check(self, digest: Digest, now_s: float, peer: str = "") -> NonceState:
        body, signature = digest.nonce[:24], digest.nonce[24:]
        if not hmac.compare_digest(self._signature(body).encode(), signature.encode()):
            return NonceState.FORGED
        if not -60 <= now_s - int(body[:8], 16) <= NONCE_LIFE_S:
            return NonceState.STALE
        if digest.qop:
            try:
                nc = int(digest.nc, 16)
            except ValueError:
                return NonceState.REPLAYED
            if nc <= self._last_nc.get(digest.nonce, 0):
                return NonceState.REPLAYED
            self._last_nc[digest.nonce] = nc
            self._last_nc.move_to_end(digest.nonce)
            if len(self._last_nc) > 10_000:
                self._last_nc.popitem(last=False)
        elif self._first_peer.setdefault(digest.nonce, peer) != peer or digest.nonce in self._last_nc:
            return NonceState.REPLAYED
        elif len(self._first_peer) > 10_000:
            self._first_peer.popitem(last=False)
        return NonceState.GOOD


def challenge(realm: str, nonce: str, stale: bool = False, basic: bool = True, algorithms: Iterable[str] = ("MD5",)) -> tuple[str, ...]:
    """Values of WWW-Authenticate, the preferred first (RFC 7616, 3.7), Basic last.

    All have one nonce: a client that reads only the first and knows only MD5 still answers with what counts.
    """
    end = ", stale=true" if stale else ""
    offered = tuple(f'Digest realm="{realm}", qop="auth", nonce="{nonce}", algorithm={name}{end}' for name in algorithms)
    return (*offered, f'Basic realm="{realm}"') if basic else offered


def answer_challenge(
    headers: Iterable[str], username: str, secret: str, method: str, uri: str, cnonce: str, nc: int = 1, allow_basic: bool = False
) -> str | None:
    """The Authorization header that answers one of the WWW-Authenticate `headers`; None where none can be answered.

    Digest in every form of K-67 (without qop, without algorithm, with opaque, several headers) goes before Basic, which must be allowed.
    """
    offered_basic = False
    for header in headers:
        for part in re.split(r",\s*(?=(?:Digest|Basic)\s)", header, flags=re.I):
            scheme, _, rest = part.strip().partition(" ")
            if scheme.lower() == "digest":
                line = _answer_digest(pairs(rest), username, secret, method, uri, cnonce, nc)
                if line:
                    return line
            offered_basic |= scheme.lower() == "basic"
    if offered_basic and allow_basic:
        return "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()
    return None


def _answer_digest(given: dict[str, str], username: str, secret: str, method: str, uri: str, cnonce: str, nc: int) -> str | None:
    if "nonce" not in given:
        return None
    offered = [part.strip().lower() for part in given.get("qop", "").split(",") if part.strip()]
    if offered and "auth" not in offered:
        return None
    qop = "auth" if offered else ""
    algorithm = given.get("algorithm", "MD5")
    digest = Digest(username, given.get("realm", ""), given["nonce"], uri, "", qop, f"{nc:08x}" if qop else "", cnonce, algorithm.upper())
    try:
        response = response_of(digest, secret, method)
    except ValueError:
        return None
    name = username.replace("\\", "\\\\").replace('"', '\\"')
    line = f'Digest username="{name}", realm="{digest.realm}", nonce="{digest.nonce}", uri="{uri}", response="{response}"'
    if "algorithm" in given:
        line += f", algorithm={algorithm}"
    if qop:
        line += f', qop=auth, nc={digest.nc}, cnonce="{cnonce}"'
    elif algorithm.upper().endswith("-SESS"):
        line += f', cnonce="{cnonce}"'
    if "opaque" in given:
        line += f', opaque="{given["opaque"]}"'
    return line
