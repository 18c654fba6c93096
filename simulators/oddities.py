"""What odd devices do with RPCs: each word of the knobs `before` and `after` is a function here (K-36 to K-60, K-73, R-5 to R-8, R-17, R-20).

`before` looks at a request: it gives back the request the device works on, or the fault it answers. `after` looks at what an honest
device would answer. rpc.py calls both, and only for devices that have words. Tests: tests/simulators/test_oddities.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC
from typing import Any

from acs.cwmp.faults import CPE_FAULTS, CwmpFault, ParameterFault
from acs.cwmp.messages import (
    AddObject,
    AddObjectResponse,
    AutonomousTransferComplete,
    DeleteObjectResponse,
    DownloadResponse,
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterInfoStruct,
    ParameterValueStruct,
    SetParameterAttributes,
    SetParameterValues,
    SetParameterValuesResponse,
    TransferComplete,
    Upload,
    UploadResponse,
)
from acs.cwmp.paths import leaf as last_part
from acs.cwmp.paths import parent
from acs.cwmp.times import parse_time
from simulators.cpe import Cpe, SessionFailed, Transfer
from simulators.informs import parameter_key

STARS = "********"

Words = list[str]


class Crashes(SessionFailed):
    """The device falls over and restarts."""


class Hangs(SessionFailed):
    """The device says nothing more, and keeps its connection."""


def before(cpe: Cpe, message: Any) -> Any:
    """The request an odd device makes of this one, or its CwmpFault. Crashes or Hangs end the session."""
    for each in cpe.quirks.before:
        word, *words = each.split()
        message = BEFORE[word](cpe, message, words)
        if isinstance(message, CwmpFault):
            break
    return message


def after(cpe: Cpe, message: Any, response: Any) -> Any:
    """The answer an odd device gives instead of an honest one."""
    for each in cpe.quirks.after:
        word, *words = each.split()
        response = AFTER[word](cpe, message, response, words)
    return response


def _fault(code: str | int, text: str = "") -> CwmpFault:
    return CwmpFault(int(code), text or CPE_FAULTS.get(int(code), ""))


def _names_in(message: Any) -> list[str]:
    """Every parameter or object a request names."""
    if isinstance(message, GetParameterNames):
        return [message.parameter_path]
    if hasattr(message, "object_name"):
        return [message.object_name]
    return [*getattr(message, "parameter_names", ()), *(item.name for item in getattr(message, "parameter_list", ()))]


def _renamed(message: Any, change: Callable[[str], str]) -> Any:
    """A message with every name changed."""
    given: dict[str, Any] = {}
    for attribute in ("parameter_path", "object_name"):
        if hasattr(message, attribute):
            given[attribute] = change(getattr(message, attribute))
    if hasattr(message, "parameter_names"):
        given["parameter_names"] = tuple(change(name) for name in message.parameter_names)
    if hasattr(message, "parameter_list"):
        given["parameter_list"] = tuple(replace(item, name=change(item.name)) for item in message.parameter_list)
    return replace(message, **given) if given else message


# ---- reports of transfers ----------------------------------------------------------------------------------------


def reports(cpe: Cpe, done: list[Transfer]) -> list[Transfer]:
    """Which transfers are reported, and how often (R-4)."""
    if "one-for-all" in cpe.quirks.reports:
        cpe.transfers = [transfer for transfer in cpe.transfers if transfer not in done[1:]]
        return done[:1]
    return [transfer for transfer in done for _ in range(2)] if "twice" in cpe.quirks.reports else done


def report(cpe: Cpe, transfer: Transfer, honest: TransferComplete) -> Any:
    """The report of one transfer as an odd device writes it (K-64)."""
    for each in cpe.quirks.reports:
        word, _, argument = each.partition(" ")
        if word == "key":
            return replace(honest, command_key=argument)
        if word == "autonomous":
            return AutonomousTransferComplete(
                "", transfer.url, transfer.kind == "download", transfer.file_type, transfer.file_size, transfer.target, honest.fault_struct,
                honest.start_time, honest.complete_time,
            )  # fmt: skip
    return honest


# ---- before ------------------------------------------------------------------------------------------------------


def _root_names(_cpe: Cpe, message: Any, words: Words) -> Any:
    return _fault(words[0]) if isinstance(message, GetParameterNames) and not message.parameter_path else message


def _whole_tree(cpe: Cpe, message: Any, words: Words) -> Any:
    asks = isinstance(message, GetParameterValues) or (isinstance(message, GetParameterNames) and not message.next_level)
    if not asks or not any(name in ("", cpe.tree.root) for name in _names_in(message)):
        return message
    if words[0] == "hang":
        raise Hangs("the device does not answer a question for its whole tree")
    return _fault(words[0])


def _next_level(_cpe: Cpe, message: Any, words: Words) -> Any:
    return replace(message, next_level=bool(int(words[0]))) if isinstance(message, GetParameterNames) else message


def _root_lists_children(cpe: Cpe, message: Any, _words: Words) -> Any:
    is_root = isinstance(message, GetParameterNames) and message.next_level and not message.parameter_path
    return replace(message, parameter_path=cpe.tree.root) if is_root else message


def _unreadable(cpe: Cpe, message: Any, words: Words) -> Any:
    if not isinstance(message, GetParameterValues):
        return message
    asked = [path for name in message.parameter_names for path in (cpe.tree.under(name) if not name or name.endswith(".") else [name])]
    return _fault(9005) if any(last_part(path) in words for path in asked) else message


def _at_most(_cpe: Cpe, message: Any, words: Words) -> Any:
    return _fault(words[1]) if isinstance(message, GetParameterValues) and len(message.parameter_names) > int(words[0]) else message


def _partial_path(cpe: Cpe, message: Any, words: Words) -> Any:
    if not isinstance(message, GetParameterValues) or not any(name.endswith(".") or not name for name in message.parameter_names):
        return message
    if words[0] == "crash":
        raise Crashes("the device does not survive a partial path")
    return _fault(words[0])


def _trailing_dot(cpe: Cpe, message: Any, _words: Words) -> Any:
    if any(name.endswith(".") and cpe.tree.leaf(name[:-1]) is not None for name in _names_in(message)):
        raise Hangs("the device does not survive a parameter with a dot at its end")
    return message


def _refuse_write(_cpe: Cpe, message: Any, words: Words) -> Any:
    """`NAME CODE`, and `several` or `none` parameters named in the fault."""
    if not isinstance(message, SetParameterValues):
        return message
    name, code, *how = words
    bad = [item.name for item in message.parameter_list if last_part(item.name) == name]
    if not bad:
        return message
    if how == ["none"]:
        return _fault(code if int(code) > 9799 else 9003)
    named = [item.name for item in message.parameter_list] if how == ["several"] else bad
    several = [*named, parent(bad[0]) + "SerialNumber"] if how == ["several"] else named
    return CwmpFault(9003, "Invalid arguments", tuple(ParameterFault(each, int(code), "refused") for each in several))


def _refuse_value(_cpe: Cpe, message: Any, words: Words) -> Any:
    name, value, code = words
    bad = [i.name for i in getattr(message, "parameter_list", ()) if last_part(i.name) == name and getattr(i, "value", None) == value]
    return CwmpFault(9003, "Invalid arguments", tuple(ParameterFault(each, int(code)) for each in bad)) if bad else message


def _times_as_written(_cpe: Cpe, message: Any, _words: Words) -> Any:
    items = message.parameter_list if isinstance(message, SetParameterValues) else ()
    bad = [item.name for item in items if last_part(item.name) == "PeriodicInformTime" and item.value.isdigit()]
    return CwmpFault(9003, "Invalid arguments", tuple(ParameterFault(each, 9007) for each in bad)) if bad else message


def _booleans_only(cpe: Cpe, message: Any, words: Words) -> Any:
    if not isinstance(message, SetParameterValues):
        return message
    bad = [item.name for item in message.parameter_list if _is(cpe, item.name, "boolean") and item.value not in words]
    return CwmpFault(9003, "Invalid arguments", tuple(ParameterFault(name, 9007) for name in bad)) if bad else message


def _equal_is_no_change(cpe: Cpe, message: Any, _words: Words) -> Any:
    if not isinstance(message, SetParameterValues):
        return message
    return replace(message, parameter_list=tuple(i for i in message.parameter_list if not (i.value == STARS and _is_hidden(cpe, i.name))))


def _not_ready(cpe: Cpe, message: Any, words: Words) -> Any:
    """`SECONDS CODE [PART]`: of everything, or of writes below objects with this part in their name."""
    seconds, code, *part = words
    if cpe.facts.now() - cpe.facts.booted >= float(seconds):
        return message
    if not part:
        return _fault(code, "not ready") if _names_in(message) else message
    bad = [name for name in _names_in(message) if part[0] in name] if isinstance(message, SetParameterValues) else []
    return CwmpFault(9003, "not ready", tuple(ParameterFault(name, int(code)) for name in bad)) if bad else message


def _reuse_numbers(cpe: Cpe, message: Any, _words: Words) -> Any:
    if isinstance(message, AddObject):
        cpe.tree.last_number.pop(message.object_name, None)
    return message


def _late(cpe: Cpe, message: Any, _words: Words) -> Any:
    if isinstance(message, GetParameterValues) and any(name.startswith(row) for name in message.parameter_names for row in cpe.late_rows):
        return _fault(9005)
    return message


def _rename(cpe: Cpe, message: Any, words: Words) -> Any:
    theirs, ours = words
    return _renamed(message, lambda name: ours + name[len(theirs) :] if name.startswith(theirs) else name)


def _swapped(words: Words) -> Callable[[str], str]:
    one, other = words

    def swap(name: str) -> str:
        for here, there in ((one, other), (other, one)):
            if name.startswith(here):
                return there + name[len(here) :]
        return name

    return swap


def _valued(message: Any, change: Callable[[ParameterValueStruct], ParameterValueStruct]) -> Any:
    if not isinstance(message, SetParameterValues | GetParameterValuesResponse):
        return message
    return replace(message, parameter_list=tuple(change(item) for item in message.parameter_list))


def _protocol(known: str, told: str) -> Callable[[ParameterValueStruct], ParameterValueStruct]:
    return lambda item: replace(item, value=told) if last_part(item.name).endswith("Protocol") and item.value == known else item


def _invert(words: Words) -> Callable[[ParameterValueStruct], ParameterValueStruct]:
    def turn(item: ParameterValueStruct) -> ParameterValueStruct:
        if last_part(item.name) not in words:
            return item
        return replace(item, value="false" if item.value in ("true", "1") else "true")

    return turn


def _off_is_gone(cpe: Cpe, message: Any, _words: Words) -> Any:
    return _fault(9005) if any(_is_gone(cpe, name) for name in getattr(message, "parameter_names", ())) else message


def _forced_attributes(cpe: Cpe, message: Any, words: Words) -> Any:
    if not isinstance(message, SetParameterAttributes):
        return message
    leaves = [cpe.tree.leaf(item.name) for item in message.parameter_list]
    return _fault(words[0]) if any(leaf is not None and leaf.entry.active_notify == "forceEnabled" for leaf in leaves) else message


def _upload_type(_cpe: Cpe, message: Any, words: Words) -> Any:
    return _fault(words[1]) if isinstance(message, Upload) and message.file_type.startswith(words[0] + " ") else message


BEFORE: dict[str, Callable[[Cpe, Any, Words], Any]] = {
    "root-names": _root_names,
    "whole-tree": _whole_tree,
    "next-level": _next_level,
    "root-lists-children": _root_lists_children,
    "unreadable": _unreadable,
    "at-most": _at_most,
    "partial-path": _partial_path,
    "trailing-dot": _trailing_dot,
    "refuse-write": _refuse_write,
    "refuse-value": _refuse_value,
    "times-as-written": _times_as_written,
    "booleans-only": _booleans_only,
    "equal-is-no-change": _equal_is_no_change,
    "not-ready": _not_ready,
    "reuse-numbers": _reuse_numbers,
    "late-instances": _late,
    "rename": _rename,
    "swap": lambda _cpe, message, words: _renamed(message, _swapped(words)),
    "protocol": lambda _cpe, message, words: _valued(message, _protocol(" ".join(words), words[0])),
    "inverted": lambda _cpe, message, words: _valued(message, _invert(words)),
    "off-is-gone": _off_is_gone,
    "forced-attributes": _forced_attributes,
    "upload-type": _upload_type,
}


# ---- after -------------------------------------------------------------------------------------------------------


def _is(cpe: Cpe, name: str, kind: str) -> bool:
    leaf = cpe.tree.leaf(name)
    return leaf is not None and leaf.entry.type == kind and not leaf.entry.is_list


def _is_hidden(cpe: Cpe, name: str) -> bool:
    leaf = cpe.tree.leaf(name)
    return leaf is not None and (leaf.entry.hidden or leaf.entry.secured)


def _is_gone(cpe: Cpe, name: str) -> bool:
    """Whether this parameter's own object is switched off."""
    enable = parent(name) + "Enable"
    return name != enable and cpe.tree.leaf(enable) is not None and cpe.tree.value(enable) in ("false", "0")


