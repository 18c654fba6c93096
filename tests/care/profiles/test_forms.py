"""The profile form there and back: lines keep their places, cells are one per line."""

from datetime import UTC, datetime

import pytest
from werkzeug.datastructures import MultiDict

from acs.errors import Invalid
from care.profiles import forms
from tests.care.profiles.conftest import FORM


def test_empty_lines_are_left_out_and_the_others_keep_their_order():
    given = forms.typed(MultiDict(FORM))
    assert [one["name"] for one in given["document"]["settings"]] == ["wifi.2g.channel", "wifi.2g.ssid"]
    assert given["document"]["settings"][1]["hold"] == "initial"
    assert given["enabled"] is True


def test_a_document_becomes_the_lines_it_came_from():
    document = forms.typed(MultiDict(FORM))["document"]
    lines = forms.of_document(document)
    assert lines["rows"][0]["keys"] == "external_port = 8443\nprotocol = tcp"
    assert lines["rows"][0]["absent"] == ""


def test_a_cell_that_is_none_is_told_with_its_place():
    with pytest.raises(Invalid) as told:
        forms.typed(MultiDict({**FORM, "row-values": "internal_port"}))
    assert told.value.field == "rows.0.values"


def test_minutes_of_a_field_are_utc():
    assert forms.field_minutes(datetime(2026, 1, 2, 3, 4, tzinfo=UTC)) == "2026-01-02T03:04"
    assert forms.field_minutes(None) == ""
    assert forms.typed(MultiDict({"valid_from": "2026-01-02T03:04"}))["valid_from"] == "2026-01-02T03:04:00Z"


def test_names_that_can_be_set_are_proposed():
    names = dict(forms.names())
    assert "wifi.2g.channel" in names
    assert "optical.rx_power_dbm" not in names
