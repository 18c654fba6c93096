"""Resolves an unflattened BBF document (imports, components, base models, device types) into one flat model for reader.py.

Rules of TR-106 §A as the published sources use them: an import names another document and what to take from it, perhaps under another
name; a model with a `base` starts as a copy of it; objects and parameters with a `base` change what is there; components are put in
below a path, from within each other too. File names in imports leave the corrigendum out, and those of TR-181 the amendment as well.
Documents are handed in by name (`Shelf`); nothing is fetched. Tests: tests/datamodels/test_flatten.py.
"""

from __future__ import annotations

import lzma
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

MAX_DOCUMENT = 64 * 1024 * 1024
"""Bytes of one document, unpacked: the largest published one has 5 MB."""
_COPYRIGHT = re.compile(r"Copyright \(c\)[^\n]*")
_KINDS = ("dataType", "component", "model")
_ONE_OF = ("range", "size", "pattern", "units", "pathRef", "instanceRef", "enumerationRef")
"""Facets that a change replaces as a whole; enumerations are added or changed one by one."""
Node = etree._Element
Installed = Callable[[str], "Node | None"]
"""A model we hold in compiled form as XML, by its name, for a document whose base is not among the files."""


class Unresolved(ValueError):
    """An import, base or component that is nowhere; the message names document and thing."""


class Shelf:
    """Documents by file name: files, folders of them, and archives (tar with any compression, zip)."""

    def __init__(self) -> None:
        self._files: dict[str, Callable[[], bytes]] = {}

    def add(self, path: Path) -> tuple[str, ...]:
        """What `path` holds, by name. ValueError for an archive that cannot be read."""
        if path.is_dir():
            return tuple(name for each in sorted(path.iterdir()) if _is_document(each.name) for name in self.add(each))
        if path.name.endswith((".tar", ".tar.xz", ".tar.gz", ".tgz", ".zip")):
            found = tuple(_unpacked(path))
            for name, raw in found:
                self._files[name] = lambda raw=raw: raw  # type: ignore[misc]
            return tuple(name for name, _ in found)
        name = path.name.removesuffix(".xz")
        self._files[name] = lambda: unpacked(path.read_bytes(), path.name)
        return (name,)

    def read(self, name: str) -> bytes:
        return self._files[name]()

    def find(self, file: str, spec: str) -> str | None:
        """The document an import means: the name itself, else by number, issue and amendment the highest corrigendum there is."""
        if file in self._files:
            return file
        stem = file.removesuffix(".xml")
        numbers = max((_numbers(stem), _numbers(spec.rpartition(":")[2])), key=len)
        suffix = re.sub(r"^tr(-\d+)+", "", stem)
        wanted = re.compile(rf"{re.escape(numbers)}(?:-(\d+))?{re.escape(suffix)}\.xml")
        fits = [(int(match[1] or -1), name) for name in self._files if (match := wanted.fullmatch(name))]
        return max(fits)[1] if fits else None


def unpacked(raw: bytes, name: str) -> bytes:
    return lzma.decompress(raw) if name.endswith(".xz") else raw


def tops(shelf: Shelf, names: Iterable[str]) -> tuple[str, ...]:
    """Of these documents those that have a model and that none of the others imports: what an archive was packed for."""
    roots = {name: parse(shelf.read(name)) for name in names}
    taken = {shelf.find(str(node.get("file")), str(node.get("spec", ""))) for root in roots.values() for node in root.findall("import")}
    return tuple(name for name, root in roots.items() if root.find("model") is not None and name not in taken)


def parse(raw: bytes) -> Node:
    """etree.XMLSyntaxError for what is no XML. Entities only of the document's own (tr-106-types has some), bounded; no network."""
    return etree.fromstring(raw, etree.XMLParser(resolve_entities="internal", no_network=True, remove_pis=True))


def is_flat(root: Node) -> bool:
    """Has it all paths in itself?"""
    return root.find("import") is None and root.find("component") is None and not any(node.get("base") for node in root.findall("model"))


def flatten(shelf: Shelf, name: str, installed: Installed = lambda _name: None) -> Node:
    """The document `name` of the shelf as a `document` element with data types, templates and exactly one model.

    Unresolved names what is missing.
    """
    made = _Making(shelf, installed)
    document = made.document(name)
    models = document.root.findall("model")
    if len(models) != 1:
        raise Unresolved(f"{name} has {len(models)} models; exactly one can be imported")
    return made.whole(document, models[0])


