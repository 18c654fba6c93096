"""Groups in percentiles: acs/monitoring/reports.py."""

from datetime import timedelta

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import Invalid
from acs.monitoring import members, reports
from tests.acs.monitoring.kit import CHANNEL, MARGIN, RX, collect, devices, monitor, reading
from tests.conftest import OTHER_TENANT


def report(db, now, names=(RX,), selection="", tenant=DEFAULT_TENANT):
    with db.read() as session:
        return reports.report(session, tenant, selection, names, now - timedelta(days=1), now, now)


def spread(db, view, now):
    with db.read() as session:
        assert reports.due(session, now) == (view.id,)
        found = reports.look(session, view.id, now)
    with db.write() as unit:
        reports.keep(unit, 1, view.id, found)
    return found


@pytest.mark.feature("U-60")
def test_report_of_a_group_has_percentiles_over_its_devices(any_database, now):
    ids = devices(any_database, 101, now)
    devices(any_database, 5, now, model="Halden ONT-4")
    monitor(any_database, now)
    at = now - timedelta(hours=1)
    collect(any_database, [reading(d, -30 + i * 0.1, at) for i, d in enumerate(ids)])
    collect(any_database, [reading(d, -29 + i * 0.1, at + timedelta(minutes=5)) for i, d in enumerate(ids)])
    found = report(any_database, now, (RX, MARGIN), 'model = "Norvik G240"')
    assert (found.members, found.looked_at) == (101, 101)
    light, margin = found.lines
    assert (light.basis, light.devices, light.samples) == ("samples", 101, 202)
    s = light.spread
    assert [round(v, 2) for v in (s.low, s.p5, s.p50, s.p95, s.high)] == [-29.5, -29.0, -24.5, -20.0, -19.5]
    assert (light.bad, light.warn, light.good) == (25, 20, 56)
    assert (margin.devices, margin.spread) == (0, None)


def test_what_is_not_kept_is_told_by_the_newest_readings(database, now):
    ids = devices(database, 3, now)
    collect(database, [reading(d, i + 1, now - timedelta(minutes=1), CHANNEL) for i, d in enumerate(ids)])
    (line,) = report(database, now, (CHANNEL,)).lines
    assert (line.basis, line.devices, line.spread.p50, line.good) == ("newest", 3, 2.0, None)


def test_large_group_is_looked_at_by_a_sample_that_is_told(database, now, monkeypatch):
    monkeypatch.setattr(reports, "DEVICES_MOST", 10)
    ids = devices(database, 35, now)
    collect(database, [reading(d, -20, now - timedelta(minutes=1)) for d in ids])
    found = report(database, now)
    assert found.members == 35
    assert 7 <= found.looked_at <= 10
    assert found.lines[0].devices == found.looked_at


def test_wrong_reports_are_refused(database, now):
    for names, selection in (((), ""), (("system.nothing",), ""), ((RX,), "model = =")):
        with pytest.raises(Invalid):
            report(database, now, names, selection)


def test_other_tenants_have_no_part_in_it(database, now):
    ids = devices(database, 2, now)
    collect(database, [reading(d, -20, now - timedelta(minutes=1)) for d in ids])
    assert report(database, now, tenant=OTHER_TENANT).members == 0


def test_spread_of_a_monitor_is_kept_as_time_goes_by(any_database, now):
    inside = devices(any_database, 20, now)
    outside = devices(any_database, 3, now, model="Halden ONT-4")
    view = monitor(any_database, now, selection='model = "Norvik G240"')
    after: int | None = 0
    while after is not None:
        with any_database.write() as unit:
            after = members.refresh(unit, view.id, after, now)
    collect(any_database, [reading(d, float(i), now) for i, d in enumerate((*inside, *outside))])
    found = spread(any_database, view, now)
    assert (found.count, found.low, found.p50, found.high) == (20, 0.0, 9.5, 19.0)
    with any_database.read() as session:
        assert reports.due(session, now + timedelta(minutes=14)) == ()
        assert reports.history(session, DEFAULT_TENANT, view.id, now - timedelta(hours=1), now + timedelta(hours=1)) == (found,)
        assert reports.history(session, OTHER_TENANT, view.id, now - timedelta(hours=1), now + timedelta(hours=1)) == ()
    with any_database.write() as unit:
        assert reports.delete_old(unit, now + timedelta(seconds=1)) == 1


def test_readings_of_long_ago_say_nothing_of_now(database, now):
    a, b = devices(database, 2, now)
    view = monitor(database, now)
    collect(database, [reading(a, 1, now - timedelta(days=3)), reading(b, 5, now)])
    assert spread(database, view, now).count == 1
