"""The forms of the registry: every knob can be chosen, an OUI is six hex digits."""

import pytest
from werkzeug.datastructures import MultiDict

from acs.provisioning.quirks import KNOBS
from care.quirks.forms import EntryForm


def test_every_knob_can_be_chosen(app):
    with app.test_request_context():
        assert {value for value, _label in EntryForm().knob.choices} == set(KNOBS)


@pytest.mark.parametrize(("oui", "good"), [("02a5C1", True), ("", True), ("02a5c", False), ("02a5c1x", False), ("02-a5-c1", False)])
def test_an_oui_is_six_hex_digits(app, oui, good):
    with app.test_request_context():
        form = EntryForm(MultiDict({"oui": oui, "knob": "read_batch", "value": "1"}), meta={"csrf": False})
        assert form.validate() is good
