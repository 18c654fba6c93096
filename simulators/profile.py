"""Models of simulated devices: the TOML files of profiles/, and the tree that all devices of one shape share.

A `Base` is built once per model and number of hosts and never changes; a device keeps only what differs (tree.py). Parameters come
from the compiled BBF models: each object named in the data brings all its current parameters, each with its value from the data, its
default, or an empty one. Tables that exist in an object are listed even without rows. Tests: tests/simulators/test_profile.py.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from acs.cwmp.times import UNKNOWN_TIME
from datamodels import tree as models
from datamodels.check import check
from datamodels.entry import Entry, EnumValue, Kind, Range, Status, Syntax
from simulators.living import Living, parse

DATA = Path(__file__).parent / "profiles"
SCAN_098 = "InternetGatewayDevice.LANDevice.1.X_HEARTHLINE_NeighboringWiFiDiagnostic."
SCAN_181 = "Device.WiFi.NeighboringWiFiDiagnostic."
PADDING = "X_HEARTHLINE_Padding."
VENDOR_SETTINGS = {
    "X_HEARTHLINE_OperatingChannelBandwidth": Syntax(
        "string", enums=tuple(EnumValue(word) for word in ("20MHz", "40MHz", "80MHz", "Auto"))
    ),
    "X_HEARTHLINE_VLANID": Syntax("unsignedInt", ranges=(Range("1", "4094"),)),
}
"""Vendor parameters that the ACS may set; all others are read only."""
_PLACEHOLDER = re.compile(r"\{(\d+)\.\.(\d+)\}|\{(hosts|wifi2|wifi5)\}")
# Roots of tables nobody would look for in a home router: leaving them out keeps full reads at a size devices of this class have.
_NO_TABLES = ("Device.CollectionDevice.", "Device.ManagementServer.VirtualDevice.", "Device.ManagementServer.EmbeddedDevice.")


@dataclass(frozen=True, slots=True)
class Profile:
    """One model. `serial` is a format with {number}; `versions` the SupportedCWMPVersions header, "" for none."""

    name: str
    root: str
    manufacturer: str
    oui: str
    product_class: str
    description: str
    hardware_version: str
    firmware: str
    old_firmware: str
    namespace: str
    versions: str
    serial: str
    parts: tuple[str, ...]

    @property
    def cwmp_version(self) -> str:
        """The highest protocol version it speaks: `1.4`."""
        return self.versions.rpartition(",")[2] or self.namespace.rpartition("cwmp-")[2].replace("-", ".")

    @property
    def is_optical(self) -> bool:
        return any(part in ("tr181-optical", "tr098-gpon") for part in self.parts)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A parameter of the shared tree: what the model says, its factory text, and how it is computed if it lives."""

    entry: Entry
    text: str
    living: Living | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a home decides the tree: how many hosts, and how many of them on each band."""

    hosts: int
    wifi2: int
    wifi5: int


@cache
def profiles() -> dict[str, Profile]:
    """Every model by its name."""
    found = [Profile(**{**tomllib.loads(path.read_text())}) for path in sorted(DATA.glob("*-*.toml"))]
    return {profile.name: profile for profile in found}


def default_text(entry: Entry) -> str:
    """The value of a parameter the data says nothing about: its default, or the plainest legal value of its type."""
    for given in (entry.default, entry.factory_default):
        if given is not None:
            return given
    if entry.is_list:
        return ""
    if entry.type == "boolean":
        return "false"
    if entry.type == "dateTime":
        return UNKNOWN_TIME
    if entry.enums:
        words = [value.value for value in entry.enums]
        return next((word for word in ("Disabled", "None", "Down", "Unknown") if word in words), words[0])
    if entry.type in ("int", "unsignedInt", "long", "unsignedLong", "decimal"):
        lows = [(each.minimum, each.maximum) for each in entry.ranges]
        fits_zero = not lows or any((lo is None or float(lo) <= 0) and (hi is None or float(hi) >= 0) for lo, hi in lows)
        return "0" if fits_zero else str(lows[0][0] or lows[0][1])
    return ""


@cache
def lookup(root: str, path: str) -> Entry | None:
    """The model's entry for a path; the TR-098 Wi-Fi scan borrows the entries of TR-181."""
    if path.startswith(SCAN_098):
        borrowed = models.for_root("Device").lookup(SCAN_181 + path[len(SCAN_098) :])
        return borrowed
    return models.for_root(root).lookup(path)


def parameters_of(root: str, path: str) -> tuple[Entry, ...]:
    """What the model has straight below an object."""
    if path.startswith(SCAN_098):
        return models.for_root("Device").parameters_of(SCAN_181 + path[len(SCAN_098) :])
    return models.for_root(root).parameters_of(path)


def objects_below(root: str, path: str) -> tuple[Entry, ...]:
    """The objects and tables the model has straight below an object."""
    if path.startswith(SCAN_098):
        return models.for_root("Device").children(SCAN_181 + path[len(SCAN_098) :])
    return models.for_root(root).children(path)


