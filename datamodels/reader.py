"""Reads a flattened BBF data model ("full" DM XML, plain or .xz) into a Document.

Follows TR-106's DM XML language as the published files use it: only the root element is in the dm namespace, missing
attributes mean defaults, named data types are resolved by walking `base`, deleted items are dropped. Unflattened
documents (with `import` or `component`) are refused: flatten.py makes them whole first. Tests: tests/datamodels/test_reader.py.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from lxml import etree

from datamodels.entry import Document, Entry, EnumValue, Kind, Range, Size, Status, Syntax, UniqueKey
from datamodels.plain import Surroundings, plain

PRIMITIVES = frozenset(
    {"string", "int", "unsignedInt", "long", "unsignedLong", "boolean", "dateTime", "base64", "hexBinary", "decimal"}
)
# Two TR-181 2.19 parameters describe a date format with a pattern that is no regular expression.
_NOT_A_REGEX = frozenset({"YYYYMMDD.HHMMSS"})
_COPYRIGHT = re.compile(r"Copyright \(c\)[^\n]*")


class NotADataModel(ValueError):
    """The file is no flattened BBF data model; the message names the file and what is wrong."""


def read(path: Path) -> Document:
    """Parse one file. NotADataModel or OSError when that cannot be done."""
    raw = path.read_bytes()
    if path.suffix == ".xz":
        raw = lzma.decompress(raw)
    return read_bytes(raw, path.name)


def read_bytes(raw: bytes, source: str) -> Document:
    """Parse the XML text of one model; `source` is the file name kept in the index."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise NotADataModel(f"{source} is not well-formed XML: {error}") from error
    models = root.findall("model")
    if etree.QName(root).localname != "document" or len(models) != 1:
        raise NotADataModel(f"{source} must be a dm:document with exactly one model; it has {len(models)}")
    if root.find("import") is not None or root.find("component") is not None:
        raise NotADataModel(f"{source} is not flattened (it has imports or components)")
    return read_element(root, source)


def read_element(root: etree._Element, source: str) -> Document:
    """A flat `document` element, as flatten.py makes them."""
    return _Reading(source, root).document(root.findall("model")[0])


@dataclass(slots=True)
class _Facets:
    """The restrictions below one type element, before they are merged with those of the type it derives from."""

    enums: list[EnumValue] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    units: str | None = None
    path_targets: tuple[str, ...] | None = None
    enum_ref: str | None = None


