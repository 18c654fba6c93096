"""Recorded sessions: a ring of good ones, every failed one, all within bounds: acs/recorder/service.py."""

import zlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from acs.errors import NotFound
from acs.recorder import service as recorder
from acs.recorder.models import SessionRecord
from acs.recorder.service import Message, RecordIn, Wanted, pack, unpack
from tests.acs.kit import recorded

LIMIT = 256 * 1024
HEADERS = st.lists(st.tuples(st.sampled_from(["user-agent", "content-type"]), st.text(max_size=20)), max_size=2).map(tuple)
MESSAGES = st.lists(
    st.builds(Message, st.booleans(), st.integers(0, 10**9), st.sampled_from([0, 200, 204, 401, 503]), st.binary(max_size=200), HEADERS),
    max_size=8,
)


@given(MESSAGES)
def test_messages_come_back_as_they_were(messages):
    assert unpack(pack(messages, LIMIT)) == tuple(messages)


@given(MESSAGES, st.integers(0, 300))
def test_what_does_not_fit_is_cut_and_said_to_be(messages, limit):
    back = unpack(pack(messages, limit))
    assert len(back) == len(messages)
    for before, after in zip(messages, back, strict=True):
        assert (after.from_cpe, after.ms, after.status, after.headers) == (before.from_cpe, before.ms, before.status, before.headers)
        if after.body != before.body:
            kept, _, note = after.body.rpartition(b"\n[cut: ")
            assert before.body.startswith(kept)
            assert note == b"%d bytes in all]" % len(before.body)
    assert sum(len(m.body) for m in back) <= limit + 40 * len(messages)


@pytest.fixture
def keep(any_database, now):
    """`keep(epoch, "failed", minutes=3)` records a session."""

    def record(epoch, outcome="ok", minutes=0, keep=3, device=7, tenant=1, body=b"<x/>"):
        given = RecordIn(
            tenant, device, epoch, now + timedelta(minutes=minutes), 120, outcome, "2 PERIODIC", f"session {epoch}",
            (Message(True, 0, 0, body), Message(False, 5, 200, b"answer")),
        )  # fmt: skip
        with any_database.write() as unit:
            recorder.apply_records(unit.connection, [given], keep, LIMIT)

    return record


@pytest.fixture
def listed(any_database):
    def ask(tenant=1, device_id=7, before=None, limit=50, **given):
        with any_database.read() as session:
            return recorder.listed(session, tenant, Wanted(device_id, **given), before, limit)

    return ask


def test_good_sessions_of_a_device_share_a_ring(keep, listed):
    for epoch in range(1, 8):
        keep(epoch, minutes=epoch)
    assert [row.summary for row in listed()] == ["session 7", "session 6", "session 5"]


def test_failed_sessions_stay_whatever_comes_after(keep, listed):
    keep(1, "failed")
    keep(2, "lost", minutes=1)
    for epoch in range(3, 9):
        keep(epoch, minutes=epoch)
    assert [row.summary for row in listed(outcome="failed")] == ["session 1"]
    assert [row.summary for row in listed(outcome="lost")] == ["session 2"]
    assert len(listed()) == 5


def test_devices_have_rings_of_their_own(keep, listed):
    for device in (7, 8):
        for epoch in range(1, 6):
            keep(epoch, device=device, minutes=epoch)
    assert len(listed(device_id=7)) == len(listed(device_id=8)) == 3


def test_record_of_before_headers_were_kept_is_read_still():
    packed = zlib.compress(b"1 0 0 4\n<x/>0 5 204 0\n")
    assert unpack(packed) == (Message(True, 0, 0, b"<x/>"), Message(False, 5, 204, b""))


def test_lists_that_do_not_fit_keep_whole_words(any_database, now):
    given = RecordIn(1, 7, 1, now, 1, "failed", "1 BOOT", "", (), (9005, 9800), tuple(f"X_Vendor_{n:03}" for n in range(100)))
    with any_database.write() as unit:
        recorder.apply_records(unit.connection, [given], 3, LIMIT)
    with any_database.read() as session:
        (view,) = recorded(session)
    assert view.row.faults == (9005, 9800)
    assert 20 < len(view.row.rpcs) < 100
    assert set(view.row.rpcs) <= set(given.rpcs)


