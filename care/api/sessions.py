"""Recorded sessions of devices, masked: lists by device and of failed ones, and one with its messages."""

from datetime import datetime
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from care.access import current_user_view, needs
from care.api.schemas import LIMIT, LIMIT_MAX, Ignoring, page, page_of
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("api-sessions", __name__, url_prefix="/api/v1", description="Recorded sessions")


class SessionSchema(Schema):
    id = fields.Integer()
    device_id = fields.Integer()
    started_at = fields.DateTime()
    duration_ms = fields.Integer()
    outcome = fields.String(metadata={"description": "ok, failed or lost"})
    events = fields.String()
    summary = fields.String()
    messages = fields.Integer(metadata={"description": "How many"})
    size = fields.Integer()


SessionPageSchema = page_of(SessionSchema)


class MessageSchema(Schema):
    from_cpe = fields.Boolean()
    ms = fields.Integer(metadata={"description": "Since the session began"})
    status = fields.Integer(metadata={"description": "HTTP status of our answer; 0 for what the device sent"})
    body = fields.String()


class WholeSessionSchema(SessionSchema):
    said = fields.List(fields.Nested(MessageSchema))


class SessionQuery(Ignoring):
    outcome = fields.String(load_default="", validate=validate.OneOf(["", "ok", "failed", "lost"]))
    limit = fields.Integer(load_default=LIMIT, validate=validate.Range(1, LIMIT_MAX))
    before = fields.AwareDateTime(load_default=None, allow_none=True, metadata={"description": "`next` of the page before: began before this"})


def _page(query: dict[str, Any], device_id: int | None) -> dict[str, Any]:
    before: datetime | None = query["before"]
    found = services().sessions.listed(current_user_view().tenant, device_id, query["outcome"], before, query["limit"] + 1)
    return page(found, query["limit"], key=lambda row: row.started_at.isoformat())


@bp.route("/sessions")
@needs(Permission.VIEW_SESSIONS)
@bp.arguments(SessionQuery, location="query")
@bp.response(200, SessionPageSchema)
def listed(query: dict[str, Any]) -> dict[str, Any]:
    """Of all devices, the newest first."""
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
        {"from_cpe": m.from_cpe, "ms": m.ms, "status": m.status, "body": m.body.decode("utf-8", "replace")} for m in record.messages
    ]
    return {**row, "said": said}
