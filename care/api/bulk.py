"""One thing done to many devices: preview, begin, look, cancel."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from acs.bulk.service import KINDS_FOR_MANY, TICKED_MAX
from acs.bulk.views import BulkState, BulkView, Deed, Selection, Wanted
from care.access import current_actor, current_user_view, needs, require
from care.api.devices import CountSchema, DeviceRowSchema
from care.api.schemas import PageQuery, page, page_of
from care.bulk.service import permission_of
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("api-bulk", __name__, url_prefix="/api/v1", description="One thing done to many devices")


class WantedSchema(Schema):
    do = fields.String(required=True, validate=validate.OneOf(list(Deed)))
    subject = fields.String(
        required=True, metadata={"description": f"The tag, the number of a static group, or the kind of operation: {', '.join(KINDS_FOR_MANY)}"}
    )
    args = fields.Dict(keys=fields.String(), values=fields.Raw(), load_default=dict, metadata={"description": "Of the operation, as for one device"})
    query = fields.String(load_default="", metadata={"description": "Who; empty with devices"})
    devices = fields.List(fields.Integer(validate=validate.Range(1, 2**63 - 1)), load_default=list, validate=validate.Length(max=TICKED_MAX))
    reason = fields.String(load_default="", validate=validate.Length(max=300))


class PreviewSchema(Schema):
    count = fields.Nested(CountSchema)
    what = fields.String()
    refused = fields.String(metadata={"description": "Why it cannot be done; empty where it can"})
    sample = fields.List(fields.Nested(DeviceRowSchema))


class BulkSchema(Schema):
    id = fields.Integer()
    deed = fields.Enum(Deed, by_value=True)
    subject = fields.String()
    label = fields.String()
    query = fields.String()
    ticked = fields.Integer()
    state = fields.Enum(BulkState, by_value=True)
    expected = fields.Integer()
    done = fields.Integer()
    unchanged = fields.Integer()
    refused = fields.Integer()
    refusals = fields.List(fields.List(fields.Raw()), metadata={"description": "The first: device and why"})
    operations = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"description": "Operations asked, by state"})
    reason = fields.String()
    error = fields.String()
    created_at = fields.DateTime()
    created_by = fields.String()
    finished_at = fields.DateTime(allow_none=True)


def _asked(given: dict[str, Any]) -> tuple[Wanted, Selection]:
    wanted = Wanted(Deed(given["do"]), given["subject"], given["args"])
    require(permission_of(wanted))
    return wanted, Selection("" if given["devices"] else given["query"], tuple(given["devices"]))


@bp.route("/bulk/preview", methods=["POST"])
@needs(Permission.VIEW_DEVICES)
@bp.arguments(WantedSchema)
@bp.response(200, PreviewSchema)
def preview(given: dict[str, Any]) -> dict[str, Any]:
    """How many and which; nothing is done."""
    wanted, selection = _asked(given)
    told, what, sample = services().bulk.preview(current_user_view().tenant, wanted, selection)
    return {"count": told.count, "what": what, "refused": told.refused, "sample": sample}


@bp.route("/bulk", methods=["POST"])
@needs(Permission.VIEW_DEVICES)
@bp.arguments(WantedSchema)
@bp.response(202, BulkSchema)
def begin(given: dict[str, Any]) -> BulkView:
    """Needs what the same needs for one device. 409 for more devices than an operation is asked of in one go."""
    wanted, selection = _asked(given)
    action = services().bulk.begin(current_actor(), wanted, selection, given["reason"])
    return services().bulk.get(current_user_view().tenant, action)


@bp.route("/bulk")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(PageQuery, location="query")
@bp.response(200, page_of(BulkSchema))
def listed(query: dict[str, Any]) -> dict[str, Any]:
    """The newest first."""
    rows = services().bulk.listed(current_user_view().tenant, query["before"], query["limit"] + 1)
    return page(rows, query["limit"], key=lambda row: row.id)


@bp.route("/bulk/<int:action_id>")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, BulkSchema)
def show(action_id: int) -> BulkView:
    """How far it is."""
    return services().bulk.get(current_user_view().tenant, action_id)


@bp.route("/bulk/<int:action_id>/cancel", methods=["POST"])
@needs(Permission.VIEW_DEVICES)
@bp.response(200, BulkSchema)
def cancel(action_id: int) -> BulkView:
    """Go no further; what was done stays."""
    action = services().bulk.get(current_user_view().tenant, action_id)
    require(permission_of(Wanted(action.deed, action.subject)))
    services().bulk.cancel(current_actor(), action_id)
    return services().bulk.get(current_user_view().tenant, action_id)
