"""Queries on both databases: every page and count is what asking each device alone would give."""

from datetime import datetime

import pytest
from sqlalchemy import select

from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device
from acs.finding import service
from tests.acs.finding.fleet import Fleet, seed
from tests.conftest import OTHER_TENANT

QUERIES = (
    "",
    'model = "HG8245"',
    "model = hg8245 and version < 1.2.10",
    "version >= 2.0-rc1 or version = V5*",
    'model != "HG8245" and not model = ""',
    "model ~ 8145 or model ~ speed*",
    "model in (EG8145V5, HG8245) and manufacturer = huawei",
    "not model in (EG8145V5, HG8245)",
    "rx_power < -27",
    "rx_power < -27 dBm and tag:vip",
    "not rx_power < -27",
    "rx_power != -27",
    "rx_power = none",
    "rx_power != none and rx_power >= -12.5",
    "wan.status = down and wifi.5g.ssid = home",
    "wifi.5g.ssid ~ caf",
    "wifi.5g.ssid !~ home",
    "wifi.2g.enabled = yes",
    "wifi.2g.enabled != yes",
    "tag:vip tag:lab",
    "tag in (vip, lab) and not tag:beta",
    "-tag:vip -tag:lab",
    "serial = ABC*",
    "sn:hw00007",
    "serial ~ 99",
    "serial not in (ABC00001, HW00002)",
    "wan in 10.1.0.0/16",
    "wan = 10.0.16.0/20 or wan = 2001:db8:1::/48",
    "wan in 2001:db8::/32 or wan in 10.3.3.8/30",
    "address = 192.0.2.7",
    "address != 192.0.2.7",
    "trust = quarantine",
    "alarm = critical",
    "alarm != none and presence:online",
    "trust != admitted",
    "presence:silent",
    "presence:online and interval = 15m",
    "not presence:online",
    "presence in (never, quarantine, blocked)",
    "last_inform < 1h ago",
    "last_inform > 20m ago",
    "last_inform < 2h ago and not last_inform < 2 days ago",
    "last_inform = none",
    "first_seen > 30 days ago",
    "first_seen <= 2026-06-01",
    "last_boot > 1h ago",
    "interval > 15m",
    "informs <= 20",
    "note ~ spare",
    "preregistered = yes",
    "root = device",
    "ABC0001",
    "192.0.2.9 or vip",
    "(model = HG8245 or tag:vip) and (rx < -25 or wan.status = down)",
    "not (model = HG8245 or tag:vip) and not (rx < -25 and presence:online)",
    "hw = A and oui = 001a2b",
)


@pytest.fixture
def fleet(any_database: Database, now: datetime) -> Fleet:
    return seed(any_database, now)


def expected(fleet: Fleet, text: str) -> list[int]:
    query = service.parse(text)
    answers = {device_id: query.on_head(facts) for device_id, facts in fleet.facts.items()}
    assert None not in answers.values()
    return [device_id for device_id, fits in sorted(answers.items()) if fits]


def paged(database: Database, text: str, now: datetime, sort: str = "id", limit: int = 37) -> list[int]:
    """All pages one after the other; going back from the last gives the same."""
    found: list[int] = []
    query = service.parse(text)
    with database.read() as session:
        page = service.page(session, DEFAULT_TENANT, query, now, sort, limit=limit, budget_s=60)
        found += page.ids
        while page.later is not None:
            page = service.page(session, DEFAULT_TENANT, query, now, sort, after=page.later, limit=limit, budget_s=60)
            found += page.ids
        back = list(page.ids)
        while page.earlier is not None:
            page = service.page(session, DEFAULT_TENANT, query, now, sort, before=page.earlier, limit=limit, budget_s=60)
            back = [*page.ids, *back]
    assert back == found
    return found


def test_every_query_finds_what_asking_each_device_finds(any_database: Database, fleet: Fleet, now: datetime) -> None:
    for text in QUERIES[:: 1 if any_database.is_sqlite else 2]:
        wanted = expected(fleet, text)
        assert paged(any_database, text, now) == wanted, text
        with any_database.read() as session:
            query = service.parse(text)
            ids = service.select_ids(session, DEFAULT_TENANT, query, now).order_by(Device.id)
            assert list(session.scalars(ids)) == wanted, text
            assert service.count(session, DEFAULT_TENANT, query, now) == service.Count(len(wanted), True), text


def test_one_device_is_asked_alone(any_database: Database, fleet: Fleet, now: datetime) -> None:
    query = service.parse("model = HG8245 and rx_power < -20")
    wanted = expected(fleet, query.text)
    with any_database.read() as session:
        assert [each for each in fleet.facts if service.matches(session, DEFAULT_TENANT, query, each, now)] == wanted
        assert not service.matches(session, OTHER_TENANT, query, wanted[0], now)


def test_a_job_walks_through_all_that_fit(any_database: Database, fleet: Fleet, now: datetime) -> None:
    query = service.parse("wan.status = up")
    found: list[int] = []
    after: int | None = 0
    with any_database.read() as session:
        while after is not None:
            ids, after = service.walk(session, DEFAULT_TENANT, query, now, after, limit=30)
            found += ids
    assert found == expected(fleet, query.text)


def test_devices_of_another_tenant_do_not_exist(any_database: Database, fleet: Fleet, now: datetime) -> None:
    with any_database.read() as session:
        others = set(session.scalars(select(Device.id).where(Device.tenant_id == OTHER_TENANT)))
        for text in ("", "tag:vip", "rx < -15", "presence:silent", "vip"):
            assert set(service.page(session, OTHER_TENANT, service.parse(text), now, limit=500).ids) <= others, text
