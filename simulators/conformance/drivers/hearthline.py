"""Hearthline by its REST API under /api/v1, with a token, or with a login that gets one for the run.

What it can is read from the OpenAPI document, so an older or newer Hearthline is served as far as it goes.
Tests: tests/simulators/conformance/drivers/test_hearthline.py.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from simulators.conformance.driver import DriverFailed, Identified, Outcome
from simulators.conformance.drivers.http import Reply, ask_json, request

_TOKEN = re.compile(rb'csrf[-_]token"[^>]*?(?:content|value)="([^"]+)"')
_KINDS = {
    "read": "read", "write": "write", "add": "add_object", "delete": "delete_object", "attributes": "set_notification", "names": "refresh",
    "download": "firmware", "upload": "backup", "reboot": "reboot", "factory_reset": "factory_reset", "ping": "ping",
    "schedule_inform": "schedule_inform", "schedule_download": "schedule_download", "queued_transfers": "queued_transfers",
    "cancel_transfer": "cancel_transfer", "install_module": "install_module",
}  # fmt: skip
_ARGS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "names": lambda a: {"prefixes": [a["path"]]},
    "ping": lambda a: {"host": a["host"], "count": a.get("count", 3), "timeout_ms": 1000, "size": 64},
}
_STATES = {"done": "done", "failed": "failed", "expired": "failed", "cancelled": "failed"}


@dataclass
class Hearthline:
    """`base` is the address of the pages, such as http://127.0.0.1:8080."""

    base: str
    token: str = ""
    login: tuple[str, str] = ("", "")
    ca: str | None = None
    name: str = "hearthline"
    capabilities: frozenset[str] = frozenset()
    _images: dict[str, int] = field(default_factory=dict)

    async def open(self) -> None:
        self.base = self.base.rstrip("/")
        if not self.token:
            await self._sign_in()
        me = (await self._call("GET", "/me")).json
        document = (await self._call("GET", "/openapi.json")).json
        kinds = _find(document, "NewOperation").get("properties", {}).get("kind", {}).get("enum", [])
        self.capabilities = frozenset(action for action, kind in _KINDS.items() if kind in kinds) | {"wake", "own_login"}
        missing = {"manage_devices", "admit_device"} - set(me.get("permissions", ()))
        if missing:
            raise DriverFailed(f"the user {me.get('login')} lacks {', '.join(sorted(missing))}")

    async def _sign_in(self) -> None:
        """By the login page, then a token of one day for this run."""
        page = await request("GET", f"{self.base}/login", {}, None, self.ca)
        found = _TOKEN.search(page.body)
        form = {"login": self.login[0], "password": self.login[1], "csrf_token": found[1].decode() if found else ""}
        headers = {"Cookie": page.cookies(), "Content-Type": "application/x-www-form-urlencoded", "Referer": f"{self.base}/login"}
        answer = await request("POST", f"{self.base}/login", headers, urlencode(form).encode(), self.ca)
        if answer.status != 302:
            raise DriverFailed(f"{self.base} refuses the login of {self.login[0]!r} (HTTP {answer.status})")
        cookie = answer.cookies(page.cookies())
        inside = await request("GET", f"{self.base}/api/v1/docs", {"Cookie": cookie}, None, self.ca)
        found = _TOKEN.search(inside.body)
        cookie = inside.cookies(cookie)
        given = {"name": f"conformance {secrets.token_hex(2)}", "days": 1}
        headers = {"Cookie": cookie, "X-CSRFToken": found[1].decode() if found else "", "Referer": f"{self.base}/api/v1/docs"}
        self.token = (await ask_json("POST", f"{self.base}/api/v1/tokens", headers, given, self.ca)).json["secret"]

    async def _call(self, method: str, path: str, given: Any = None) -> Reply:
        return await ask_json(method, f"{self.base}/api/v1{path}", {"Authorization": f"Bearer {self.token}"}, given, self.ca)

    async def prepare(self, device: Identified) -> None:
        """Entered before its first contact, so it is let in at once; let in by hand if it was there before, or cannot be entered (no OUI)."""
        try:
            await self._call("POST", "/devices", {"oui": device.oui, "product_class": device.product_class, "serial_number": device.serial})
        except DriverFailed as error:
            if "HTTP 409" not in str(error) and "HTTP 422" not in str(error):
                raise
            await self._call("PATCH", f"/devices/{quote(device.key, safe='')}", {"trust": "admitted"})

    async def ask(self, device: Identified, action: str, **args: Any) -> Any:
        given = _ARGS.get(action, dict)(args)
        if action == "download":
            given = {"image": await self._image(args), "force": bool(args.get("force"))}
        elif action == "schedule_download":
            given = {"image": await self._image(args), "windows": [{"start_s": args["start_s"], "end_s": args["end_s"]}]}
        path = f"/devices/{quote(device.key, safe='')}/operations"
        return (await self._call("POST", path, {"kind": _KINDS[action], "args": given, "reason": "conformance"})).json["id"]

    async def _image(self, args: dict[str, Any]) -> int:
        """The library's number for an image, which is uploaded unless it is there."""
        digest = hashlib.sha256(args["image"]).hexdigest()
        if digest not in self._images and not await self._is_there(digest):
            try:
                self._images[digest] = await self._upload(args)
            except DriverFailed:  # another case was faster
                if not await self._is_there(digest):
                    raise
        return self._images[digest]

    async def _is_there(self, digest: str) -> bool:
        for item in (await self._call("GET", "/firmware")).json["items"]:
            self._images[item["sha256"]] = item["id"]
        return digest in self._images

    async def _upload(self, args: dict[str, Any]) -> int:
        boundary = secrets.token_hex(16)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="version"\r\n\r\n{args["version"]}\r\n'
        head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{args["file_name"]}"\r\n'
        body = f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + args["image"] + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": f"multipart/form-data; boundary={boundary}"}
        reply = await request("POST", f"{self.base}/api/v1/firmware", headers, body, self.ca)
        if reply.status >= 400:
            raise DriverFailed(f"firmware: HTTP {reply.status} {reply.body[:300].decode('utf-8', 'replace')}")
        return int(reply.json["id"])

    async def outcome(self, handle: Any) -> Outcome:
        found = (await self._call("GET", f"/operations/{handle}")).json
        fault = found.get("fault") or {}
        code = fault.get("code") if isinstance(fault, dict) else None
        told = " ".join(
            json.dumps(found.get(name), ensure_ascii=False) for name in ("error", "fault", "progress", "result") if found.get(name)
        )
        return Outcome(_STATES.get(found["state"], "pending"), told, int(code) if code else None)


def _find(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = document.get("components", {}).get("schemas", {}).get(name, {})
    return found
