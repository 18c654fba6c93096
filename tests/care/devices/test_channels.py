"""How busy a channel is."""

import pytest

from care.devices.channels import Neighbour, block_5g, crowding_2g, overlap_2g


def near(channel, dbm):
    return Neighbour("n", "b", channel, dbm)


def test_overlap_ends_four_channels_away():
    assert (overlap_2g(6, 6), overlap_2g(6, 8), overlap_2g(6, 10)) == (1.0, 0.5, 0.0)


def test_three_strong_neighbours_make_a_crowd_and_a_quiet_channel_is_named():
    found = crowding_2g(6, [near(6, -48), near(5, -60), near(7, -66), near(1, -80)])
    assert (found.crowded, found.overlapping, found.strongest_dbm, found.better) == (True, 3, -48, 11)


def test_weak_neighbours_do_not_count():
    assert not crowding_2g(6, [near(6, -90)] * 9).crowded


def test_no_channel_is_better_where_all_are_full():
    assert crowding_2g(6, [near(c, -50) for c in (1, 6, 11)]).better is None


@pytest.mark.parametrize(("channel", "heard"), [(None, [near(6, -50)]), (6, []), (36, [near(6, -50)]), (6, [near(52, -40)])])
def test_nothing_measured_is_nothing_known(channel, heard):
    assert crowding_2g(channel, heard) is None


@pytest.mark.parametrize(
    ("channel", "width", "block"),
    [(36, 80, (36, 48)), (44, 80, (36, 48)), (52, 40, (52, 56)), (100, 20, (100, 100)), (157, 80, (149, 161)), (183, 80, (183, 183))],
)  # fmt: skip
def test_block_of_a_5_ghz_network(channel, width, block):
    assert block_5g(channel, width) == block
