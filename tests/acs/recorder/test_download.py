"""A recorded session as a file: acs/recorder/download.py, as docs/recordings.md tells it."""

import json
from datetime import UTC, datetime

from acs.recorder.download import document
from acs.recorder.service import Message, RecordRow, RecordView, pack, unpack

ROW = RecordRow(
    3, 7, datetime(2026, 11, 21, 20, 52, tzinfo=UTC), 642, "failed", "1 BOOT, 4 VALUE CHANGE", "Broke a rule", 2, 99, (9005,), ("Reboot",)
)
INFORM = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:cwmp="urn:dslforum-org:cwmp-1-4"/>'


def test_everything_of_a_session_is_in_the_file():
    headers = (("user-agent", "acme"), ("content-type", "text/xml"))
    made = document(RecordView(ROW, (Message(True, 0, 0, INFORM, headers), Message(False, 12, 204, b""))), {"serial_number": "SN1"})
    assert json.loads(json.dumps(made)) == {
        "format": "hearthline-session",
        "version": 1,
        "session": {
            "id": 3, "started_at": "2026-11-21T20:52:00+00:00", "duration_ms": 642, "outcome": "failed", "events": ["1 BOOT", "4 VALUE CHANGE"],
            "summary": "Broke a rule", "faults": [9005], "rpcs": ["Reboot"],
        },
        "device": {"serial_number": "SN1"},
        "cwmp_namespace": "urn:dslforum-org:cwmp-1-4",
        "messages": [
            {"from": "cpe", "ms": 0, "headers": {"user-agent": "acme", "content-type": "text/xml"}, "body": INFORM.decode()},
            {"from": "acs", "ms": 12, "status": 204, "body": ""},
        ],
    }  # fmt: skip


def test_namespace_is_the_devices_own_and_empty_where_it_named_none():
    ours = Message(False, 1, 200, INFORM)
    assert document(RecordView(ROW, (Message(True, 0, 0, b"<x/>"), ours)), {})["cwmp_namespace"] == ""


def test_bytes_that_are_no_text_and_bodies_that_were_cut_say_so():
    cut = unpack(pack([Message(True, 0, 0, b"a" * 50), Message(True, 1, 0, b"\xff\xfe<")], 20))
    first, second = document(RecordView(ROW, cut), {})["messages"]
    assert (first["body"], first["cut"]) == ("a" * 20, 50)
    assert "cut" in second
    assert document(RecordView(ROW, (Message(True, 1, 0, b"\xff\xfe<"),)), {})["messages"][0]["body_base64"] == "//48"
