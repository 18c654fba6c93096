"""SetParameterValues: may these values be written, and what else changes with them.

All are checked as a set, then all are written or none (conformance C-22 to C-31). Types are judged by the text, not by the xsi:type
a sender chose (B-52). Side effects are those a router has: a chosen channel ends automatic choice, inputs reset a diagnosis (G-6).
"""

from __future__ import annotations

from collections.abc import Iterable

from acs.cwmp.faults import CwmpFault, ParameterFault
from acs.cwmp.messages import ParameterValueStruct, SetParameterValues, SetParameterValuesResponse
from acs.cwmp.paths import leaf as last_part
from acs.cwmp.paths import parent
from datamodels.check import check
from datamodels.entry import Entry
from datamodels.tree import forced_inform
from simulators.cpe import Cpe
from simulators.modules import EXECUTIONS, follow_requested_state
from simulators.profile import lookup
from simulators.tree import Tree

_COMMANDS = frozenset({"Reset", "Renew", "FlushATFTable"})
"""Booleans that do something when set and always read false."""
_STATE = "DiagnosticsState"


def set_parameter_values(cpe: Cpe, message: SetParameterValues) -> SetParameterValuesResponse | CwmpFault:
    """Answer and do it. Faults: 9003 with one detail per bad parameter; 9003 alone for a name listed twice (C-24)."""
    if len(message.parameter_key) > 32:
        return CwmpFault(9003, "ParameterKey is longer than 32 characters")
    names = [item.name for item in message.parameter_list]
    if len(set(names)) != len(names):
        return CwmpFault(9003, "Invalid arguments: a parameter is listed twice")
    faults = [fault for item in message.parameter_list if (fault := refusal(cpe.tree, item)) is not None]
    refused = {fault.name for fault in faults}
    sound = [item for item in message.parameter_list if item.name not in refused]
    faults += [*_outside_list(cpe.tree, sound), *_clashes(cpe.tree, sound)]
    if faults:
        return CwmpFault(9003, "Invalid arguments", tuple(faults))
    for item in message.parameter_list:
        _write(cpe, item.name, item.value)
    _follow_diagnostics(cpe, names)
    cpe.tree.put(cpe.management("ParameterKey"), message.parameter_key)
    cpe.touched = True
    return SetParameterValuesResponse(0)


def refusal(tree: Tree, item: ParameterValueStruct) -> ParameterFault | None:
    """Why one value may not be written, by itself."""
    if not item.name or item.name.endswith("."):
        return ParameterFault(item.name[:256], 9005, "a full parameter path is needed")
    leaf = tree.leaf(item.name)
    if leaf is None:
        return ParameterFault(item.name[:256], 9005, "Invalid parameter name")
    problem = check(leaf.entry, item.value)
    if problem is not None:
        return ParameterFault(item.name, int(problem.code), problem.sentence[:256])
    if last_part(item.name) == _STATE:
        offered = {value.value for value in leaf.entry.enums} & {"Requested", "Canceled"}
        if item.value not in offered:
            return ParameterFault(item.name, 9007, "only Requested may be written")
    if item.name.endswith("DeviceInfo.BootFirmwareImage"):
        available = item.value.rstrip(".") + ".Available"
        if tree.leaf(available) is None or tree.value(available) not in ("true", "1"):
            return ParameterFault(item.name, 9007, "that image is not available")
    if leaf.entry.syntax.is_path and not leaf.entry.is_list:
        return _bad_reference(tree, item)
    if ".ManagementServer.InformParameter." in item.name:
        return _bad_inform_parameter(tree, item)
    if last_part(item.name) == "HTTPCompression" and item.value not in ("Disabled", *tree.value(item.name + "Supported").split(",")):
        return ParameterFault(item.name, 9007, "that coding is not supported")
    return None


def _bad_reference(tree: Tree, item: ParameterValueStruct) -> ParameterFault | None:
    """A reference is a path without its last dot, or begins with a dot for the root; it must lead somewhere (conformance B-64)."""
    path = tree.base.root + item.value if item.value.startswith(".") else item.value
    if path and not tree.is_object(path.rstrip(".") + ".") and tree.leaf(path) is None:
        return ParameterFault(item.name, 9007, "a reference to nothing")
    return None


def _bad_inform_parameter(tree: Tree, item: ParameterValueStruct) -> ParameterFault | None:
    """What every Inform has anyway may not be asked for, nor a value change as its reason (conformance D-65)."""
    if last_part(item.name) == "ParameterName" and item.value in forced_inform(tree.base.root):
        return ParameterFault(item.name, 9007, "in every Inform anyway")
    if last_part(item.name) == "EventList" and any(code.strip().startswith("4 ") for code in item.value.split(",")):
        return ParameterFault(item.name, 9007, "4 VALUE CHANGE cannot be listed")
    return None


