"""Arguments of operations: checked where they come in, in the shape the procedures rely on. Invalid names the argument and the value."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from acs.cwmp.faults import AcsProtocolError
from acs.cwmp.paths import parse_path
from acs.errors import Invalid

_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_TYPES = frozenset(
    {"string", "int", "unsignedInt", "long", "unsignedLong", "boolean", "dateTime", "base64Binary", "base64", "hexBinary", "decimal"}
)
MAX_VALUES = 200
MAX_PATHS = 500

Args = dict[str, Any]


def _path(value: Any, field: str) -> str:
    try:
        return str(parse_path(str(value).strip()))
    except AcsProtocolError as error:
        raise Invalid(str(error), field) from None


def _is_host(text: str) -> bool:
    """A host name of labels of at most 63 characters, 253 in all, or an address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        labels = text.removesuffix(".").split(".")
        return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdecimal()
    return True


def _host(given: Mapping[str, Any]) -> str:
    host = str(given.get("host", "")).strip()
    if not _is_host(host):
        raise Invalid(f"{host!r} is neither a host name nor an address.", "host")
    return host


def _int(given: Mapping[str, Any], field: str, default: int, low: int, high: int) -> int:
    raw = given.get(field, default)
    try:
        value = int(raw if raw not in ("", None) else default)
    except (TypeError, ValueError, OverflowError):
        raise Invalid(f"{field} must be a whole number, not {raw!r}.", field) from None
    if not low <= value <= high:
        raise Invalid(f"{field} must be {low} to {high}; {value} is outside.", field)
    return value


def _paths(given: Mapping[str, Any], field: str) -> list[str]:
    raw = given.get(field)
    if raw is not None and not isinstance(raw, str | list | tuple):
        raise Invalid(f"{field} must be a list of paths, not {raw!r}.", field)
    listed = [raw] if isinstance(raw, str) else list(raw or ())
    if not 0 < len(listed) <= MAX_PATHS:
        raise Invalid(f"{field} must name 1 to {MAX_PATHS} paths; {len(listed)} were given.", field)
    return [_path(item, field) for item in listed]


def _triples(given: Mapping[str, Any], field: str) -> list[list[str]]:
    """[[path, value, type], …]; for a new row the paths are below it."""
    out: list[list[str]] = []
    raw = given.get(field) or ()
    if not isinstance(raw, list | tuple):
        raise Invalid(f"{field} must be a list, not {raw!r}.", field)
    for item in raw:
        if isinstance(item, Mapping):
            name, value, kind = item.get("path") or item.get("name", ""), item.get("value", ""), item.get("type") or "string"
        elif isinstance(item, list | tuple) and len(item) == 3:
            name, value, kind = item
        else:
            raise Invalid(f"{field}: each entry is a path, a value and a type; {item!r} is not.", field)
        kind = str(kind).removeprefix("xsd:")
        if kind not in _TYPES:
            raise Invalid(f"{field}: {kind!r} is not a type of CWMP.", field)
        path = _path(name, field)
        if value is None or isinstance(value, Mapping | list):
            raise Invalid(f"{field}: {path} needs a value as text, not {value!r}.", field)
        if path.endswith("."):
            raise Invalid(f"{field}: {path} is an object; only parameters have values.", field)
        if isinstance(value, bool):
            value = "1" if value else "0"
        out.append([path, str(value), kind])
    if len({path for path, _, _ in out}) != len(out):
        raise Invalid(f"{field}: a parameter is named twice.", field)
    if len(out) > MAX_VALUES:
        raise Invalid(f"{field}: at most {MAX_VALUES} values at once; {len(out)} were given.", field)
    return out


def _read(given: Mapping[str, Any]) -> Args:
    return {"paths": _paths(given, "paths")}


def _refresh(given: Mapping[str, Any]) -> Args:
    prefixes = _paths(given, "prefixes")
    return {"prefixes": [prefix if prefix.endswith(".") else prefix + "." for prefix in prefixes]}


def _write(given: Mapping[str, Any]) -> Args:
    values = _triples(given, "values")
    if not values:
        raise Invalid("values: nothing to write was given.", "values")
    return {"values": values}


def _add(given: Mapping[str, Any]) -> Args:
    table = _path(given.get("table", ""), "table")
    return {"table": table if table.endswith(".") else table + ".", "values": _triples(given, "values")}


def _delete(given: Mapping[str, Any]) -> Args:
    path = _path(given.get("path", ""), "path")
    path = path if path.endswith(".") else path + "."
    if not path.rstrip(".").rpartition(".")[2].strip("[]").replace("-", "").isalnum() or not re.search(r"\.(\d+|\[[^\]]+\])\.$", path):
        raise Invalid(f"{path} is not a row of a table.", "path")
    return {"path": path}


def _notification(given: Mapping[str, Any]) -> Args:
    return {"paths": _paths(given, "paths"), "notification": _int(given, "notification", 0, 0, 6)}


def _ping(given: Mapping[str, Any]) -> Args:
    return {
        "host": _host(given), "count": _int(given, "count", 5, 1, 100), "timeout_ms": _int(given, "timeout_ms", 1000, 100, 30_000),
        "size": _int(given, "size", 64, 1, 65_535),
    }  # fmt: skip


def _trace(given: Mapping[str, Any]) -> Args:
    return {
        "host": _host(given),
        "timeout_ms": _int(given, "timeout_ms", 1000, 100, 30_000),
        "max_hops": _int(given, "max_hops", 30, 1, 64),
    }


def _lookup(given: Mapping[str, Any]) -> Args:
    server = str(given.get("server", "")).strip()
    if server and not _is_host(server):
        raise Invalid(f"{server!r} is not a DNS server's name or address.", "server")
    return {
        "host": _host(given), "server": server, "count": _int(given, "count", 1, 1, 10), "timeout_ms": _int(given, "timeout_ms", 3000, 100, 30_000),
    }  # fmt: skip


def _test_url(given: Mapping[str, Any]) -> str:
    url = str(given.get("url", "")).strip()
    if url and not re.fullmatch(r"(?:http|ftp)://[^\s@]{1,240}", url):
        raise Invalid(f"{url[:80]!r} is not an http or ftp address without login.", "url")
    return url


def _download_test(given: Mapping[str, Any]) -> Args:
    return {"url": _test_url(given), "bytes": _int(given, "bytes", 10_000_000, 1000, 1_000_000_000)}


def _firmware(given: Mapping[str, Any]) -> Args:
    return {"image": _int(given, "image", 0, 1, 2**62), "force": bool(given.get("force", False))}


def _restore(given: Mapping[str, Any]) -> Args:
    return {"file": _int(given, "file", 0, 1, 2**62)}


def _nothing(given: Mapping[str, Any]) -> Args:
    return {}


_CHECKS: dict[str, Callable[[Mapping[str, Any]], Args]] = {
    "read": _read, "refresh": _refresh, "write": _write, "add_object": _add, "delete_object": _delete, "set_notification": _notification,
    "ping": _ping, "traceroute": _trace, "nslookup": _lookup, "download_test": _download_test, "upload_test": _download_test, "firmware": _firmware,
    "restore": _restore,
}  # fmt: skip


def checked(kind: str, given: Mapping[str, Any]) -> Args:
    """The arguments of an operation of this kind. Invalid names what is wrong; what the kind does not know is refused too."""
    args = _CHECKS.get(kind, _nothing)(given)
    unknown = sorted(set(given) - set(args))
    if unknown:
        raise Invalid(f"{kind} has no argument {unknown[0]!r}.", unknown[0])
    return args
