"""Filters of sessions as they stand in an address."""

from datetime import UTC, datetime

import pytest

from acs.errors import Invalid
from acs.recorder.service import Wanted
from care.sessions.filters import filters_of, key_in, key_text

AT = datetime(2026, 11, 21, 20, 52, 1, 250, tzinfo=UTC)


def test_what_is_given_is_wanted_and_goes_back_into_the_address():
    given = {"outcome": "failed", "fault": "9005", "serial": " SN1 ", "since": "2026-11-21T20:52", "rpc": "", "else": "x"}
    filters = filters_of(given)
    assert filters.wanted == Wanted(outcome="failed", fault=9005, serial="SN1", since=datetime(2026, 11, 21, 20, 52, tzinfo=UTC))
    assert filters.told == {"outcome": "failed", "serial": "SN1", "fault": "9005", "since": "2026-11-21T20:52"}
    assert filters.without_last() == {"outcome": "failed", "serial": "SN1", "fault": "9005"}


def test_instants_keep_their_zone():
    assert filters_of({"until": "2026-11-21T21:52:00+01:00"}).wanted.until == datetime(2026, 11, 21, 20, 52, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "field"),
    [({"outcome": "odd"}, "outcome"), ({"fault": "9005 "}, ""), ({"fault": "x"}, "fault"), ({"fault": "900000"}, "fault"), ({"since": "now"}, "since"),
     ({"until": "2026-99-01"}, "until"), ({"before": "x~y"}, "before"), ({"before": "2026-11-21T20:52:00~1"}, "before")],
)  # fmt: skip
def test_what_no_session_could_have_is_refused_by_field(given, field):
    if not field:
        assert filters_of(given).wanted.fault == 9005
        return
    with pytest.raises(Invalid) as refused:
        filters_of(given)
    assert refused.value.field == field


def test_keys_go_into_addresses_and_come_back():
    assert key_in(key_text((AT, 17))) == (AT, 17)
    assert key_in(key_text((AT, 17)).replace("+", " ")) == (AT, 17)
    assert key_in("") is None