def _outside_list(tree: Tree, items: Iterable[ParameterValueStruct]) -> Iterable[ParameterFault]:
    """Values that must be among those another parameter lists: a security mode, a channel (9007)."""
    given = {item.name: item.value for item in items}
    for name, text in given.items():
        leaf = tree.leaf(name)
        if leaf is None:
            continue
        reference = leaf.entry.syntax.enum_ref or ("PossibleChannels" if last_part(name) == "Channel" else None)
        listed = parent(name) + reference.rpartition(".")[2] if reference else ""
        if not listed or tree.leaf(listed) is None or not text or (last_part(name) == "Channel" and text == "0"):
            continue
        allowed = {item.strip() for item in given.get(listed, tree.value(listed)).split(",") if item.strip()}
        if allowed and not {item.strip() for item in text.split(",")} <= allowed:
            yield ParameterFault(name, 9007, f"must be one of {', '.join(sorted(allowed))}"[:256])


def _clashes(tree: Tree, items: Iterable[ParameterValueStruct]) -> Iterable[ParameterFault]:
    """Two enabled rows of a table with the same key are refused (conformance C-83)."""
    given = {item.name: item.value for item in items}
    for row in sorted({parent(name) for name in given if parent(name).rstrip(".").rpartition(".")[2].isdigit()}):
        entry = lookup(tree.base.root, row)
        if entry is None or not entry.creatable:
            continue
        table = row.rstrip(".").rpartition(".")[0] + "."
        for key in entry.unique_keys:
            if not any(row + name in given for name in (*key.parameters, entry.enable_parameter or "")):
                continue
            mine = _key(tree, given, row, key.parameters, entry if key.functional else None)
            others = [f"{table}{number}." for number in tree.rows(table) if f"{table}{number}." != row]
            enabled_by = entry if key.functional else None
            if mine is not None and any(mine == _key(tree, given, other, key.parameters, enabled_by) for other in others):
                yield ParameterFault(row + key.parameters[0], 9007, "another row has the same " + ", ".join(key.parameters))


def _key(tree: Tree, given: dict[str, str], row: str, names: tuple[str, ...], enabled_by: Entry | None) -> tuple[str, ...] | None:
    def now(name: str) -> str:
        return given.get(row + name, tree.value(row + name) if tree.leaf(row + name) else "")

    if enabled_by is not None and enabled_by.enable_parameter and now(enabled_by.enable_parameter) not in ("true", "1"):
        return None
    texts = tuple(now(name) for name in names)
    return texts if any(texts) else None


def _write(cpe: Cpe, name: str, text: str) -> None:
    leaf = cpe.tree.leaf(name)
    assert leaf is not None
    if leaf.entry.type == "boolean":
        text = "true" if text.strip() in ("1", "true") else "false"
    elif not leaf.entry.is_list and leaf.entry.type in ("int", "unsignedInt", "long", "unsignedLong"):
        text = str(int(text))
    last = last_part(name)
    if last in _COMMANDS and leaf.entry.type == "boolean":
        cpe.facts.note(f"{name} asked")
        return
    if name == cpe.management("URL") and text != cpe.tree.value(name):
        cpe.after.new_url = True
    cpe.tree.put(name, text)
    if last == "Channel" and cpe.tree.leaf(parent(name) + "AutoChannelEnable"):
        cpe.tree.put(parent(name) + "AutoChannelEnable", "true" if text == "0" else "false")
        if text == "0":
            cpe.tree.put(name, quietest_channel(cpe, parent(name)))
    elif last == "AutoChannelEnable" and text == "true":
        cpe.tree.put(parent(name) + "Channel", quietest_channel(cpe, parent(name)))
    elif last == "RequestedState" and name.startswith(EXECUTIONS):
        follow_requested_state(cpe, parent(name))
    elif last == "HTTPConnectionRequestEnable":  # F-3: no port, no URL
        cpe.close_port() if text == "false" else cpe.open_port()
    elif last == "KeyPassphrase" and "WLANConfiguration" in name:  # one value under two names (H-36)
        radio = name[: name.index(".", name.index("WLANConfiguration.") + 18) + 1]
        for twin in (radio + "KeyPassphrase", radio + "PreSharedKey.1.KeyPassphrase"):
            if twin != name and cpe.tree.leaf(twin) and (name == radio + "KeyPassphrase" or ".PreSharedKey.1." in name):
                cpe.tree.put(twin, text)
    cpe.facts.note(f"{name} set by ACS")


def quietest_channel(cpe: Cpe, radio: str) -> str:
    """The channel an automatic choice takes: the one with the least power of neighbours on it."""
    possible = [int(text) for text in cpe.tree.value(radio + "PossibleChannels").split(",") if text.strip().isdigit()]
    usual = [channel for channel in possible if channel in (1, 6, 11) or channel > 14] or [1]
    return str(min(usual, key=lambda channel: sum(10 ** (n.signal_dbm / 10) for n in cpe.facts.neighbours if n.channel == channel)))


def _follow_diagnostics(cpe: Cpe, names: list[str]) -> None:
    """Requested starts after the session, Canceled and any input stop (conformance G-3, G-6 to G-8)."""
    for place in sorted({parent(name) for name in names}):
        state = place + _STATE
        if cpe.tree.leaf(state) is None or not place.rstrip(".").endswith(("Diagnostics", "Diagnostic", "IPPing", "TraceRoute")):
            continue
        cpe.to_stop.add(place)
        cpe.to_start.pop(place, None)
        if state in names and cpe.tree.value(state) == "Requested":
            cpe.to_start[place] = None
        else:
            cpe.tree.put(state, "None")
