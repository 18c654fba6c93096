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

REALM = "hearthline-cpe"
WINDOW_S = 10.0
MAX_IN_WINDOW = 10


class Called(Protocol):
    """What the listener needs of a device: its login, whether it can be called now, and to be called."""

    def call_login(self) -> tuple[str, str]: ...
    def call_quirks(self) -> tuple[bool, bool]: ...
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
        self._lately: dict[str, list[float]] = {}

    def site(self) -> Site:
        return _Quiet(self, timeout=30)

    def render(self, request: Any) -> Any:
        known = self.devices.get(request.path.decode("latin-1").rpartition("/")[2])
        if known is not None and not known.listens():  # the port is the fleet's: cut off, as a closed one would
            request.channel.transport.abortConnection()
            return NOT_DONE_YET
        request.setHeader("Content-Length", "0")
        request.setHeader("Server", "cpe")
        request.setResponseCode(self._answer(request))
        return b""

    def _answer(self, request: Any) -> int:
        token = request.path.decode("latin-1").rpartition("/")[2]
        device = self.devices.get(token)
        if device is None or request.path.decode("latin-1") != f"/cr/{token}":
            return 404
        if request.method != b"GET":
            request.setHeader("Allow", "GET")
            return 405
        if not device.may_be_called():
            return 503
        username, password = device.call_login()
        if username or password:
            status = self._check(request, device, username, password)
            if status is not None:
                return status
        if self._too_often(token):
            return 503
        device.called()
        return 200

    def _check(self, request: Any, device: Called, username: str, password: str) -> int | None:
        """401 with a challenge unless the request proves that it knows the secret."""
        with_qop, only_basic = device.call_quirks()
        credentials = parse_authorization(request.getHeader("Authorization") or "")
        good = credentials is not None and credentials.username == username and isinstance(credentials, Basic) == only_basic
        stale = False
        if good and isinstance(credentials, Digest):
            state = self._nonces.check(credentials, self.now())
            stale = state is NonceState.STALE
            good = state is NonceState.GOOD and credentials.uri == request.uri.decode("latin-1")
        if good and credentials is not None and matching_secret(credentials, "GET", (password,)) is not None:
            return None
        header = challenge(REALM, self._nonces.make(self.now()), stale)[1 if only_basic else 0]
        request.setHeader("WWW-Authenticate", header if with_qop else header.replace(', qop="auth"', "").replace(", algorithm=MD5", ""))
        return 401

    def _too_often(self, token: str) -> bool:
        now = self.now()
        lately = [at for at in self._lately.get(token, []) if now - at < WINDOW_S]
        self._lately[token] = [*lately, now]
        return len(lately) >= MAX_IN_WINDOW
