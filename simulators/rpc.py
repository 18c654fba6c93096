"""What a CPE answers to each RPC of an ACS: a response message, or a CwmpFault.

No I/O: what takes time (a download, a reboot, a diagnosis) is noted on the Cpe and done by device.py after the session. Transfers are in
transfer_queue.py, software modules in modules.py, options in options.py, SetParameterValues in writing.py, unusual names in naming.py.
Follows TR-069 Amendment 6 A.3.2; conformance section C. Tests: tests/simulators/test_rpc.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from acs.cwmp import events
from acs.cwmp.codec import UnknownRpc, raw_rpc
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    SINCE,
    AddObject,
    AddObjectResponse,
    CancelTransfer,
    ChangeDUState,
    DeleteObject,
    DeleteObjectResponse,
    Download,
    FactoryReset,
    FactoryResetResponse,
    GetAllQueuedTransfers,
    GetOptions,
    GetParameterAttributes,
    GetParameterAttributesResponse,
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    GetQueuedTransfers,
    GetRPCMethods,
    GetRPCMethodsResponse,
    ParameterAttributeStruct,
    ParameterInfoStruct,
    Reboot,
    RebootResponse,
    ScheduleDownload,
    ScheduleInform,
    ScheduleInformResponse,
    SetParameterAttributes,
    SetParameterAttributesResponse,
    SetParameterAttributesStruct,
    SetParameterValues,
    SetVouchers,
    Upload,
)
from simulators import naming, oddities
from simulators.cpe import Cpe, instant
from simulators.modules import ROOT as SOFTWARE_MODULES
from simulators.modules import change_du_state
from simulators.options import get_options, set_vouchers
from simulators.profile import lookup
from simulators.transfer_queue import (
    cancel_transfer,
    download,
    fault,
    get_all_queued_transfers,
    get_queued_transfers,
    schedule_download,
    upload,
)
from simulators.writing import set_parameter_values

MAX_ROWS = 64
MAX_APPOINTMENTS = 16
BLINK = "X_HEARTHLINE_Blink"
"""A method of the vendor's own: the lights of the device blink for so many `Seconds`, so that somebody finds it."""


def answer(cpe: Cpe, message: Any) -> Any:
    """The response or fault to one request; 9000 for what we do not know, 9002 never reaches the wire without a log line above us."""
    name = message.name if isinstance(message, UnknownRpc) else type(message).__name__
    cpe.rpcs.append(name)
    if name == BLINK:
        return _blink(cpe, message)
    method = _METHODS.get(type(message))
    if method is None or not _has(cpe, name):
        return fault(9000)
    asked = oddities.before(cpe, message) if cpe.quirks.before else message
    response = asked if isinstance(asked, CwmpFault) else method(cpe, asked)
    if cpe.quirks.after:
        response = oddities.after(cpe, message, response)
    return naming.with_aliases(cpe, response) if naming.writes_aliases(cpe) else response


def _has(cpe: Cpe, method: str) -> bool:
    """Whether the device's protocol version and model have a method (conformance B-27)."""
    since = SINCE.get(method, "1.0")
    return (since == "1.0" or since <= cpe.facts.profile.cwmp_version) and (
        method != "ChangeDUState" or cpe.tree.is_object(SOFTWARE_MODULES)
    )


def _get_rpc_methods(cpe: Cpe, _message: GetRPCMethods) -> GetRPCMethodsResponse:
    return GetRPCMethodsResponse((*(method.__name__ for method in _METHODS if _has(cpe, method.__name__)), BLINK))


def _blink(cpe: Cpe, message: UnknownRpc) -> Any:
    seconds = re.search(r"<(?:[\w.-]+:)?Seconds[^>]*>\s*(\d{1,4})\s*<", message.xml)
    if seconds is None:
        return fault(9003, "Seconds is missing")
    cpe.blinks_until = cpe.facts.now() + int(seconds[1])
    cpe.facts.note(f"blinks for {seconds[1]} s")
    return raw_rpc(f"<cwmp:{BLINK}Response><Until>{instant(cpe.blinks_until)}</Until></cwmp:{BLINK}Response>")


