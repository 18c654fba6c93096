"""Saved groups: by hand, by query, in queries of others, and what is refused."""

from datetime import datetime

import pytest
from sqlalchemy import select

from acs import audit
from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.devices.models import Device
from acs.errors import Conflict, Invalid, NotFound
from acs.finding import groups, seeking, service
from tests.acs.finding.fleet import seed
from tests.conftest import OTHER_TENANT


def found(database: Database, text: str, now: datetime) -> tuple[int, ...]:
    with database.read() as session:
        return service.page(session, DEFAULT_TENANT, service.parse(text), now, limit=500).ids


@pytest.mark.parametrize("narrow", [0, 20_000])
def test_groups_stand_in_queries_for_their_devices(
    any_database: Database, actor: Actor, now: datetime, narrow: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeking, "NARROW", narrow)
    seed(any_database, now, 150)
    with any_database.write() as unit:
        some = groups.create(unit, actor, "canaries", now)
        assert groups.add_members(unit, actor, some, (3, 4, 5, 10, 77), now) == 4  # 10 is of another tenant
        assert groups.add_members(unit, actor, some, (5, 6), now) == 1
        groups.create(unit, actor, "weak light", now, "rx_power < -25")
        groups.create(unit, actor, "both", now, 'group:canaries or group:"weak light" tag:vip')
    assert found(any_database, 'group:"canaries"', now) == (3, 4, 5, 6, 77)
    weak = found(any_database, "rx_power < -25", now)
    assert found(any_database, 'group:"weak light"', now) == weak
    assert set(found(any_database, "group:both", now)) == {3, 4, 5, 6, 77} | set(found(any_database, "rx_power < -25 and tag:vip", now))
    assert found(any_database, 'not group:canaries and group in ("weak light", both)', now) == tuple(
        each for each in sorted({*weak, *found(any_database, "group:both", now)}) if each not in (3, 4, 5, 6, 77)
    )
    with any_database.write() as unit:
        assert groups.remove_members(unit, actor, some, (4, 5, 9), now) == 2
        assert groups.get(unit.session, DEFAULT_TENANT, some).size == 3


def test_a_group_that_leads_back_to_itself_is_refused(database: Database, actor: Actor, now: datetime) -> None:
    with database.write() as unit:
        first = groups.create(unit, actor, "a", now, "tag:x")
        groups.create(unit, actor, "b", now, "group:a or tag:y")
        groups.create(unit, actor, "c", now, "group:b")
        for query in ("group:a", "tag:z and group:c"):
            with pytest.raises(Invalid, match="leads back to itself"):
                groups.change(unit, actor, first, now, query=query)
        with pytest.raises(Invalid, match="no group “d”"):
            groups.change(unit, actor, first, now, query="group:d")


def test_a_group_that_others_are_made_of_stays(database: Database, actor: Actor, now: datetime) -> None:
    with database.write() as unit:
        first = groups.create(unit, actor, "a", now)
        groups.create(unit, actor, "b", now, "group:a")
        with pytest.raises(Conflict, match="part of “b”"):
            groups.remove(unit, actor, first, now)


def test_what_cannot_be_is_refused(database: Database, actor: Actor, other_actor: Actor, now: datetime) -> None:
    with database.write() as unit:
        static, query = groups.create(unit, actor, "list", now), groups.create(unit, actor, "rule", now, "tag:x")
        for name in ("", "x" * 81, 'say "x"'):
            with pytest.raises(Invalid, match="1 to 80 characters"):
                groups.create(unit, actor, name, now)
        with pytest.raises(Conflict, match="already"):
            groups.create(unit, actor, " list ", now)
        with pytest.raises(Invalid, match="every device"):
            groups.create(unit, actor, "all", now, " ")
        with pytest.raises(Conflict, match="no query"):
            groups.change(unit, actor, static, now, query="tag:y")
        with pytest.raises(Conflict, match="made by its query"):
            groups.add_members(unit, actor, query, (1,), now)
        with pytest.raises(Invalid, match="At most 1000"):
            groups.add_members(unit, actor, static, range(1001), now)
        with pytest.raises(NotFound):
            groups.get(unit.session, OTHER_TENANT, static)
        with pytest.raises(NotFound):
            groups.remove(unit, other_actor, static, now)
        assert groups.listed(unit.session, OTHER_TENANT) == ()


def test_every_change_leaves_an_audit_line(database: Database, actor: Actor, now: datetime) -> None:
    seed(database, now, 20)
    with database.write() as unit:
        group = groups.create(unit, actor, "lab", now)
        groups.add_members(unit, actor, group, (1, 2), now)
        groups.change(unit, actor, group, now, note="two of them")
        groups.remove_members(unit, actor, group, (1,), now)
        groups.remove(unit, actor, group, now)
        unit.session.flush()
        said = [line.action for line in audit.lines(unit.session, DEFAULT_TENANT, f"group:{group}")]
    assert said == ["group.remove", "group.remove_devices", "group.change", "group.add_devices", "group.create"]


def test_a_device_that_goes_leaves_its_groups(any_database: Database, actor: Actor, now: datetime) -> None:
    seed(any_database, now, 20)
    with any_database.write() as unit:
        group = groups.create(unit, actor, "lab", now)
        groups.add_members(unit, actor, group, (1, 2), now)
    with any_database.write() as unit:
        devices.remove(unit, actor, 1, now)
    assert found(any_database, "group:lab", now) == (2,)
    with any_database.read() as session:
        assert session.scalar(select(Device.id).where(Device.id == 1)) is None
