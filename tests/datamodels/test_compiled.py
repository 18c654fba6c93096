from __future__ import annotations

import json
import zlib

import pytest

from datamodels import compiled
from datamodels.tree import Model


def test_what_is_written_is_read_back_whole(document, tmp_path):
    structure, texts = compiled.write(document, tmp_path)
    assert (structure.name, texts.name) == ("Mini-1.index.zz", "Mini-1.texts.zz")
    stored = Model(compiled.load(tmp_path, "Mini-1"))
    entries = {each.template: each for each in (*stored.objects(), *stored.parameters())}
    assert entries == {each.template: each for each in document.entries}
    assert entries["Mini.Box.Row.{i}."].description.startswith("A Row of TR-999 Section 2. Handle with care.")
    assert stored.copyright == document.copyright


def test_memory_and_files_say_the_same(document, mini, tmp_path):
    compiled.write(document, tmp_path)
    stored = Model(compiled.load(tmp_path, "Mini-1"))
    assert list(mini.parameters()) == list(stored.parameters())
    assert [each.description for each in mini.parameters()] == [each.description for each in stored.parameters()]


def test_texts_are_not_read_before_somebody_asks(document, tmp_path):
    _, texts = compiled.write(document, tmp_path)
    stored = Model(compiled.load(tmp_path, "Mini-1"))
    texts.unlink()
    assert stored.lookup("Mini.Version") is not None


def test_an_index_of_another_layout_is_refused(tmp_path):
    (tmp_path / "Mini-1.index.zz").write_bytes(zlib.compress(json.dumps({"format": 0, "name": "Mini:1.3"}).encode()))
    with pytest.raises(compiled.StaleIndex, match=r"Mini:1\.3 has layout 0"):
        compiled.load(tmp_path, "Mini-1")


@pytest.mark.parametrize(("name", "stem"), [("Device:2.19", "Device-2"), ("Device:2", "Device-2"), ("VoiceService:1.1", "VoiceService-1")])
def test_a_file_is_named_by_model_and_major_version(name, stem):
    assert compiled.file_stem(name) == stem
