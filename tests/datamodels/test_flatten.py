from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from datamodels.flatten import Shelf, Unresolved, flatten, tops
from datamodels.reader import Entry, read, read_element

TYPES = """<document file="tr-106-types.xml"><!-- Copyright (c) 2008, Somebody -->
  <dataType name="_AliasCWMP"><string><size maxLength="64"/></string></dataType>
  <dataType name="Alias" base="_AliasCWMP"/>
  <dataType name="Count32"><unsignedInt/></dataType>
  <dataType name="Count64"><unsignedLong/></dataType>
  <component name="_AliasCWMP"><parameter name="Alias" access="readWrite" version="1.0"><syntax><dataType ref="_AliasCWMP"/></syntax></parameter></component>
  <component name="Alias" virtual="true"><parameter name="Alias"><syntax><dataType ref="Alias"/></syntax></parameter></component>
</document>"""
BASE = """<document file="tr-9-1-0-2-base.xml">
  <import file="tr-106-types.xml" spec="urn:x:tr-106"><component name="Alias"/><dataType name="Count32"/></import>
  <component name="Stats"><object name="Stats.">
    <parameter name="Sent"><syntax><dataType ref="Count32"><units value="packets"/></dataType></syntax></parameter></object></component>
  <component name="Rows"><object name="Row.{i}." access="readWrite" minEntries="0" maxEntries="unbounded" version="1.2">
    <component ref="Alias"/>
    <parameter name="Mode" access="readWrite"><description>First.</description>
      <syntax><string><enumeration value="A"/><enumeration value="B"/></string></syntax></parameter>
    <parameter name="Items" access="readWrite"><syntax><list><size maxLength="99"/></list><string/></syntax></parameter>
    <component ref="Stats"/>
  </object></component>
  <model name="Box:1.0"><object name="Box."><parameter name="Version"><syntax><string/></syntax></parameter></object>
    <component path="Box." ref="Rows"/></model>
</document>"""
MAIN = """<document file="tr-9-1-1-0.xml">
  <import file="tr-106-types.xml" spec="urn:x:tr-106"><component name="Alias" ref="_AliasCWMP"/><dataType name="Count64"/></import>
  <import file="tr-9-base.xml" spec="urn:x:tr-9-1-0-base"><model name="_Box" ref="Box:1.0"/></import>
  <model name="Box:1.1" base="_Box">
    <object base="Box.Row.{i}.">
      <parameter base="Mode"><description action="append">More.</description>
        <syntax><string><enumeration value="B" status="deleted"/><enumeration value="C"/></string></syntax></parameter>
      <parameter base="Items"><syntax><list/><string/><default type="object" value="[]"/></syntax></parameter>
      <parameter name="Late" version="1.1"><syntax><boolean/></syntax></parameter>
    </object>
    <object base="Box.Row.{i}.Stats."><parameter base="Sent"><syntax><dataType ref="Count64"/></syntax></parameter></object>
    <object name="Box.Row.{i}.Own." status="deprecated"/>
  </model>
</document>"""


def folder(tmp_path, **more):
    files = {"tr-106-types.xml": TYPES, "tr-9-1-0-1-base.xml": "<document/>", "tr-9-1-0-2-base.xml": BASE, "tr-9-1-1-0.xml": MAIN, **more}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    shelf = Shelf()
    shelf.add(tmp_path)
    return shelf


@pytest.fixture
def entries(tmp_path) -> dict[str, Entry]:
    document = read_element(flatten(folder(tmp_path), "tr-9-1-1-0.xml"), "tr-9-1-1-0.xml")
    assert document.name == "Box:1.1"
    return {entry.template: entry for entry in document.entries}


def test_components_stand_below_their_paths_and_parents_before_children(entries):
    assert list(entries) == [
        "Box.", "Box.Version", "Box.Row.{i}.", "Box.Row.{i}.Alias", "Box.Row.{i}.Mode", "Box.Row.{i}.Items", "Box.Row.{i}.Late",
        "Box.Row.{i}.Stats.", "Box.Row.{i}.Stats.Sent", "Box.Row.{i}.Own.",
    ]  # fmt: skip


