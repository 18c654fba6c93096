"""What a vendor or operator says beside the standard models: own parameters, narrower values, canonical paths, for some devices.

An overlay is data: a TOML file, or what a vendor's XML says differently from the model we hold, kept as JSON in the folder that library.py
names. `model_of` gives the model of one device with all overlays whose scope fits, the most specific last. A change names only what it
changes; `status = "deleted"` takes something away. How a file looks is explained in datamodels/README.md.
Tests: tests/datamodels/test_overlay.py.
"""

from __future__ import annotations

import json
import logging
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from datamodels import library
from datamodels.entry import Entry, EnumValue, Kind, Range, Size, Status, Syntax
from datamodels.scope import Scope, firmware
from datamodels.tree import ROOTS, Model, for_root, template_of

Spec = dict[str, Any]
_log = logging.getLogger(__name__)
_TYPES = ("string", "int", "unsignedInt", "long", "unsignedLong", "boolean", "dateTime", "base64", "hexBinary", "decimal")
_ACCESS = ("readOnly", "readWrite", "writeOnceReadOnly")
_PLAIN = ("default", "factory_default", "since")
_SYNTAX_PLAIN = ("units", "hidden", "secured", "command", "pattern", "enum", "range", "size", "type", "list")
_PARAMETER = frozenset({"path", "access", "status", "description", *_PLAIN, *_SYNTAX_PLAIN})
_OBJECT = frozenset({"path", "access", "status", "description", "since", "min_entries", "max_entries"})
_HEAD = frozenset({"name", "root", "oui", "product_class", "firmware", "parameter", "object", "canonical"})
_MOST_TEXT = 2000


class OverlayError(ValueError):
    """An overlay says something this code does not understand; the message names the entry and what is wrong."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is said of one object or parameter: fields of its Entry and of its Syntax, and only those that are said."""

    template: str
    fields: Mapping[str, Any]
    syntax: Mapping[str, Any]
    description: str | None = None

    def of(self, entry: Entry | None) -> Entry:
        """The entry with the change; of nothing, a new one that has the rest by default."""
        is_object = self.template.endswith(".")
        if entry is None:
            syntax = Syntax(type="object" if is_object else "string")
            rows: Spec = {"min_entries": 0, "max_entries": None} if self.template.endswith(".{i}.") else {}
            entry = Entry(self.template, Kind.OBJECT if is_object else Kind.PARAMETER, syntax=syntax, **rows)
        changed = replace(entry, syntax=entry.syntax._replace(**self.syntax), **self.fields)
        if self.description is None:
            return changed
        text = self.description
        return replace(changed, texts=lambda _index: text)


@dataclass(frozen=True, slots=True)
class Overlay:
    """`canonical` are further paths of canonical names, in the words of canonical/data (see catalogue.py)."""

    name: str
    root: str
    scope: Scope
    changes: tuple[Change, ...]
    canonical: tuple[Spec, ...] = ()
    source: Spec = field(default_factory=dict, repr=False, compare=False)


# ---- reading -------------------------------------------------------------------------------------------------------


def read_toml(text: str, name: str = "") -> Overlay:
    """OverlayError names what is wrong. `name` is used where the file has none."""
    try:
        spec = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OverlayError(f"{name}: {error}") from error
    return read({"name": name, **spec})


def read(spec: Spec) -> Overlay:
    """OverlayError names what is wrong."""
    _refuse_unknown(spec, _HEAD, "the overlay")
    name, root = str(spec.get("name", "")), str(spec.get("root", ""))
    if not name or len(name) > 80 or not name.isprintable():
        raise OverlayError(f"an overlay needs a name of at most 80 characters; {name[:80]!r} is none")
    if root not in ROOTS:
        raise OverlayError(f"{name}: root is one of {', '.join(ROOTS)}, not {root!r}")
    try:
        scope = Scope(str(spec.get("oui", "")).upper(), str(spec.get("product_class", "")), firmware(str(spec.get("firmware", ""))))
    except ValueError as error:
        raise OverlayError(f"{name}: {error}") from error
    changes = [_change(each, root, _OBJECT) for each in spec.get("object", ())] + [
        _change(each, root, _PARAMETER) for each in spec.get("parameter", ())
    ]
    if any(change.template.endswith(".") is not (i < len(spec.get("object", ()))) for i, change in enumerate(changes)):
        raise OverlayError(f"{name}: the path of an object ends in a dot, that of a parameter does not")
    return Overlay(name, root, scope, tuple(changes), tuple(spec.get("canonical", ())), dict(spec))


