"""TLS on a listening port: versions, ciphers, the certificate that is read again when its file changes, client certificates asked for.

A client certificate never decides the handshake here: whether it counts is decided where a reason can be told (acs/server/login). What
fails is what cannot be spoken at all: a version, a cipher (conformance A-103, A-104).
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from acs import log
from acs.errors import WrongEnvironment

MODERN = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:ECDHE+AES256:ECDHE+AES128:!aNULL:!eNULL:!MD5:!DSS"
LEGACY = ":AES128-SHA:AES256-SHA"
"""TLS_RSA_WITH_AES_128_CBC_SHA, which old devices were told to speak: no forward secrecy, so only where a setting says so (A-104)."""
LOOK_AGAIN_S = 2.0

_log = log.get("tls")


@implementer(IOpenSSLServerConnectionCreator)
class ServerTls:
    """Makes the server's end of TLS connections. `ask` for a client certificate; whoever sends none is served all the same."""

    def __init__(
        self, certificate: Path, key: Path, ask: bool = False, legacy: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._certificate, self._key, self._ask, self._legacy, self._clock = certificate, key, ask, legacy, clock
        self._stamp = self._stamp_of()
        self._context = self._load()
        self._looked = clock()

    def serverConnectionForTLS(self, _protocol: Any) -> SSL.Connection:
        """The connection of one client, with the certificate that lies in the file now."""
        if self._clock() - self._looked >= LOOK_AGAIN_S:
            self.look_again()
        return SSL.Connection(self._context, None)

    def look_again(self) -> bool:
        """Take a changed certificate; a broken one is told of, and the old one stays in use. Whether it was changed."""
        self._looked = self._clock()
        try:
            stamp = self._stamp_of()
            if stamp == self._stamp:
                return False
            self._context, self._stamp = self._load(), stamp
        except WrongEnvironment as error:
            _log.error("certificate not reloaded", error=str(error))
            return False
        log.announce(f"TLS certificate {self._certificate} was read anew")
        return True

    def _stamp_of(self) -> tuple[tuple[int, int], ...]:
        try:
            found = [path.stat() for path in (self._certificate, self._key)]
        except OSError as error:
            raise WrongEnvironment(f"TLS certificate or key: {error}. Set HEARTHLINE_TLS_CERTIFICATE and _TLS_KEY to PEM files.") from None
        return tuple((each.st_mtime_ns, each.st_size) for each in found)

    def _load(self) -> SSL.Context:
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_RENEGOTIATION)
        context.set_cipher_list((MODERN + (LEGACY if self._legacy else "")).encode())
        try:
            context.use_certificate_chain_file(str(self._certificate))
            context.use_privatekey_file(str(self._key))
            context.check_privatekey()
        except SSL.Error as error:
            reasons = "; ".join(part[-1] for part in error.args[0]) if error.args and error.args[0] else "no PEM file"
            raise WrongEnvironment(f"TLS certificate {self._certificate} with key {self._key}: {reasons}.") from None
        context.set_session_id(b"hearthline")
        if self._ask:
            context.set_verify(SSL.VERIFY_PEER, lambda *_: True)  # judged in acs/server/login/certificates.py
            # A resumed session shows the certificate without its chain: whose issuer is between would not be known again.
            context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
            context.set_options(SSL.OP_NO_TICKET)
        return context


class _Factory(TLSMemoryBIOFactory):
    noisy = False

    def buildProtocol(self, addr: Any) -> Any:
        inner = self.wrappedFactory.buildProtocol(addr)
        return None if inner is None else self.protocol(self, inner)  # it may refuse a connection


def secured(reactor: Any, factory: Any, tls: ServerTls) -> Any:
    """The factory behind TLS."""
    return _Factory(tls, False, factory, reactor)
