from __future__ import annotations

import os

import pytest

from datamodels import library


@pytest.fixture
def folder(tmp_path):
    library.use(tmp_path / "datamodels")
    yield tmp_path / "datamodels"
    library.use(None)


def test_what_was_read_is_forgotten_once_for_each_import(folder):
    seen: list[str] = []
    library.on_change(lambda: seen.append("forgotten"))
    library.refresh()
    assert seen == []
    library.touch(folder)
    library.refresh()
    library.refresh()
    assert seen == ["forgotten"]
    os.utime(folder / library.STAMP, ns=(1, 1))
    library.refresh()
    assert seen == ["forgotten"] * 2


def test_a_folder_need_not_be_there(folder):
    assert library.directory() == folder
    assert library.secret_templates() == frozenset()
    library.use(None)
    library.refresh()
    assert library.directory() is None