@dataclass(slots=True)
class _Document:
    """A document with where its names come from: local name -> (document, name there), by kind."""

    name: str
    root: Node
    imported: dict[tuple[str, str], tuple[Node, str]] = field(default_factory=dict)

    def own(self, kind: str, name: str) -> Node | None:
        return next((node for node in self.root.findall(kind) if node.get("name") == name), None)


class _Making:
    """The state of flattening one document: what was loaded, and the types and templates that the result needs."""

    def __init__(self, shelf: Shelf, installed: Installed) -> None:
        self.shelf = shelf
        self.installed = installed
        self.documents: dict[str, _Document] = {}
        self.types: dict[str, tuple[str, Node]] = {}
        self.inside: list[str] = []
        self.top: _Document | None = None

    def document(self, name: str) -> _Document:
        if name not in self.documents:
            try:
                root = parse(self.shelf.read(name))
            except etree.XMLSyntaxError as error:
                raise Unresolved(f"{name} is not well-formed XML: {error}") from error
            made = self.documents[name] = _Document(name, root)
            for node in root.findall("import"):
                for item in _elements(node):
                    local = str(item.get("name"))
                    made.imported[str(item.tag), local] = (node, str(item.get("ref") or local))
        return self.documents[name]

    def whole(self, document: _Document, model: Node) -> Node:
        self.top = document
        flat = _Flat(str(model.get("name") or model.get("ref")), model.get("isService") == "true")
        self._model(document, model, flat)
        root = etree.Element("document")
        for _owner, node in self.types.values():
            root.append(node)
        seen: set[str] = set()
        for each in self.documents.values():
            for node in each.root.findall("template"):
                if node.get("id") not in seen:
                    seen.add(str(node.get("id")))
                    root.append(deepcopy(node))
        root.append(flat.element())
        lines = dict.fromkeys(line for each in self.documents.values() for line in _copyright(each.root))
        root.addprevious(etree.Comment("\n".join(line.replace("--", "-") for line in lines)))
        return root

    # ---- names -------------------------------------------------------------------------------------------------------

    def _defined(self, document: _Document, kind: str, name: str) -> tuple[_Document, Node]:
        """Where this local name is defined, following imports."""
        own = document.own(kind, name)
        if own is not None:
            return document, own
        if (kind, name) not in document.imported:
            astray = next((each for each in self.documents.values() if kind == "dataType" and each.own(kind, name) is not None), None)
            if astray is not None:  # TR-181 2.19 has a type that its document forgot to import
                return astray, astray.own(kind, name)  # type: ignore[return-value]
            raise Unresolved(f"{document.name} uses the {kind} {name}, which it neither defines nor imports")
        source, there = document.imported[kind, name]
        file, spec = str(source.get("file")), str(source.get("spec", ""))
        found = self.shelf.find(file, spec)
        if found is None:
            ours = self.installed(there) if kind == "model" else _stand_in(there) if kind == "dataType" else None
            if ours is None:
                raise Unresolved(f"{document.name} imports {kind} {there} from {file}, which is not among the files given")
            made = _Document(file, etree.Element("document"))
            made.root.append(ours)
            return made, ours
        return self._defined(self.document(found), kind, there)

    def _type(self, document: _Document, name: str) -> str:
        """The name of a data type in the result; its definition goes with it."""
        owner, node = self._defined(document, "dataType", name)
        mark = f"{owner.name}:{node.get('name')}"
        wanted = name
        if wanted in self.types and self.types[wanted][0] != mark:
            wanted = f"{name}.{owner.name.removesuffix('.xml')}"
        if wanted not in self.types:
            copied = deepcopy(node)
            copied.set("name", wanted)
            self.types[wanted] = (mark, copied)
            if copied.get("base"):
                copied.set("base", self._type(owner, str(copied.get("base"))))
        return wanted

    # ---- building ----------------------------------------------------------------------------------------------------

    def _model(self, document: _Document, model: Node, flat: _Flat) -> None:
        if named := model.get("base") or model.get("ref"):
            owner, base = self._defined(document, "model", str(named))
            self._model(owner, base, flat)
        self._children(document, model, "", flat, None)

    def _children(self, document: _Document, node: Node, prefix: str, flat: _Flat, since: str | None) -> None:
        for child in _elements(node):
            match child.tag:
                case "parameter":
                    self._parameter(document, child, prefix, flat, since)
                case "object":
                    self._object(document, child, prefix, flat, since)
                case "component":
                    self._component(document, child, prefix, flat, since)
                case _:
                    pass

    def _component(self, document: _Document, node: Node, prefix: str, flat: _Flat, since: str | None) -> None:
        owner, found = self._defined(document, "component", str(node.get("ref")))
        if found.get("virtual") == "true" and self.top is not None and ("component", str(node.get("ref"))) in self.top.imported:
            owner, found = self._defined(self.top, "component", str(node.get("ref")))  # the outermost document says what it stands for
        mark = f"{owner.name}:{found.get('name')}"
        if mark in self.inside:
            raise Unresolved(f"{mark} contains itself")
        self.inside.append(mark)
        self._children(owner, found, prefix + str(node.get("path") or ""), flat, _later(node.get("version"), since))
        self.inside.pop()

    def _object(self, document: _Document, node: Node, prefix: str, flat: _Flat, since: str | None) -> None:
        path = prefix + str(_name(node))
        if path not in flat.objects:
            flat.objects[path] = etree.Element("object", name=path)
        target = flat.objects[path]
        _override(target, node)
        if (since := _later(target.get("version"), since)) is not None:
            target.set("version", since)
        for child in _elements(node):
            if child.tag == "description":
                _describe(target, child)
            elif child.tag == "uniqueKey":
                target.append(deepcopy(child))
        self._children(document, node, path, flat, since)

    def _parameter(self, document: _Document, node: Node, prefix: str, flat: _Flat, since: str | None) -> None:
        name = _name(node)
        holder = flat.holder(prefix)
        target = next((each for each in holder.findall("parameter") if each.get("name") == name), None)
        changed = deepcopy(node)
        for each in changed.iter("dataType"):
            for attribute in ("ref", "base"):
                if each.get(attribute):
                    each.set(attribute, self._type(document, str(each.get(attribute))))
        if target is None:
            for attribute in ("base", "ref"):
                changed.attrib.pop(attribute, None)
            changed.set("name", name)
            if (version := _later(changed.get("version"), since)) is not None:
                changed.set("version", version)
            holder.append(changed)
            return
        _override(target, changed)
        for child in _elements(changed):
            if child.tag == "description":
                _describe(target, child)
            elif child.tag == "syntax":
                _change_syntax(target, child)


