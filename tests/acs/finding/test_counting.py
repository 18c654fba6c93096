"""Numbers of devices: exact where few are looked at, near where a sample speaks for the rest."""

from datetime import datetime

import pytest

from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.finding import counting, seeking, service
from tests.acs.finding.fleet import seed


def test_an_estimate_is_near_and_says_that_it_is_one(database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = seed(database, now, 900)
    query = service.parse("wan.status = up")
    there = sum(1 for facts in fleet.facts.values() if query.on_head(facts))
    with database.read() as session:
        assert service.count(session, DEFAULT_TENANT, query, now) == service.Count(there, True)
        monkeypatch.setattr(counting, "LOOKED_AT", 100)
        near = service.count(session, DEFAULT_TENANT, query, now)
        assert not near.is_exact
        assert abs(near.number - there) < 0.3 * there
        monkeypatch.setattr(seeking, "NARROW", 10)
        monkeypatch.setattr(counting, "NARROW", 10)
        monkeypatch.setattr(counting, "SMALL", 10)
        near = service.count(session, DEFAULT_TENANT, query, now)
        assert not near.is_exact
        assert abs(near.number - there) < 0.3 * there
        assert service.exact_count(session, DEFAULT_TENANT, query, now, step=70) == there
