"""A vendor's or operator's XML against the standard model: what it says differently becomes an overlay.

Device type documents and derived models build on a BBF model that is seldom delivered with them; `as_xml` gives the one we hold in its
place (without data types: each parameter has its own facets). What the vendor leaves out stays as the standard has it: real documents
list what is special, not all that is there. Tests: tests/datamodels/test_vendor.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from datamodels.entry import Document, Entry, Range, Size, Status
from datamodels.overlay import Spec
from datamodels.tree import Model

_FACETS = ("units", "enums", "ranges", "sizes", "patterns", "hidden", "secured", "command", "is_list")


def as_xml(model: Model) -> etree._Element:
    """The model as a flat `model` element with primitive types."""
    root = etree.Element("model", name=model.name)
    holders: dict[str, etree._Element] = {}
    for entry in model.objects():
        node = holders[entry.template] = etree.SubElement(root, "object", name=entry.template)
        node.set("access", "readWrite" if entry.writable else "readOnly")
        node.set("minEntries", str(entry.min_entries))
        node.set("maxEntries", "unbounded" if entry.max_entries is None else str(entry.max_entries))
        _stand(node, entry)
    for entry in model.parameters():
        holder = holders.get(entry.template.rpartition(".")[0] + ".", root)
        _parameter(holder, entry)
    return root


def _stand(node: etree._Element, entry: Entry) -> None:
    if entry.since:
        node.set("version", entry.since)
    if entry.status is not Status.CURRENT:
        node.set("status", str(entry.status))
    etree.SubElement(node, "description").text = entry.description


def _parameter(holder: etree._Element, entry: Entry) -> None:
    node = etree.SubElement(holder, "parameter", name=entry.name)
    node.set("access", "writeOnceReadOnly" if entry.write_once else "readWrite" if entry.writable else "readOnly")
    _stand(node, entry)
    syntax = etree.SubElement(node, "syntax")
    for key in ("hidden", "secured", "command"):
        if getattr(entry.syntax, key):
            syntax.set(key, "true")
    if entry.is_list:
        etree.SubElement(syntax, "list")
    kind = etree.SubElement(syntax, entry.type)
    for each in entry.sizes:
        _bounds(etree.SubElement(kind, "size"), "minLength", each.minimum, "maxLength", each.maximum)
    for limits in entry.ranges:
        node_of = etree.SubElement(kind, "range")
        _bounds(node_of, "minInclusive", limits.minimum, "maxInclusive", limits.maximum)
        if limits.step is not None:
            node_of.set("step", limits.step)
    for word in entry.enums:
        etree.SubElement(kind, "enumeration", value=word.value, access="readWrite" if word.writable else "readOnly")
    for pattern in entry.patterns:
        etree.SubElement(kind, "pattern", value=pattern)
    if entry.units:
        etree.SubElement(kind, "units", value=entry.units)


def _bounds(node: etree._Element, low: str, least: Any, high: str, most: Any) -> None:
    if least is not None:
        node.set(low, str(least))
    if most is not None:
        node.set(high, str(most))


def overlay_spec(document: Document, base: Model, name: str, oui: str = "", product_class: str = "", firmware: str = "") -> Spec:
    """What the document says beside and against `base`, as an overlay is written."""
    root = base.name.partition(":")[0]
    texts = document.texts
    below = tuple(entry for entry in document.entries if entry.template.startswith(root + "."))
    return {
        "name": name, "root": root, "oui": oui, "product_class": product_class, "firmware": firmware,
        "object": [spec for entry in below if entry.is_object for spec in _object(entry, base.lookup(entry.template), texts)],
        "parameter": [spec for entry in below if not entry.is_object for spec in _differences(entry, base.lookup(entry.template), texts)],
    }  # fmt: skip


def _object(entry: Entry, known: Entry | None, texts: tuple[str, ...]) -> Iterator[Spec]:
    if known is not None and (entry.writable, entry.max_entries) == (known.writable, known.max_entries):
        return
    most = "unbounded" if entry.max_entries is None else entry.max_entries
    access = "readWrite" if entry.writable else "readOnly"
    yield {"path": entry.template, "access": access, "min_entries": entry.min_entries, "max_entries": most, **_told(entry, known, texts)}


def _differences(entry: Entry, known: Entry | None, texts: tuple[str, ...]) -> Iterator[Spec]:
    access = "writeOnceReadOnly" if entry.write_once else "readWrite" if entry.writable else "readOnly"
    said: Spec = {}
    if known is None or (entry.writable, entry.write_once) != (known.writable, known.write_once):
        said["access"] = access
    if known is None or entry.type != known.type:
        said["type"] = entry.type
    for facet in _FACETS:
        new, old = getattr(entry.syntax, facet), getattr(known.syntax, facet) if known is not None else None
        if new != old and (new or known is not None):
            said |= _facet(facet, new)
    if known is not None and not said:
        return
    yield {"path": entry.template, **said, **_told(entry, known, texts)}


def _told(entry: Entry, known: Entry | None, texts: tuple[str, ...]) -> Spec:
    """Text and version of what is new; the standard's own stay with the rest."""
    text = texts[entry.text_index]
    if known is not None or not text:
        return {}
    return {"description": text} | ({"since": entry.since} if entry.since else {})


def _facet(facet: str, value: Any) -> Spec:
    match facet:
        case "enums":
            return {"enum": [word.value if word.writable else {"value": word.value, "writable": False} for word in value]}
        case "ranges":
            return {"range": [_range(each) for each in value]}
        case "sizes":
            return {"size": [_size(each) for each in value]}
        case "patterns":
            return {"pattern": list(value)}
        case "is_list":
            return {"list": value}
        case "units":
            return {"units": value or ""}
        case _:
            return {facet: value}


def _range(limits: Range) -> Spec:
    return {key: value for key, value in (("min", limits.minimum), ("max", limits.maximum), ("step", limits.step)) if value is not None}


def _size(size: Size) -> Spec:
    return {"min": size.minimum, **({} if size.maximum is None else {"max": size.maximum})}
