"""The file: what our simulator can play of it, and that it takes it."""

import tomllib

import pytest

from acs.provisioning.quirks import KNOBS
from acs.quirks import exchange
from acs.quirks.views import QuirkView
from simulators.quirks import check, named, quirks_of
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


def everything():
    """An active entry for each knob the simulator can play."""
    return [view(knob, EXAMPLES.get(knob, True), "Device.X.Y" if KNOBS[knob].shape == "names" else "") for knob in exchange.SIMULATED]


def test_the_file_is_taken_by_the_simulator_as_a_profile_with_every_knob(tmp_path):
    path = tmp_path / "quirks.toml"
    path.write_text(exchange.written(everything(), NOW))
    check([str(path)])
    played = quirks_of([str(path)])
    assert played.before == (
        "at-most 32 9004", "unreadable Y", "root-names 9005", "whole-tree 9004", "partial-path 9002", "booleans-only true false", "reuse-numbers",
        "not-ready 60 9002",
    )  # fmt: skip
    assert (played.transfer_complete, played.cr_basic, played.empties, played.inform) == (False, True, 3, ("parameter-key 0",))
    assert played.udp == ("sorted-hmac",)
    assert set(played.files) == {"second-boot", "no-https", "host-name", "exact-size"}


def test_words_of_the_file_are_words_the_simulator_knows():
    words = {
        name: {word for profile in named().values() for text in profile.get(name, ()) for word in [text.split()[0]]}
        for name in ("before", "after", "files", "inform")
    }
    for profile in exchange.simulated(everything()).values():
        for name, known in words.items():
            assert {text.split()[0] for text in profile.get(name, ())} <= known


@pytest.mark.parametrize("knob", list(exchange.SIMULATED))
def test_what_is_not_so_is_played_by_doing_nothing(knob):
    if KNOBS[knob].shape == "flag":
        assert exchange.SIMULATED[knob](False, "") == {}