def _schedule_inform(cpe: Cpe, message: ScheduleInform) -> ScheduleInformResponse | CwmpFault:
    """Several may be pending, each with its key (C-137)."""
    if message.delay_seconds == 0 or len(message.command_key) > 32:
        return fault(9003, "DelaySeconds must be greater than 0")
    if len(cpe.appointments) >= MAX_APPOINTMENTS:
        return fault(9002, f"at most {MAX_APPOINTMENTS} scheduled Informs")
    cpe.appointments.append((cpe.facts.now() + message.delay_seconds, message.command_key))
    cpe.touched = True
    return ScheduleInformResponse()


def _get_parameter_values(cpe: Cpe, message: GetParameterValues) -> GetParameterValuesResponse | CwmpFault:
    """Any unknown name refuses the whole call; an empty table is no error (C-42, C-44)."""
    found: dict[str, None] = {}
    for name in message.parameter_names:
        paths = _parameters(cpe, name)
        if paths is None:
            return fault(9005, f"Invalid parameter name: {name[:200]}")
        found.update(dict.fromkeys(paths))
    return GetParameterValuesResponse(tuple([cpe.value_struct(path) for path in found]))


def _parameters(cpe: Cpe, name: str, wild: bool = True) -> list[str] | None:
    """What a full or partial path names; None for an unknown one. The empty path is the whole tree (C-41)."""
    if "[" in name:
        name = naming.numbered(cpe, name)
    if "*" in name:
        return cpe.tree.matching(name) if wild and _may_be_wild(cpe, name) else None
    if not name or name.endswith("."):
        return cpe.tree.under(name) if not name or cpe.tree.is_object(name) else None
    return [name] if cpe.tree.leaf(name) is not None else None


def _may_be_wild(cpe: Cpe, path: str) -> bool:
    return cpe.policy("InstanceWildcardsSupported") in ("true", "1") and cpe.tree.is_object(path.partition("*")[0])


def _get_parameter_names(cpe: Cpe, message: GetParameterNames) -> GetParameterNamesResponse | CwmpFault:
    """C-51 to C-56: the path itself only without NextLevel, a leaf with NextLevel is 9003, the empty path lists the root."""
    path = naming.numbered(cpe, message.parameter_path)
    if "*" not in path:
        return _names_of(cpe, path, message.next_level)
    if not _may_be_wild(cpe, path):
        return fault(9005)
    found: dict[str, ParameterInfoStruct] = {}
    for each in cpe.tree.matching_objects(path) if path.endswith(".") else cpe.tree.matching(path):
        listed = _names_of(cpe, each, message.next_level)
        if isinstance(listed, CwmpFault):
            return listed
        found.update({info.name: info for info in listed.parameter_list})
    return GetParameterNamesResponse(tuple(found.values()))


def _names_of(cpe: Cpe, path: str, next_level: bool) -> GetParameterNamesResponse | CwmpFault:
    tree = cpe.tree
    if path and not path.endswith("."):
        leaf = tree.leaf(path)
        if leaf is None:
            return fault(9005)
        if next_level:
            return fault(9003, "NextLevel must be false for a parameter")
        return GetParameterNamesResponse((ParameterInfoStruct(path, leaf.entry.writable),))
    if path and not tree.is_object(path):
        return fault(9005)
    if next_level and not path:
        return GetParameterNamesResponse((ParameterInfoStruct(tree.root, False),))
    objects = [ParameterInfoStruct(name, tree.may_add_or_delete(name)) for name in tree.objects_under(path)]
    leaves = [ParameterInfoStruct(name, _writable(cpe, name)) for name in tree.under(path)]
    if next_level:
        objects = [info for info in objects if info.name != path and "." not in info.name[len(path) : -1]]
        leaves = [info for info in leaves if "." not in info.name[len(path) :]]
    return GetParameterNamesResponse((*objects, *leaves))


