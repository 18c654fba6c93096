"""Every knob has words, and what is typed becomes its value."""

import pytest

from acs.provisioning.quirks import KNOBS, Shape, State
from care.quirks import words

VALUES = {Shape.FLAG: True, Shape.COUNT: 7, Shape.CHOICE: "digits", Shape.NAMES: 9005}


@pytest.mark.parametrize("knob", list(KNOBS.values()), ids=lambda knob: knob.name)
def test_each_knob_has_a_name_and_a_sentence_with_its_value(app, knob):
    value = {"types": "unsignedInt", "normalised": "aa:bb"}.get(knob.name, VALUES[knob.shape])
    value = {"wrote": "a", "shows": "b"} if knob.name == "not_kept" else value
    value = "0.1" if knob.name == "scales" else value
    with app.test_request_context():
        assert str(words.KNOB_WORDS[knob.name])
        told = words.sentence(knob.name, "Device.X.Y", value)
        assert told != str(words.KNOB_WORDS[knob.name])
        assert told.endswith(".")
        if knob.shape is Shape.COUNT:
            assert "7" in told
        if knob.shape is Shape.NAMES:
            assert "Device.X.Y" in told
        if knob.shape is Shape.FLAG:
            assert words.sentence(knob.name, "", False) != told


def test_words_are_there_for_knobs_and_states_only():
    assert set(words.KNOB_WORDS) == set(KNOBS)
    assert set(words.STATE_WORDS) == set(State)


@pytest.mark.parametrize(
    ("knob", "text", "value"),
    [
        ("read_batch", " 20 ", 20), ("needs_restart", "yes", True), ("needs_restart", "no", False),
        ("refused_names", "9002", 9002), ("refused_names", "", 9005),
        ("hidden", "", True), ("inverted", "", True), ("scales", "0.1", "0.1"), ("types", "int", "int"),
        ("boolean_literal", "words", "words"), ("not_kept", "a → b", {"wrote": "a", "shows": "b"}),
    ],
)  # fmt: skip
def test_what_is_typed_becomes_the_value_and_is_shown_the_same_again(app, knob, text, value):
    with app.test_request_context():
        assert words.parsed(knob, text) == value
        assert words.parsed(knob, words.typed(knob, value)) == value


@pytest.mark.parametrize(("knob", "text"), [("read_batch", "x"), ("read_batch", ""), ("read_batch", "-1"), ("needs_restart", "1")])
def test_what_is_no_value_is_refused_by_the_name_people_know(app, knob, text):
    with app.test_request_context(), pytest.raises(ValueError, match=str(words.KNOB_WORDS[knob])):
        words.parsed(knob, text)


def test_a_person_is_told_that_basic_sends_the_login_in_clear_and_that_nobody_learns_it(app):
    with app.test_request_context():
        assert "clear text" in words.sentence("request_basic", "", True) and "never learned" in words.sentence("request_basic", "", True)


def test_a_scope_is_told_by_model_first(app):
    with app.test_request_context():
        assert words.scope_words("02A5C1", "Box", "2.*") == "Box 02A5C1, firmware 2.*"
        assert words.scope_words("02A5C1", "", "") == "02A5C1, any firmware"
