"""A recorded session as a file to take away: version 1 of the format docs/recordings.md describes, read by simulators/recording.py.

Bodies were masked when they were recorded; nothing here unmasks them, and the device's credentials are not looked at.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any

from acs.recorder.views import Message, RecordView

FORMAT, VERSION = "hearthline-session", 1
_NAMESPACE = re.compile(rb"urn:dslforum-org:cwmp-\d-\d+")
_CUT = re.compile(rb"\n\[cut: (\d+) bytes in all\]\Z")


def document(record: RecordView, device: Mapping[str, str]) -> dict[str, Any]:
    """The session as JSON will have it. `device` says who it is, as far as it is known still."""
    row = record.row
    return {
        "format": FORMAT,
        "version": VERSION,
        "session": {
            "id": row.id, "started_at": row.started_at.isoformat(), "duration_ms": row.duration_ms, "outcome": row.outcome,
            "events": [event for event in row.events.split(", ") if event], "summary": row.summary, "faults": list(row.faults), "rpcs": list(row.rpcs),
        },
        "device": dict(device),
        "cwmp_namespace": _namespace(record),
        "messages": [_message(message) for message in record.messages],
    }  # fmt: skip


def _namespace(record: RecordView) -> str:
    for message in record.messages:
        if message.from_cpe and (found := _NAMESPACE.search(message.body)):
            return found[0].decode()
    return ""


def _message(message: Message) -> dict[str, Any]:
    body, whole = message.body, _CUT.search(message.body)
    if whole is not None:
        body = body[: whole.start()]
    out: dict[str, Any] = {"from": "cpe" if message.from_cpe else "acs", "ms": message.ms}
    if message.status:
        out["status"] = message.status
    if message.headers:
        out["headers"] = dict(message.headers)
    try:
        out["body"] = body.decode()
    except UnicodeDecodeError:
        out["body_base64"] = base64.b64encode(body).decode()
    if whole is not None:
        out["cut"] = int(whole[1])
    return out
