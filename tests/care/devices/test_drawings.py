"""Geometry of the drawings, and that each says its message."""

import re

from care.devices import drawings
from care.devices.channels import Neighbour, crowding_2g
from datamodels.canonical import Limits
from tests.care.samples import SCAN

NEAR = [Neighbour(n["ssid"], n["bssid"], n["channel"], n["signal_dbm"], "", int(n["bandwidth"][:-3])) for n in SCAN["neighbours"]]


def test_own_network_is_drawn_last_and_a_quieter_channel_is_offered():
    drawn = drawings.channels_2g(6, NEAR, crowding_2g(6, NEAR))
    assert [shape.look for shape in drawn.shapes].count("near") == 6
    assert [shape.look for shape in drawn.shapes][-2:] == ["better", "own"]
    assert drawn.says == "6 networks are heard on 2.4 GHz; 4 of them disturb channel 6. Channel 11 is quieter."


def test_everything_drawn_lies_inside_the_picture():
    for drawn in (drawings.channels_2g(13, [*NEAR, Neighbour("", "", 1, -5)], None), drawings.channels_5g(165, 160, [*NEAR, Neighbour("", "", 165, -120)])):
        numbers = [float(n) for shape in drawn.shapes for n in _numbers(shape.d)]
        assert min(numbers) >= 0
        assert max(numbers) <= drawings.WIDTH


def _numbers(d):
    return re.findall(r"-?\d+(?:\.\d+)?", d)


def test_5_ghz_blocks_have_their_real_width():
    narrow, _ = drawings.block(52, 20, -50)
    wide, _ = drawings.block(52, 80, -50)
    edges = [float(re.search(r"H([\d.]+)", d)[1]) for d in (narrow, wide)]
    assert edges[1] - edges[0] > 25
    assert drawings.channels_5g(44, 80, NEAR).says == "3 networks are heard on 5 GHz; this router uses channel 44."


def test_nothing_heard_and_no_own_channel_draws_nothing():
    assert drawings.channels_2g(None, [], None) is None
    assert drawings.channels_5g(None, 80, []) is None


def test_light_scale_has_its_zones_in_order_and_the_needle_on_it():
    drawn = drawings.scale(-21.3, Limits(bad_low=-27, warn_low=-25, bad_high=-8), "dBm")
    assert [zone.look for zone in drawn.zones] == ["bad", "warn", "ok", "bad"]
    assert [mark.label for mark in drawn.marks] == ["−27", "−25", "−8"]
    assert drawn.zones[2].x < drawn.needle < drawn.zones[3].x
    assert drawn.says == "−21.3\xa0dBm; good is −25.0\xa0dBm to −8.0\xa0dBm."


def test_value_beyond_its_limits_stays_on_the_scale():
    drawn = drawings.scale(-40, Limits(bad_low=-27, bad_high=-8), "dBm")
    assert drawn.needle == 0.0
    assert [zone.look for zone in drawn.zones] == ["bad", "ok", "bad"]


def test_scale_without_limits_is_none():
    assert drawings.scale(1, Limits(), "") is None
