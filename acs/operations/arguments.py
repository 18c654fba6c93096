"""Arguments of operations: checked where they come in, in the shape the procedures rely on. Invalid names the argument and the value."""

import base64
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from acs.cwmp.codec import raw_rpc
from acs.cwmp.faults import AcsProtocolError
from acs.cwmp.paths import parse_path
from acs.errors import Invalid
from acs.operations.watching import refuse_restless
from acs.provisioning.procedures.scheduling import MODES

_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_TYPES = frozenset(
    {"string", "int", "unsignedInt", "long", "unsignedLong", "boolean", "dateTime", "base64Binary", "base64", "hexBinary", "decimal"}
)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_UNIT_URL = re.compile(r"(?:https?|ftp|sftp|tftp)://[^\s@]{1,1000}")
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
    if any(path.endswith(".ManagementServer.URL") for path, _, _ in values):
        raise Invalid("A device is sent to another ACS by move_acs, which has a permission of its own.", "values")
    partial = given.get("partial", False)
    if not isinstance(partial, bool):
        raise Invalid(f"partial is true or false, not {partial!r}.", "partial")
    return {"values": values, **({"partial": partial} if "partial" in given else {})}


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
    paths, notification = _paths(given, "paths"), _int(given, "notification", 0, 0, 6)
    refuse_restless(paths, notification)
    return {"paths": paths, "notification": notification}


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


def _repetitions(given: Mapping[str, Any]) -> Args:
    return {"count": _int(given, "count", 3, 1, 100), "timeout_ms": _int(given, "timeout_ms", 1000, 100, 30_000)}


def _echo(given: Mapping[str, Any]) -> Args:
    port, size = _int(given, "port", 7, 1, 65_535), _int(given, "size", 64, 1, 65_535)
    return {"host": _host(given), "port": port, "size": size, **_repetitions(given)}


def _selection(given: Mapping[str, Any]) -> Args:
    raw = given.get("hosts") or ()
    hosts = [part.strip() for part in (raw.split(",") if isinstance(raw, str) else map(str, raw)) if part.strip()]
    if not 2 <= len(hosts) <= 10:
        raise Invalid(f"hosts must name 2 to 10 servers to choose among; {len(hosts)} were given.", "hosts")
    for host in hosts:
        if not _is_host(host):
            raise Invalid(f"{host!r} is neither a host name nor an address.", "hosts")
    protocol = str(given.get("protocol") or "ICMP")
    if protocol not in ("ICMP", "UDP Echo"):
        raise Invalid(f"protocol is ICMP or UDP Echo, not {protocol!r}.", "protocol")
    return {"hosts": hosts, "protocol": protocol, **_repetitions(given)}


def _line_interface(given: Mapping[str, Any]) -> Args:
    raw = str(given.get("interface") or "").strip()
    return {"interface": _path(raw, "interface").rstrip(".") if raw else ""}


def _loopback(given: Mapping[str, Any]) -> Args:
    return {**_line_interface(given), **_repetitions(given)}


def _test_url(given: Mapping[str, Any]) -> str:
    url = str(given.get("url", "")).strip()
    if url and not re.fullmatch(r"(?:http|ftp)://[^\s@]{1,240}", url):
        raise Invalid(f"{url[:80]!r} is not an http or ftp address without login.", "url")
    return url


def _download_test(given: Mapping[str, Any]) -> Args:
    return {"url": _test_url(given), "bytes": _int(given, "bytes", 10_000_000, 1000, 1_000_000_000)}


def _firmware(given: Mapping[str, Any]) -> Args:
    """`draft` lets an image that is not released be tried; `watch_s` is how long the new version must hold before it counts as a success."""
    args: Args = {"image": _int(given, "image", 0, 1, 2**62), "force": bool(given.get("force", False))}
    if given.get("draft"):
        args["draft"] = True
    if watch_s := _int(given, "watch_s", 0, 0, 86_400):
        args["watch_s"] = watch_s
    return args


def _restore(given: Mapping[str, Any]) -> Args:
    return {"file": _int(given, "file", 0, 1, 2**62)}


def _stored_image(given: Mapping[str, Any]) -> Args:
    return {"image": _int(given, "image", 0, 1, 2**62), "activate": bool(given.get("activate", False))}


