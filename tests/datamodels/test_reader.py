from __future__ import annotations

import lzma
import os
from pathlib import Path

import pytest

from datamodels import compiled
from datamodels.entry import Document, Entry, EnumValue, Range, Size, Status, UniqueKey
from datamodels.reader import NotADataModel, mounted, read, read_bytes
from datamodels.tree import INDEX_DIRECTORY, Model
from tests.datamodels.trees import DATA


def entry(document: Document, template: str) -> Entry:
    return next(each for each in document.entries if each.template == template)


def test_objects_and_parameters_come_in_file_order_without_what_was_deleted(document):
    templates = [each.template for each in document.entries]
    assert templates[:4] == ["Mini.", "Mini.Version", "Mini.Box.", "Mini.Box.RowNumberOfEntries"]
    assert "Mini.Gone." not in templates
    assert "Mini.Gone.X" not in templates
    assert "Mini.Box.Row.{i}.Former" not in templates


def test_a_compressed_file_reads_like_a_plain_one(document, tmp_path):
    packed = tmp_path / "mini-full.xml.xz"
    packed.write_bytes(lzma.compress((DATA / "mini-full.xml").read_bytes()))
    assert read(packed).entries == document.entries


def test_a_table_carries_its_rules(document):
    row = entry(document, "Mini.Box.Row.{i}.")
    assert row.creatable
    assert (row.min_entries, row.max_entries) == (0, None)
    assert row.num_entries_parameter == "RowNumberOfEntries"
    assert row.enable_parameter == "Enable"
    assert row.unique_keys == (UniqueKey(False, ("Alias",)), UniqueKey(True, ("Name", "Level")))


def test_missing_attributes_mean_their_defaults(document):
    box = entry(document, "Mini.Box.")
    assert (box.writable, box.min_entries, box.max_entries, box.status) == (False, 1, 1, Status.CURRENT)
    assert not entry(document, "Mini.Box.RowNumberOfEntries").writable


def test_a_derived_type_replaces_the_facets_of_its_base(document):
    addresses = entry(document, "Mini.Box.Row.{i}.Addresses")
    assert addresses.is_list
    assert (addresses.type, addresses.syntax.data_type) == ("string", "IPv4Address")
    assert addresses.sizes == (Size(0, 15),)
    assert len(addresses.patterns) == 2
    assert addresses.syntax.list_sizes == (Size(0, 100),)
    assert addresses.syntax.list_items == Size(0, 2)
    assert addresses.default == ""


def test_facets_are_read_as_alternatives_with_units_and_defaults(document):
    level = entry(document, "Mini.Box.Row.{i}.Level")
    assert level.ranges == (Range("-1", "-1"), Range("2", "10", "2"))
    assert (level.units, level.default, level.factory_default) == ("dB", None, "4")
    assert entry(document, "Mini.Box.Row.{i}.State").enums == (EnumValue("None", writable=False), EnumValue("Requested"))


def test_a_type_named_in_base_instead_of_ref_is_understood(document):
    noise = entry(document, "Mini.Box.Row.{i}.Noise")
    assert (noise.type, noise.units) == ("int", "0.1 dB")


@pytest.mark.parametrize(
    ("name", "target", "words"),
    [
        ("Choice", "Mini.Box.Choices", ("", "a", "b")),
        ("Same", "Mini.Box.Row.{i}.State", ("None", "Requested")),
        ("Far", "Mini.Box.Choices", ("a", "b")),
        ("Free", "Mini.Version", ()),
    ],
)
def test_a_reference_to_a_list_offers_what_the_list_could_hold(document, name, target, words):
    found = entry(document, "Mini.Box.Row.{i}." + name)
    assert found.syntax.enum_ref == target
    assert found.enums == tuple(EnumValue(word) for word in words)


def test_flags_of_access_and_notification(document):
    version = entry(document, "Mini.Version")
    assert version.forced_inform
    assert version.active_notify == "canDeny"
    alias = entry(document, "Mini.Box.Row.{i}.Alias")
    assert alias.writable
    assert alias.write_once
    lower = entry(document, "Mini.Box.Row.{i}.Lower")
    assert lower.syntax.is_path
    assert lower.syntax.path_targets == ("Mini.Box.", "Mini.Other.")
    assert entry(document, "Mini.Box.Row.{i}.Reset").command
    assert entry(document, "Mini.Box.Row.{i}.Dated").status is Status.DEPRECATED


def test_versions_are_inherited_from_the_object_and_found_in_either_namespace(document):
    assert entry(document, "Mini.Box.Row.{i}.Name").since == "1.1"
    assert entry(document, "Mini.Box.Row.{i}.Alias").since == "1.2"
    assert entry(document, "Mini.Box.Row.{i}.Lower").since == "1.3"


def test_copyright_lines_travel_along(document):
    assert document.copyright == ("Copyright (c) 2024, Nobody",)


def test_a_service_is_mounted_below_a_root(document):
    assert mounted(document, "Device.Services.").entries[0].template == "Device.Services.Mini."


@pytest.mark.parametrize(
    ("xml", "why"),
    [
        ("<nothing", "not well-formed"),
        ("<document/>", "exactly one model"),
        ("<document><import/><model name='M:1.0'/></document>", "not flattened"),
        ("<document><model name='M:1.0'><object name='M.'><parameter name='P'/></object></model></document>", "no syntax"),
        (
            "<document><model name='M:1.0'><object name='M.'><parameter name='P'><syntax><dataType ref='T'/></syntax>"
            "</parameter></object></model></document>",
            "data type T",
        ),
        (
            "<document><model name='M:1.0'><object name='M.'><parameter name='P'><syntax/></parameter></object></model></document>",
            "without a type",
        ),
        (
            "<document><dataType name='T'/><model name='M:1.0'><object name='M.'><parameter name='P'><syntax><dataType ref='T'/></syntax>"
            "</parameter></object></model></document>",
            "neither a base",
        ),
    ],
)
def test_what_is_no_flattened_model_is_refused_with_the_reason(xml, why):
    with pytest.raises(NotADataModel, match=why):
        read_bytes(xml.encode(), "some.xml")


@pytest.mark.soak
def test_the_committed_index_is_what_the_published_files_compile_to():
    """Needs HEARTHLINE_BBF_MODELS: a folder with the flattened BBF files."""
    files = sorted(Path(os.environ["HEARTHLINE_BBF_MODELS"]).glob("*-full.xml*"))
    by_source = {path.name: path for path in files}
    stems = sorted(path.name.removesuffix(".index.zz") for path in INDEX_DIRECTORY.glob("*.index.zz"))
    assert stems
    for stem in stems:
        index = compiled.load(INDEX_DIRECTORY, stem)
        fresh, stored = Model.of(read(by_source[index.source])), Model(index)
        assert list(fresh.objects()) == list(stored.objects())
        assert list(fresh.parameters()) == list(stored.parameters())
        assert [each.description for each in fresh.parameters()] == [each.description for each in stored.parameters()]
