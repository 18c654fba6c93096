"""The quirk data."""

from __future__ import annotations

from dataclasses import fields

import pytest

from simulators.quirks import Quirks, named, quirks_of


@pytest.mark.parametrize("name", sorted(named()))
def test_every_quirk_sets_something_that_exists_and_says_what(name):
    known = {field.name for field in fields(Quirks)}
    assert named()[name]["says"]
    assert set(named()[name]) - {"says"} <= known
    assert quirks_of((name,)) != Quirks()