class _Reading:
    """The state of reading one file: its named types, its templates and the texts met so far."""

    def __init__(self, source: str, root: etree._Element) -> None:
        self.source = source
        self.root = root
        self.types = {str(node.get("name")): node for node in root.findall("dataType")}
        self.templates = {str(node.get("id")): _text(node) for node in root.findall("template")}
        self.resolved: dict[str, Syntax] = {}
        self.texts: list[str] = [""]
        self.text_indexes: dict[str, int] = {"": 0}

    def document(self, model: etree._Element) -> Document:
        entries = _with_referenced_words(tuple(self._entries(model)))
        header = "\n".join(str(node.text) for node in self.root.itersiblings(tag=etree.Comment, preceding=True))
        return Document(
            name=str(model.get("name")),
            is_service=model.get("isService") == "true",
            source=self.source,
            copyright=tuple(_COPYRIGHT.findall(header)),
            entries=entries,
            texts=tuple(self.texts),
        )

    def _entries(self, model: etree._Element) -> Iterator[Entry]:
        counted = {
            _parent(str(node.get("name"))) + str(node.get("numEntriesParameter")): _last(str(node.get("name")))
            for node in model.findall("object")
            if node.get("numEntriesParameter")
        }
        for node in model.findall("parameter"):
            if node.get("status") != Status.DELETED:
                yield self._parameter(node, "", "", counted)
        for node in model.findall("object"):
            if node.get("status") == Status.DELETED:
                continue
            template = str(node.get("name"))
            since = _version(node)
            yield self._object(node, template, since)
            for child in node.findall("parameter"):
                if child.get("status") != Status.DELETED:
                    yield self._parameter(child, template, since, counted)

    def _object(self, node: etree._Element, template: str, since: str) -> Entry:
        maximum = str(node.get("maxEntries", "1"))
        return Entry(
            template=template,
            kind=Kind.OBJECT,
            writable=node.get("access") == "readWrite",
            min_entries=int(node.get("minEntries", "1")),
            max_entries=None if maximum == "unbounded" else int(maximum),
            num_entries_parameter=node.get("numEntriesParameter"),
            enable_parameter=node.get("enableParameter"),
            unique_keys=tuple(
                UniqueKey(key.get("functional", "true") == "true", tuple(str(part.get("ref")) for part in key.findall("parameter")))
                for key in node.findall("uniqueKey")
            ),
            since=since,
            status=Status(node.get("status", "current")),
            text_index=self._text_index(node, Surroundings(name=_last(template), object_name=_last(template), templates=self.templates)),
        )

    def _parameter(self, node: etree._Element, parent: str, since: str, counted: dict[str, str]) -> Entry:
        template = parent + str(node.get("name"))
        syntax = node.find("syntax")
        if syntax is None:
            raise NotADataModel(f"{self.source}: {template} has no syntax")
        meaning = self._syntax(syntax, template)
        access = node.get("access", "readOnly")
        around = Surroundings(
            name=str(node.get("name")),
            object_name=_last(parent),
            units=meaning.units or "",
            counted=counted.get(template, ""),
            data_type_text=self._data_type_text(meaning.data_type),
            templates=self.templates,
        )
        return Entry(
            template=template,
            kind=Kind.PARAMETER,
            writable=access != "readOnly",
            write_once=access == "writeOnceReadOnly",
            syntax=meaning,
            default=_default(syntax, "object"),
            factory_default=_default(syntax, "factory"),
            forced_inform=node.get("forcedInform") == "true",
            active_notify=str(node.get("activeNotify", "normal")),
            since=_version(node) or since,
            status=Status(node.get("status", "current")),
            text_index=self._text_index(node, around),
        )

    def _syntax(self, node: etree._Element, template: str) -> Syntax:
        for child in _elements(node):
            if child.tag in PRIMITIVES:
                bare = Syntax(type=str(child.tag))
            elif child.tag == "dataType":
                # DOCSIS parameters of TR-181 name the type in `base`, all others in `ref`
                bare = self._named(str(child.get("ref") or child.get("base")), template)
            else:
                continue
            whole = _with_list(_with_facets(bare, _facets(child)), node.find("list"))
            return whole._replace(
                hidden=node.get("hidden") == "true", secured=node.get("secured") == "true", command=node.get("command") == "true"
            )
        raise NotADataModel(f"{self.source}: {template} has a syntax without a type")

    def _named(self, name: str, template: str) -> Syntax:
        if name not in self.types:
            raise NotADataModel(f"{self.source}: {template} uses the data type {name}, which the file does not define")
        if name not in self.resolved:
            node = self.types[name]
            self.resolved[name] = self._resolve(node, template)._replace(data_type=name.removeprefix("_"))
        return self.resolved[name]

    def _resolve(self, node: etree._Element, template: str) -> Syntax:
        """Walk `base`; a primitive child carries facets inside it, a derived type has them straight below."""
        base = node.get("base")
        primitive = next((child for child in _elements(node) if child.tag in PRIMITIVES), None)
        if primitive is not None:
            return _with_list(_with_facets(Syntax(type=str(primitive.tag)), _facets(primitive)), node.find("list"))
        if base is None:
            raise NotADataModel(f"{self.source}: data type {node.get('name')} has neither a base nor a primitive type")
        return _with_facets(self._named(str(base), template), _facets(node))

    def _data_type_text(self, name: str | None) -> str:
        node = self.types.get(name or "")
        if node is None:
            node = self.types.get(f"_{name}")
        return "" if node is None else _text(node.find("description"))

    def _text_index(self, node: etree._Element, around: Surroundings) -> int:
        text = plain(_text(node.find("description")), around)
        if text not in self.text_indexes:
            self.text_indexes[text] = len(self.texts)
            self.texts.append(text)
        return self.text_indexes[text]