def _listed(response: Any, change: Callable[[tuple[ParameterInfoStruct, ...]], Iterable[ParameterInfoStruct]]) -> Any:
    if not isinstance(response, GetParameterNamesResponse):
        return response
    return replace(response, parameter_list=tuple(change(response.parameter_list)))


def _relative_names(_cpe: Cpe, message: Any, response: Any, _words: Words) -> Any:
    path = getattr(message, "parameter_path", "")
    return (
        _listed(response, lambda infos: [replace(i, name=i.name.removeprefix(path)) for i in infos if i.name != path]) if path else response
    )


def _empty_list(_cpe: Cpe, message: Any, response: Any, words: Words) -> Any:
    return _listed(response, lambda infos: () if message.parameter_path.endswith(words[0]) else infos)


def _next_level_nothing(_cpe: Cpe, message: Any, response: Any, _words: Words) -> Any:
    return _listed(response, lambda infos: () if message.next_level and message.parameter_path else infos)


def _lists_itself(_cpe: Cpe, message: Any, response: Any, _words: Words) -> Any:
    if not isinstance(message, GetParameterNames) or not message.next_level or not message.parameter_path.endswith("."):
        return response
    return _listed(response, lambda infos: (ParameterInfoStruct(message.parameter_path, False), *infos))


