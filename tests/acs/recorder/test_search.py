"""Finding sessions by what is in them, over all devices and of one: acs/recorder/search.py."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from acs.recorder.search import key_of, listed
from acs.recorder.service import RecordIn, Wanted, apply_records
from tests.acs.kit import add_device


@pytest.fixture
def house(any_database, now):
    """Two devices with five sessions each, one a minute; the plain ones say nothing but that the device is there."""
    first = add_device(any_database, "SN1", model="G240")
    second = add_device(any_database, "SN2", model="R110", product_class="R110")
    records = [
        made(first, 1, now, 1),
        made(first, 2, now, 2, events="0 BOOTSTRAP, 1 BOOT", rpcs=("GetParameterNames", "GetParameterValues")),
        made(first, 3, now, 3, rpcs=("SetParameterValues",), faults=(9003, 9005)),
        made(first, 4, now, 4, "failed", summary="the device sent no envelope, 100% of it", faults=(8003,)),
        made(first, 5, now, 5, "lost", summary="no answer to Reboot within 30 s", rpcs=("Reboot",)),
        made(second, 1, now, 1),
        made(second, 2, now, 2, events="2 PERIODIC, 4 VALUE CHANGE"),
        made(second, 3, now, 3, rpcs=("GetParameterValues",), faults=(9005,)),
        made(second, 4, now, 4, events="1 BOOT, M Reboot", rpcs=("TransferComplete",)),
    ]
    with any_database.write() as unit:
        apply_records(unit.connection, records, 20, 1000)
    return any_database


def made(device, epoch, now, minute, outcome="ok", events="2 PERIODIC", summary="", **more):
    return RecordIn(1, device, epoch, now + timedelta(minutes=minute), 10, outcome, events, summary, (), **more)


@pytest.fixture
def found(house):
    def ask(before=None, limit=50, tenant=1, **wanted):
        with house.read() as session:
            rows = listed(session, tenant, Wanted(**wanted), before, limit)
        return [f"{row.device.rpartition('-')[2]}/{row.started_at.minute - 52}" for row in rows]

    return ask


@pytest.mark.parametrize(
    ("wanted", "sessions"),
    [
        ({}, ["SN1/5", "SN2/4", "SN1/4", "SN2/3", "SN1/3", "SN2/2", "SN1/2"]),
        ({"fault": 9005}, ["SN2/3", "SN1/3"]),
        ({"fault": 9003}, ["SN1/3"]),
        ({"fault": 900}, []),
        ({"rpc": "GetParameterValues"}, ["SN2/3", "SN1/2"]),
        ({"rpc": "Parameter"}, []),
        ({"event": "1 BOOT"}, ["SN2/4", "SN1/2"]),
        ({"event": "BOOT"}, []),
        ({"event": "4 VALUE CHANGE"}, ["SN2/2"]),
        ({"outcome": "failed"}, ["SN1/4"]),
        ({"outcome": "lost"}, ["SN1/5"]),
        ({"outcome": "ok", "fault": 9005, "rpc": "SetParameterValues"}, ["SN1/3"]),
        ({"text": "NO ANSWER to"}, ["SN1/5"]),
        ({"text": "100%"}, ["SN1/4"]),
        ({"text": "%"}, ["SN1/4"]),
        ({"serial": "SN2"}, ["SN2/4", "SN2/3", "SN2/2", "SN2/1"]),
        ({"serial": "SN2", "rpc": "GetParameterValues"}, ["SN2/3"]),
        ({"serial": "SN"}, []),
        ({"model": "R110", "fault": 9005}, ["SN2/3"]),
        ({"oui": "00D09E", "model": "G240", "outcome": "lost"}, ["SN1/5"]),
        ({"oui": "00D09F"}, []),
        ({"tenant": 2}, []),
    ],
)
def test_sessions_are_found_by(found, wanted, sessions):
    assert found(**wanted) == sessions


def test_time_is_half_open(found, now):
    assert found(since=now + timedelta(minutes=3), until=now + timedelta(minutes=4)) == ["SN2/3", "SN1/3"]


def test_plain_contacts_are_listed_for_their_device_only(found, house):
    assert found(serial="SN1")[-1] == "SN1/1"
    assert "SN1/1" not in found()


@pytest.mark.parametrize("wanted", [{}, {"serial": "SN1"}, {"model": "G240"}])
def test_pages_by_key_show_each_session_once_even_those_of_one_instant(house, wanted):
    pages, before = [], None
    with house.read() as session:
        whole = listed(session, 1, Wanted(**wanted))
        while rows := listed(session, 1, Wanted(**wanted), before, 2):
            pages += rows
            before = key_of(rows[-1])
    assert tuple(pages) == whole


def test_session_of_a_removed_device_is_found_without_its_name(house, now):
    with house.write() as unit:
        apply_records(unit.connection, [made(999, 1, now, 9, "failed", summary="gone")], 20, 1000)
    with house.read() as session:
        (row,) = listed(session, 1, Wanted(text="gone"))
    assert (row.device_id, row.device) == (999, "")


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "notable"),
        ({"rpc": "Reboot"}, "notable"),
        ({"event": "1 BOOT"}, "notable"),
        ({"fault": 9005}, "faults"),
        ({"outcome": "failed"}, "bad"),
        ({"text": "x"}, "bad"),
    ],
)
def test_each_search_reads_an_index_made_for_it(database, wanted, index):
    """On SQLite, which plans without statistics; the rows are opened by their number after the index has said which."""
    said = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _cursor, statement, given, *_: said.append((statement, given)))
    with database.read() as session:
        listed(session, 1, Wanted(**wanted))
        statement, given = said[-1]
        plan = [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]
    assert any(f"ix_session_record_{index} (tenant_id=?" in step or f"INDEX ix_session_record_{index}" in step for step in plan), plan
    assert not any(step.startswith("SCAN session_record") for step in plan), plan
