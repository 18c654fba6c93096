"""What a CPE answers to each RPC of an ACS: a response message, or a CwmpFault.

No I/O: what takes time (a download, a reboot, a diagnosis) is noted on the Cpe and done by device.py after the session.
SetParameterValues is in writing.py. Follows TR-069 Amendment 6 A.3.2; conformance section C. Tests: tests/simulators/test_rpc.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from acs.cwmp import events
from acs.cwmp.codec import UnknownRpc
from acs.cwmp.faults import CPE_FAULTS, CwmpFault
from acs.cwmp.messages import (
    AddObject,
    AddObjectResponse,
    DeleteObject,
    DeleteObjectResponse,
    Download,
    DownloadResponse,
    FactoryReset,
    FactoryResetResponse,
    GetParameterAttributes,
    GetParameterAttributesResponse,
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    GetRPCMethods,
    GetRPCMethodsResponse,
    ParameterAttributeStruct,
    ParameterInfoStruct,
    Reboot,
    RebootResponse,
    SetParameterAttributes,
    SetParameterAttributesResponse,
    SetParameterAttributesStruct,
    SetParameterValues,
    Upload,
    UploadResponse,
)
from acs.cwmp.times import UNKNOWN_TIME
from simulators.cpe import Cpe, Transfer
from simulators.profile import lookup
from simulators.writing import set_parameter_values

MAX_TRANSFERS = 5
MAX_ROWS = 64
DOWNLOADS = ("1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "X ")
UPLOADS = ("1 ", "2 ", "3 ", "4 ", "X ")


def fault(code: int, text: str = "") -> CwmpFault:
    return CwmpFault(code, text or CPE_FAULTS[code])


def answer(cpe: Cpe, message: Any) -> Any:
    """The response or fault to one request; 9000 for what we do not know, 9002 never reaches the wire without a log line above us."""
    name = message.name if isinstance(message, UnknownRpc) else type(message).__name__
    cpe.rpcs.append(name)
    method = _METHODS.get(type(message))
    return fault(9000) if method is None else method(cpe, message)


def _get_rpc_methods(_cpe: Cpe, _message: GetRPCMethods) -> GetRPCMethodsResponse:
    return GetRPCMethodsResponse(tuple(method.__name__ for method in _METHODS))


def _get_parameter_values(cpe: Cpe, message: GetParameterValues) -> GetParameterValuesResponse | CwmpFault:
    """Any unknown name refuses the whole call; an empty table is no error (C-42, C-44)."""
    found: dict[str, None] = {}
    for name in message.parameter_names:
        paths = _parameters(cpe, name)
        if paths is None:
            return fault(9005, f"Invalid parameter name: {name[:200]}")
        found.update(dict.fromkeys(paths))
    return GetParameterValuesResponse(tuple([cpe.value_struct(path) for path in found]))


def _parameters(cpe: Cpe, name: str) -> list[str] | None:
    """What a full or partial path names; None for an unknown one. The empty path is the whole tree (C-41)."""
    if not name or name.endswith("."):
        return cpe.tree.under(name) if not name or cpe.tree.is_object(name) else None
    return [name] if cpe.tree.leaf(name) is not None else None


def _get_parameter_names(cpe: Cpe, message: GetParameterNames) -> GetParameterNamesResponse | CwmpFault:
    """C-51 to C-56: the path itself only without NextLevel, a leaf with NextLevel is 9003, the empty path lists the root."""
    path, tree = message.parameter_path, cpe.tree
    if path and not path.endswith("."):
        leaf = tree.leaf(path)
        if leaf is None:
            return fault(9005)
        if message.next_level:
            return fault(9003, "NextLevel must be false for a parameter")
        return GetParameterNamesResponse((ParameterInfoStruct(path, leaf.entry.writable),))
    if path and not tree.is_object(path):
        return fault(9005)
    if message.next_level and not path:
        return GetParameterNamesResponse((ParameterInfoStruct(tree.root, False),))
    objects = [ParameterInfoStruct(name, tree.may_add_or_delete(name)) for name in tree.objects_under(path)]
    leaves = [ParameterInfoStruct(name, _writable(cpe, name)) for name in tree.under(path)]
    if message.next_level:
        objects = [info for info in objects if info.name != path and "." not in info.name[len(path) : -1]]
        leaves = [info for info in leaves if "." not in info.name[len(path) :]]
    return GetParameterNamesResponse((*objects, *leaves))


def _writable(cpe: Cpe, name: str) -> bool:
    leaf = cpe.tree.leaf(name)
    return leaf is not None and leaf.entry.writable


def _set_parameter_attributes(cpe: Cpe, message: SetParameterAttributes) -> SetParameterAttributesResponse | CwmpFault:
    """Atomic; active notification is refused where the model lets it be (C-63 to C-66)."""
    wanted: list[tuple[str, SetParameterAttributesStruct]] = []
    for item in message.parameter_list:
        paths = _parameters(cpe, item.name)
        if paths is None:
            return fault(9005, f"Invalid parameter name: {item.name[:200]}")
        if item.notification_change and not 0 <= item.notification <= 6:
            return fault(9003, f"Notification {item.notification} does not exist")
        if item.access_list_change and any(who != "Subscriber" for who in item.access_list):
            return fault(9003, "the only access list entry is Subscriber")
        for path in paths:
            leaf = cpe.tree.leaf(path)
            if item.notification_change and item.notification in (2, 5, 6) and leaf is not None and leaf.entry.active_notify == "canDeny":
                return fault(9009, f"active notification is refused for {path}"[:256])
            wanted.append((path, item))
    for path, item in wanted:
        if item.notification_change:
            cpe.notifications[path] = item.notification
            cpe.last_reported[path] = cpe.tree.value(path)
        if item.access_list_change:
            cpe.access[path] = item.access_list
    cpe.touched = True
    return SetParameterAttributesResponse()


def _get_parameter_attributes(cpe: Cpe, message: GetParameterAttributes) -> GetParameterAttributesResponse | CwmpFault:
    found: dict[str, None] = {}
    for name in message.parameter_names:
        paths = _parameters(cpe, name)
        if paths is None:
            return fault(9005, f"Invalid parameter name: {name[:200]}")
        found.update(dict.fromkeys(paths))
    rows = [ParameterAttributeStruct(path, cpe.notification(path), cpe.access.get(path, ("Subscriber",))) for path in found]
    return GetParameterAttributesResponse(tuple(rows))


def _add_object(cpe: Cpe, message: AddObject) -> AddObjectResponse | CwmpFault:
    """A new row of a table the model lets the ACS extend; its number was never used before (C-75 to C-78)."""
    table = message.object_name
    if not table.endswith(".") or len(message.parameter_key) > 32:
        return fault(9003, "ObjectName must end in a dot" if len(message.parameter_key) <= 32 else "ParameterKey is too long")
    row = lookup(cpe.tree.base.root, table + "1.")
    is_table = row is not None and row.is_table and not table.rstrip(".").rpartition(".")[2].isdigit()
    if not cpe.tree.is_object(table) or not is_table or not cpe.tree.may_add_or_delete(table):
        return fault(9005)
    if len(cpe.tree.rows(table)) >= min(MAX_ROWS, (row.max_entries or MAX_ROWS) if row else MAX_ROWS):
        return fault(9004, "the table is full")
    number = cpe.tree.add_row(table)
    _take_key(cpe, message.parameter_key)
    cpe.facts.note(f"{table}{number}. added by ACS")
    return AddObjectResponse(number, 0)


def _delete_object(cpe: Cpe, message: DeleteObject) -> DeleteObjectResponse | CwmpFault:
    row = message.object_name
    if not row.endswith(".") or len(message.parameter_key) > 32:
        return fault(9003)
    if not cpe.tree.is_object(row) or not row.rstrip(".").rpartition(".")[2].isdigit() or not cpe.tree.may_add_or_delete(row):
        return fault(9005)
    cpe.tree.delete_row(row)
    for known in (cpe.notifications, cpe.access, cpe.changed, cpe.last_reported):
        for path in [path for path in known if path.startswith(row)]:
            del known[path]
    _take_key(cpe, message.parameter_key)
    cpe.facts.note(f"{row} deleted by ACS")
    return DeleteObjectResponse(0)


def _take_key(cpe: Cpe, key: str) -> None:
    cpe.tree.put(cpe.management("ParameterKey"), key)
    cpe.touched = True


def _reboot(cpe: Cpe, message: Reboot) -> RebootResponse:
    """Answered first, done after the session (C-140)."""
    cpe.after.reboot = True
    cpe.add_event(events.M_REBOOT, message.command_key)
    cpe.touched = True
    return RebootResponse()


def _factory_reset(cpe: Cpe, _message: FactoryReset) -> FactoryResetResponse:
    cpe.after.factory_reset = True
    return FactoryResetResponse()


def _bad_transfer(cpe: Cpe, message: Download | Upload, known: tuple[str, ...]) -> CwmpFault | None:
    if len(message.command_key) > 32 or not message.file_type.startswith(known) or len(message.file_type.split()) < 2:
        return fault(9003, f"FileType {message.file_type[:64]!r} is not known")
    parts = urlsplit(message.url)
    if not parts.hostname:
        return fault(9003, "URL has no host")
    if parts.scheme.lower() not in ("http", "https"):
        return fault(9013)
    if parts.username or parts.password:
        return fault(9003, "URL holds a user name")
    if len([t for t in cpe.transfers if t.state != "done"]) >= MAX_TRANSFERS:
        return fault(9004, "the transfer queue is full")
    return None


def _download(cpe: Cpe, message: Download) -> DownloadResponse | CwmpFault:
    """Always status 1: fetched after the session, reported by TransferComplete (C-91 to C-101)."""
    refused = _bad_transfer(cpe, message, DOWNLOADS)
    if refused is not None:
        return refused
    cpe.transfers.append(
        Transfer(
            "download", message.command_key, message.file_type, message.url, message.username, message.password, message.file_size,
            message.target_file_name, cpe.facts.now() + message.delay_seconds,
        )
    )  # fmt: skip
    cpe.touched = True
    return DownloadResponse(1, UNKNOWN_TIME, UNKNOWN_TIME)


def _upload(cpe: Cpe, message: Upload) -> UploadResponse | CwmpFault:
    refused = _bad_transfer(cpe, message, UPLOADS) or _no_such_file(cpe, message.file_type)
    if refused is not None:
        return refused
    cpe.transfers.append(
        Transfer(
            "upload", message.command_key, message.file_type, message.url, message.username, message.password, 0, "",
            cpe.facts.now() + message.delay_seconds,
        )
    )  # fmt: skip
    cpe.touched = True
    return UploadResponse(1, UNKNOWN_TIME, UNKNOWN_TIME)


def _no_such_file(cpe: Cpe, file_type: str) -> CwmpFault | None:
    """`3 Vendor Configuration File <i>` and `4 Vendor Log File <i>` name a row of DeviceInfo (C-111)."""
    last = file_type.rsplit(maxsplit=1)[-1]
    if file_type[:2] in ("3 ", "4 ") and last.isdigit():
        table = "VendorConfigFile" if file_type[0] == "3" else "VendorLogFile"
        if not cpe.tree.is_object(f"{cpe.tree.root}DeviceInfo.{table}.{last}."):
            return fault(9003, f"there is no {table} {last}")
    return None


_METHODS: dict[type, Callable[[Cpe, Any], Any]] = {
    GetRPCMethods: _get_rpc_methods,
    SetParameterValues: set_parameter_values,
    GetParameterValues: _get_parameter_values,
    GetParameterNames: _get_parameter_names,
    SetParameterAttributes: _set_parameter_attributes,
    GetParameterAttributes: _get_parameter_attributes,
    AddObject: _add_object,
    DeleteObject: _delete_object,
    Reboot: _reboot,
    FactoryReset: _factory_reset,
    Download: _download,
    Upload: _upload,
}
