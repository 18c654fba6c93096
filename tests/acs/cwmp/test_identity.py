"""Who a device says it is, and the username made of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs.cwmp.identity import Identity, escape_part, identity_of, split_username
from acs.cwmp.messages import DeviceIdStruct


@pytest.mark.cwmp("L-25", "A-99", "A-101")
def test_usernames_are_built_and_split_as_in_the_vectors():
    assert [escape_part(p) for p in ("Home Router/2000", "Büro", "SN-1")] == ["Home%20Router%2F2000", "B%C3%BCro", "SN%2D1"]
    identity = Identity("00A0C5", "Home Router/2000", "SN-1")
    assert identity.key == "00A0C5-Home%20Router%2F2000-SN%2D1"
    assert split_username(identity.key) == identity
    assert split_username("00A0C5-SN%2D1") == Identity("00A0C5", "", "SN-1")
    assert split_username("00A0C5-A-B-C") is None


@pytest.mark.cwmp("A-101")
@pytest.mark.parametrize("username", ["", "admin", "00A0C-X", "00A0C5", "00A0CG-SN1", "00A0C55-SN1"])
def test_a_username_of_the_devices_own_is_not_guessed_at(username):
    assert split_username(username) is None


@pytest.mark.cwmp("A-102", "D-2")
def test_a_device_without_product_class_is_known_by_two_parts():
    assert Identity("00A0C5", "", "1").key == "00A0C5-1"


@pytest.mark.cwmp("D-4")
@pytest.mark.quirk("K-35")
def test_an_identity_is_trimmed_and_its_oui_in_upper_case():
    assert identity_of(DeviceIdStruct("m", " 00a0c5 ", " Router\n", "\r\nSN 1.%2E/ ")) == Identity("00A0C5", "Router", "SN 1.%2E/")


@pytest.mark.quirk("K-35", "R-21")
def test_a_serial_of_odd_characters_and_an_empty_oui_still_make_a_key():
    assert Identity("", "", "SN 1.%2E/").key == "-SN%201%2E%252E%2F"


PARTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)


@settings(max_examples=100, deadline=None)
@given(PARTS, PARTS)
def test_every_identity_comes_back_from_its_key(product_class, serial):
    identity = Identity("00A0C5", product_class, serial)
    assert split_username(identity.key) == identity


@settings(max_examples=100, deadline=None)
@given(st.tuples(PARTS, PARTS), st.tuples(PARTS, PARTS))
def test_two_identities_never_share_a_key(one, other):
    assert (Identity("00A0C5", *one).key == Identity("00A0C5", *other).key) == (one == other)
