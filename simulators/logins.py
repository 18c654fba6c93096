"""How odd devices log in at the ACS, or fail to (quirks K-68, R-14, R-15). An honest one is transport.Authorizer.

Tests: tests/simulators/test_logins.py.
"""

from __future__ import annotations

import base64
import re

from acs.cwmp.digest import Digest, pairs, response_of
from simulators.http import Response
from simulators.quirks import Quirks
from simulators.transport import Authorizer


def login_of(username: str, password: str, quirks: Quirks) -> Authorizer:
    """Whatever answers the challenges of an ACS for such a device."""
    return _KINDS.get(quirks.login, Authorizer)(username, password)


class _Never(Authorizer):
    def challenged(self, response: Response) -> bool:
        return False


class _Broken(Authorizer):
    def header(self, method: str, url: str) -> str | None:
        return f'Digest username="{self.username}, realm=hearth, nonce=' if super().header(method, url) else None


class _BasicUnasked(Authorizer):
    def header(self, method: str, url: str) -> str | None:
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


class _EachPost(Authorizer):
    """Forgets its challenge with every POST: one without, 401, one with."""

    def header(self, method: str, url: str) -> str | None:
        line = super().header(method, url)
        self._challenges = []
        return line


class _EmptyFirst(Authorizer):
    """Opens the session with an empty POST to be challenged (libcurl when it may only use Digest)."""

    opens_empty = True


class _NoUri(Authorizer):
    def header(self, method: str, url: str) -> str | None:
        for challenge in self._challenges:
            scheme, _, rest = challenge.partition(" ")
            if scheme.lower() == "digest":
                said = pairs(rest)
                digest = Digest(self.username, said.get("realm", ""), said.get("nonce", ""), "", "")
                answer = response_of(digest, self.password, method)
                return f'Digest username="{self.username}", realm="{digest.realm}", nonce="{digest.nonce}", uri="", response="{answer}"'
        return None


class _Wrong(Authorizer):
    def header(self, method: str, url: str) -> str | None:
        line = super().header(method, url)
        return re.sub(r'response="[^"]*"', f'response="{"0" * 32}"', line) if line else None


_KINDS: dict[str, type[Authorizer]] = {
    "never": _Never,
    "broken": _Broken,
    "basic-unasked": _BasicUnasked,
    "each-post": _EachPost,
    "empty-first": _EmptyFirst,
    "no-uri": _NoUri,
    "wrong": _Wrong,
}
