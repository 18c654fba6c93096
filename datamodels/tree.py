"""The data models by name, and what they say about a path: the door of this package besides `check` and `canonical`.

`load("Device:2")` gives one model, `for_root("Device")` the newest of a root with its services mounted below
`<root>.Services.`, so that one `lookup` answers for any path a device may send. Nothing is built before it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, cached_property, lru_cache
from pathlib import Path

from datamodels import compiled, library
from datamodels.entry import Document, Entry

INDEX_DIRECTORY = Path(__file__).parent / "index"
ROOTS = {"Device": "Device:2", "InternetGatewayDevice": "InternetGatewayDevice:1"}
# Where two generations of a service exist, the one usual below that root comes first (TR-104 2 grew up with TR-181).
_SERVICES = {
    "Device": ("VoiceService:2", "VoiceService:1", "STBService:1", "StorageService:1", "FAPService:2"),
    "InternetGatewayDevice": ("VoiceService:1", "VoiceService:2", "STBService:1", "StorageService:1", "FAPService:2"),
}
# An instance number, an [alias] (which may hold dots), a wildcard or {i} itself, standing between two dots.
_INSTANCE = re.compile(r"(?<=\.)(?:\d+|\[[^\]]*\]|\*|\{i\})(?=\.|$)")
_VENDOR_PREFIX = re.compile(r"^X_[0-9A-Za-z-]+_")
# Spellings of the field that capitals alone would tear apart or flatten; the longer ones first.
_FIXED = ("DHCPv4", "DHCPv6", "IPv4", "IPv6", "IPv6rd", "WiFi", "MoCA", "GHz", "MHz", "dBmV", "dBm", "dB", "xDSL", "IEEE8021x", "IEEE11i")
# An abbreviation ends before the capital that starts the next word, and may carry a plural s (URLs).
_WORD = re.compile("|".join(_FIXED) + r"|[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@lru_cache(maxsize=65536)
def template_of(path: str) -> str:
    """Device.WiFi.Radio.1.Channel or Device.WiFi.Radio.[cpe-1].Channel -> Device.WiFi.Radio.{i}.Channel."""
    return _INSTANCE.sub("{i}", path)


class Model:
    """One data model. Immutable to its users and safe between threads; it remembers the entries it has built."""

    def __init__(self, index: compiled.Index, mount: str = "", services: tuple[Model, ...] = ()) -> None:
        self._index = index
        self._mount = mount
        self._objects = {mount + template: row for template, row in index.objects.items()} if mount else index.objects
        self._object_entries: dict[str, Entry] = {}
        self._parameter_entries: dict[str, dict[str, Entry]] = {}
        self.services = services

    @classmethod
    def of(cls, document: Document, mount: str = "") -> Model:
        """A model just read, without files."""
        return cls(compiled.in_memory(document), mount)

    @property
    def name(self) -> str:
        """With the minor version: "Device:2.19"."""
        return self._index.name

    @property
    def source(self) -> str:
        """The BBF file it was compiled from."""
        return self._index.source

    @property
    def copyright(self) -> tuple[str, ...]:
        return self._index.copyright

    @property
    def prefix(self) -> str:
        """What every path of it begins with: "Device.", "Device.Services.VoiceService."."""
        return self._mount + self._index.name.partition(":")[0] + "."

    def lookup(self, path: str) -> Entry | None:
        """The entry of an object ("….") or parameter path with instance numbers, [aliases] or {i}; None if unknown.

        Vendor parameters (X_…) are unknown to every model.
        """
        template = template_of(path)
        found = self._object(template) if template.endswith(".") else self._parameter(template)
        if found is None:
            for service in self.services:
                found = service.lookup(template)
                if found is not None:
                    return found
        return found

    def objects(self, *, with_services: bool = False) -> Iterator[Entry]:
        """Every object, a parent before its children. Both generations of VoiceService come, where a device has one."""
        for template in self._objects:
            yield self._known_object(template)
        if with_services:
            for service in self.services:
                yield from service.objects()

    def parameters(self, *, with_services: bool = False) -> Iterator[Entry]:
        """Every parameter, in the order of the objects; first those outside any object (`VoiceServiceNumberOfEntries`)."""
        for template in (self._mount, *self._objects):
            yield from self._parameters_below(template).values()
        if with_services:
            for service in self.services:
                yield from service.parameters()

    def parameters_of(self, object_template: str) -> tuple[Entry, ...]:
        """The parameters straight below one object; empty for an unknown one. Instance numbers are accepted too."""
        template = template_of(object_template)
        own = tuple(self._parameters_below(template).values())
        return own or tuple(entry for service in self.services for entry in service.parameters_of(template))

    def children(self, template: str) -> tuple[Entry, ...]:
        """The objects straight below one object ("Device.WiFi." -> Radio, SSID …), tables with their `{i}`."""
        template = template_of(template)
        own = tuple(self._known_object(path) for path in self._by_parent.get(template, ()))
        return own + tuple(entry for service in self.services for entry in service.children(template))

    def forced_inform(self) -> tuple[str, ...]:
        """Templates of the parameters that every Inform must carry (TR-069 A.3.3.1, table "Forced Inform Parameters")."""
        rows = [(template, compiled.parameter_rows(row)) for template, row in self._objects.items()]
        return tuple(template + row[0] for template, below in rows for row in below if self._index.is_forced(row))

    def secret_templates(self) -> tuple[str, ...]:
        """Templates of the parameters whose value must never be shown: hidden or secured, and not a command."""
        rows = [(template, compiled.parameter_rows(row)) for template, row in self._objects.items()]
        return tuple(template + row[0] for template, below in rows for row in below if self._index.is_secret(row))

    @cached_property
    def _by_parent(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self._objects:
            found.setdefault(_parent(path), []).append(path)
        return found

    def _object(self, template: str) -> Entry | None:
        return self._known_object(template) if template in self._objects else None

    def _known_object(self, template: str) -> Entry:
        if template not in self._object_entries:
            self._object_entries[template] = self._index.object_entry(template, self._objects[template])
        return self._object_entries[template]

    def _parameter(self, template: str) -> Entry | None:
        parent, dot, name = template.rpartition(".")
        return self._parameters_below(parent + dot).get(name)

    def _parameters_below(self, template: str) -> dict[str, Entry]:
        if template not in self._parameter_entries:
            if template in self._objects:
                rows = compiled.parameter_rows(self._objects[template])
            elif template == self._mount:
                rows = self._index.loose
            else:
                return {}
            self._parameter_entries[template] = {row[0]: self._index.parameter_entry(template, row) for row in rows}
        return self._parameter_entries[template]


@cache
def load(name: str, mount: str = "") -> Model:
    """A model by name and major version: "Device:2", "InternetGatewayDevice:1", "VoiceService:2" …

    A minor version is accepted and ignored: we hold the newest. One that was imported stands before the shipped one. `mount` goes before
    every path of a service model ("Device.Services."). KeyError naming it and what there is, if unknown.
    """
    stem = compiled.file_stem(name)
    try:
        return Model(compiled.load(_place_of(stem), stem), mount)
    except FileNotFoundError:
        raise KeyError(f"no data model {name}; there are {', '.join(available())}") from None


def available() -> tuple[str, ...]:
    """ "Device:1", "Device:2" …: what was shipped or imported."""
    folders = [INDEX_DIRECTORY, *([imported] if (imported := library.directory()) is not None else [])]
    stems = {path.name.removesuffix(".index.zz") for folder in folders for path in folder.glob("*.index.zz")}
    return tuple(stem.replace("-", ":") for stem in sorted(stems))


def _place_of(stem: str) -> Path:
    imported = library.directory()
    return imported if imported is not None and (imported / f"{stem}.index.zz").exists() else INDEX_DIRECTORY


@cache
def for_root(root: str) -> Model:
    """The newest model of "Device" or "InternetGatewayDevice", services mounted. KeyError naming the root if unknown."""
    name = ROOTS.get(root.removesuffix("."))
    if name is None:
        raise KeyError(f"no data model for the root {root!r}; known are {', '.join(ROOTS)}")
    root = root.removesuffix(".")
    below = load(name)
    return Model(below._index, "", tuple(load(service, f"{root}.Services.") for service in _SERVICES[root]))


@cache
def forced_inform(root: str) -> tuple[str, ...]:
    """Templates that every Inform of a device with this root must carry. KeyError as `for_root`."""
    return for_root(root).forced_inform()


@lru_cache(maxsize=8192)
def words(path: str) -> str:
    """A readable label for the last part of a path: "PeriodicInformInterval" -> "Periodic inform interval".

    Abbreviations keep their capitals ("DNSServers" -> "DNS servers"); vendor prefixes (X_ABC123_) are left out.
    """
    leaf = _INSTANCE.sub("", path.removesuffix(".")).rstrip(".").rpartition(".")[2]
    parts = _WORD.findall(_VENDOR_PREFIX.sub("", leaf))
    said = [part if part in _FIXED or part[:2].isupper() or not part.isalpha() else part.lower() for part in parts]
    text = " ".join(said)
    return text if parts and parts[0] in _FIXED else text[:1].upper() + text[1:]


for _remembered in (load, for_root, forced_inform):
    library.on_change(_remembered.cache_clear)


def _parent(template: str) -> str:
    return template.removesuffix(".").removesuffix(".{i}").rpartition(".")[0] + "."
