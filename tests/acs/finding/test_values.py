"""Values with their units."""

from datetime import timedelta

import pytest

from acs.finding.fields import Field, Kind, field_named
from acs.finding.nodes import Op
from acs.finding.values import Unreadable, is_unit_of, read_value, span


def read(name: str, text: str) -> object:
    field = field_named(name)
    assert field is not None
    return read_value(field, Op.EQ, text, False)


@pytest.mark.parametrize(
    ("text", "seconds"), [("15m", 900), ("1h30m", 5400), ("2 days", 172_800), ("1w", 604_800), ("90", None), ("h", None), ("1x", None), ("", None)]
)
def test_durations_are_read(text: str, seconds: float | None) -> None:
    assert span(text) == (None if seconds is None else timedelta(seconds=seconds))


def test_numbers_come_in_the_unit_of_their_field() -> None:
    assert read("rx_power", "-27dBm") == -27
    assert read("dsl.down_rate_kbps", "20M") == 20_000
    assert read("dsl.down_rate_kbps", "1 Gbit/s") == 1_000_000
    uptime = Field("uptime", Kind.NUMBER, "", unit="s")
    assert read_value(uptime, Op.EQ, "2h", False) == 7200
    with pytest.raises(Unreadable, match="not in “mW”") as caught:
        read("rx_power", "3 mW")
    assert caught.value.proposal == "3 dBm"


def test_a_word_after_a_number_may_be_its_unit() -> None:
    rx, model = field_named("rx"), field_named("model")
    assert rx is not None
    assert model is not None
    assert is_unit_of(rx, "dBm")
    assert not is_unit_of(rx, "tag")
    assert not is_unit_of(model, "m")


def test_words_are_read_in_any_case() -> None:
    assert read("presence", "ONLINE") == "online"
    assert read("wifi.2g.enabled", "On") is True
    assert read("tag", "VIP") == "vip"
    with pytest.raises(Unreadable, match="at most 255"):
        read("model", "x" * 256)
