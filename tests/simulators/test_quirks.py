"""The quirk data: every row of the list has a profile, and every knob of every profile is one that something reads."""

from __future__ import annotations

import pytest

from acs.errors import WrongEnvironment
from simulators import informs, oddities, wire
from simulators.quirks import ABOUT, KNOBS, Quirks, check, named, quirks_of, rows

WORDS = {
    "xml": wire.WORDS, "reads": wire.NEEDS, "inform": set(informs.WORDS), "before": set(oddities.BEFORE), "after": set(oddities.AFTER),
    "reports": {"key", "autonomous", "twice", "one-for-all"}, "empty_answers": {"GetParameterAttributes", "GetRPCMethods"},
    "files": {"early-report", "second-boot", "report-fault", "every-fault", "exact-size", "host-name", "address", "no-https", "range", "head",
              "status-0"},
    "cr": {"no-algorithm", "opaque", "two-challenges", "stale", "closes", "one-a-minute", "late", "never", "no-login", "busy-at-first",
           "deaf-while-installing"},
    "udp": {"bad-address", "three-datagrams", "sorted-hmac"},
}  # fmt: skip


def test_every_row_of_the_list_has_a_profile_and_no_other():
    assert rows() == {f"K-{n}" for n in range(1, 74)} | {f"R-{n}" for n in range(1, 22)}


@pytest.mark.parametrize("name", sorted(named()))
def test_every_quirk_sets_something_that_exists_and_says_what(name):
    profile = named()[name]
    assert profile["says"]
    assert profile["rows"]
    assert set(profile) - set(ABOUT) <= set(KNOBS)
    assert (profile["expect"], bool(profile["because"])) in (("session", False), ("refusal", True))
    assert quirks_of((name,)) != Quirks()
    for knob, known in WORDS.items():
        assert {word.split(" ")[0] for word in profile.get(knob, ())} <= set(known)


def test_no_word_is_without_a_profile():
    for knob, known in WORDS.items():
        assert {word.split(" ")[0] for profile in named().values() for word in profile.get(knob, ())} == set(known), knob


def test_words_add_up_and_of_other_knobs_the_last_counts():
    both = quirks_of(("no-event-list", "single-quotes", "http10", "odd-content-type", "no-content-type"))
    assert (both.xml, both.http10, both.content_type) == (("without Event", "single-quotes"), True, "")
    assert quirks_of(("at-most-32",)).number("before", "at-most 32") is None
    assert quirks_of(("cr-late",)).number("cr", "late") == 60


def test_a_file_brings_profiles_of_its_own(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[one]\nsays = "x"\nhttp10 = true\n')
    assert quirks_of((str(file),)).http10
    file.write_text(
        'format = 1\n[[quirk]]\nknob = "read_batch"\n[simulator."02a5c1-g240"]\ncr_basic = true\n[simulator.b]\nhttp10 = true\n'
    )
    assert quirks_of((f"{file}:02a5c1-g240",)).cr_basic
    with pytest.raises(WrongEnvironment, match="02a5c1-g240, b"):
        check((str(file),))
    file.write_text("[one]\nshoe_size = 43\n")
    with pytest.raises(WrongEnvironment, match="shoe_size"):
        check((str(file),))
    file.write_text("[one")
    with pytest.raises(WrongEnvironment, match="cannot be read"):
        check((str(file),))


def test_an_unknown_name_is_told_with_those_there_are():
    with pytest.raises(WrongEnvironment, match="previous-cookie"):
        check(("no-such-quirk",))