def _values(kind: str, write: Callable[[str], str]) -> Callable[[Cpe, Any, Any, Words], Any]:
    """Every value of a type in another form."""

    def change(cpe: Cpe, _message: Any, response: Any, _words: Words) -> Any:
        return _valued(response, lambda item: replace(item, value=write(item.value)) if item.type == kind else item)

    return change


def _booleans(cpe: Cpe, message: Any, response: Any, words: Words) -> Any:
    yes, no = words
    return _values("boolean", lambda text: yes if text in ("true", "1") else no)(cpe, message, response, words)


def _times(cpe: Cpe, message: Any, response: Any, words: Words) -> Any:
    return _values("dateTime", lambda _text: words[0])(cpe, message, response, words)


def _time_form(cpe: Cpe, message: Any, response: Any, words: Words) -> Any:
    def write(text: str) -> str:
        instant = parse_time(text)
        return text.rstrip("Z") if instant is None else instant.astimezone(UTC).strftime(words[0])

    return _values("dateTime", write)(cpe, message, response, words)


def _floats(_cpe: Cpe, _message: Any, response: Any, _words: Words) -> Any:
    numbers = ("int", "unsignedInt", "long", "unsignedLong")
    return _valued(response, lambda item: replace(item, value=item.value + ".0", type="string") if item.type in numbers else item)


