"""Versions compared and rules of versions: acs/firmware/versions.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.errors import Invalid
from acs.firmware.versions import admits, parse_rule, version_key


@pytest.mark.parametrize(
    ("older", "newer"), [("3.9", "3.10"), ("3.10", "3.10.1"), ("1.0-rc1", "1.0-rc2"), ("1.0-rc2", "1.0"), ("V1.2", "v1.10"), ("1.0", "1.0b"), ("", "0")]
)
def test_older_version_sorts_first(older, newer):
    assert version_key(older) < version_key(newer)


@pytest.mark.parametrize(
    ("rule", "takes", "refuses"),
    [
        ("", ["", "1", "x"], []),
        ("1.4.2", ["1.4.2"], ["", "1.4", "1.4.2.1"]),
        ("1.4.*", ["1.4", "1.4.2", "1.4.99-rc1"], ["1.40", "1.5", ""]),
        ("1.2..1.9", ["1.2", "1.8.7", "1.9"], ["1.1.9", "1.9.1"]),
        (">=1.2, <2.0", ["1.2", "1.99", "2.0-rc1"], ["1.1", "2.0", "10.0"]),
        ("1.0 | >2", ["1.0", "2.1"], ["1.5", "2"]),
        ("V500R020C10SPC100", ["V500R020C10SPC100"], ["V500R020C10"]),
    ],
)
def test_rule_says_what_must_run(rule, takes, refuses):
    assert [version for version in takes if not admits(rule, version)] == []
    assert [version for version in refuses if admits(rule, version)] == []


@pytest.mark.parametrize("rule", ["newer than 1..", ">=", "1.0 |", "<script>", "1..", ">=1,,<2", "*", "1" * 301])
def test_rule_that_cannot_be_read_is_named(rule):
    with pytest.raises(Invalid) as caught:
        parse_rule(rule)
    assert caught.value.field == "from_versions"


@given(st.text(max_size=40))
def test_any_text_is_a_rule_or_refused(text):
    try:
        admits(text, "1.0")
    except Invalid:
        pass
