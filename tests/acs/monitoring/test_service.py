"""Monitors, and what becomes of the readings that pass: acs/monitoring/service.py."""

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from acs import audit, jobs
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device
from acs.errors import Conflict, Invalid, NotFound
from acs.monitoring import alarms, members, service
from acs.monitoring.book import MonitorBook
from acs.monitoring.models import Sample, ThresholdState
from acs.monitoring.views import Severity
from tests.acs.monitoring.kit import ANNA, CHANNEL, RX, book_of, collect, devices, monitor, reading, silence, threshold
from tests.conftest import OTHER_TENANT

WARN_AND_WORSE = (threshold("warning", limit=-25, clear=-24), threshold("critical", limit=-27, clear=-26))


def samples(db):
    with db.read() as session:
        return session.execute(select(Sample.device_id, Sample.value).order_by(Sample.device_id, Sample.at)).all()


def open_alarms(db, **more):
    with db.read() as session:
        return alarms.listed(session, DEFAULT_TENANT, **more)


def severity_of(db, device):
    with db.read() as session:
        return session.scalar(select(Device.alarm_severity).where(Device.id == device))


def everybody(db, view, now):
    """Bring the members of a monitor up to date."""
    after: int | None = 0
    while after is not None:
        with db.write() as unit:
            after = members.refresh(unit, view.id, after, now)


def test_only_what_is_watched_is_kept(any_database, now):
    a, b = devices(any_database, 2, now)
    monitor(any_database, now)
    assert collect(any_database, [reading(a, -20.5, now), reading(a, 6, now, CHANNEL), reading(b, -21, now)]) == 2
    assert samples(any_database) == [(a, -20.5), (b, -21.0)]


def test_words_of_an_enum_are_kept_by_their_place(database, now):
    (a,) = devices(database, 1, now)
    monitor(database, now, "dsl.status")
    collect(database, [reading(a, "up", now, "dsl.status"), reading(a, "down", now + timedelta(seconds=1), "dsl.status")])
    assert samples(database) == [(a, 0.0), (a, 2.0)]


def test_nothing_watched_asks_the_database_nothing(database, now):
    statements = []
    with database.write() as unit:
        event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        assert service.collect(unit, [reading(1, -20, now)] * 1000, MonitorBook()) == 0
    assert statements == []


@pytest.mark.parametrize("count", [1, 200])
def test_a_batch_costs_the_same_statements_however_large(database, now, count):
    ids = devices(database, count, now)
    view = monitor(database, now, thresholds=WARN_AND_WORSE, selection='model = "Norvik G240"')
    everybody(database, view, now)
    book, statements = book_of(database), []
    with database.write() as unit:
        unit.session.connection()
        event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        assert service.collect(unit, [reading(d, -20, now) for d in ids], book) == count
    assert len(statements) == 3  # members, samples, what is under way


def test_selection_is_looked_up_in_rows(any_database, now):
    inside = devices(any_database, 2, now)
    outside = devices(any_database, 2, now, model="Halden ONT-4")
    view = monitor(any_database, now, selection='model = "Norvik G240"')
    everybody(any_database, view, now)
    assert collect(any_database, [reading(d, -20, now) for d in (*inside, *outside)]) == 2
    with any_database.write() as unit:
        unit.session.get(Device, inside[0]).model = "other"
    everybody(any_database, view, now)
    assert collect(any_database, [reading(d, -20, now + timedelta(seconds=1)) for d in (*inside, *outside)]) == 1
    with any_database.read() as session:
        assert service.get(session, DEFAULT_TENANT, view.id).members == 1
        assert [m.id for m in service.of_device(session, DEFAULT_TENANT, inside[1])] == [view.id]
        assert service.of_device(session, DEFAULT_TENANT, outside[0]) == ()


def test_crossed_threshold_raises_one_alarm_that_grows_worse_and_better(any_database, now):
    (a,) = devices(any_database, 1, now)
    monitor(any_database, now, thresholds=WARN_AND_WORSE)
    seen = []
    for i, value in enumerate([-24, -25.5, -27.5, -26.5, -25.9, -24.5, -23]):
        collect(any_database, [reading(a, value, now + timedelta(minutes=i))])
        found = open_alarms(any_database)
        seen.append([each.severity.word for each in found])
        assert severity_of(any_database, a) == max((each.severity for each in found), default=Severity.CLEARED)
    assert seen == [[], ["warning"], ["critical"], ["critical"], ["warning"], ["warning"], []]
    (alarm,) = open_alarms(any_database, open_only=False)
    assert alarm.count == 1
    assert alarm.perceived_severity is Severity.CLEARED
    assert alarm.crossed["limit"] == -25
    assert alarm.cleared_at == now + timedelta(minutes=6)


def test_alarm_names_the_parameter_the_value_and_the_limit(database, now):
    (a,) = devices(database, 1, now)
    monitor(database, now, thresholds=[threshold(repair="Clean the connector.")], name="weak light")
    collect(database, [reading(a, -28.5, now)])
    (alarm,) = open_alarms(database)
    assert alarm.specific_problem == "weak light: optical.rx_power_dbm is -28.5 dBm, below -27"
    assert (alarm.repair, alarm.probable_cause, alarm.alarm_type) == ("Clean the connector.", "thresholdCrossed", "qualityOfService")
    assert alarm.crossed == {
        "parameter": RX, "direction": "below", "limit": -27.0, "word": "", "observed": "-28.5", "unit": "dBm", "at": now.isoformat()
    }  # fmt: skip