class Base:
    """The tree that devices of one model and shape share. Objects and parameters are in tree order; tables are objects too.

    `objects` maps a path with its trailing dot to whether the ACS may add to it (table) or delete it (row).
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.leaves: dict[str, Leaf] = {}
        self.objects: dict[str, bool] = {}
        self._under: dict[str, tuple[str, ...]] = {}
        self._below: dict[str, tuple[str, ...]] = {}

    def under(self, prefix: str) -> tuple[str, ...]:
        """Parameters below an object, in order; remembered, because fleets ask the same again and again."""
        found = self._under.get(prefix)
        if found is None:
            found = self._under[prefix] = tuple(path for path in self.leaves if path.startswith(prefix))
        return found

    def below(self, table: str) -> tuple[str, ...]:
        """Objects below a table, without it."""
        found = self._below.get(table)
        if found is None:
            found = self._below[table] = tuple(path for path in self.objects if path.startswith(table) and path != table)
        return found

    def add_object(self, path: str, values: dict[str, Any], row: int, around: dict[str, int]) -> None:
        """An object with all its parameters; values already there stay unless given again (a part refines another)."""
        for parent in _parents(path):
            self._add_bare(parent)
        fresh = path not in self.objects
        self._add_bare(path)
        known = {entry.name: entry for entry in parameters_of(self.root, path)}
        for name, entry in known.items():
            if name in values or (fresh and _belongs(entry)):
                self.leaves[path + name] = leaf(entry, values.get(name), path, row, around)
        for name, value in values.items():
            if name not in known:
                self.leaves[path + name] = leaf(_vendor_entry(path + name, value), value, path, row, around)

    def _add_bare(self, path: str) -> None:
        if path in self.objects:
            return
        entry = lookup(self.root, path)
        self.objects[path] = bool(entry is not None and entry.creatable and path.rstrip(".").rpartition(".")[2].isdigit())
        for below in objects_below(self.root, path):
            if below.is_table and below.status is Status.CURRENT and not below.template.startswith(_NO_TABLES):
                self.objects.setdefault(path + below.name + ".", below.creatable)

    def finish(self) -> Base:
        """Put everything in tree order, and let the counts count."""
        self.leaves = dict(sorted(self.leaves.items(), key=lambda item: sort_key(item[0])))
        self.objects = dict(sorted(self.objects.items(), key=lambda item: sort_key(item[0])))
        for table in self.objects:
            row = lookup(self.root, table + "1.")
            if row is not None and row.is_table and row.num_entries_parameter:
                count = _parents(table)[-1] + row.num_entries_parameter if _parents(table) else ""
                if count in self.leaves:
                    self.leaves[count] = Leaf(self.leaves[count].entry, "0", parse(f"=rows {table}"))
        return self


def _belongs(entry: Entry) -> bool:
    """Optional parameters that have no legal plain value (a scan request, a colour) are left out."""
    if entry.status is not Status.CURRENT and not entry.forced_inform:
        return False
    return entry.hidden or entry.secured or entry.name == "Alias" or check(entry, default_text(entry), writing=False) is None


def _vendor_entry(path: str, value: Any) -> Entry:
    setting = VENDOR_SETTINGS.get(path.rpartition(".")[2])
    if setting is not None:
        return Entry(models.template_of(path), Kind.PARAMETER, writable=True, syntax=setting)
    kind = "boolean" if isinstance(value, bool) else "int" if isinstance(value, int) else "string"
    if isinstance(value, str) and (value.startswith(("=count", "=near")) or value.endswith(" signal")):
        kind = "unsignedLong" if value.startswith("=count") else "int"
    return Entry(models.template_of(path), Kind.PARAMETER, writable=False, syntax=Syntax(type=kind))


def leaf(entry: Entry, value: Any, path: str, row: int, around: dict[str, int]) -> Leaf:
    if value is None:
        text = f"cpe-{row}" if entry.name == "Alias" else default_text(entry)
        return Leaf(entry, text)
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if not text.startswith("="):
        return Leaf(entry, text)
    living = parse(text.replace("{row}", str(row)).replace("{host}", str(around.get("hosts", row))), row, path)
    return Leaf(entry, "", living)


def sort_key(path: str) -> tuple[Any, ...]:
    """Tree order: by segment, numbers as numbers, an object's own parameters before its children."""
    parts = path.rstrip(".").split(".")
    last = len(parts) - 1
    is_object = path.endswith(".")
    return tuple((1 if index < last or is_object else 0, int(part) if part.isdigit() else 0, part) for index, part in enumerate(parts))


def _parents(path: str) -> list[str]:
    """`Device.WiFi.Radio.1.` -> `Device.`, `Device.WiFi.`, `Device.WiFi.Radio.`."""
    parts = path.rstrip(".").split(".")[:-1]
    return [".".join(parts[: n + 1]) + "." for n in range(len(parts))]


def _expand(path: str, shape: Shape) -> Iterator[tuple[str, int, dict[str, int]]]:
    """Every concrete path of a pattern, with the number of its last row and of the rows around it."""
    found = _PLACEHOLDER.search(path)
    if found is None:
        last = path.rstrip(".").rpartition(".")[2]
        yield path, int(last) if last.isdigit() else 0, {}
        return
    low, high = (int(found[1]), int(found[2])) if found[1] else (1, getattr(shape, found[3]))
    for number in range(low, high + 1):
        for full, row, around in _expand(path[: found.start()] + str(number) + path[found.end() :], shape):
            yield full, row, {**around, **({found[3]: number} if found[3] else {})}


@cache
def _part(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((DATA / "parts" / f"{name}.toml").read_text())


@cache
def base_of(name: str, shape: Shape, padding: int = 0) -> Base:
    """The shared tree of a model for homes of one shape; `padding` vendor parameters of 1000 characters make it large (quirk K-32)."""
    profile = profiles()[name]
    base = Base(profile.root)
    for part in profile.parts:
        for pattern, values in _part(part).items():
            for path, row, around in _expand(pattern, shape):
                base.add_object(path, values, row, around)
    if padding:
        base.add_object(f"{profile.root}.{PADDING}", {f"Text{n}": f"{n:04d} " + "padding " * 124 for n in range(padding)}, 0, {})
    return base.finish()