def _change(spec: Spec, root: str, known: frozenset[str]) -> Change:
    path = str(spec.get("path", ""))
    _refuse_unknown(spec, known, path or "an entry without a path")
    template = template_of(path)
    if not template.startswith(root + ".") or ".." in template or len(template) > 256:
        raise OverlayError(f"{path!r} is no path below {root}.")
    return Change(template, dict(_fields(spec, path)), dict(_syntax(spec, path)), _text(spec, path))


def _fields(spec: Spec, path: str) -> Iterator[tuple[str, Any]]:
    if "access" in spec:
        if spec["access"] not in _ACCESS:
            raise OverlayError(f"{path}: access is one of {', '.join(_ACCESS)}, not {spec['access']!r}")
        yield "writable", spec["access"] != "readOnly"
        yield "write_once", spec["access"] == "writeOnceReadOnly"
    if "status" in spec:
        if spec["status"] not in [str(each) for each in Status]:
            raise OverlayError(f"{path}: status is one of {', '.join(Status)}, not {spec['status']!r}")
        yield "status", Status(spec["status"])
    for key in _PLAIN:
        if key in spec:
            yield key, str(spec[key])
    if "min_entries" in spec:
        yield "min_entries", _count(spec["min_entries"], path)
    if "max_entries" in spec:
        yield "max_entries", None if spec["max_entries"] == "unbounded" else _count(spec["max_entries"], path)


def _syntax(spec: Spec, path: str) -> Iterator[tuple[str, Any]]:
    if "type" in spec:
        if spec["type"] not in _TYPES:
            raise OverlayError(f"{path}: type is one of {', '.join(_TYPES)}, not {spec['type']!r}")
        yield "type", spec["type"]
        yield "data_type", None
    if "list" in spec:
        yield "is_list", _flag(spec["list"], path)
    if "units" in spec:
        yield "units", str(spec["units"])
    for key in ("hidden", "secured", "command"):
        if key in spec:
            yield key, _flag(spec[key], path)
    if "enum" in spec:
        words = [{"value": each} if isinstance(each, str) else each for each in spec["enum"]]
        yield "enums", tuple(EnumValue(str(word["value"]), bool(word.get("writable", True))) for word in words)
        yield "enum_ref", None
    if "range" in spec:
        yield "ranges", tuple(Range(_number(r, "min", path), _number(r, "max", path), _number(r, "step", path)) for r in spec["range"])
    if "size" in spec:
        sizes = (Size(_count(s.get("min", 0), path), None if s.get("max") is None else _count(s["max"], path)) for s in spec["size"])
        yield "sizes", tuple(sizes)
    if "pattern" in spec:
        yield "patterns", tuple(str(each) for each in spec["pattern"])


def _text(spec: Spec, path: str) -> str | None:
    text = spec.get("description")
    if text is not None and (not isinstance(text, str) or len(text) > _MOST_TEXT):
        raise OverlayError(f"{path}: a description is a text of at most {_MOST_TEXT} characters")
    return text


