"""The REST API of the server under test: signing in as the administrator it printed, and one call after the other on a kept connection.

Tests: tests/simulators/bench/test_api.py.
"""

from __future__ import annotations

import json
import re
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

_TOKEN = re.compile(rb'csrf[-_]token"[^>]*?(?:content|value)="([^"]+)"')


class ApiFailed(Exception):
    """What was called, the status and the beginning of what came back."""


class Api:
    """`base` is the address of the pages."""

    def __init__(self, base: str, login: str, password: str) -> None:
        place = urlsplit(base)
        self._host, self._port = place.hostname or "", place.port or 80
        self._line = HTTPConnection(self._host, self._port, timeout=60)
        self._cookies: dict[str, str] = {}
        self._token = ""
        try:
            self._sign_in(login, password)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._line.close()

    def _request(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        for attempt in (1, 2):
            try:
                self._line.request(method, path, body, headers)
                answer = self._line.getresponse()
                break
            except (HTTPException, OSError):  # a kept connection that the server has closed
                self._line.close()
                if attempt == 2:
                    raise
        for cookie in answer.headers.get_all("Set-Cookie", ()):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, answer.read()

    def _page(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._request(method, path, body, {"Referer": f"http://{self._host}:{self._port}{path}", "Cookie": cookies, **given})

    def _sign_in(self, login: str, password: str) -> None:
        form = {"login": login, "password": password, "csrf_token": self._form_token("/login")}
        status, _ = self._page("POST", "/login", urlencode(form).encode(), Content_Type="application/x-www-form-urlencoded")
        if status != 302:
            raise ApiFailed(f"the login of {login!r} was refused: HTTP {status}")
        given = json.dumps({"name": "bench", "days": 1}).encode()
        token = self._form_token("/api/v1/docs")
        status, body = self._page("POST", "/api/v1/tokens", given, Content_Type="application/json", X_CSRFToken=token)
        if status != 201:
            raise ApiFailed(f"no token: HTTP {status} {body[:200]!r}")
        self._token = json.loads(body)["secret"]

    def _form_token(self, path: str) -> str:
        found = _TOKEN.search(self._page("GET", path)[1])
        return found[1].decode() if found else ""

    def call(self, method: str, path: str, given: Any = None) -> Any:
        """What came back, decoded. ApiFailed for anything but success."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        status, body = self._request(method, f"/api/v1{path}", None if given is None else json.dumps(given).encode(), headers)
        if not 200 <= status < 300:
            raise ApiFailed(f"{method} {path}: HTTP {status} {body[:300]!r}")
        return json.loads(body) if body else None

    def ask(self, key: str, kind: str, args: dict[str, Any]) -> int:
        """Queue an operation; its number."""
        return int(self.call("POST", f"/devices/{quote(key, safe='')}/operations", {"kind": kind, "args": args, "reason": "bench"})["id"])

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path + (f"?{urlencode(query)}" if query else ""))