def _negative_unsigned(_cpe: Cpe, _message: Any, response: Any, _words: Words) -> Any:
    def turn(item: ParameterValueStruct) -> ParameterValueStruct:
        is_counter = item.type.startswith("unsigned") and ".Stats." in item.name and item.value != "0"
        return replace(item, value="-" + item.value) if is_counter else item

    return _valued(response, turn)


def _stars(cpe: Cpe, _message: Any, response: Any, _words: Words) -> Any:
    return _valued(response, lambda item: replace(item, value=STARS) if _is_hidden(cpe, item.name) else item)


_FORMS: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "blanks": lambda text: re.sub(r",\s*", ", ", text),
    "reversed": lambda text: ",".join(reversed(text.split(","))),
    "quoted": lambda text: f'"{text}"' if text else text,
}


def _form(cpe: Cpe, _message: Any, response: Any, words: Words) -> Any:
    """Writable texts in another form; of lists only where the form is one of lists."""
    of_lists = words[0] in ("blanks", "reversed")

    def change(item: ParameterValueStruct) -> ParameterValueStruct:
        leaf = cpe.tree.leaf(item.name)
        if leaf is None or item.type != "string" or leaf.entry.is_list != of_lists or not (leaf.entry.writable or of_lists):
            return item
        return replace(item, value=_FORMS[words[0]](item.value))

    return _valued(response, change)


