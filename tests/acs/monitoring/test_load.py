"""What a worker did: acs/monitoring/load.py."""

from datetime import timedelta

from sqlalchemy import select

from acs.db.tenancy import DEFAULT_TENANT
from acs.monitoring import load
from acs.monitoring.load import Totals
from acs.monitoring.models import WorkerLoad


def test_row_holds_what_lies_between_two_readings(any_database, now):
    before = Totals(now, sessions=100, failed=5, informs=120, refused=1, put_off=0, answers=120, answer_s=2.0, cpu_s=10, live=9)
    after = Totals(now + timedelta(seconds=10), sessions=130, failed=6, informs=160, refused=1, put_off=4, answers=160, answer_s=3.0, cpu_s=12.5, live=7)
    with any_database.write() as unit:
        load.note(unit, DEFAULT_TENANT, "0", before, after)
    with any_database.read() as session:
        row = session.scalars(select(WorkerLoad)).one()
        assert (row.sessions, row.failed, row.informs, row.refused, row.put_off, row.live, row.span_s) == (30, 1, 40, 0, 4, 7, 10.0)
        assert (row.answer_ms, row.cpu_ms) == (25.0, 2500.0)


def test_totals_are_read_out_of_the_metrics_of_a_process(now):
    found = load.totals(now, {"hearthline_sessions_total": 10, "hearthline_sessions_total:ok": 8, "hearthline_sessions_live": 2}, 1.5)
    assert (found.sessions, found.failed, found.live, found.cpu_s, found.informs) == (10, 2, 2, 1.5, 0)
