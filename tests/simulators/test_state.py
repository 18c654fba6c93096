"""The state file."""

from __future__ import annotations

import pytest

from acs.errors import WrongEnvironment
from simulators import state


def test_written_and_read_back(tmp_path):
    path = tmp_path / "fleet.json"
    assert state.load(path) == {}
    state.save(path, {"a": {"version": "1"}})
    assert state.load(path) == {"a": {"version": "1"}}
    assert [file.name for file in tmp_path.iterdir()] == ["fleet.json"]


def test_place_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(WrongEnvironment, match="cannot be written"):
        state.save(tmp_path / "no" / "fleet.json", {})