def test_device_that_is_well_has_no_row_of_state(database, now):
    a, b = devices(database, 2, now)
    monitor(database, now, thresholds=[threshold(samples=3)])
    collect(database, [reading(a, -20, now), reading(b, -30, now)])
    with database.read() as session:
        assert session.execute(select(ThresholdState.device_id, ThresholdState.raised, ThresholdState.count)).all() == [(b, False, 1)]
    collect(database, [reading(b, -20, now + timedelta(minutes=1))])
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(ThresholdState)) == 0


def test_changed_threshold_clears_what_the_old_one_raised(database, now):
    (a,) = devices(database, 1, now)
    view = monitor(database, now, thresholds=[threshold()])
    collect(database, [reading(a, -28, now)])
    assert len(open_alarms(database)) == 1
    given = {"name": view.name, "parameter": RX, "thresholds": [threshold(limit=-29)]}
    with database.write() as unit:
        service.save(unit, ANNA, given, now, view.id)
    assert open_alarms(database) == ()
    collect(database, [reading(a, -28, now + timedelta(minutes=1))])
    assert open_alarms(database) == ()


def test_unchanged_threshold_keeps_its_alarms(database, now):
    (a,) = devices(database, 1, now)
    view = monitor(database, now, thresholds=[threshold()])
    collect(database, [reading(a, -28, now)])
    with database.write() as unit:
        service.save(unit, ANNA, {"name": "new name", "parameter": RX, "thresholds": [threshold()]}, now, view.id)
    assert len(open_alarms(database)) == 1


def test_removed_monitor_clears_its_alarms_and_watches_no_more(any_database, now):
    (a,) = devices(any_database, 1, now)
    view = monitor(any_database, now, thresholds=[threshold()])
    collect(any_database, [reading(a, -28, now)])
    with any_database.write() as unit:
        service.remove(unit, ANNA, view.id, now)
    assert open_alarms(any_database) == ()
    assert severity_of(any_database, a) == 0
    assert collect(any_database, [reading(a, -28, now)]) == 0


def test_every_change_leaves_a_line_a_hint_and_a_job(database, now):
    with database.write() as unit:
        view = service.save(unit, ANNA, {"name": "light", "parameter": RX}, now)
        assert {"kind": "monitors"} in unit.hints
    with database.write() as unit:
        service.save(unit, ANNA, {"name": "light", "parameter": RX, "every_s": 900}, now, view.id)
        service.remove(unit, ANNA, view.id, now)
    with database.read() as session:
        lines = audit.lines(session, DEFAULT_TENANT, f"monitor:{view.id}")
        assert [line.action for line in lines] == ["monitor.remove", "monitor.change", "monitor.add"]
        assert (lines[1].before["every_s"], lines[1].after["every_s"]) == (0, 900)
        assert {job.name for job in jobs.listed(session, DEFAULT_TENANT)} == {service.MEMBERS_JOB}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"parameter": "system.nothing"}, "parameter"),
        ({"parameter": "wifi.2g.ssid"}, "parameter"),
        ({"selection": "model = = 3"}, None),
        ({"every_s": 10}, "every_s"),
        ({"storm_percent": 0}, "storm_percent"),
        ({"thresholds": [threshold("cleared")]}, "thresholds"),
        ({"thresholds": [threshold(direction="sideways")]}, "thresholds"),
        ({"thresholds": [threshold(limit=None)]}, "thresholds"),
        ({"thresholds": [threshold(limit="cold")]}, "thresholds"),
        ({"thresholds": [threshold(limit=-27, clear=-28)]}, "thresholds"),
        ({"thresholds": [threshold(direction="silent")]}, "thresholds"),
        ({"thresholds": [threshold(direction="is", limit=None)]}, "thresholds"),
        ({"thresholds": [threshold(samples=2000)]}, "thresholds"),
    ],
)
def test_what_makes_no_sense_is_refused(database, now, wrong, field):
    with pytest.raises(Invalid) as refused, database.write() as unit:
        service.save(unit, ANNA, {"name": "light", "parameter": RX, **wrong}, now)
    if field:
        assert refused.value.field == field


def test_name_of_a_monitor_is_there_once(database, now, other_actor):
    view = monitor(database, now)
    with pytest.raises(Conflict):
        monitor(database, now)
    assert monitor(database, now, actor=other_actor).name == view.name


def test_other_tenants_have_monitors_and_alarms_of_their_own(database, now, other_actor):
    (a,) = devices(database, 1, now, OTHER_TENANT)
    view = monitor(database, now, thresholds=[threshold()])
    assert collect(database, [reading(a, -30, now, tenant=OTHER_TENANT)]) == 0
    with database.read() as session:
        assert service.listed(session, OTHER_TENANT) == ()
        with pytest.raises(NotFound):
            service.get(session, OTHER_TENANT, view.id)
    with pytest.raises(NotFound), database.write() as unit:
        service.remove(unit, other_actor, view.id, now)


def test_silence_is_watched_by_no_reading(database, now):
    silence(database, now)
    assert book_of(database).watches == {}