def _text(given: Mapping[str, Any], field: str, most: int, pattern: re.Pattern[str] | None = None, needed: bool = False) -> str:
    text = str(given.get(field) or "").strip()
    if len(text) > most:
        raise Invalid(f"{field} has at most {most} characters; {len(text)} were given.", field)
    if (needed and not text) or (text and pattern is not None and not pattern.fullmatch(text)):
        raise Invalid(f"{field}: {text[:80]!r} is not what is wanted here.", field)
    return text


def _schedule_inform(given: Mapping[str, Any]) -> Args:
    """At least one second: a device refuses 0 (conformance C-137)."""
    return {"delay_s": _int(given, "delay_s", 0, 1, 30 * 86400)}


def _window(given: Any) -> Args:
    if not isinstance(given, Mapping):
        raise Invalid(f"windows: {given!r} is not a window with start_s and end_s.", "windows")
    mode = str(given.get("mode", "any"))
    if mode not in MODES:
        raise Invalid(f"windows: mode is one of {', '.join(MODES)}, not {mode!r}.", "windows")
    window: Args = {
        "start_s": _int(given, "start_s", 0, 0, 30 * 86400), "end_s": _int(given, "end_s", 0, 1, 31 * 86400), "mode": mode,
        "message": _text(given, "message", 256), "retries": _int(given, "retries", 0, -1, 100),
    }  # fmt: skip
    if unknown := sorted(set(given) - set(window)):
        raise Invalid(f"windows: a window has no {unknown[0]!r}.", "windows")
    if window["end_s"] <= window["start_s"]:
        raise Invalid(f"windows: a window ends after it starts; {window['end_s']} s does not come after {window['start_s']} s.", "windows")
    return window


def _schedule_download(given: Mapping[str, Any]) -> Args:
    """An image or a file of settings, and one or two windows in seconds from when the device hears of it (conformance C-134, C-135)."""
    raw = given.get("windows")
    windows = [_window(item) for item in raw] if isinstance(raw, list | tuple) else []
    if not 1 <= len(windows) <= 2:
        raise Invalid("windows: one or two time windows are needed.", "windows")
    if len(windows) == 2 and windows[1]["start_s"] < windows[0]["end_s"]:
        raise Invalid("windows: the second window starts when the first has ended, or later.", "windows")
    if ("image" in given) == ("file" in given):
        raise Invalid("Either image or file says what to load.", "image")
    what = "image" if "image" in given else "file"
    return {what: _int(given, what, 0, 1, 2**62), "windows": windows}


def _cancel_transfer(given: Mapping[str, Any]) -> Args:
    if ("operation" in given) == ("command_key" in given):
        raise Invalid("Either operation or command_key says which transfer is meant.", "operation")
    if "operation" in given:
        return {"operation": _int(given, "operation", 0, 1, 2**62)}
    return {"command_key": _text(given, "command_key", 32, needed=True)}


def _options(given: Mapping[str, Any]) -> Args:
    return {"name": _text(given, "name", 64)}


def _vouchers(given: Mapping[str, Any]) -> Args:
    raw = given.get("vouchers")
    listed = [raw] if isinstance(raw, str) else list(raw) if isinstance(raw, list | tuple) else []
    vouchers = ["".join(str(item).split()) for item in listed]
    if not 1 <= len(vouchers) <= 16 or sum(map(len, vouchers)) > 60_000:
        raise Invalid("vouchers: 1 to 16 vouchers, 60,000 characters in all.", "vouchers")
    for voucher in vouchers:
        try:
            fits = bool(base64.b64decode(voucher, validate=True))
        except ValueError:
            fits = False
        if not fits:
            raise Invalid(f"vouchers: {voucher[:40]!r} is not base64.", "vouchers")
    return {"vouchers": vouchers}


def _attributes(given: Mapping[str, Any]) -> Args:
    return {"paths": _paths(given, "paths")}


def _raw_rpc(given: Mapping[str, Any]) -> Args:
    """One element of a vendor's method; codec.raw_rpc says what is wrong with any other (conformance C-6)."""
    xml = _text(given, "xml", 60_000)
    try:
        return {"xml": xml, "method": raw_rpc(xml).name}
    except ValueError as error:
        raise Invalid(f"xml: {error}", "xml") from None


