"""What files given to `hearthline datamodel import` are: standard models, or overlays for some devices. Reads, decides, writes nothing.

A flat or unflattened BBF document becomes a model. With a scope (OUI, product class, firmware), or when its model builds on a root that
we hold under another name, it becomes an overlay of what it says differently. A .toml file is an overlay as it stands.
Tests: tests/datamodels/test_importing.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from datamodels import flatten, vendor
from datamodels.canonical.catalogue import extended, shipped
from datamodels.compiled import file_stem
from datamodels.entry import Document
from datamodels.overlay import Overlay, read, read_toml
from datamodels.reader import NotADataModel, read_bytes, read_element
from datamodels.tree import ROOTS, for_root


@dataclass(frozen=True, slots=True)
class Wanted:
    """For which devices, and under which name, what is imported counts; all empty for a model of everybody."""

    name: str = ""
    oui: str = ""
    product_class: str = ""
    firmware: str = ""

    @property
    def is_scoped(self) -> bool:
        return bool(self.oui or self.product_class or self.firmware)


@dataclass(frozen=True, slots=True)
class Found:
    """Models of everybody, of two with the same name and major version the newer, and overlays."""

    models: tuple[Document, ...]
    overlays: tuple[Overlay, ...]


def gather(files: Iterable[Path], include: Iterable[Path] = (), wanted: Wanted | None = None) -> Found:
    """NotADataModel, OverlayError, Unresolved or OSError name the file and what is wrong."""
    wanted = wanted or Wanted()
    shelf, given = flatten.Shelf(), list(files)
    for folder in dict.fromkeys((*include, *(path.parent for path in given if not path.is_dir()))):
        shelf.add(folder)
    newest: dict[str, Document] = {}
    overlays: list[Overlay] = []
    for path in given:
        if path.suffix == ".toml":
            overlays.append(_checked(read_toml(path.read_text(), path.stem)))
            continue
        for document in _documents(shelf, path):
            if wanted.is_scoped or document.name.partition(":")[0].startswith("X_"):
                overlays.append(_overlay(document, wanted, path))
                continue
            stem = file_stem(document.name)
            if stem not in newest or _minor(newest[stem]) < _minor(document):
                newest[stem] = document
    return Found(tuple(newest.values()), tuple(overlays))


def _documents(shelf: flatten.Shelf, path: Path) -> Iterable[Document]:
    names = shelf.add(path)
    many = len(names) != 1 or path.name.removesuffix(".xz") != names[0]
    for name in flatten.tops(shelf, names) if many else names:
        raw = shelf.read(name)
        try:
            root = flatten.parse(raw)
        except etree.XMLSyntaxError as error:
            raise NotADataModel(f"{name} is not well-formed XML: {error}") from error
        if root.find("model") is None or flatten.is_flat(root):
            yield read_bytes(raw, name if many else path.name)
        else:
            yield read_element(flatten.flatten(shelf, name, _installed), name)


def _installed(name: str) -> etree._Element | None:
    root = name.partition(":")[0].lstrip("_")
    return vendor.as_xml(for_root(root)) if root in ROOTS else None


def _overlay(document: Document, wanted: Wanted, path: Path) -> Overlay:
    root = next((root for root in ROOTS if any(entry.template.startswith(root + ".") for entry in document.entries)), None)
    if root is None:
        raise NotADataModel(f"{path.name} describes nothing below {' or '.join(ROOTS)}: it cannot be laid over either")
    if not wanted.is_scoped:
        raise NotADataModel(
            f"{path.name} is {document.name}, a vendor's own: say of which devices by --oui, --product-class or --firmware (* for any ending)"
        )
    name = wanted.name or path.name.removesuffix(".xz").removesuffix(".xml")
    return _checked(read(vendor.overlay_spec(document, for_root(root), name, wanted.oui, wanted.product_class, wanted.firmware)))


def _checked(overlay: Overlay) -> Overlay:
    extended(shipped(), overlay)
    return overlay


def _minor(document: Document) -> int:
    return int(document.name.rpartition(".")[2])
