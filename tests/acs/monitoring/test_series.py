"""Samples, roll-ups, retention: acs/monitoring/series.py."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.canonicals import name_ids
from acs.devices.models import Device
from acs.monitoring import series
from acs.monitoring.models import Mark, Sample, SampleDay, SampleHour
from tests.acs.monitoring.kit import RX, devices
from tests.conftest import OTHER_TENANT

DAY = datetime(2026, 11, 20, tzinfo=UTC)
AFTER = DAY + timedelta(days=1, hours=2)


def keep(db, rows):
    """(device, instant, value) as samples of the light received."""
    with db.write() as unit:
        name = name_ids(unit.connection, [RX])[RX]
        series.keep(unit.connection, [{"device_id": d, "name_id": name, "tenant_id": 1, "at": at, "value": value} for d, at, value in rows])


def roll(db, now):
    steps = 0
    while True:
        with db.write() as unit:
            if not series.roll_up(unit, now, samples=300):
                return steps
        steps += 1


def empty(db):
    with db.write() as unit:
        for table in (Sample, SampleHour, SampleDay, Mark):
            unit.session.execute(delete(table))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 2 * 86_400 - 1), st.integers(-50_000, 50_000)), min_size=1, max_size=60, unique_by=lambda s: s[:2])
)
def test_roll_ups_are_the_sum_of_their_samples(database, samples):
    empty(database)
    keep(database, [(d, DAY + timedelta(seconds=s), value / 1000) for d, s, value in samples])
    roll(database, DAY + timedelta(days=3))
    for model, span in ((SampleHour, 3600), (SampleDay, 86_400)):
        with database.read() as session:
            found = {(r.device_id, r.at): (r.count, r.low, r.high, r.last, r.total) for r in session.scalars(select(model))}
        wanted: dict = {}
        for d, s, value in sorted(samples, key=lambda sample: sample[1]):
            wanted.setdefault((d, DAY + timedelta(seconds=s - s % span)), []).append(value / 1000)
        assert set(found) == set(wanted)
        for key, values in wanted.items():
            assert found[key][:4] == (len(values), min(values), max(values), values[-1])
            assert found[key][4] == pytest.approx(sum(values))


def test_roll_ups_are_alike_on_both_databases(any_database):
    keep(any_database, [(d, DAY + timedelta(minutes=5 * i), float(i % 7 - d)) for d in (1, 2, 3) for i in range(288)])
    assert roll(any_database, AFTER) == 3  # two devices, one, and the end of the day
    with any_database.read() as session:
        assert session.execute(select(func.count(), func.sum(SampleHour.count), func.sum(SampleHour.total))).one() == (72, 864, pytest.approx(855.0))
        assert session.execute(select(func.count(), func.sum(SampleDay.count), func.min(SampleDay.low))).one() == (3, 864, -3.0)
        assert session.scalar(select(SampleDay.last).where(SampleDay.device_id == 1)) == 287 % 7 - 1
        assert series.rolled_until(session) == DAY + timedelta(days=1)


def test_day_is_rolled_up_only_when_it_is_over_and_twice_without_harm(database):
    keep(database, [(1, DAY + timedelta(hours=1), 4.0)])
    assert roll(database, DAY + timedelta(hours=23)) == 0
    assert roll(database, AFTER) == 2
    with database.write() as unit:
        mark = unit.session.get(Mark, "rollup")
        mark.at, mark.number = DAY, 0
    roll(database, AFTER)
    with database.read() as session:
        assert session.scalars(select(SampleDay.count)).all() == [1]


def test_second_reading_of_a_second_takes_the_place_of_the_first(any_database):
    keep(any_database, [(1, DAY, 4.0)])
    keep(any_database, [(1, DAY + timedelta(milliseconds=300), 5.0)])
    with any_database.read() as session:
        assert session.scalars(select(Sample.value)).all() == [5.0]


def test_short_chart_has_each_sample(any_database, now):
    (device,) = devices(any_database, 1, now)
    keep(any_database, [(device, now - timedelta(minutes=5 * i), -20.0 - i) for i in range(1, 30)])
    with any_database.read() as session:
        found = series.of_device(session, DEFAULT_TENANT, device, RX, now - timedelta(hours=1), now)
    assert [point.last for point in found.points] == [-20.0 - i for i in range(12, 0, -1)]
    assert found.step_s == 300


def test_long_chart_goes_on_from_roll_ups_to_the_samples_of_today(any_database):
    end = DAY + timedelta(days=2, hours=6)
    (device,) = devices(any_database, 1, end)
    keep(any_database, [(device, DAY + timedelta(minutes=30 * i), float(i)) for i in range(108)])
    roll(any_database, end)
    with any_database.write() as unit:
        unit.session.execute(delete(Sample).where(Sample.at < DAY + timedelta(days=1)))
    with any_database.read() as session:
        found = series.of_device(session, DEFAULT_TENANT, device, RX, DAY - timedelta(days=28), end)
    assert sum(point.count for point in found.points) == 108
    assert [point.at for point in found.points] == sorted(point.at for point in found.points)
    assert sum(point.mean * point.count for point in found.points) == pytest.approx(sum(range(108)))


def test_week_is_folded_to_about_as_many_points_as_a_screen_has(database, now):
    (device,) = devices(database, 1, now)
    keep(database, [(device, now - timedelta(minutes=5 * i), float(i % 10)) for i in range(1, 2016)])
    with database.read() as session:
        found = series.of_device(session, DEFAULT_TENANT, device, RX, now - timedelta(days=7), now)
    assert 500 < len(found.points) < 900
    assert {(point.low, point.high) for point in found.points[5:10]} <= {(float(a), float(b)) for a in range(10) for b in range(a, 10)}
    assert sum(point.count for point in found.points) == 2015


def test_device_of_another_tenant_or_with_a_number_used_again_has_no_past(database, now):
    (device,) = devices(database, 1, now)
    keep(database, [(device, now - timedelta(minutes=5), 1.0)])
    with database.read() as session:
        assert not series.of_device(session, OTHER_TENANT, device, RX, now - timedelta(hours=1), now).points
    with database.write() as unit:
        unit.session.get(Device, device).first_seen_at = now - timedelta(minutes=1)
    with database.read() as session:
        assert not series.of_device(session, DEFAULT_TENANT, device, RX, now - timedelta(hours=1), now).points


def test_old_samples_go_in_ranges_and_what_is_not_rolled_up_stays(database):
    keep(database, [(d, DAY + timedelta(hours=h), 1.0) for d in range(1, 6) for h in (1, 30)])

    def drop(before):
        while True:
            with database.write() as unit:
                if not series.drop_old(unit, Sample, before, devices=2):
                    break
        with database.read() as session:
            return session.scalar(select(func.count()).select_from(Sample))

    assert drop(DAY + timedelta(days=9)) == 10
    roll(database, AFTER)
    assert drop(DAY + timedelta(days=9)) == 5
