"""Answers from a head row alone: yes, no, or that it takes the database."""

from datetime import datetime, timedelta

import pytest

from acs.finding import service
from acs.finding.heads import fits_pattern


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", True),
        ("model = hg8245", True),
        ("model = HG8245 and rx < -27", None),
        ("model = other and rx < -27", False),
        ("model = HG8245 or rx < -27", True),
        ("not (model = other and rx < -27)", True),
        ("not rx < -27", None),
        ("group:canaries", None),
        ("tag:vip", None),
        ("version < 1.2.10", True),
        ("last_inform < 1h ago", True),
        ("presence:online", None),
        ("SN1", True),
    ],
)
def test_what_the_head_does_not_say_is_left_open(text: str, answer: bool | None, now: datetime) -> None:
    facts = {
        "model": "HG8245", "software_version": "1.2.9", "last_inform_at": now - timedelta(hours=2), "now": now, "serial_number": "SN12",
        "key": "x", "address": "", "wan_address": "",
    }  # fmt: skip
    assert service.parse(text).on_head(facts) is answer


def test_ages_need_to_know_what_time_it_is(now: datetime) -> None:
    assert service.parse("last_inform < 1h ago").on_head({"last_inform_at": now}) is None


def test_tags_and_readings_count_where_they_are_given() -> None:
    query = service.parse("tag:vip and rx < -27")
    assert query.on_head({"tags": ("vip",), "readings": {"optical.rx_power_dbm": -28.0}}) is True
    assert query.on_head({"tags": ("vip",), "readings": {}}) is False
    assert query.on_head({"tags": (), "readings": {"optical.rx_power_dbm": -28.0}}) is False


def test_patterns_are_of_the_whole_value_or_stand_anywhere() -> None:
    assert fits_pattern("HG8245H", "hg*h")
    assert fits_pattern("HG8245H", "*82*5*")
    assert fits_pattern("HG8245H", "824")
    assert not fits_pattern("HG8245H", "824*")
    assert not fits_pattern("aba", "ab*ba")