_OPTICAL = {"OpticalSignalLevel": 1000, "TransmitOpticalLevel": 1000, "RxPower": 10, "TxPower": 10}
"""Parts of a dBm in which each parameter is told (conformance X-12)."""


def _optical(write: Callable[[float], str]) -> Callable[[Cpe, Any, Any, Words], Any]:
    def change(item: ParameterValueStruct) -> ParameterValueStruct:
        parts = _OPTICAL.get(last_part(item.name))
        return replace(item, value=write(int(item.value) / parts), type="string") if parts else item

    return lambda _cpe, _message, response, _words: _valued(response, change)


def _supply_in_volts(_cpe: Cpe, _message: Any, response: Any, _words: Words) -> Any:
    return _valued(
        response,
        lambda item: replace(item, value=f"{int(item.value) / 1000:.2f}", type="string") if last_part(item.name) == "Voltage" else item,
    )


def _lacking(_cpe: Cpe, _message: Any, response: Any, words: Words) -> Any:
    if not isinstance(response, GetParameterValuesResponse):
        return response
    return replace(response, parameter_list=tuple(item for item in response.parameter_list if last_part(item.name) not in words))


def _extra(cpe: Cpe, _message: Any, response: Any, _words: Words) -> Any:
    if not isinstance(response, GetParameterValuesResponse):
        return response
    return replace(response, parameter_list=(*response.parameter_list, cpe.value_struct(f"{cpe.tree.root}DeviceInfo.UpTime")))


def _none_for_unknown(cpe: Cpe, message: Any, response: Any, _words: Words) -> Any:
    if not isinstance(message, GetParameterValues) or not _is_fault(response, 9005):
        return response
    items = [cpe.value_struct(n) if cpe.tree.leaf(n) else ParameterValueStruct(n, "None", "string") for n in message.parameter_names]
    return GetParameterValuesResponse(tuple(items))


def _is_fault(response: Any, code: int) -> bool:
    return isinstance(response, CwmpFault) and response.code == code


def _unknown_empty(_cpe: Cpe, message: Any, response: Any, _words: Words) -> Any:
    return GetParameterValuesResponse(()) if isinstance(message, GetParameterValues) and _is_fault(response, 9005) else response


def _unknown_crash(_cpe: Cpe, message: Any, response: Any, _words: Words) -> Any:
    if isinstance(message, GetParameterValues) and _is_fault(response, 9005):
        raise Crashes("the device does not survive an unknown name")
    return response


def _unknown_write(_cpe: Cpe, message: Any, response: Any, words: Words) -> Any:
    if not isinstance(message, SetParameterValues) or not isinstance(response, CwmpFault):
        return response
    if not any(fault.code == 9005 for fault in response.parameters):
        return response
    return SetParameterValuesResponse(0) if words[0] == "0" else CwmpFault(int(words[0]), "")


def _one_value(cpe: Cpe, message: Any, response: Any) -> Any:
    names = [name for name in getattr(message, "parameter_names", ()) if name.endswith(".")]
    if not names or not isinstance(response, GetParameterValuesResponse):
        return response
    return GetParameterValuesResponse(tuple(ParameterValueStruct(name, "", "string") for name in names))


def _write_status(_cpe: Cpe, _message: Any, response: Any, words: Words) -> Any:
    return replace(response, status=int(words[0])) if isinstance(response, SetParameterValuesResponse) else response


def _object_status(_cpe: Cpe, _message: Any, response: Any, words: Words) -> Any:
    return replace(response, status=int(words[0])) if isinstance(response, AddObjectResponse | DeleteObjectResponse) else response


