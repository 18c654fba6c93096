"""Column types and constraint names that every table shares: acs/db/base.py."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select

from acs.audit import AuditLine
from acs.db.base import Base


def keep(database, **columns):
    line = {"tenant_id": 1, "at": datetime(2026, 1, 1, tzinfo=UTC), "actor": "a", "action": "b", "subject": "c", **columns}
    with database.write() as unit:
        row = AuditLine(**line)
        unit.session.add(row)
        unit.session.flush()
        return row.id


def read(database, row_id):
    with database.read() as session:
        row = session.scalars(select(AuditLine).where(AuditLine.id == row_id)).one()
        session.expunge(row)
        return row


def test_instants_come_back_in_utc_to_the_microsecond(any_database):
    at = datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    got = read(any_database, keep(any_database, at=at)).at
    assert got == at
    assert got.tzinfo is UTC


def test_instants_compare_by_time_whatever_zone_they_were_given_in(any_database):
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    keep(any_database, at=noon, subject="noon")
    with any_database.read() as session:
        later_here = (noon - timedelta(hours=1)).astimezone(timezone(timedelta(hours=9)))
        assert session.scalar(select(AuditLine.subject).where(AuditLine.at > later_here)) == "noon"


def test_instant_without_a_zone_is_refused(any_database):
    with pytest.raises(Exception, match="instant without a zone"):
        keep(any_database, at=datetime(2026, 1, 1))


@pytest.mark.parametrize("document", [None, {"a": [1, 2.5, None, True], "ü": "→"}, [], "text", 0])
def test_documents_come_back_as_they_were(any_database, document):
    got = read(any_database, keep(any_database, before=document)).before
    assert got == document
    assert type(got) is type(document)


def test_every_constraint_and_index_has_a_name():
    """Migrations can only change what they can name."""
    for table in Base.metadata.tables.values():
        for thing in (*table.constraints, *table.indexes):
            assert thing.name, f"{table.name}: {thing!r}"


def test_tables_know_their_tenant():
    without = {name for name, table in Base.metadata.tables.items() if "tenant_id" not in table.columns}
    # Interned names and kinds of trees are nobody's; the leader row is the installation's; grants and tokens hang on a user.
    assert without - {"tenant", "leader", "path_set", "param_name"} <= {"user_role", "api_token"}
