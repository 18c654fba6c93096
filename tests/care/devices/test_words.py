"""Numbers, values and names as people read them."""

from datetime import timedelta

import pytest

from care.devices import words


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [(-21.3, "dBm", "−21.3\xa0dBm"), (88.9, "Mbit/s", "89\xa0Mbit/s"), (3.25, "Mbit/s", "3.2\xa0Mbit/s"), (7, "%", "7\xa0%"), (90, "s", "1\xa0min"),
     (48000, "kbit/s", "48\xa0Mbit/s"), (1500, "bytes", "1,500\xa0bytes"), (6, "", "6")],
)  # fmt: skip
def test_quantity_has_as_many_digits_as_its_unit_deserves(value, unit, told):
    assert words.quantity(value, unit) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "not reported"), ("", "not reported"), (True, "yes"), (("a", "b"), "a, b"), ("open", "open, no password"), ("odd", "odd")],
)  # fmt: skip
def test_value_as_text(value, told):
    assert words.text_of(value) == told


@pytest.mark.parametrize(("given", "told"), [(0.6, "0.6\xa0s"), (31, "31\xa0s"), (timedelta(hours=5), "5\xa0h"), (12 * 86400, "12\xa0d")])
def test_duration(given, told):
    assert words.duration(given) == told


def test_band_is_told_where_it_matters():
    assert words.label("wifi.2g.channel") == "Channel"
    assert words.full_label("wifi.2g.channel") == "2.4\xa0GHz Channel"
    assert words.label("management.acs_url")


def test_origin_is_a_sentence_part():
    assert words.origin_words("inform") == "told by the device at its contact"
    assert words.origin_words("bulk_data") == "bulk data"