def _restart_after_write(cpe: Cpe, _message: Any, response: Any, _words: Words) -> Any:
    cpe.after.reboot = cpe.after.reboot or isinstance(response, SetParameterValuesResponse)
    return response


def _instance_number(_cpe: Cpe, _message: Any, response: Any, words: Words) -> Any:
    return replace(response, instance_number=int(words[0])) if isinstance(response, AddObjectResponse) else response


def _late_instances(cpe: Cpe, message: Any, response: Any, _words: Words) -> Any:
    if isinstance(response, AddObjectResponse):
        cpe.late_rows.append(f"{message.object_name}{response.instance_number}.")
    return _listed(response, lambda infos: [info for info in infos if not info.name.startswith(tuple(cpe.late_rows) or ("\0",))])


def _gone_names(cpe: Cpe, _message: Any, response: Any, _words: Words) -> Any:
    if not isinstance(response, GetParameterNamesResponse | GetParameterValuesResponse):
        return response
    given: Any = response
    kept = [item for item in given.parameter_list if item.name.endswith(".") or not _is_gone(cpe, item.name)]
    return replace(given, parameter_list=tuple(kept))


def _key_cut(cpe: Cpe, _message: Any, response: Any, words: Words) -> Any:
    return _valued(
        response, lambda item: replace(item, value=parameter_key(item.value, words[0])) if last_part(item.name) == "ParameterKey" else item
    )


def _empty_times(_cpe: Cpe, _message: Any, response: Any, _words: Words) -> Any:
    return replace(response, start_time="", complete_time="") if isinstance(response, DownloadResponse | UploadResponse) else response


def _udp_address(_cpe: Cpe, _message: Any, response: Any, _words: Words) -> Any:
    return _valued(
        response,
        lambda item: replace(item, value="not:an:address:99999") if last_part(item.name) == "UDPConnectionRequestAddress" else item,
    )


AFTER: dict[str, Callable[[Cpe, Any, Any, Words], Any]] = {
    "relative-names": _relative_names,
    "empty-list": _empty_list,
    "next-level-nothing": _next_level_nothing,
    "lists-itself": _lists_itself,
    "objects-without-dot": lambda _cpe, _m, r, _w: _listed(r, lambda infos: [replace(i, name=i.name.rstrip(".")) for i in infos]),
    "no-objects": lambda _cpe, _m, r, _w: _listed(r, lambda infos: [i for i in infos if not i.name.endswith(".")]),
    "names-twice": lambda _cpe, _m, r, _w: _listed(r, lambda infos: infos * 2),
    "writable": lambda _cpe, _m, r, words: _listed(r, lambda infos: [replace(i, writable=words[0] == "1") for i in infos]),
    "booleans": _booleans,
    "times": _times,
    "time-form": _time_form,
    "floats": _floats,
    "negative-unsigned": _negative_unsigned,
    "stars": _stars,
    "form": _form,
    "optical-linear": _optical(lambda dbm: str(round(10 ** (dbm / 10) * 10_000))),
    "optical-dbm": _optical(lambda dbm: f"{dbm:.2f}"),
    "supply-in-volts": _supply_in_volts,
    "rename": lambda cpe, _m, response, words: _rename(cpe, response, words),
    "swap": lambda _cpe, _m, response, words: _renamed(response, _swapped(words)),
    "protocol": lambda _cpe, _m, response, words: _valued(response, _protocol(words[0], " ".join(words))),
    "inverted": lambda _cpe, _m, response, words: _valued(response, _invert(words)),
    "off-is-gone": _gone_names,
    "lacking": _lacking,
    "extra": _extra,
    "none-for-unknown": _none_for_unknown,
    "unknown-empty": _unknown_empty,
    "unknown-crash": _unknown_crash,
    "unknown-write": _unknown_write,
    "one-value": lambda cpe, message, response, _w: _one_value(cpe, message, response),
    "write-status": _write_status,
    "object-status": _object_status,
    "restart-after-write": _restart_after_write,
    "instance-number": _instance_number,
    "late-instances": _late_instances,
    "parameter-key": _key_cut,
    "empty-times": _empty_times,
    "udp-address": _udp_address,
}
