"""The form, there and back."""

import pytest
from werkzeug.datastructures import MultiDict

from acs.campaigns.plans import read_plan
from acs.errors import Invalid
from care.campaigns.forms import blank, described, filled


def test_a_blank_form_is_a_careful_plan():
    plan = read_plan(described(MultiDict(blank()))["plan"])
    assert plan.canary == 10 and plan.waves == (5, 25, 100) and plan.on_stop == "roll_back"


def test_what_was_typed_is_shown_again():
    assert filled(MultiDict([("name", "x"), ("days", "mon"), ("days", "tue")]))["days"] == ["mon", "tue"]


def test_settings_are_lines_and_a_line_that_is_none_is_refused():
    form = MultiDict({"action": "operation", "kind": "write", "values": "Device.Time.Enable = true\nDevice.Time.NTPServer1 = a.example"})
    assert described(form)["args"]["args"]["values"] == [["Device.Time.Enable", "true", "boolean"], ["Device.Time.NTPServer1", "a.example", "string"]]
    with pytest.raises(Invalid):
        described(MultiDict({"action": "operation", "kind": "write", "values": "nothing"}))
