"""Partitions of samples on PostgreSQL: acs/monitoring/partitions.py."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from acs.monitoring import partitions, series
from acs.monitoring.models import Sample, SampleDay, SampleHour
from tests.acs.monitoring.test_series import DAY, keep, roll


def test_sqlite_has_none(database):
    with database.write() as unit:
        assert partitions.ensure(unit, DAY) == 0


def test_every_instant_lies_in_one_partition():
    for model, span in partitions.SPAN.items():
        begin = partitions.begin_of(model, DAY + timedelta(hours=7))
        assert begin <= DAY < begin + span
        assert partitions.begin_of(model, begin) == begin
    assert partitions.begin_of(Sample, DAY + timedelta(hours=23)) == DAY


@pytest.mark.postgres
def test_partitions_are_made_ahead_filled_and_dropped_whole(postgres_database):
    db = postgres_database
    keep(db, [(1, DAY + timedelta(hours=1), 1.0), (1, DAY + timedelta(days=1), 2.0)])  # before there is any: into the default one
    with db.write() as unit:
        made = partitions.ensure(unit, DAY)
        assert made > 0
        assert partitions.ensure(unit, DAY) == 0
    keep(db, [(2, DAY + timedelta(hours=2), 3.0)])
    with db.read() as session:
        held = session.connection().exec_driver_sql("SELECT tableoid::regclass::text, value FROM sample ORDER BY value").all()
    assert [tuple(row) for row in held] == [("series.sample_20261120", 1.0), ("series.sample_20261121", 2.0), ("series.sample_20261120", 3.0)]
    roll(db, DAY + timedelta(days=3))
    with db.write() as unit:
        assert series.drop_old(unit, Sample, DAY + timedelta(days=1))
        assert not series.drop_old(unit, Sample, DAY + timedelta(days=1))
    with db.read() as session:
        assert session.scalars(select(Sample.value)).all() == [2.0]
    with db.write() as unit:  # leave the database of this test run as it was found
        for model in (Sample, SampleHour, SampleDay):
            partitions.drop_before(unit, model, datetime(2088, 1, 1, tzinfo=UTC), 100)