def test_plain_contacts_lie_in_no_index_but_their_own_key(any_database, now):
    def made(epoch, **more):
        return RecordIn(1, 7, epoch, now, 1, more.pop("outcome", "ok"), more.pop("events", "2 PERIODIC"), "", (), **more)

    works = [made(1), made(2, faults=(9005,)), made(3, rpcs=("Reboot",)), made(4, events="1 BOOT"), made(5, outcome="lost")]
    with any_database.write() as unit:
        recorder.apply_records(unit.connection, works, 20, LIMIT)
    with any_database.read() as session:
        found = session.execute(select(SessionRecord.epoch, SessionRecord.notable_at, SessionRecord.faults, SessionRecord.rpcs)).all()
    assert sorted(found) == [(1, None, "", ""), (2, now, ",9005,", ""), (3, now, "", ",Reboot,"), (4, now, "", ""), (5, now, "", "")]


def test_session_is_read_whole_and_its_size_told(keep, listed, any_database, now):
    keep(1, "failed", body=b"b" * 50)
    (row,) = listed()
    assert (row.faults, row.rpcs, row.device) == ((), (), "")
    assert (row.device_id, row.started_at, row.duration_ms, row.outcome, row.events, row.messages, row.size) == (
        7,
        now,
        120,
        "failed",
        "2 PERIODIC",
        2,
        56,
    )
    with any_database.read() as session:
        view = recorder.get(session, 1, row.id)
    assert view.row == row
    assert view.messages == (Message(True, 0, 0, b"b" * 50), Message(False, 5, 200, b"answer"))


def test_record_that_was_packed_before_is_stored_as_it_is(any_database, now):
    given = recorder.packed(RecordIn(1, 7, 1, now, 1, "failed", "1 BOOT", "", (Message(True, 0, 0, b"x" * 90),)), 50)
    with any_database.write() as unit:
        recorder.apply_records(unit.connection, [given], 3, 10)
    with any_database.read() as session:
        (view,) = recorded(session)
    assert view.messages[0].body.startswith(b"x" * 50 + b"\n[cut: 90")


def test_one_session_recorded_twice_is_one_row(keep, listed):
    keep(4, "failed")
    keep(4, "failed", minutes=1)
    assert len(listed()) == 1


def test_several_sessions_of_a_batch_are_one_statement_and_the_later_holds_the_slot(any_database, listed, now):
    def made(epoch):
        return RecordIn(1, 7, epoch, now + timedelta(minutes=epoch), 1, "ok", "", f"session {epoch}", ())

    with any_database.write() as unit:
        recorder.apply_records(unit.connection, [made(1), made(4), made(2)], 3, LIMIT)
    assert [row.summary for row in listed()] == ["session 4", "session 2"]


def test_sessions_of_another_tenant_do_not_exist(keep, listed, any_database):
    keep(1)
    (row,) = listed()
    assert listed(tenant=2) == ()
    assert listed(tenant=2, device_id=None) == ()
    with any_database.read() as session, pytest.raises(NotFound, match="made room"):
        recorder.get(session, 2, row.id)


def test_old_failed_sessions_go_in_parts_and_good_ones_stay(keep, listed, any_database, now):
    keep(1)
    for epoch in range(2, 6):
        keep(epoch, "failed", minutes=epoch)
    with any_database.write() as unit:
        assert recorder.delete_old_failed(unit, now + timedelta(minutes=5), limit=2) == 2
        assert recorder.delete_old_failed(unit, now + timedelta(minutes=5), limit=2) == 1
        assert recorder.delete_old_failed(unit, now + timedelta(minutes=5), limit=2) == 0
    assert [row.summary for row in listed()] == ["session 5", "session 1"]
