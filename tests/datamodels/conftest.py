from __future__ import annotations

import pytest

from datamodels.entry import Document
from datamodels.reader import read
from datamodels.tree import Model
from tests.datamodels.trees import DATA


@pytest.fixture(scope="session")
def document() -> Document:
    """The made-up model of data/mini-full.xml."""
    return read(DATA / "mini-full.xml")


@pytest.fixture(scope="session")
def mini(document: Document) -> Model:
    return Model.of(document)
