"""Saved groups: list, make, change, count, remove; devices of a static one."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from acs.finding.views import GroupView
from care.access import current_actor, current_user_view, needs
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("api-groups", __name__, url_prefix="/api/v1", description="Saved groups of devices")


class SavedGroupSchema(Schema):
    id = fields.Integer()
    name = fields.String()
    is_static = fields.Boolean(metadata={"description": "Devices are put in by hand; else whoever fits the query"})
    query = fields.String()
    note = fields.String()
    size = fields.Integer(allow_none=True, metadata={"description": "As counted at counted_at; null before the first count"})
    counted_at = fields.DateTime(allow_none=True)
    created_at = fields.DateTime()
    created_by = fields.String()
    updated_at = fields.DateTime()


class SavedGroupListSchema(Schema):
    items = fields.List(fields.Nested(SavedGroupSchema))


class NewSavedGroupSchema(Schema):
    name = fields.String(required=True, validate=validate.Length(1, 80))
    query = fields.String(load_default=None, allow_none=True, metadata={"description": "Without one the group is static"})
    note = fields.String(load_default="", validate=validate.Length(max=300))


class SavedGroupChangeSchema(Schema):
    query = fields.String(load_default=None, allow_none=True)
    note = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=300))


class MembersSchema(Schema):
    devices = fields.List(fields.Integer(validate=validate.Range(1, 2**63 - 1)), required=True, validate=validate.Length(1, 1000))


class ChangedSchema(Schema):
    changed = fields.Integer()


@bp.route("/groups")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, SavedGroupListSchema)
def listed() -> dict[str, Any]:
    """By name. The devices of one: /devices?query=group:"name"."""
    return {"items": services().finding.groups(current_user_view().tenant)}


@bp.route("/groups", methods=["POST"])
@needs(Permission.MANAGE_DEVICES)
@bp.arguments(NewSavedGroupSchema)
@bp.response(201, SavedGroupSchema)
def create(given: dict[str, Any]) -> GroupView:
    """422 for a query that cannot be read, with the place."""
    group_id = services().finding.create(current_actor(), given["name"], given["query"], given["note"])
    return services().finding.group(current_user_view().tenant, group_id)


@bp.route("/groups/<int:group_id>")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, SavedGroupSchema)
def show(group_id: int) -> GroupView:
    """One group."""
    return services().finding.group(current_user_view().tenant, group_id)


@bp.route("/groups/<int:group_id>", methods=["PATCH"])
@needs(Permission.MANAGE_DEVICES)
@bp.arguments(SavedGroupChangeSchema)
@bp.response(200, SavedGroupSchema)
def change(given: dict[str, Any], group_id: int) -> GroupView:
    """Its query or note; a name stays."""
    return services().finding.change(current_actor(), group_id, given["query"], given["note"])


@bp.route("/groups/<int:group_id>", methods=["DELETE"])
@needs(Permission.MANAGE_DEVICES)
@bp.response(204)
def remove(group_id: int) -> None:
    """409 while another group is made of it."""
    services().finding.remove(current_actor(), group_id)


@bp.route("/groups/<int:group_id>/count", methods=["POST"])
@needs(Permission.VIEW_DEVICES)
@bp.response(202, SavedGroupSchema)
def count(group_id: int) -> GroupView:
    """Count to the last device, by a job."""
    services().finding.recount(current_actor(), group_id)
    return services().finding.group(current_user_view().tenant, group_id)


@bp.route("/groups/<int:group_id>/devices", methods=["POST"])
@needs(Permission.MANAGE_DEVICES)
@bp.arguments(MembersSchema)
@bp.response(200, ChangedSchema)
def join(given: dict[str, Any], group_id: int) -> dict[str, int]:
    """Put devices into a static group."""
    return {"changed": services().finding.add(current_actor(), group_id, given["devices"])}


@bp.route("/groups/<int:group_id>/devices", methods=["DELETE"])
@needs(Permission.MANAGE_DEVICES)
@bp.arguments(MembersSchema)
@bp.response(200, ChangedSchema)
def leave(given: dict[str, Any], group_id: int) -> dict[str, int]:
    """Take devices out of a static group."""
    return {"changed": services().finding.take(current_actor(), group_id, given["devices"])}
