"""Ways to a page: gathered, along an index, along the page's own order; cursors, and a search that stops at its time."""

from datetime import datetime

import pytest

from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import Invalid
from acs.finding import seeking, service
from tests.acs.finding.fleet import Fleet, seed
from tests.acs.finding.test_service import QUERIES, expected, fleet, paged

__all__ = ["fleet"]


def test_a_walk_along_the_order_finds_the_same_as_gathering(any_database: Database, fleet: Fleet, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no room for gathering every search is a walk, of the smallest index that is in order or of the page's own order."""
    monkeypatch.setattr(seeking, "NARROW", 0)
    monkeypatch.setattr(seeking, "FIRST_BLOCK", 7)
    for text in QUERIES[:: 2 if any_database.is_sqlite else 6]:
        assert paged(any_database, text, now, limit=20) == expected(fleet, text), text


@pytest.mark.parametrize(("narrow", "in_hand"), [(0, 0), (20_000, 0), (20_000, 2000)])
def test_pages_follow_one_another_in_every_order(
    any_database: Database, fleet: Fleet, now: datetime, narrow: int, in_hand: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeking, "NARROW", narrow)
    monkeypatch.setattr(seeking, "SORTED", in_hand)
    for sort in ("serial", "-model", "-first_seen", "-rx_power", "version", "first_seen")[: 6 if any_database.is_sqlite else 4]:
        _in_order(any_database, fleet, now, sort)


def _in_order(database: Database, fleet: Fleet, now: datetime, sort: str) -> None:
    column = {"serial": "serial_number", "model": "model", "version": "software_version", "first_seen": "first_seen_at"}.get(sort.lstrip("-"))

    def key(device_id: int) -> tuple[object, int]:
        facts = fleet.facts[device_id]
        return (facts[column] if column else facts["readings"].get("optical.rx_power_dbm"), device_id)

    for text in ("", "tag:vip or wan.status = down", "model = HG8245 and first_seen > 200 days ago and rx < -15"):
        wanted = sorted((key(each) for each in expected(fleet, text) if key(each)[0] is not None), reverse=sort.startswith("-"))
        assert paged(database, text, now, sort) == [device_id for _value, device_id in wanted], text


def test_a_search_that_runs_out_of_time_goes_on_from_its_cursor(database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = seed(database, now)
    monkeypatch.setattr(seeking, "NARROW", 0)
    query, pages = service.parse("note ~ spare"), 0
    found: list[int] = []
    cursor: str | None = None
    with database.read() as session:
        while True:
            page = service.page(session, DEFAULT_TENANT, query, now, after=cursor, limit=50, budget_s=-1)
            found, cursor, pages = [*found, *page.ids], page.later, pages + 1
            if cursor is None:
                break
            assert not page.is_whole
    assert found == expected(fleet, "note ~ spare")
    assert pages > 1


def test_a_cursor_of_another_order_is_refused(database: Database, now: datetime) -> None:
    with database.read() as session:
        for sort, cursor in (("id", "x"), ("serial", "12"), ("serial", "WyJtb2RlbCIsIngiLDFd")):
            with pytest.raises(Invalid, match="no place in this list"):
                service.page(session, DEFAULT_TENANT, service.parse(""), now, sort, after=cursor)
        with pytest.raises(Invalid, match="not by 'last_inform'"):
            service.page(session, DEFAULT_TENANT, service.parse(""), now, "last_inform")