@dataclass(slots=True)
class _Flat:
    """The model being built: objects by path in the order they came, parameters inside them."""

    name: str
    is_service: bool
    objects: dict[str, Node] = field(default_factory=dict)
    loose: Node = field(default_factory=lambda: etree.Element("loose"))

    def holder(self, prefix: str) -> Node:
        """Where parameters below `prefix` go; an object that only a path names comes into being."""
        if not prefix:
            return self.loose
        if prefix not in self.objects:
            self.objects[prefix] = etree.Element("object", name=prefix)
        return self.objects[prefix]

    def element(self) -> Node:
        model = etree.Element("model", name=self.name)
        if self.is_service:
            model.set("isService", "true")
        for each in (*self.loose, *(self.objects[path] for path in _in_order(self.objects))):
            model.append(each)
        return model


def _in_order(paths: Iterable[str]) -> list[str]:
    """Parents before children and siblings together, otherwise as they came."""
    rank: dict[str, int] = {}
    for path in paths:
        for step in _steps(path):
            rank.setdefault(step, len(rank))
    return sorted(paths, key=lambda path: [rank[step] for step in _steps(path)])


def _steps(path: str) -> list[str]:
    parts = path.split(".")[:-1]
    return [".".join(parts[: i + 1]) + "." for i in range(len(parts))]


def _name(node: Node) -> str:
    """A new thing has a name, a changed one a base; device types say ref."""
    return str(node.get("name") or node.get("base") or node.get("ref") or "")


_COUNTERS = {"StatsCounter32": "unsignedInt", "StatsCounter64": "unsignedLong", "PacketCounter32": "unsignedInt"}


def _stand_in(name: str) -> Node:
    """A named type whose document is not at hand: the wire type, without facets."""
    made = etree.Element("dataType", name=name)
    etree.SubElement(made, _COUNTERS.get(name, "string"))
    return made


def _later(version: str | None, floor: str | None) -> str | None:
    """The version of something put in: not before that of what it is put into (tr-106-types says "clamped")."""
    if version is None or floor is None:
        return version or floor
    return max(version, floor, key=lambda text: [int(part) for part in re.findall(r"\d+", text)])


