"""What finding may not cost: an Inform changes no index of the head row, so PostgreSQL writes the row alone."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text, update

from acs.db.bulk import table_of
from acs.db.engine import Database
from acs.devices.models import Device
from tests.acs.finding.fleet import seed

EVERY_INFORM = {
    "last_inform_at": "instant", "silent_at": "instant", "inform_count": "number", "inform_values": "document", "epoch": "number",
    "session_token": "text", "session_state": "document", "session_until": "instant",
}  # fmt: skip


def test_no_index_has_or_asks_for_what_every_inform_changes() -> None:
    for index in table_of(Device).indexes:
        condition = str(index.dialect_options["postgresql"]["where"] if index.dialect_options["postgresql"]["where"] is not None else "")
        named = {column.name for column in index.columns} | {name for name in EVERY_INFORM if name in condition}
        assert not named & set(EVERY_INFORM), index.name


@pytest.mark.postgres
def test_plain_informs_are_heap_only(postgres_database: Database, now: datetime) -> None:
    seed(postgres_database, now, 20)
    with postgres_database.write() as unit:
        for turn in range(5):
            later = now + timedelta(minutes=turn)
            told = {"last_inform_at": later, "silent_at": later + timedelta(hours=1), "silent_told": False, "inform_count": turn, "epoch": turn}
            unit.session.execute(update(Device).where(Device.id == 7).values(**told))
        changed = unit.session.scalar(text("SELECT pg_stat_get_xact_tuples_updated('device'::regclass)"))
        alone = unit.session.scalar(text("SELECT pg_stat_get_xact_tuples_hot_updated('device'::regclass)"))
    assert changed >= 5
    assert alone >= changed - 1  # the first may find its mark of silence changed
