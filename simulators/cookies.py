"""Cookies as a CPE keeps and returns them, and as odd ones do (conformance A-24, quirks K-1 to K-6, R-16).

`keep` takes what a response sets, `header` makes the Cookie header; the cookies are a plain mapping of names to values.
Tests: tests/simulators/test_cookies.py.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from urllib.parse import urlsplit

from simulators.http import Response
from simulators.quirks import Quirks

_COOKIE = re.compile(r"\s*([^=;\s]+)\s*=\s*([^;]*)(.*)", re.S)
_PATH = re.compile(r";\s*path\s*=\s*([^;]*)", re.I)
PROXY = "line=7"
"""A cookie of a box in between: it stands before ours where a device joins cookies in its own way."""


def keep(cookies: MutableMapping[str, str], response: Response, quirks: Quirks, url: str) -> None:
    """Take in what a response sets."""
    if quirks.cookie_rule == "each-response":
        cookies.clear()
    for header in response.all("set-cookie"):
        found = _COOKIE.match(header)
        if found is None or not _is_kept(found[3], quirks.cookie_rule, url):
            continue
        if re.search(r";\s*max-age\s*=\s*0\b", found[3], re.I):
            cookies.pop(found[1], None)
        else:
            cookies[found[1]] = (found[2] + found[3] if quirks.cookie == "whole" else found[2]).strip()


def _is_kept(attributes: str, rule: str, url: str) -> bool:
    path = _PATH.search(attributes)
    if rule == "root-path":
        return path is not None and path[1].strip() == "/"
    if rule == "own-path" and path is not None:
        return (urlsplit(url).path or "/").startswith(path[1].strip())
    return True


def header(cookies: MutableMapping[str, str], quirks: Quirks) -> str:
    """The text of the Cookie header; "" for none."""
    if not cookies or not quirks.send_cookies:
        return ""
    match quirks.cookie:
        case "comma":
            return ", ".join((PROXY, *(f"{name}={value}" for name, value in cookies.items())))
        case "quoted":
            return "; ".join(f'{name}="{value}"' for name, value in cookies.items())
        case "empty":
            return "; ".join(f"{name}=" for name in cookies)
        case "letters":
            return "; ".join(f"{name}={re.split(r'[^A-Za-z0-9_-]', value)[0]}" for name, value in cookies.items())
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
