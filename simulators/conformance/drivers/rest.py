"""Any ACS with an HTTP API, described in a TOML file of URL templates; examples are beside this file (genieacs.toml).

    name = "My ACS"
    base = "http://127.0.0.1:7557"
    device = "{key}"                      # its parts percent-encoded, as the standard has it; or made of {oui}, {product_class}, {serial}
    [headers]
    Authorization = "Bearer …"
    [[actions.read]]                      # one request, or several in order; the handle is taken from the last
    method = "POST"
    path = "/devices/{device}/tasks"      # what is put into a path is percent-encoded
    json = { name = "getParameterValues", parameterNames = "{paths}" }
    handle = "_id"                        # where the answer's JSON has it, such as "task.0.id"
    [[outcome]]                           # asked in order until one decides
    path = "/tasks/{handle}"
    done_if = "empty"                     # or not_empty, or status=404, or state=done for a value in the JSON

A text that is only a placeholder takes the argument as it is (a list stays a list). `{values_xsd}` are the values with xsd: before their
types. Tests: tests/simulators/conformance/drivers/test_rest.py.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from simulators.conformance.driver import ACTIONS, DriverFailed, Identified, Outcome
from simulators.conformance.drivers.http import Reply, request

_HOLE = re.compile(r"\{(\w+)\}")


@dataclass
class Rest:
    """What the file says, carried out."""

    said: dict[str, Any]
    name: str = "rest"
    capabilities: frozenset[str] = frozenset()
    _asked: dict[int, tuple[dict[str, Any], Any]] = field(default_factory=dict)

    @staticmethod
    def read(path: Path) -> Rest:
        """DriverFailed naming what is wrong with the file."""
        try:
            said = tomllib.loads(path.read_text())
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise DriverFailed(f"{path}: {error}") from None
        if "base" not in said or not said.get("actions"):
            raise DriverFailed(f"{path}: it says neither base nor actions")
        unknown = set(said["actions"]) - set(ACTIONS)
        if unknown:
            raise DriverFailed(f"{path}: no action {min(unknown)!r}; there are {', '.join(ACTIONS)}")
        can = frozenset(said["actions"]) | (frozenset(said.get("also", ())) & frozenset(ACTIONS))
        return Rest(said, str(said.get("name", path.stem)), can)

    async def open(self) -> None:
        """Nothing to open: every request carries what it needs."""

    async def prepare(self, device: Identified) -> None:
        for step in self.said.get("prepare", ()):
            await self._send(step, self._words(device, {}))

    async def ask(self, device: Identified, action: str, **args: Any) -> Any:
        words = self._words(device, args)
        reply = None
        for step in self.said["actions"][action]:
            reply = await self._send(step, words)
            if "handle" in step:
                words["handle"] = within(reply.json, step["handle"])
        number = len(self._asked)
        self._asked[number] = (words, reply)
        return number

    async def outcome(self, handle: Any) -> Outcome:
        words, _ = self._asked[handle]
        for step in self.said.get("outcome", ()):
            reply = await self._send(step, words, any_status=True)
            for state in ("failed", "done"):
                rule = step.get(f"{state}_if")
                if rule and holds(rule, reply):
                    detail = str(within(reply.json, step["detail"])) if "detail" in step else ""
                    code = re.search(r"\b(9\d{3})\b", detail)
                    return Outcome(state, detail, int(code[1]) if code else None)
        return Outcome("pending")

    def _words(self, device: Identified, args: dict[str, Any]) -> dict[str, Any]:
        words: dict[str, Any] = {
            "oui": device.oui,
            "product_class": device.product_class,
            "serial": device.serial,
            "root": device.root,
            "key": device.key,
            **args,
        }
        words["device"] = _HOLE.sub(lambda m: str(words[m[1]]), str(self.said.get("device", "{key}")))
        if "values" in args:
            words["values_xsd"] = [[path, value, f"xsd:{kind}"] for path, value, kind in args["values"]]
        return words

    async def _send(self, step: dict[str, Any], words: dict[str, Any], any_status: bool = False) -> Reply:
        import json

        path = _HOLE.sub(lambda m: quote(str(words.get(m[1], m[0])), safe=""), step["path"])
        headers = {name: str(filled(text, words)) for name, text in {**self.said.get("headers", {}), **step.get("headers", {})}.items()}
        body: bytes | None = None
        if "json" in step:
            body = json.dumps(filled(step["json"], words)).encode()
            headers.setdefault("Content-Type", "application/json")
        elif "body" in step:
            raw = filled(step["body"], words)
            body = raw if isinstance(raw, bytes) else str(raw).encode()
        reply = await request(step.get("method", "GET"), self.said["base"].rstrip("/") + path, headers, body)
        if reply.status >= 400 and not any_status:
            raise DriverFailed(f"{step.get('method', 'GET')} {path}: HTTP {reply.status} {reply.body[:200].decode('utf-8', 'replace')}")
        return reply


def filled(template: Any, words: dict[str, Any]) -> Any:
    """The template with its placeholders filled in, in lists and tables too."""
    if isinstance(template, str):
        whole = _HOLE.fullmatch(template)
        if whole and whole[1] in words:
            return words[whole[1]]
        return _HOLE.sub(lambda m: str(words.get(m[1], m[0])), template)
    if isinstance(template, dict):
        return {key: filled(value, words) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, words) for value in template]
    return template


def within(found: Any, path: str) -> Any:
    """A value inside JSON: "task.0.id". None where there is nothing."""
    for part in path.split("."):
        if isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        elif isinstance(found, dict):
            found = found.get(part)
        else:
            return None
    return found


def holds(rule: str, reply: Reply) -> bool:
    """Whether an answer is as a rule says: empty, not_empty, status=404, or path=value in its JSON."""
    if rule in ("empty", "not_empty"):
        return reply.status < 400 and bool(reply.json) is (rule == "not_empty")
    path, _, value = rule.partition("=")
    if path == "status":
        return str(reply.status) == value
    return reply.status < 400 and str(within(reply.json, path)) == value