def acs_url(value: Any, field: str = "url") -> str:
    """Where a device is sent: http or https, a host, no login in it, as long as ManagementServer.URL may be (conformance J-17)."""
    url = str(value or "").strip()
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and _is_host(parts.hostname or "") and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        fits = False
    if not fits or len(url) > 256 or "#" in url or not url.isascii() or not url.isprintable() or " " in url:
        raise Invalid(f"{url[:80]!r} is not the http or https address of an ACS.", field)
    return url


def _move_acs(given: Mapping[str, Any]) -> Args:
    return {"url": acs_url(given.get("url"))}


def _unit_url(given: Mapping[str, Any], needed: bool) -> str:
    return _text(given, "url", 1024, _UNIT_URL, needed)


def _uuid(given: Mapping[str, Any], needed: bool) -> str:
    """In the form devices want it, else they answer 9022 (conformance C-159)."""
    return _text(given, "uuid", 36, _UUID, needed)


def _login(given: Mapping[str, Any]) -> Args:
    return {"username": _text(given, "username", 256), "password": _text(given, "password", 256)}


def _environment(given: Mapping[str, Any]) -> Args:
    return {"environment": _path(given["environment"], "environment") if given.get("environment") else ""}


def _install_module(given: Mapping[str, Any]) -> Args:
    return {"url": _unit_url(given, True), "uuid": _uuid(given, False), **_login(given), **_environment(given)}


def _update_module(given: Mapping[str, Any]) -> Args:
    """The UUID chooses the unit; without it the URL does; without both every unit is updated (conformance C-157)."""
    return {"uuid": _uuid(given, False), "version": _text(given, "version", 32), "url": _unit_url(given, False), **_login(given)}


def _uninstall_module(given: Mapping[str, Any]) -> Args:
    return {"uuid": _uuid(given, True), "version": _text(given, "version", 32), **_environment(given)}


def _inform_interval(given: Mapping[str, Any]) -> Args:
    """`spread`: also when in the interval, so that a group does not speak all at once."""
    spread = {"spread": True} if given.get("spread") else {}
    return {"interval_s": _int(given, "interval_s", 0, 10, 30 * 86400), "enable": bool(given.get("enable", True)), **spread}


_JID_PART = re.compile(r"[A-Za-z0-9._+=-]{1,64}")


def _enable_xmpp(given: Mapping[str, Any]) -> Args:
    """An account that exists, or nothing: then one is made."""
    return {"username": _text(given, "username", 64, _JID_PART), "password": _text(given, "password", 128)}


def _configure(given: Mapping[str, Any]) -> Args:
    """`again`: what did not stick before is tried once more."""
    return {"again": True} if given.get("again") else {}


def _nothing(given: Mapping[str, Any]) -> Args:
    return {}


_CHECKS: dict[str, Callable[[Mapping[str, Any]], Args]] = {
    "configure": _configure, "inform_interval": _inform_interval, "enable_xmpp": _enable_xmpp,
    "read": _read, "refresh": _refresh, "write": _write, "add_object": _add, "delete_object": _delete, "set_notification": _notification,
    "ping": _ping, "traceroute": _trace, "nslookup": _lookup, "download_test": _download_test, "upload_test": _download_test, "firmware": _firmware,
    "udp_echo": _echo, "server_selection": _selection, "line_test": _line_interface, "atm_loopback": _loopback,
    "restore": _restore, "stored_image": _stored_image, "schedule_inform": _schedule_inform, "schedule_download": _schedule_download,
    "cancel_transfer": _cancel_transfer, "options": _options, "vouchers": _vouchers, "attributes": _attributes, "raw_rpc": _raw_rpc,
    "move_acs": _move_acs, "install_module": _install_module, "update_module": _update_module, "uninstall_module": _uninstall_module,
}  # fmt: skip


def checked(kind: str, given: Mapping[str, Any]) -> Args:
    """The arguments of an operation of this kind. Invalid names what is wrong; what the kind does not know is refused too."""
    args = _CHECKS.get(kind, _nothing)(given)
    unknown = sorted(set(given) - set(args))
    if unknown:
        raise Invalid(f"{kind} has no argument {unknown[0]!r}.", unknown[0])
    return args
