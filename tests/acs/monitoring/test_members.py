"""Members of monitors, and reads of what does not come by itself: acs/monitoring/members.py."""

from datetime import timedelta

from sqlalchemy import func, select

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device
from acs.monitoring import members, service
from acs.monitoring.models import MonitorMember
from acs.operations.models import Operation
from tests.acs.monitoring.kit import ANNA, RX, collect, devices, monitor, reading
from tests.care.samples import ONT, home


def refresh(db, view, now):
    after: int | None = 0
    while after is not None:
        with db.write() as unit:
            after = members.refresh(unit, view.id, after, now)


def rows(db):
    with db.read() as session:
        return session.execute(select(MonitorMember.device_id, MonitorMember.next_at).order_by(MonitorMember.device_id)).all()


def ask(db, now):
    with db.read() as session:
        found = members.due(session, now)
    with db.write() as unit:
        return members.ask(unit, found, now)


def reads(db):
    with db.read() as session:
        return [(op.device_id, op.args["paths"], op.urgent) for op in session.scalars(select(Operation).where(Operation.requested_by == "system:monitoring"))]


def test_monitor_of_everybody_needs_no_rows(database, now):
    devices(database, 3, now)
    view = monitor(database, now)
    refresh(database, view, now)
    assert rows(database) == []
    with database.read() as session:
        assert service.get(session, DEFAULT_TENANT, view.id).members == 3


def test_first_reads_are_spread_over_the_interval(any_database, now):
    ids = devices(any_database, 50, now)
    view = monitor(any_database, now, every_s=3600)
    refresh(any_database, view, now)
    planned = [at for _, at in rows(any_database)]
    assert len(planned) == len(ids)
    assert all(now <= at < now + timedelta(hours=1) for at in planned)
    quarters = {int((at - now).total_seconds() // 900) for at in planned}
    assert quarters == {0, 1, 2, 3}


def test_monitor_that_is_paused_or_reads_no_more_lets_go(database, now):
    devices(database, 2, now)
    view = monitor(database, now, every_s=3600)
    refresh(database, view, now)
    with database.write() as unit:
        service.save(unit, ANNA, {"name": view.name, "parameter": RX, "every_s": 0, "selection": "model = \"Norvik G240\""}, now, view.id)
    refresh(database, view, now)
    assert [at for _, at in rows(database)] == [None, None]
    with database.write() as unit:
        service.save(unit, ANNA, {"name": view.name, "parameter": RX, "enabled": False}, now, view.id)
    refresh(database, view, now)
    assert rows(database) == []


def test_due_value_is_read_where_the_device_keeps_it(any_database, vault, now):
    device = home(any_database, vault, now, ONT)
    view = monitor(any_database, now, every_s=300)
    refresh(any_database, view, now)
    assert ask(any_database, now + timedelta(seconds=300)) == 1
    ((asked, paths, urgent),) = reads(any_database)
    assert asked == device
    assert len(paths) == 1
    assert paths[0].endswith(("RxPower", "OpticalSignalLevel"))
    assert not urgent
    with any_database.read() as session:
        assert session.get(Device, device).due_at <= now + timedelta(seconds=300)
    assert ask(any_database, now + timedelta(seconds=301)) == 0  # its turn comes again in 300 s


def test_value_that_came_by_itself_is_not_asked_for(database, vault, now):
    device = home(database, vault, now, ONT)
    view = monitor(database, now, every_s=600)
    refresh(database, view, now)
    at = now + timedelta(seconds=599)
    collect(database, [reading(device, -20, at)])
    assert ask(database, at) == 0
    assert rows(database)[0][1] == at + timedelta(seconds=600)


def test_silent_and_unread_devices_are_left_alone(database, vault, now):
    home(database, vault, now, ONT, ago_s=86_400)
    home(database, vault, now, ONT, number=2, read=False)
    view = monitor(database, now, every_s=600)
    refresh(database, view, now)
    assert ask(database, now + timedelta(seconds=599)) == 0
    assert all(at > now + timedelta(seconds=599) for _, at in rows(database))


def test_two_values_of_a_device_are_one_read(database, vault, now):
    home(database, vault, now, ONT)
    for name in (RX, "optical.tx_power_dbm"):
        refresh(database, monitor(database, now, name, every_s=300, wake=name == RX), now)
    assert ask(database, now + timedelta(seconds=300)) == 1
    ((_, paths, urgent),) = reads(database)
    assert len(paths) == 2
    assert urgent


def test_deleted_device_is_no_member(database, now):
    a, _b = devices(database, 2, now)
    view = monitor(database, now, every_s=600)
    refresh(database, view, now)
    with database.write() as unit:
        unit.session.delete(unit.session.get(Device, a))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(MonitorMember)) == 1
