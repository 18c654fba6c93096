"""Redirects: groups of devices sent on to another ACS while a rule stands, or moved for good."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from care.access import current_actor, current_user_view, needs
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("api-redirects", __name__, url_prefix="/api/v1/redirects", description="Devices that go to another ACS")


class GroupSchema(Schema):
    tag = fields.String(load_default="", validate=validate.Length(max=40))
    model = fields.String(load_default="", validate=validate.Length(max=64))
    url = fields.String(
        required=True, validate=validate.Length(1, 256), metadata={"description": "http or https, at a host of HEARTHLINE_MOVE_HOSTS"}
    )
    reason = fields.String(load_default="", validate=validate.Length(max=300))


class RedirectSchema(Schema):
    id = fields.Integer()
    tag = fields.String()
    model = fields.String()
    url = fields.String()
    reason = fields.String()
    created_at = fields.DateTime()
    created_by = fields.String()
    devices = fields.Integer(metadata={"description": "How many it sends on"})


class RedirectListSchema(Schema):
    items = fields.List(fields.Nested(RedirectSchema))


class MoveSchema(Schema):
    job = fields.Integer(metadata={"description": "The background job that asks each device to move; 202 does not say that one has"})


@bp.route("")
@needs(Permission.MOVE_DEVICES)
@bp.response(200, RedirectListSchema)
def listed() -> dict[str, Any]:
    """All groups that are sent on, and where to."""
    return {"items": services().redirects.listed(current_user_view().tenant)}


@bp.route("", methods=["POST"])
@needs(Permission.MOVE_DEVICES)
@bp.arguments(GroupSchema)
@bp.response(201, RedirectListSchema)
def add(given: dict[str, Any]) -> dict[str, Any]:
    """Answer their Informs with 307 to another ACS, from their next contact on; all rules."""
    services().redirects.add(current_actor(), **given)
    return {"items": services().redirects.listed(current_user_view().tenant)}


@bp.route("/<int:redirect_id>", methods=["DELETE"])
@needs(Permission.MOVE_DEVICES)
@bp.response(204)
def remove(redirect_id: int) -> None:
    """From their next contact on the group is served here again."""
    services().redirects.remove(current_actor(), redirect_id)


@bp.route("/moves", methods=["POST"])
@needs(Permission.MOVE_DEVICES)
@bp.arguments(GroupSchema)
@bp.response(202, MoveSchema)
def move(given: dict[str, Any]) -> dict[str, Any]:
    """Give each device of the group another ACS for good, at its next contact. One device: the operation move_acs."""
    return {"job": services().redirects.move(current_actor(), **given)}