def _count(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise OverlayError(f"{path}: {value!r} is no whole number from 0")
    return value


def _flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise OverlayError(f"{path}: {value!r} is neither true nor false")
    return value


def _number(spec: Spec, key: str, path: str) -> str | None:
    value = spec.get(key)
    if value is None:
        return None
    try:
        float(value)
    except (TypeError, ValueError):
        raise OverlayError(f"{path}: {key} of a range is a number, not {value!r}") from None
    return str(value)


def _refuse_unknown(spec: Spec, known: frozenset[str], where: str) -> None:
    unknown = sorted(set(spec) - known)
    if unknown:
        raise OverlayError(f"{where} has unknown keys: {', '.join(unknown)}")


# ---- what holds for a device ---------------------------------------------------------------------------------------


@cache
def overlays() -> tuple[Overlay, ...]:
    """All that were imported, by name."""
    directory = library.directory()
    if directory is None:
        return ()
    found = []
    for path in sorted((directory / library.OVERLAYS).glob("*.json")):
        try:
            found.append(read(json.loads(path.read_text())))
        except (OSError, ValueError) as error:  # one spoilt file does not stop devices being served
            _log.warning("overlay %s is left out: %s", path, error)
    return tuple(found)


def model_of(root: str, oui: str = "", product_class: str = "", version: str = "") -> Model:
    """The model of a device: the newest of its root with the overlays that are about it. KeyError for an unknown root."""
    library.refresh()
    root = root.removesuffix(".")
    fitting = [each for each in overlays() if each.root == root and each.changes and each.scope.fits(oui, product_class, version)]
    if not fitting:
        return for_root(root)
    fitting.sort(key=lambda each: (each.scope.rank, each.name))
    return _overlaid(root, tuple(each.name for each in fitting))


@cache
def _overlaid(root: str, names: tuple[str, ...]) -> Model:
    known = {each.name: each for each in overlays()}
    return Overlaid(for_root(root), tuple(known[name] for name in names))


class Overlaid(Model):
    """A model with what overlays say of it, later ones over earlier ones."""

    def __init__(self, base: Model, over: tuple[Overlay, ...]) -> None:
        super().__init__(base._index, "", base.services)
        self._base = base
        self._own: dict[str, Entry] = {}
        self.overlays = tuple(each.name for each in over)
        for change in (change for each in over for change in each.changes):
            self._own[change.template] = change.of(self._own.get(change.template) or base.lookup(change.template))
        for template in list(self._own):
            self._add_objects_above(template)

    def lookup(self, path: str) -> Entry | None:
        template = template_of(path)
        own = self._own.get(template)
        if own is not None:
            return None if own.status is Status.DELETED else own
        return self._base.lookup(template)

    def objects(self, *, with_services: bool = False) -> Iterator[Entry]:
        yield from self._merged(self._base.objects(with_services=with_services), lambda entry: entry.is_object)

    def parameters(self, *, with_services: bool = False) -> Iterator[Entry]:
        yield from self._merged(self._base.parameters(with_services=with_services), lambda entry: not entry.is_object)

    def parameters_of(self, object_template: str) -> tuple[Entry, ...]:
        above = template_of(object_template)
        return tuple(self._merged(self._base.parameters_of(above), lambda entry: not entry.is_object and _above(entry) == above))

    def children(self, template: str) -> tuple[Entry, ...]:
        above = template_of(template)
        return tuple(self._merged(self._base.children(above), lambda entry: entry.is_object and _above(entry) == above))

    def secret_templates(self) -> tuple[str, ...]:
        own = tuple(t for t, e in self._own.items() if (e.hidden or e.secured) and e.type != "boolean")
        return tuple(dict.fromkeys((*self._base.secret_templates(), *own)))

    def _merged(self, base: Any, belongs: Any) -> Iterator[Entry]:
        seen = set()
        for entry in base:
            seen.add(entry.template)
            own = self._own.get(entry.template, entry)
            if own.status is not Status.DELETED:
                yield own
        for template, own in self._own.items():
            if template not in seen and belongs(own) and own.status is not Status.DELETED:
                yield own

    def _add_objects_above(self, template: str) -> None:
        """A vendor's parameter may stand in objects that nobody described."""
        above = template.removesuffix(".").removesuffix(".{i}").rpartition(".")[0]
        while "." in above:
            path = above + "."
            above = above.removesuffix(".{i}")
            if path not in self._own and self._base.lookup(path) is None:
                self._own[path] = Change(path, {}, {}).of(None)
            above = above.rpartition(".")[0]


def _above(entry: Entry) -> str:
    """The object an entry stands in; for a row of a table the object that holds the table."""
    return entry.template.removesuffix(".").removesuffix(".{i}").rpartition(".")[0] + "."


# ---- keeping -------------------------------------------------------------------------------------------------------


def store(overlay: Overlay, directory: Path) -> Path:
    """Keep an overlay in the folder, in place of one with its name."""
    folder = directory / library.OVERLAYS
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_file_name(overlay.name)}.json"
    path.write_text(json.dumps(overlay.source, ensure_ascii=False, indent=1) + "\n")
    return path


def remove(name: str, directory: Path) -> bool:
    """False where there is none of this name."""
    path = directory / library.OVERLAYS / f"{_file_name(name)}.json"
    if not path.exists():
        return False
    path.unlink()
    return True


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name.lower())


for _remembered in (overlays, _overlaid):
    library.on_change(_remembered.cache_clear)