def test_a_change_adds_to_what_the_base_says(entries):
    mode = entries["Box.Row.{i}.Mode"]
    assert [word.value for word in mode.enums] == ["A", "C"]
    assert mode.writable
    assert entries["Box.Row.{i}.Items"].syntax.list_sizes[0].maximum == 99
    assert entries["Box.Row.{i}.Items"].default == ""
    assert entries["Box.Row.{i}.Own."].status == "deprecated"
    assert entries["Box.Row.{i}."].max_entries is None


def test_a_wider_counter_keeps_the_unit_of_the_narrow_one(entries):
    sent = entries["Box.Row.{i}.Stats.Sent"]
    assert (sent.type, sent.units, sent.syntax.data_type) == ("unsignedLong", "packets", "Count64")


def test_the_outermost_document_says_what_a_virtual_component_stands_for(entries):
    alias = entries["Box.Row.{i}.Alias"]
    assert alias.writable
    assert alias.syntax.data_type == "AliasCWMP"


def test_nothing_is_older_than_what_it_stands_in(entries):
    assert entries["Box.Row.{i}.Alias"].since == "1.2"
    assert entries["Box.Row.{i}.Late"].since == "1.2"


def test_a_file_is_found_by_its_numbers_with_the_highest_corrigendum(tmp_path):
    shelf = folder(tmp_path)
    assert shelf.find("tr-9-base.xml", "urn:x:tr-9-1-0-base") == "tr-9-1-0-2-base.xml"
    assert shelf.find("tr-9-1-1.xml", "urn:x:tr-9-1-1") == "tr-9-1-1-0.xml"
    assert shelf.find("tr-7.xml", "urn:x:tr-7-1") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<document><model name='A:1.0' base='B:1.0'/></document>", "uses the model B:1.0"),
        ("<document><import file='b.xml'><model name='B:1.0'/></import><model name='A:1.0' base='B:1.0'/></document>", "imports model B:1.0 from b.xml"),
        ("<document><component name='C'><component ref='C'/></component><model name='A:1.0'><component ref='C'/></model></document>", "contains itself"),
        ("<document><import/></document>", "has 0 models"),
        ("<document", "not well-formed"),
    ],
)
def test_what_cannot_be_resolved_is_named(tmp_path, text, why):
    with pytest.raises(Unresolved, match=why):
        flatten(folder(tmp_path, **{"own.xml": text}), "own.xml")


def test_archives_are_read_without_being_unpacked(tmp_path):
    packed, zipped = tmp_path / "a.tar.xz", tmp_path / "a.zip"
    with tarfile.open(packed, "w:xz") as tar, zipfile.ZipFile(zipped, "w") as archive:
        for name, text in (("../tr-106-types.xml", TYPES), ("tr-9-1-0-2-base.xml", BASE), ("tr-9-1-1-0.xml", MAIN), ("notes.txt", "no")):
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
            archive.writestr(name, text)
    for path in (packed, zipped):
        shelf = Shelf()
        names = shelf.add(path)
        assert tops(shelf, names) == ("tr-9-1-1-0.xml",)
        assert flatten(shelf, "tr-9-1-1-0.xml").find("model").get("name") == "Box:1.1"
    (tmp_path / "bad.zip").write_text("x")
    with pytest.raises(ValueError, match=r"bad\.zip is no archive"):
        Shelf().add(tmp_path / "bad.zip")


@pytest.mark.soak
@pytest.mark.parametrize("stem", ["tr-098-1-8-0", "tr-104-2-0-2-cwmp", "tr-135-1-4-1-cwmp", "tr-181-2-19-1-cwmp"])
def test_the_published_sources_resolve_to_the_published_full_files(stem):
    """Needs HEARTHLINE_BBF_MODELS: a folder with the flattened BBF files, and beside it `sources` with the archives."""
    models = Path(os.environ["HEARTHLINE_BBF_MODELS"])
    shelf = Shelf()
    shelf.add(models.parent / "sources" / f"{stem}-sources.tar.xz")
    made = {entry.template: entry for entry in read_element(flatten(shelf, f"{stem}.xml"), stem).entries}
    full = {entry.template: entry for entry in read(models / f"{stem}-full.xml.xz").entries}
    assert list(made) and set(made) == set(full)
    for template, entry in full.items():
        ours = made[template]
        assert (ours.writable, ours.since, ours.status, ours.default) == (entry.writable, entry.since, entry.status, entry.default)
        assert set(ours.enums) == set(entry.enums)
        loose = {"data_type": None, "enums": ()}
        assert ours.syntax._replace(**loose) == entry.syntax._replace(**loose)
