"""Many rows in one statement, alike on both databases: acs/db/bulk.py."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, insert, select

from acs.audit import AuditLine
from acs.db.bulk import insert_rows, update_rows, upsert_rows
from acs.devices.models import ParamName, PathSet
from acs.jobs import Job

AT = datetime(2026, 11, 21, 20, 52, 0, 5, tzinfo=UTC)


def line(n, **given):
    document = {"n": n, "text": "ü → \\ ' \" {1,2} NULL"}
    row = {"tenant_id": 1, "at": AT + timedelta(seconds=n), "actor": f"a{n}", "address": "", "action": "x", "subject": "s", "before": document, "after": None}
    return {**row, **given}


def jobs_in(database):
    with database.read() as session:
        found = {job.id: job for job in session.scalars(select(Job))}
        session.expunge_all()
        return found


def job(n, **given):
    return {
        "id": n, "tenant_id": 1, "name": "x", "args": {"n": n}, "run_after": AT, "created_at": AT, "created_by": "t", "state": "due",
        "lease_until": None, "progress": "", **given,
    }  # fmt: skip


@pytest.fixture
def ten_jobs(any_database):
    with any_database.write() as unit:
        unit.session.execute(insert(Job), [job(n) for n in range(1, 11)])
    return any_database


@pytest.mark.parametrize("count", [0, 1, 2, 700])
def test_rows_are_inserted_with_documents_instants_and_nothings(any_database, count):
    with any_database.write() as unit:
        insert_rows(unit.connection, AuditLine, [line(n) for n in range(count)])
    with any_database.read() as session:
        rows = list(session.scalars(select(AuditLine).order_by(AuditLine.id)))
        session.expunge_all()
    assert [row.actor for row in rows] == [f"a{n}" for n in range(count)]
    for n, row in enumerate(rows):
        assert (row.before, row.after, row.at) == (line(n)["before"], None, AT + timedelta(seconds=n))


def test_rows_are_updated_by_key_and_counted(ten_jobs):
    rows = [{"id": n, "args": {"new": n}, "lease_until": AT if n % 2 else None} for n in (7, 3, 99)]
    with ten_jobs.write() as unit:
        assert update_rows(unit.connection, Job, ("id",), ("args", "lease_until"), rows) == 2
    after = jobs_in(ten_jobs)
    assert (after[7].args, after[7].lease_until, after[3].args) == ({"new": 7}, AT, {"new": 3})
    assert after[1].args == {"n": 1}


def test_rows_are_updated_only_where_the_whole_key_fits(ten_jobs):
    """What fences a session out: the epoch is part of the key."""
    rows = [{"id": 1, "state": "due", "progress": "mine"}, {"id": 2, "state": "running", "progress": "mine"}]
    with ten_jobs.write() as unit:
        assert update_rows(unit.connection, Job, ("id", "state"), ("progress",), rows) == 1
    assert [jobs_in(ten_jobs)[n].progress for n in (1, 2)] == ["mine", ""]


def test_of_two_rows_with_one_key_the_later_counts(ten_jobs):
    with ten_jobs.write() as unit:
        update_rows(unit.connection, Job, ("id",), ("progress",), [{"id": 1, "progress": "first"}, {"id": 1, "progress": "second"}])
        upsert_rows(unit.connection, PathSet, ("digest",), ("count", "packed"), [{"digest": "d", "count": n, "packed": b"\x00"} for n in (1, 2)])
    assert jobs_in(ten_jobs)[1].progress == "second"
    with ten_jobs.read() as session:
        assert list(session.scalars(select(PathSet.count))) == [2]


def test_upsert_inserts_what_is_new_and_sets_what_is_there(any_database):
    def put(*rows, **given):
        named = [{"digest": digest, "count": count, "packed": packed} for digest, count, packed in rows]
        with any_database.write() as unit:
            upsert_rows(unit.connection, PathSet, ("digest",), ("count", "packed"), named, **given)

    put(("a", 1, b"\x00\x01"), ("b", 2, b"b"))
    put(("b", 3, b"new"), ("c", 4, b"\xff"))
    put(("c", 5, b"not taken"), ("d", 6, b"d"), update_all=False)
    put()
    with any_database.read() as session:
        rows = {row.digest: (row.count, row.packed) for row in session.scalars(select(PathSet))}
    assert rows == {"a": (1, b"\x00\x01"), "b": (3, b"new"), "c": (4, b"\xff"), "d": (6, b"d")}


def test_upsert_of_keys_alone_leaves_what_is_there(any_database):
    for _ in range(2):
        with any_database.write() as unit:
            upsert_rows(unit.connection, ParamName, ("path",), (), [{"path": "Device.A"}, {"path": "Device.B"}], update_all=False)
    with any_database.read() as session:
        assert sorted(session.scalars(select(ParamName.path))) == ["Device.A", "Device.B"]


@pytest.mark.postgres
def test_many_rows_are_one_statement_on_postgresql(postgres_database):
    said = []
    event.listen(postgres_database.engine, "before_cursor_execute", lambda *given: said.append((given[2], given[5])))
    with postgres_database.write() as unit:
        insert_rows(unit.connection, AuditLine, [line(n) for n in range(500)])
        upsert_rows(unit.connection, ParamName, ("path",), (), [{"path": f"Device.{n}"} for n in range(500)], update_all=False)
    assert [(many, "unnest" in text) for text, many in said] == [(False, True), (False, True)]


@pytest.mark.postgres
def test_two_workers_that_touch_the_same_rows_do_not_lock_each_other_out(postgres_database):
    """Rows go in the order of their keys, whatever order they came in."""
    import threading

    with postgres_database.write() as unit:
        unit.session.execute(insert(Job), [job(n) for n in range(1, 201)])
    failed = []

    def work(numbers):
        try:
            for _ in range(20):
                with postgres_database.write() as unit:
                    update_rows(unit.connection, Job, ("id",), ("progress",), [{"id": n, "progress": "x"} for n in numbers])
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(order,)) for order in (range(1, 201), range(200, 0, -1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