def _with_referenced_words(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """An enumerationRef allows what another parameter lists; all it could ever list is known here, the rest only to a device.

    The reference becomes a full template. Where the target is free text there are no words, and anything goes.
    """
    known = {entry.template: entry for entry in entries}
    return tuple(_referring(entry, known) if entry.syntax.enum_ref else entry for entry in entries)


def _referring(entry: Entry, known: dict[str, Entry]) -> Entry:
    target = _absolute(entry.template, str(entry.syntax.enum_ref))
    words = known[target].enums if target in known else ()
    null_words = entry.enums if words else ()
    settable = tuple(EnumValue(each.value) for each in words)
    return replace(entry, syntax=entry.syntax._replace(enum_ref=target, enums=null_words + settable))


def _absolute(template: str, reference: str) -> str:
    """TR-106 §A.2.3.4: no prefix is below the same object, "." the root or service object, each "#" one object up."""
    root = re.match(r"[A-Za-z0-9]+\.(\{i\}\.)?", template)
    start = root.group() if root else ""
    if reference.startswith("."):
        return start + reference[1:]
    if reference.startswith(start):
        return reference
    here = template.rpartition(".")[0] + "."
    while reference.startswith("#"):
        here, reference = _parent(here), reference[1:]
    return here + reference.removeprefix(".")


def _facets(node: etree._Element) -> _Facets:
    found = _Facets()
    for facet in _elements(node):
        if facet.get("status") == Status.DELETED:
            continue
        value = str(facet.get("value", ""))
        match facet.tag:
            case "enumeration":
                found.enums.append(EnumValue(value, facet.get("access") != "readOnly"))
            case "range":
                found.ranges.append(Range(facet.get("minInclusive"), facet.get("maxInclusive"), facet.get("step")))
            case "size":
                found.sizes.append(_size(facet, "minLength", "maxLength"))
            case "pattern" if value not in _NOT_A_REGEX:
                found.patterns.append(value)
            case "units":
                found.units = value
            case "pathRef":
                found.path_targets = tuple(str(facet.get("targetParent", "")).split())
            case "enumerationRef":
                found.enum_ref = facet.get("targetParam")
                null = facet.get("nullValue")
                found.enums += [] if null is None else [EnumValue(null)]
            case _:
                pass
    return found


def _with_facets(bare: Syntax, found: _Facets) -> Syntax:
    """A derived type's sizes, ranges and patterns replace its base's; so do its enumerations, which restrict them."""
    return bare._replace(
        enums=tuple(found.enums) or bare.enums,
        ranges=tuple(found.ranges) or bare.ranges,
        sizes=tuple(found.sizes) or bare.sizes,
        patterns=tuple(found.patterns) or bare.patterns,
        units=found.units or bare.units,
        is_path=bare.is_path or found.path_targets is not None,
        path_targets=found.path_targets or bare.path_targets,
        enum_ref=found.enum_ref or bare.enum_ref,
    )


def _with_list(item: Syntax, node: etree._Element | None) -> Syntax:
    if node is None:
        return item
    counted = node.get("minItems") is not None or node.get("maxItems") is not None
    return item._replace(
        is_list=True,
        list_sizes=tuple(_size(size, "minLength", "maxLength") for size in node.findall("size") if size.get("status") != Status.DELETED),
        list_items=_size(node, "minItems", "maxItems") if counted else None,
    )


def _size(node: etree._Element, low: str, high: str) -> Size:
    maximum = node.get(high)
    return Size(int(node.get(low) or 0), None if maximum in {None, "unbounded"} else int(str(maximum)))


def _default(syntax: etree._Element, kind: str) -> str | None:
    for node in syntax.findall("default"):
        if node.get("type") == kind and node.get("status") != Status.DELETED:
            value = str(node.get("value", ""))
            bracketed = syntax.find("list") is not None and value.startswith("[") and value.endswith("]")
            return value[1:-1] if bracketed else value
    return None


def _version(node: etree._Element) -> str:
    """`version`, or `dmr:version` in the older service models; "" where the file has neither."""
    for key, value in node.attrib.items():
        if key == "version" or str(key).endswith("}version"):
            return str(value)
    return ""


def _elements(node: etree._Element) -> Iterable[etree._Element]:
    return node.iterchildren(tag=etree.Element)


def _text(node: etree._Element | None) -> str:
    return "" if node is None else "".join(str(part) for part in node.itertext())


def _parent(template: str) -> str:
    """The object that holds a table's count: "Device.WiFi." for "Device.WiFi.Radio.{i}."."""
    return template.removesuffix(".").removesuffix(".{i}").rpartition(".")[0] + "."


def _last(template: str) -> str:
    return template.removesuffix(".").removesuffix(".{i}").rpartition(".")[2]


def mounted(document: Document, prefix: str) -> Document:
    """The same model below another root, as services are: `prefix` is "Device.Services."."""
    return replace(document, entries=tuple(replace(entry, template=prefix + entry.template) for entry in document.entries))
