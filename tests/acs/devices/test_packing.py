"""A tree survives packing whatever is in it: acs/devices/packing.py."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.devices.packing import EMPTY, Stored, Tree, digest, from_tree, pack_names, pack_values, to_tree, unpack_names, unpack_values

AT = datetime(2026, 11, 21, 20, 52, 0, 250_000, tzinfo=UTC)
SEGMENT = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}|[1-9][0-9]{0,2}|\[x\]", fullmatch=True)
PATH = st.lists(SEGMENT, min_size=1, max_size=5).map(lambda parts: "Device." + ".".join(parts))
TYPE = st.sampled_from(["string", "int", "unsignedInt", "long", "unsignedLong", "boolean", "dateTime", "base64Binary", "hexBinary", "decimal"])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
INSTANT = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
STORED = st.builds(Stored, TEXT, TYPE, INSTANT, st.sampled_from(["inform", "read", "operation:7", "ü"]), st.sampled_from([None, True, False]))
TREES = st.builds(Tree, st.dictionaries(PATH, STORED, max_size=20), st.dictionaries(PATH.map(lambda p: p + "."), st.booleans(), max_size=8))


@given(TREES)
def test_tree_comes_back_as_it_was(tree):
    assert to_tree(*from_tree(tree)) == tree


@given(TREES)
def test_devices_of_one_kind_share_their_names_whatever_their_values(tree):
    other = Tree({path: Stored("other", s.type, AT, "x", s.writable) for path, s in reversed(tree.values.items())}, dict(reversed(tree.objects.items())))
    assert digest(from_tree(tree)[0]) == digest(from_tree(other)[0])


@given(st.lists(st.tuples(TEXT, INSTANT, st.sampled_from(["a", "b"])), max_size=40))
def test_values_come_back_in_order_with_their_own_ages(values):
    assert unpack_values(pack_values(values)) == values


def test_ages_within_one_second_keep_their_order():
    """A write and the Inform before it may be of one second: the later must win after folding too."""
    early, late = AT, AT + timedelta(microseconds=1)
    tree = to_tree(*from_tree(Tree({"Device.A": Stored("1", "int", early, "x"), "Device.B": Stored("2", "int", late, "x")}, {})))
    assert tree.values["Device.A"].at < tree.values["Device.B"].at


@pytest.mark.quirk("R-7")
@pytest.mark.parametrize("odd", ["Device.WiFi.", "Device.We\tird", "Device.New\nline", "Device.Nul\0"])
def test_odd_name_does_not_shift_the_values_after_it(odd):
    good = {f"Device.{letter}": Stored(letter, "string", AT, "read", False) for letter in "AZ"}
    tree = to_tree(*from_tree(Tree({**good, odd: Stored("odd", "string", AT, "read")}, {"Device.WiFi.": False})))
    assert tree.values == good
    assert tree.objects == {"Device.WiFi.": False}


def test_zero_bytes_are_left_out_of_values():
    assert unpack_values(pack_values([("a\0b", AT, "x"), ("c", AT, "x")])) == [("ab", AT, "x"), ("c", AT, "x")]


def test_unknown_types_count_as_text_and_base64_is_one_type():
    names = [("Device.A", "vendorType", None), ("Device.B", "base64", True), ("Device.C.", "", False), ("Device.D", "", None)]
    assert unpack_names(pack_names(names)) == [
        ("Device.A", "string", None), ("Device.B", "base64Binary", True), ("Device.C.", "", False), ("Device.D", "", None),
    ]  # fmt: skip


def test_nothing_packs_to_nothing():
    assert to_tree(*from_tree(EMPTY)) == EMPTY
    assert unpack_values(pack_values([])) == []
    assert unpack_names(pack_names([])) == []


def test_tree_read_in_one_go_is_small():
    """1,000 parameters: names are shared by a kind, and what is a device's own is about their text."""
    values = {f"Device.WiFi.AccessPoint.{n}.Parameter{m}": Stored(f"{n * m}", "unsignedInt", AT, "read", True) for n in range(20) for m in range(50)}
    assert len(from_tree(Tree(values, {}))[1]) < 3000