def _writable(cpe: Cpe, name: str) -> bool:
    leaf = cpe.tree.leaf(name)
    return leaf is not None and leaf.entry.writable


def _set_parameter_values(cpe: Cpe, message: SetParameterValues) -> Any:
    """With aliases resolved, and rows made for unknown ones where AutoCreateInstances asks for it: all or nothing (K-25)."""
    asked = [item.name for item in message.parameter_list]
    if not any("[" in name for name in asked) or not naming.has_aliases(cpe):
        return set_parameter_values(cpe, message)
    made = naming.create_missing(cpe, asked) if cpe.is_on("AutoCreateInstances") else []
    plain = {naming.numbered(cpe, name): name for name in asked}
    items = tuple(replace(item, name=naming.numbered(cpe, item.name)) for item in message.parameter_list)
    response = set_parameter_values(cpe, replace(message, parameter_list=items))
    if isinstance(response, CwmpFault):
        for row in made:
            cpe.tree.delete_row(row)
        return replace(response, parameters=tuple(replace(each, name=plain.get(each.name, each.name)) for each in response.parameters))
    return response


def _set_parameter_attributes(cpe: Cpe, message: SetParameterAttributes) -> SetParameterAttributesResponse | CwmpFault:
    """Atomic; active notification is refused where the model lets it be (C-63 to C-66)."""
    wanted: list[tuple[str, SetParameterAttributesStruct]] = []
    for item in message.parameter_list:
        paths = _parameters(cpe, item.name, wild=False)
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
    table, alias = naming.split_alias(message.object_name)
    table = naming.numbered(cpe, table)
    if alias and (not naming.may_be_alias(cpe, alias) or naming.row_of(cpe.tree, table, alias) is not None):
        return fault(9005, "that alias cannot be given")
    if not table.endswith(".") or len(message.parameter_key) > 32:
        return fault(9003, "ObjectName must end in a dot" if len(message.parameter_key) <= 32 else "ParameterKey is too long")
    row = lookup(cpe.tree.base.root, table + "1.")
    is_table = row is not None and row.is_table and not table.rstrip(".").rpartition(".")[2].isdigit()
    if not cpe.tree.is_object(table) or not is_table or not cpe.tree.may_add_or_delete(table):
        return fault(9005)
    if len(cpe.tree.rows(table)) >= min(MAX_ROWS, (row.max_entries or MAX_ROWS) if row else MAX_ROWS):
        return fault(9004, "the table is full")
    number = cpe.tree.add_row(table)
    if alias:
        cpe.tree.put(f"{table}{number}.Alias", alias)
    _take_key(cpe, message.parameter_key)
    cpe.facts.note(f"{table}{number}. added by ACS")
    return AddObjectResponse(number, 0)


def _delete_object(cpe: Cpe, message: DeleteObject) -> DeleteObjectResponse | CwmpFault:
    row = naming.numbered(cpe, message.object_name)
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


_METHODS: dict[type, Callable[[Cpe, Any], Any]] = {
    GetRPCMethods: _get_rpc_methods,
    SetParameterValues: _set_parameter_values,
    GetParameterValues: _get_parameter_values,
    GetParameterNames: _get_parameter_names,
    SetParameterAttributes: _set_parameter_attributes,
    GetParameterAttributes: _get_parameter_attributes,
    AddObject: _add_object,
    DeleteObject: _delete_object,
    Reboot: _reboot,
    FactoryReset: _factory_reset,
    Download: download,
    Upload: upload,
    ScheduleInform: _schedule_inform,
    ScheduleDownload: schedule_download,
    CancelTransfer: cancel_transfer,
    GetQueuedTransfers: get_queued_transfers,
    GetAllQueuedTransfers: get_all_queued_transfers,
    ChangeDUState: change_du_state,
    SetVouchers: set_vouchers,
    GetOptions: get_options,
}
