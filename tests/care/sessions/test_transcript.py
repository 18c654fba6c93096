"""Recorded messages as people read them; nothing in them is executed, resolved or fetched."""

from datetime import UTC, datetime

from acs.recorder.service import Message, RecordRow, RecordView
from care.sessions.transcript import as_text, messages, pretty
from tests.care.samples import ENVELOPE

ROW = RecordRow(3, 7, datetime(2026, 11, 21, 20, 52, tzinfo=UTC), 642, "failed", "1 BOOT", "Broke a rule", 2, 99)


def test_envelope_is_set_out_line_by_line_and_named():
    title, text = pretty(ENVELOPE)
    assert title == "GetParameterValues"
    assert text.count("\n") > 5
    assert "<string>Device.DeviceInfo.</string>" in text


def test_what_is_no_xml_is_shown_as_it_came():
    assert pretty(b"\xffgarbage <") == ("not XML", "\ufffdgarbage <")
    assert pretty(b"  ") == ("empty", "")


def test_entities_are_not_expanded():
    bomb = b'<!DOCTYPE a [<!ENTITY b "boom"><!ENTITY c SYSTEM "file:///etc/hostname">]><a>&b;&c;</a>'
    title, text = pretty(bomb)
    assert title == "not XML"
    assert "&b;&c;" in text


def test_messages_keep_direction_time_and_status():
    view = messages(RecordView(ROW, (Message(True, 0, 0, ENVELOPE), Message(False, 1234, 204, b""))))
    assert [(m.from_cpe, m.offset, m.status) for m in view] == [(True, "+0.000 s", 0), (False, "+1.234 s", 204)]


def test_text_to_take_away_has_everything():
    text = as_text(RecordView(ROW, (Message(True, 0, 0, ENVELOPE), Message(False, 14, 200, ENVELOPE))), "NV1")
    assert text.startswith("# session 3 of NV1, 2026-11-21T20:52:00+00:00, failed, 642 ms")
    assert "us -> device, HTTP 200" in text
