"""Recorded sessions, masked: found by what is in them, read message by message, taken away as a file to replay."""

import gzip
import json
from typing import Any

from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from acs.recorder.service import Wanted, key_of
from care.access import current_actor, current_user_view, needs
from care.api.schemas import LIMIT, LIMIT_MAX, Ignoring, page, page_of
from care.security.permissions import Permission
from care.services import services
from care.sessions.filters import key_in, key_text

bp = Blueprint("api-sessions", __name__, url_prefix="/api/v1", description="Recorded sessions")


class SessionSchema(Schema):
    id = fields.Integer()
    device_id = fields.Integer()
    device = fields.String(metadata={"description": "Its key; empty if it was removed since"})
    started_at = fields.DateTime()
    duration_ms = fields.Integer()
    outcome = fields.String(metadata={"description": "ok, failed or lost"})
    events = fields.String()
    summary = fields.String()
    faults = fields.List(fields.Integer(), metadata={"description": "Fault codes either side told"})
    rpcs = fields.List(fields.String(), metadata={"description": "Methods either side called, but Inform"})
    messages = fields.Integer(metadata={"description": "How many"})
    size = fields.Integer()


SessionPageSchema = page_of(SessionSchema)


class MessageSchema(Schema):
    from_cpe = fields.Boolean()
    ms = fields.Integer(metadata={"description": "Since the session began"})
    status = fields.Integer(metadata={"description": "HTTP status of our answer; 0 for what the device sent"})
    headers = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "Of the first request: what kind of client it is"}
    )
    body = fields.String()


class WholeSessionSchema(SessionSchema):
    said = fields.List(fields.Nested(MessageSchema))


class SessionQuery(Ignoring):
    outcome = fields.String(load_default="", validate=validate.OneOf(["", "ok", "failed", "lost"]))
    fault = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(0, 99999))
    rpc = fields.String(load_default="", metadata={"description": "Name of a method that was called"})
    event = fields.String(load_default="", metadata={"description": "Event code, such as 1 BOOT"})
    text = fields.String(load_default="", metadata={"description": "Part of the reason why it failed or broke off"})
    since = fields.AwareDateTime(load_default=None, allow_none=True)
    until = fields.AwareDateTime(load_default=None, allow_none=True, metadata={"description": "Began before this"})
    limit = fields.Integer(load_default=LIMIT, validate=validate.Range(1, LIMIT_MAX))
    before = fields.String(load_default="", metadata={"description": "`next` of the page before"})


class AllSessionsQuery(SessionQuery):
    serial = fields.String(load_default="")
    oui = fields.String(load_default="")
    model = fields.String(load_default="")


def _page(query: dict[str, Any], device_id: int | None) -> dict[str, Any]:
    limit, before = query.pop("limit"), key_in(query.pop("before"))
    found = services().sessions.listed(current_user_view().tenant, Wanted(device_id=device_id, **query), before, limit + 1)
    return page(found, limit, key=lambda row: key_text(key_of(row)))


@bp.route("/sessions")
@needs(Permission.VIEW_SESSIONS)
@bp.arguments(AllSessionsQuery, location="query")
@bp.response(200, SessionPageSchema)
def listed(query: dict[str, Any]) -> dict[str, Any]:
    """Of all devices, the newest first. Contacts in which nothing happened are listed for a serial number only."""
    return _page(query, None)


@bp.route("/devices/<name>/sessions")
@needs(Permission.VIEW_SESSIONS)
@bp.arguments(SessionQuery, location="query")
@bp.response(200, SessionPageSchema)
def of_device(query: dict[str, Any], name: str) -> dict[str, Any]:
    """The recorded sessions of a device, newest first."""
    return _page(query, services().devices.find(current_user_view().tenant, name))


@bp.route("/sessions/<int:record_id>")
@needs(Permission.VIEW_SESSIONS)
@bp.response(200, WholeSessionSchema)
def show(record_id: int) -> dict[str, Any]:
    """What was said; passwords are struck out."""
    record = services().sessions.get(current_user_view().tenant, record_id)
    row = {name: getattr(record.row, name) for name in type(record.row).__dataclass_fields__}
    said = [
        {"from_cpe": m.from_cpe, "ms": m.ms, "status": m.status, "headers": dict(m.headers), "body": m.body.decode("utf-8", "replace")}
        for m in record.messages
    ]
    return {**row, "said": said}


@bp.route("/sessions/<int:record_id>/recording")
@needs(Permission.VIEW_SESSIONS)
@bp.response(200, content_type="application/json", description="docs/recordings.md; compressed where the client accepts gzip")
def recording(record_id: int) -> Response:
    """The session as a file that `hearthline simulate --replay` plays. Leaves an audit line."""
    body = json.dumps(services().sessions.document(current_actor(), record_id), ensure_ascii=False).encode()
    answer = Response(
        body, mimetype="application/json", headers={"Content-Disposition": f'attachment; filename="session-{record_id}.json"'}
    )
    if request.accept_encodings["gzip"]:
        answer.set_data(gzip.compress(body, 6))
        answer.headers["Content-Encoding"] = "gzip"
    answer.vary.add("Accept-Encoding")
    return answer
