"""Event codes in every spelling devices have for them."""

import pytest

from acs.cwmp import events
from acs.cwmp.events import WORDS, normalised

STANDARD = [
    "0 BOOTSTRAP", "1 BOOT", "2 PERIODIC", "3 SCHEDULED", "4 VALUE CHANGE", "5 KICKED", "6 CONNECTION REQUEST", "7 TRANSFER COMPLETE",
    "8 DIAGNOSTICS COMPLETE", "9 REQUEST DOWNLOAD", "10 AUTONOMOUS TRANSFER COMPLETE", "11 DU STATE CHANGE COMPLETE",
    "12 AUTONOMOUS DU STATE CHANGE COMPLETE", "13 WAKEUP", "14 HEARTBEAT",
]  # fmt: skip


@pytest.mark.cwmp("D-20", "D-34", "D-45", "X-10")
@pytest.mark.parametrize("code", STANDARD)
def test_a_code_of_the_standard_is_itself(code):
    assert normalised(code) == code


@pytest.mark.cwmp("D-45")
@pytest.mark.quirk("K-33")
@pytest.mark.parametrize("code", STANDARD)
def test_a_code_is_known_by_its_number_whatever_its_words(code):
    number = code.partition(" ")[0]
    spellings = [number, code.replace(" ", "_"), code.replace(" ", "  "), code.lower(), f" {code}\n", number + " "]
    assert {normalised(spelling) for spelling in spellings} == {code}


@pytest.mark.quirk("K-33")
@pytest.mark.parametrize("code", ["M Download", "M_Download", "M  Download", " M Download ", "M__Download"])
def test_a_method_event_is_known_with_blank_or_underscore(code):
    assert normalised(code) == events.M_DOWNLOAD


@pytest.mark.cwmp("D-10", "D-41", "D-42")
@pytest.mark.parametrize(
    ("code", "kept"),
    [("M X_00A0C5_Foo", "M X_00A0C5_Foo"), ("X 00D09E  Some text", "X 00D09E Some text"), ("15 NEW", "15 NEW"), ("", ""), ("M", "M")],
)
def test_a_code_we_do_not_know_is_kept(code, kept):
    assert normalised(code) == kept


def test_each_event_of_the_standard_has_words_for_people():
    assert set(STANDARD) <= set(WORDS)
    assert all(WORDS.values())