def _override(target: Node, node: Node) -> None:
    for key, value in node.attrib.items():
        if key not in ("base", "name", "ref") and ("report" not in str(key) or str(key).endswith("}version")):
            target.set(key, value)


def _describe(target: Node, node: Node) -> None:
    """`action` create and replace put the text in place of the old one, append and prefix beside it."""
    old = target.find("description")
    if old is None:
        target.insert(0, deepcopy(node))
        return
    here, new = _text(old), _text(node)
    match node.get("action"):
        case "append":
            text = f"{here.rstrip()}\n{new.strip()}"
        case "prefix":
            text = f"{new.strip()}\n{here.lstrip()}"
        case _:
            text = new
    for child in list(old):
        old.remove(child)
    old.text = text


def _change_syntax(target: Node, node: Node) -> None:
    """Facets are added to those there are; another type takes the place of the whole syntax."""
    old = target.find("syntax")
    new_type = _type_of(node)
    if old is None:
        target.append(deepcopy(node))
        return
    _override(old, node)
    for child in node.findall("default"):
        for former in old.findall("default"):
            if former.get("type") == child.get("type"):
                old.remove(former)
        old.append(deepcopy(child))
    if (new_list := node.find("list")) is not None:
        _change_list(old, new_list)
    if new_type is not None:
        old_type = _type_of(old)
        if old_type is None or not _same_type(old_type, new_type):
            old_type = _other_type(old, old_type, new_type)
        _change_facets(old_type, new_type)


def _change_list(syntax: Node, new: Node) -> None:
    """An empty list says only that it is one."""
    former = syntax.find("list")
    if former is not None and not len(new) and not new.attrib:
        return
    if former is not None:
        syntax.remove(former)
    syntax.insert(0, deepcopy(new))


def _other_type(syntax: Node, old: Node | None, new: Node) -> Node:
    """The new type with the facets of the old one: all of them between named types (counters of other width), else only the unit."""
    made = etree.SubElement(syntax, str(new.tag), dict(new.attrib))
    if old is not None:
        for facet in list(_elements(old)):
            if facet.tag == "units" or old.tag == new.tag:
                made.append(facet)
        syntax.remove(old)
    return made


def _change_facets(old: Node, new: Node) -> None:
    for kind in _ONE_OF:
        if new.find(kind) is not None:
            for former in old.findall(kind):
                old.remove(former)
    for facet in _elements(new):
        same = next((each for each in old.findall("enumeration") if each.get("value") == facet.get("value")), None)
        if facet.tag == "enumeration" and same is not None:
            _override(same, facet)
        else:
            old.append(deepcopy(facet))


def _type_of(syntax: Node) -> Node | None:
    return next((child for child in _elements(syntax) if child.tag not in ("list", "default")), None)


def _same_type(old: Node, new: Node) -> bool:
    if old.tag != new.tag:
        return False
    named = new.get("ref") or new.get("base")
    return named is None or named == (old.get("ref") or old.get("base"))


def _elements(node: Node) -> Iterator[Node]:
    return node.iterchildren(tag=etree.Element)


def _text(node: Node) -> str:
    return "".join(str(part) for part in node.itertext())


def _copyright(root: Node) -> list[str]:
    header = "\n".join(str(node.text) for node in root.itersiblings(tag=etree.Comment, preceding=True))
    return _COPYRIGHT.findall(header)


def _is_document(name: str) -> bool:
    return name.endswith((".xml", ".xml.xz"))


def _numbers(stem: str) -> str:
    """ "tr-181-2-19" of "tr-181-2-19-common"."""
    found = re.match(r"tr(-\d+)+", stem)
    return found.group() if found else ""


def _unpacked(path: Path) -> Iterator[tuple[str, bytes]]:
    """Documents of an archive by their bare names; nothing is written anywhere."""
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for info in archive.infolist():
                    if _is_document(info.filename) and info.file_size <= MAX_DOCUMENT:
                        yield _packed(info.filename, archive.read(info))
            return
        with tarfile.open(path) as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isfile() and _is_document(member.name) else None
                if stream is not None and member.size <= MAX_DOCUMENT:
                    yield _packed(member.name, stream.read())
    except (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError) as error:
        raise ValueError(f"{path.name} is no archive that can be read: {error}") from error


def _packed(name: str, raw: bytes) -> tuple[str, bytes]:
    bare = Path(name).name
    return bare.removesuffix(".xz"), unpacked(raw, bare)
