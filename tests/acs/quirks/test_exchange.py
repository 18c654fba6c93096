"""The file: what our simulator can play of it, and that it takes it."""

import tomllib
from dataclasses import fields

import pytest

from acs.provisioning.quirks import KNOBS
from acs.quirks import exchange
from acs.quirks.views import QuirkView
from simulators.quirks import Quirks
from tests.acs.quirks.conftest import NOW

EXAMPLES = {"read_batch": 32, "write_batch": 2, "boot_s": 90, "not_ready_s": 60, "boolean_literal": "words", "time_form": "local"}


def view(knob="request_basic", value=True, item="", state="active", **given):
    shown = {
        "oui": "02A5C1",
        "product_class": "F@st 27",
        "firmware": "1.*",
        "origin": "hand",
        "pinned": False,
        "author": "",
        "note": "",
        "devices": 0,
    }
    return QuirkView(id=1, knob=knob, item=item, value=value, state=state, created_at=NOW, updated_at=NOW, **{**shown, **given})


def test_a_model_becomes_one_profile_of_the_simulator():
    text = exchange.written(
        [view(), view("no_transfer_complete"), view("boot_s", 90), view(product_class="Other", firmware="", state="off")], NOW
    )
    profiles = tomllib.loads(text)["simulator"]
    assert list(profiles) == ["02a5c1-f-st-27-1."]
    assert profiles["02a5c1-f-st-27-1."]["says"] == "as 02A5C1 F@st 27 1.* does"


@pytest.mark.parametrize("knob", list(exchange.SIMULATED))
def test_the_simulator_knows_every_knob_we_give_it_with_a_value_of_its_type(knob):
    assert knob in KNOBS
    item = "Device.X.Y" if KNOBS[knob].shape == "names" else ""
    types = {field.name: type(getattr(Quirks(), field.name)) for field in fields(Quirks)}
    for name, value in exchange.SIMULATED[knob](EXAMPLES.get(knob, True), item).items():
        assert name in types
        assert isinstance(value, types[name]) or (types[name] is tuple and isinstance(value, list))
