"""The listener for connection requests: one port for a fleet, a path nobody can guess per device (conformance F.1).

Digest by default; 401 with a challenge, 200 for good credentials, 404 for an unknown path, 405 for another method, 503 when the device
restarts or is asked too often. The session begins after the answer. Tests: tests/simulators/test_connection_request.py.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Protocol

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from acs.cwmp.digest import Basic, Digest, Nonces, NonceState, challenge, matching_secret, parse_authorization
from simulators.quirks import Quirks

REALM = "hearthline-cpe"
WINDOW_S = 10.0
MAX_IN_WINDOW = 10
OPAQUE = "c29tZXRoaW5n"


class Called(Protocol):
    """What the listener needs of a device: its login, whether it can be called now, and to be called."""

    def call_login(self) -> tuple[str, str]: ...
    def call_quirks(self) -> Quirks: ...
    def call_path(self) -> str: ...
    def listens(self) -> bool: ...
    def may_be_called(self) -> bool: ...
    def called(self) -> None: ...


class _Quiet(Site):
    noisy = False
    displayTracebacks = False

    def log(self, request: Any) -> None:
        """No access log: a fleet is called often."""


class ConnectionRequests(Resource):
    """`devices` by path token. `now` tells seconds."""

    isLeaf = True

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self.devices: dict[str, Called] = {}
        self.now = now
        self._nonces = Nonces(secrets.token_bytes(32))
        self._stale = False
        self._lately: dict[str, list[float]] = {}

    def site(self) -> Site:
        return _Quiet(self, timeout=30)

    def render(self, request: Any) -> Any:
        known = self._device(request)
        if known is not None and not known.listens():  # the port is the fleet's: cut off, as a closed one would
            request.channel.transport.abortConnection()
            return NOT_DONE_YET
        request.setHeader("Content-Length", "0")
        request.setHeader("Server", "cpe")
        status = self._answer(request)
        request.setResponseCode(status)
        if known is not None and status == 401 and "closes" in known.call_quirks().cr:
            request.setHeader("Connection", "close")
            request.channel.persistent = False
        return b""

    def _device(self, request: Any) -> Called | None:
        parts = request.path.decode("latin-1").split("/")
        return self.devices.get(parts[2]) if len(parts) > 2 and parts[1] == "cr" else None

    def _answer(self, request: Any) -> int:
        path = request.path.decode("latin-1")
        device = self._device(request)
        if device is None or path != device.call_path():
            return 404
        if request.method != b"GET":
            request.setHeader("Allow", "GET")
            return 405
        if not device.may_be_called():
            return 503
        username, password = device.call_login()
        quirks = device.call_quirks()
        if (username or password) and "no-login" not in quirks.cr:
            status = self._check(request, quirks, username, password)
            if status is not None:
                return status
        if self._too_often(path, quirks):
            return 503
        device.called()
        return 200

    def _check(self, request: Any, quirks: Quirks, username: str, password: str) -> int | None:
        """401 with a challenge unless the request proves that it knows the secret."""
        credentials = parse_authorization(request.getHeader("Authorization") or "")
        good = credentials is not None and credentials.username == username and isinstance(credentials, Basic) == quirks.cr_basic
        stale = False
        if good and isinstance(credentials, Digest):
            state = self._nonces.check(credentials, self.now())
            stale = state is NonceState.STALE or ("stale" in quirks.cr and self._calls_stale())
            good = state is NonceState.GOOD and not stale and credentials.uri == request.uri.decode("latin-1")
        if good and "opaque" in quirks.cr and f'opaque="{OPAQUE}"' not in (request.getHeader("Authorization") or ""):
            good = False
        if good and credentials is not None and matching_secret(credentials, "GET", (password,)) is not None:
            return None
        for header in self._challenges(quirks, stale):
            request.responseHeaders.addRawHeader("WWW-Authenticate", header)
        return 401

    def _challenges(self, quirks: Quirks, stale: bool) -> tuple[str, ...]:
        """What an honest device says, or as odd ones have it (K-67, K-68)."""
        digest, basic = challenge(REALM, self._nonces.make(self.now()), stale)
        if quirks.cr_basic:
            return (basic,)
        if not quirks.cr_qop:
            digest = digest.replace(', qop="auth"', "")
        if not quirks.cr_qop or "no-algorithm" in quirks.cr:
            digest = digest.replace(", algorithm=MD5", "")
        if "opaque" in quirks.cr:
            digest += f', opaque="{OPAQUE}"'
        return (basic, digest) if "two-challenges" in quirks.cr else (digest,)

    def _calls_stale(self) -> bool:
        """Every second good answer is to a stale nonce."""
        self._stale = not self._stale
        return self._stale

    def _too_often(self, path: str, quirks: Quirks) -> bool:
        window_s, most = (60.0, 1) if "one-a-minute" in quirks.cr else (WINDOW_S, MAX_IN_WINDOW)
        now = self.now()
        lately = [at for at in self._lately.get(path, []) if now - at < window_s]
        self._lately[path] = [*lately, now]
        return len(lately) >= most
