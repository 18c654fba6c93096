from __future__ import annotations

from lxml import etree

from datamodels.overlay import read
from datamodels.reader import read_element
from datamodels.tree import Model, for_root, load
from datamodels.vendor import as_xml, overlay_spec


def whole(node: etree._Element) -> etree._Element:
    root = etree.Element("document")
    root.append(node)
    return root


def test_a_model_as_xml_reads_back_as_the_same_model():
    model = load("StorageService:1")
    again = Model.of(read_element(whole(as_xml(model)), "again.xml"))
    loose = {"data_type": None, "is_path": False, "path_targets": (), "enum_ref": None, "list_sizes": (), "list_items": None}
    assert [entry.template for entry in again.objects()] == [entry.template for entry in model.objects()]
    for entry in model.parameters():
        other = again.lookup(entry.template)
        assert (other.writable, other.since, other.status) == (entry.writable, entry.since, entry.status)
        assert other.syntax._replace(**loose) == entry.syntax._replace(**loose), entry.template


def test_what_says_the_same_leaves_nothing_for_an_overlay():
    model = for_root("InternetGatewayDevice")
    spec = overlay_spec(read_element(whole(as_xml(load("InternetGatewayDevice:1"))), "same.xml"), model, "Same", "00D0FF")
    assert (spec["object"], spec["parameter"]) == ([], [])
    assert read(spec).changes == ()
