"""A tree survives packing whatever is in it: acs/devices/packing.py."""

import json
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.devices.packing import (
    ABSENT,
    EMPTY,
    Names,
    Stored,
    Tree,
    Values,
    digest,
    from_tree,
    names_of,
    pack,
    pack_names,
    to_tree,
    unpack,
    unpack_names,
)

AT = datetime(2026, 11, 21, 20, 52, 0, 250_000, tzinfo=UTC)
SEGMENT = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}|[1-9][0-9]{0,2}|\[x\]", fullmatch=True)
PATH = st.lists(SEGMENT, min_size=1, max_size=5).map(lambda parts: "Device." + ".".join(parts))
TYPE = st.sampled_from(["string", "int", "unsignedInt", "long", "unsignedLong", "boolean", "dateTime", "base64Binary", "hexBinary", "decimal"])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\x02"), max_size=30)
INSTANT = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
STORED = st.builds(Stored, TEXT, TYPE, INSTANT, st.sampled_from(["inform", "read", "operation:7", "ü"]), st.sampled_from([None, True, False]))
TREES = st.builds(Tree, st.dictionaries(PATH, STORED, max_size=20), st.dictionaries(PATH.map(lambda p: p + "."), st.booleans(), max_size=8))


def through(tree, names=None):
    """A tree packed and unpacked, in the order of its own names or of others."""
    names = names or Names(1, names_of(tree))
    return to_tree(names, unpack(pack(from_tree(tree, names))))


@given(TREES)
def test_tree_comes_back_as_it_was(tree):
    assert through(tree) == tree


@given(TREES, TREES)
def test_tree_comes_back_in_the_order_of_another_kind_too(tree, other):
    """What the kind has and the device not is absent, what the device has beside is an extra; the kind knows what nobody asked this device."""
    names = Names(1, names_of(other))
    found = through(tree, names)
    known = {path: writable for path, _, writable in names.leaves}
    for path, stored in tree.values.items():
        again = found.values[path]
        assert (again.value, again.type, again.at, again.origin) == (stored.value, stored.type, stored.at, stored.origin)
        assert again.writable == stored.writable or (stored.writable is None and again.writable == known[path])
    assert found.values.keys() == tree.values.keys()
    assert found.objects.keys() >= tree.objects.keys()


def test_rows_of_the_kind_that_a_device_has_not_are_not_shown():
    host = "Device.Hosts.Host.{}.Name"
    objects = {"Device.Hosts.Host.1.": False, "Device.Hosts.Host.2.": False, "Device.NAT.": False}
    kind = Tree({host.format(n): Stored("", "string", AT, "x") for n in (1, 2)}, objects)
    one = Tree({host.format(1): Stored("tv", "string", AT, "x")}, {"Device.Hosts.Host.1.": False, "Device.NAT.": False})
    assert through(one, Names(1, names_of(kind))) == one
    assert ABSENT in from_tree(one, Names(1, names_of(kind))).texts


@given(TREES)
def test_devices_of_one_kind_share_their_names_whatever_their_values(tree):
    other = Tree({path: Stored("other", s.type, AT, "x", s.writable) for path, s in reversed(tree.values.items())}, dict(reversed(tree.objects.items())))
    assert digest(pack_names(names_of(tree))) == digest(pack_names(names_of(other)))


@given(st.lists(st.tuples(TEXT, INSTANT, st.sampled_from(["a", "b"])), max_size=40))
def test_values_come_back_in_order_with_their_own_ages(values):
    packed = Values([text for text, _, _ in values], [(int(at.timestamp()), origin) for _, at, origin in values], {})
    assert unpack(pack(packed)) == packed


def test_packed_before_there_were_extras_reads_back():
    old = zlib.compress(json.dumps([[0, 5, "x"], [1, 6, "y"]]).encode() + b"\n" + b"1\x002")
    assert unpack(old) == Values(["1", "2"], [(5, "x"), (6, "y")], {})


def test_ages_within_one_second_keep_their_order():
    """A write and the Inform before it may be of one second: the later must win after folding too."""
    early, late = AT, AT + timedelta(microseconds=1)
    tree = through(Tree({"Device.A": Stored("1", "int", early, "x"), "Device.B": Stored("2", "int", late, "x")}, {}))
    assert tree.values["Device.A"].at < tree.values["Device.B"].at


@pytest.mark.quirk("R-7")
@pytest.mark.parametrize("odd", ["Device.WiFi.", "Device.We\tird", "Device.New\nline", "Device.Nul\0"])
def test_odd_name_does_not_shift_the_values_after_it(odd):
    good = {f"Device.{letter}": Stored(letter, "string", AT, "read", False) for letter in "AZ"}
    tree = through(Tree({**good, odd: Stored("odd", "string", AT, "read")}, {"Device.WiFi.": False}))
    assert tree.values == good
    assert tree.objects == {"Device.WiFi.": False}


def test_zero_bytes_are_left_out_of_values():
    tree = through(Tree({"Device.A": Stored("a\0b", "string", AT, "x"), "Device.B": Stored("c", "string", AT, "x")}, {}))
    assert [stored.value for stored in tree.values.values()] == ["ab", "c"]


def test_unknown_types_count_as_text_and_base64_is_one_type():
    names = [("Device.A", "vendorType", None), ("Device.B", "base64", True), ("Device.C.", "", False), ("Device.D", "", None)]
    assert unpack_names(pack_names(names)) == [
        ("Device.A", "string", None), ("Device.B", "base64Binary", True), ("Device.C.", "", False), ("Device.D", "", None),
    ]  # fmt: skip


def test_nothing_packs_to_nothing():
    assert through(EMPTY) == EMPTY
    assert unpack(pack(Values([], [], {}))) == Values([], [], {})
    assert unpack_names(pack_names([])) == []


def test_tree_read_in_one_go_is_small():
    """1,000 parameters: names are shared by a kind, and what is a device's own is about their text."""
    values = {f"Device.WiFi.AccessPoint.{n}.Parameter{m}": Stored(f"{n * m}", "unsignedInt", AT, "read", True) for n in range(20) for m in range(50)}
    tree = Tree(values, {})
    assert len(pack(from_tree(tree, Names(1, names_of(tree))))) < 3000
