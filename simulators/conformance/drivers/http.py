"""HTTP for drivers: one request in a thread, by the standard library. Tests: tests/simulators/conformance/drivers/test_http.py."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.threads import deferToThread

from simulators.conformance.driver import DriverFailed

WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body) if self.body.strip() else None
        except ValueError:
            raise DriverFailed(f"HTTP {self.status} with what is no JSON: {self.body[:80]!r}") from None

    def cookies(self, before: str = "") -> str:
        """The Cookie header for the next request: those of `before`, with what this answer set."""
        found = [value.partition(";")[0] for name, value in self.headers if name.lower() == "set-cookie"]
        jar = dict(pair.split("=", 1) for pair in [*filter(None, before.split("; ")), *found] if "=" in pair)
        return "; ".join(f"{name}={value}" for name, value in jar.items())


def _request(method: str, url: str, headers: dict[str, str], body: bytes | None, ca: str | None) -> Reply:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        made = (
            HTTPSConnection(parts.hostname or "", parts.port, timeout=WAIT_S, context=ssl.create_default_context(cafile=ca))
            if parts.scheme == "https"
            else HTTPConnection(parts.hostname or "", parts.port, timeout=WAIT_S)
        )
        try:
            made.request(method, target, body, headers)
            got = made.getresponse()
            return Reply(got.status, tuple(got.getheaders()), got.read())
        finally:
            made.close()
    except (OSError, HTTPException) as error:
        raise DriverFailed(f"{method} {url}: {error}") from None


async def request(method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None, ca: str | None = None) -> Reply:
    """One exchange, whatever its status. DriverFailed when there is none."""
    found: Reply = await deferToThread(_request, method, url, headers or {}, body, ca)
    return found


async def ask_json(method: str, url: str, headers: dict[str, str], given: Any = None, ca: str | None = None) -> Reply:
    """With a JSON body, if any; DriverFailed for a status of 400 and more."""
    body = None if given is None else json.dumps(given).encode()
    reply = await request(
        method, url, {**headers, "Accept": "application/json", **({"Content-Type": "application/json"} if body else {})}, body, ca
    )
    if reply.status >= 400:
        raise DriverFailed(f"{method} {urlsplit(url).path}: HTTP {reply.status} {reply.body[:300].decode('utf-8', 'replace')}")
    return reply
