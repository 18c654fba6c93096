"""CWMP over HTTP as a CPE does it: cookies, Digest and Basic, redirects, empty POSTs.

`AcsConnection.post` takes the body of one POST and gives the body of the answer; what is not an answer ends the session with
SessionFailed. Follows TR-069 §3.4 (conformance A.1 to A.3, A.7). Tests: tests/simulators/test_transport.py.
"""

from __future__ import annotations

import gzip
import secrets
import time
import zlib
from collections.abc import MutableMapping
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from twisted.internet.defer import ensureDeferred

from acs.cwmp.digest import answer_challenge, pairs
from acs.errors import WrongEnvironment
from simulators import cookies
from simulators.cpe import SessionFailed
from simulators.http import ConnectFailed, ExchangeFailed, HttpClient, Response
from simulators.quirks import Quirks

MAX_REDIRECTS = 5


class Authorizer:
    """Answers challenges, and goes on answering with the same nonce and a growing nc (conformance A-95, R-14)."""

    opens_empty = False
    """Whether it asks for a challenge with an empty POST before it says anything (R-14)."""

    def __init__(self, username: str, password: str) -> None:
        self.username, self.password = username, password
        self._challenges: list[str] = []
        self._nonce_count = 0

    def header(self, method: str, url: str) -> str | None:
        """The Authorization header for the next request; None before the first challenge, or where none can be answered."""
        if not self._challenges:
            return None
        self._nonce_count += 1
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return answer_challenge(
            self._challenges, self.username, self.password, method, target, secrets.token_hex(8), self._nonce_count, allow_basic=True
        )

    def challenged(self, response: Response) -> bool:
        """Take a new challenge; whether it is one we can answer."""
        self._challenges, self._nonce_count = response.all("www-authenticate"), 0
        return answer_challenge(self._challenges, self.username, self.password, "POST", "/", "0", allow_basic=True) is not None


def _retry_after_s(response: Response) -> float:
    """Seconds the ACS wants us to stay away, as a number of seconds or a date; 0 where it does not say, or not so that it can be read."""
    said = response.one("retry-after") if response.status == 503 else ""
    if said.isdigit():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time()) if said else 0.0
    except ValueError:
        return 0.0


def is_stale(response: Response) -> bool:
    return any(pairs(value).get("stale", "").lower() == "true" for value in response.all("www-authenticate"))


class AcsConnection:
    """One session's way to the ACS. `cookies` start empty unless the device's quirk keeps the last session's (K-1)."""

    def __init__(
        self,
        client: HttpClient,
        url: str,
        auth: Authorizer,
        quirks: Quirks,
        jar: MutableMapping[str, str],
        coding: str = "",
        hangs_up_at: int = 0,
    ) -> None:
        """`coding` is HTTPCompression: GZIP, Deflate, or anything else for none (conformance A-13).

        `hangs_up_at` is the request whose answer is not waited for (quirk K-15).
        """
        self.coding = coding.lower() if coding in ("GZIP", "Deflate") else ""
        self.client, self.url, self.auth, self.quirks, self.cookies = client, url, auth, quirks, jar
        self.requests, self.hangs_up_at = 0, hangs_up_at

    async def post(self, body: bytes) -> bytes:
        """One POST with all its authentication rounds and redirects; the body of the answer, b"" for an empty one."""
        redirects = refusals = 0
        if self.auth.opens_empty and not self.requests:
            self.auth.challenged(await self._send(b""))
        while True:
            response = await self._send(body)
            cookies.keep(self.cookies, response, self.quirks, self.url)
            if response.status in (200, 204):
                return response.body
            if response.status == 401:
                refusals += 1
                if refusals > 1 and not (is_stale(response) and refusals < 4):
                    raise SessionFailed("the ACS refused our credentials (401)")
                if not self.auth.challenged(response):
                    raise SessionFailed("the ACS asks for a login that we cannot answer")
            elif response.status in (302, 307) and response.one("location"):
                redirects += 1
                if redirects > MAX_REDIRECTS:
                    raise SessionFailed(f"more than {MAX_REDIRECTS} redirects")
                self._redirect(response.one("location"))
            elif b"Envelope" in response.body:  # a SOAP fault with 400 or 500
                return response.body
            else:
                raise SessionFailed(f"the ACS answered HTTP {response.status}", _retry_after_s(response))

    def _redirect(self, location: str) -> None:
        """For this session only (A-33); never from https to http (A-34)."""
        target = urljoin(self.url, location)
        if urlsplit(self.url).scheme == "https" and urlsplit(target).scheme != "https":
            raise SessionFailed(f"redirect from https to {target}")
        self.url = target

    async def _send(self, body: bytes) -> Response:
        quirks = self.quirks
        self.requests += 1
        headers = [("User-Agent", "Hearthline-CPE")]
        if body:
            if quirks.content_type:
                headers.append(("Content-Type", quirks.content_type))
            if quirks.soap_action:
                headers.append(("SOAPAction", ""))
        coding = quirks.coding.rstrip("!") or self.coding
        if coding and (body or quirks.coding.endswith("!")):
            headers.append(("Content-Encoding", coding))
        if coding and body:
            body = gzip.compress(body, 6) if coding == "gzip" else zlib.compress(body)
        cookie = cookies.header(self.cookies, quirks)
        if cookie:
            headers.append(("Cookie", cookie))
        authorization = self.auth.header("POST", self.url)
        if authorization:
            headers.append(("Authorization", authorization))
        closes = not quirks.keep_alive or self.requests == quirks.close_at
        if closes:
            headers.append(("Connection", "close"))
        try:
            response = await self._exchange(headers, body or quirks.blank.encode())
        except (ConnectFailed, WrongEnvironment) as error:
            raise SessionFailed(f"no connection to {self.url}: {error}") from None
        except ExchangeFailed as error:
            raise SessionFailed(f"{self.url}: {error}") from None
        if closes:
            self.client.close()
        return response

    async def _exchange(self, headers: list[tuple[str, str]], body: bytes) -> Response:
        quirks = self.quirks
        asking = self.client.request(
            "POST",
            self.url,
            headers,
            body,
            http10=quirks.http10,
            chunked=quirks.chunked,
            expect=quirks.expect_continue,
            trickle=quirks.trickle,
        )
        if self.requests != self.hangs_up_at:
            return await asking
        ensureDeferred(asking).addErrback(lambda _failure: None)
        self.client.close()
        raise SessionFailed("the device closed the connection before our answer")
