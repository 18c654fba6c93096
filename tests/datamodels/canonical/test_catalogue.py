from __future__ import annotations

from pathlib import Path

import pytest

from datamodels.canonical.catalogue import CatalogueError, catalogue, read
from datamodels.canonical.shapes import Candidate
from datamodels.tree import ROOTS, for_root

GROUPS = '[groups]\nx = "X"\n'


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "groups.toml").write_text(GROUPS)
    (tmp_path / "x.toml").write_text(text)
    return tmp_path


def test_each_makes_copies_and_leaves_out_roots(tmp_path):
    found = read(
        written(
            tmp_path,
            """
[each.a]
band = "a"
[each.b]
band = "b"
roots = ["Device"]
[[anchor]]
name = "row.$band"
rules = [{ table = "Device.$band.{i}." }]
[[parameter]]
name = "x.$band.level"
label = "Level"
type = "int"
Device = "{row.$band}.Level"
InternetGatewayDevice = "{row.$band}.Old"
""",
        )
    )
    assert list(found.parameters) == ["x.a.level", "x.b.level"]
    assert found.parameters["x.a.level"].roots == ("Device", "InternetGatewayDevice")
    assert found.parameters["x.b.level"].roots == ("Device",)
    assert found.parameters["x.b.level"].candidates["Device"] == (Candidate("row.b", "Level"),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[[parameter]]\nname = "x.y"\nlabel = "Y"\ntype = "colour"\nboth = "Y"', "colour"),
        ('[[parameter]]\nname = "x.y"\nlabel = "Y"\ntype = "int"\nboht = "Y"', "unknown keys: boht"),
        ('[[parameter]]\nname = "x.y"\nlabel = "Y"\ntype = "int"\nDevice = "{nobody}.Y"', "not defined for Device: nobody"),
        ('[[parameter]]\nname = "x.y"\nlabel = "Y"\ntype = "int"\nDevice = { path = "Y", convert = "magic" }', "magic"),
        ('[[parameter]]\nname = "z.y"\nlabel = "Y"\ntype = "int"\nboth = "Y"', "does not name z"),
        ('[[parameter]]\nname = "x.y"\nlabel = "Y"\ntype = "int"\nboth = "Y"\n' * 2, "defined twice"),
        ('[[anchor]]\nname = "a"\nrules = [{ table = "T", any = [[["L", "smells"]]] }]', "smells"),
        ('[[parameter]]\nlabel = "Y"', "x.toml"),
    ],
)
def test_mistakes_in_the_data_are_found_at_load(tmp_path, text, why):
    with pytest.raises(CatalogueError, match=why):
        read(written(tmp_path, text))


@pytest.mark.parametrize("root", ROOTS)
def test_tables_of_anchors_and_rows_are_tables_of_the_model(root):
    found = catalogue()
    templates = {rule.table for anchor in found.anchors[root].values() for rule in anchor.rules if rule.table}
    templates |= {template for table in found.tables.values() for template in table.rows.get(root, ())}
    for template in templates:
        if not template.startswith("{") and "X_" not in template:
            entry = for_root(root).lookup(template)
            assert entry is not None, template
            assert entry.is_table, template


@pytest.mark.parametrize("root", ROOTS)
def test_enum_words_of_a_mapping_are_those_described(root):
    for parameter in catalogue().parameters.values():
        for candidate in parameter.candidates.get(root, ()):
            known = set(parameter.words) or {"true", "false"}
            assert set(candidate.words.values()) <= known, parameter.name
            assert {case.word for case in candidate.cases} <= known, parameter.name


@pytest.mark.parametrize("root", ROOTS)
def test_cells_are_leaves_of_their_rows(root):
    model = for_root(root)
    former = {"LeaseTimeRemaining", "AssociatedDeviceRssi"}  # deleted from Device:2; of ZTE, without the prefix of a vendor
    for table in catalogue().tables.values():
        rows = [row for row in table.rows.get(root, ()) if "X_" not in row]
        for sources in table.cells.get(root, {}).values():
            for source in sources:
                if not rows or source.candidate is None or "X_" in source.candidate.rest or source.candidate.rest in former:
                    continue
                leaf = source.candidate.rest.replace(".1.", ".{i}.")
                assert any(model.lookup(row + leaf) for row in rows), f"{table.name}: {leaf}"
