from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamodels.canonical.convert import from_raw, is_true, to_raw_text
from datamodels.canonical.shapes import Candidate, CanonicalParameter, ValueType


def kind(type_: ValueType, **more) -> CanonicalParameter:
    return CanonicalParameter("test.thing", "Thing", "test", type_, **more)


@pytest.mark.parametrize(
    ("raw", "source", "value"),
    [
        ("-19500", Candidate(None, "P", scale=0.001), -19.5),
        ("-215", Candidate(None, "P", scale=0.1), -21.5),
        ("-21.53 dBm", Candidate(None, "P"), -21.53),
        ("--", Candidate(None, "P"), None),
        ("", Candidate(None, "P"), None),
        ("-65536", Candidate(None, "P", scale=0.001, null=("-65536",)), None),
        ("100", Candidate(None, "P", convert="tenth_microwatt_to_dbm"), -20.0),
        ("-22.1", Candidate(None, "P", convert="tenth_microwatt_to_dbm"), -22.1),
        ("0", Candidate(None, "P", convert="tenth_microwatt_to_dbm"), -40.0),
    ],
)
def test_optical_power_comes_in_many_units(raw, source, value):
    assert from_raw(kind(ValueType.FLOAT), source, raw) == value


@pytest.mark.parametrize(
    ("type_", "raw", "value"),
    [
        (ValueType.INT, " 42 ", 42),
        (ValueType.INT, "42.0", 42),
        (ValueType.LIST, " a, b ,,c", ("a", "b", "c")),
        (ValueType.LIST, "", ()),
        (ValueType.MAC, "02-ab-34-00-00-01", "02:AB:34:00:00:01"),
        (ValueType.MAC, "", None),
        (ValueType.DATETIME, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        (ValueType.ENUM, "Surprise", "Surprise"),
        (ValueType.ENUM, "", None),
    ],
)
def test_texts_are_read_tolerantly(type_, raw, value):
    assert from_raw(kind(type_), Candidate(None, "P"), raw) == value


def test_an_inverted_boolean_means_the_opposite_both_ways():
    hidden = Candidate(None, "P", inverted=True)
    assert from_raw(kind(ValueType.BOOL), hidden, "1") is False
    assert from_raw(kind(ValueType.BOOL), hidden, "0") is True
    assert to_raw_text(kind(ValueType.BOOL), hidden, True) == "false"


def test_words_are_found_whatever_their_case():
    source = Candidate(None, "P", words={"up": "up", "nolink": "down"}, raws={"up": "Up", "down": "NoLink"})
    link = kind(ValueType.ENUM, words=("up", "down"))
    assert from_raw(link, source, "NOLINK") == "down"
    assert to_raw_text(link, source, "down") == "NoLink"


@given(st.integers(-100_000, 100_000))
def test_a_scaled_number_survives_there_and_back(number):
    source = Candidate(None, "P", scale=0.1)
    parameter = kind(ValueType.FLOAT)
    assert to_raw_text(parameter, source, from_raw(parameter, source, str(number))) == str(number)


def test_truth_is_a_small_set_of_words():
    assert is_true("Enabled")
    assert not is_true("enabledish")
