"""Operations: ask something of a device, watch it, cancel it. Which permission it takes depends on the kind."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from acs.operations.views import OperationState, OperationView
from acs.provisioning.kinds import KINDS
from care.access import current_actor, current_user_view, needs, require
from care.api.schemas import PageQuery, page, page_of
from care.operations.service import permission_for
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("api-operations", __name__, url_prefix="/api/v1", description="Operations")


class OperationSchema(Schema):
    id = fields.Integer()
    device_id = fields.Integer()
    device_serial = fields.String()
    kind = fields.String()
    label = fields.String()
    args = fields.Raw(metadata={"description": "As they were given; secrets masked"})
    state = fields.Enum(OperationState, by_value=True)
    station = fields.String(metadata={"description": "queued, waking, session, device or done"})
    stations = fields.Dict(keys=fields.String(), values=fields.DateTime(), metadata={"description": "Since when it was in each"})
    progress = fields.String()
    cancel_wanted = fields.Boolean()
    result = fields.Raw()
    error = fields.String()
    fault = fields.Raw(allow_none=True)
    requested_by = fields.String()
    reason = fields.String()
    attempts = fields.Integer()
    command_key = fields.String()
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
    finished_at = fields.DateTime(allow_none=True)
    expires_at = fields.DateTime()
    next_contact_at = fields.DateTime(allow_none=True)
    wake_result = fields.String()


class NewOperationSchema(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(list(KINDS)))
    args = fields.Dict(keys=fields.String(), values=fields.Raw(), load_default=dict)
    reason = fields.String(load_default="", validate=validate.Length(max=300))
    expires_in_s = fields.Integer(load_default=None, allow_none=True, metadata={"description": "How long it waits for a silent device"})
    override = fields.Boolean(
        load_default=False, metadata={"description": "Write values though they break a rule of the data model: takes override_rules, and a reason"}
    )  # fmt: skip


class OperationQuery(PageQuery):
    state = fields.Enum(OperationState, by_value=True, load_default=None)
    kind = fields.String(load_default=None, validate=validate.OneOf(list(KINDS)))
    device = fields.String(load_default=None, metadata={"description": "Id, key or serial number"})


@bp.route("/devices/<name>/operations", methods=["POST"])
@needs(Permission.VIEW_DEVICES)
@bp.arguments(NewOperationSchema)
@bp.response(202, OperationSchema)
def ask(given: dict[str, Any], name: str) -> OperationView:
    """Ask something of a device. 202 with the operation; an identical one that is still queued is returned instead of a second."""
    require(permission_for(given["kind"]))
    if given["override"]:
        require(Permission.OVERRIDE_RULES)
    actor = current_actor()
    device_id = services().devices.find(actor.tenant, name)
    operation_id = services().operations.ask(actor, device_id, given["kind"], given["args"], given["reason"], given["expires_in_s"], given["override"])
    return services().operations.get(actor.tenant, operation_id)


@bp.route("/operations")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(OperationQuery, location="query")
@bp.response(200, page_of(OperationSchema))
def listed(query: dict[str, Any]) -> dict[str, Any]:
    """The newest first."""
    tenant = current_user_view().tenant
    device_id = services().devices.find(tenant, query["device"]) if query["device"] else None
    states = (query["state"],) if query["state"] else ()
    kinds = (query["kind"],) if query["kind"] else ()
    found = services().operations.listed(tenant, device_id, states, kinds, query["before"], query["limit"] + 1)
    return page(found, query["limit"], key=lambda op: op.id)


@bp.route("/operations/<int:operation_id>")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, OperationSchema)
def show(operation_id: int) -> OperationView:
    """One operation, with its progress or result."""
    return services().operations.get(current_user_view().tenant, operation_id)


@bp.route("/operations/<int:operation_id>/cancel", methods=["POST"])
@needs(Permission.CANCEL_OPERATION)
@bp.response(200, OperationSchema)
def cancel(operation_id: int) -> OperationView:
    """Cancelled at once while nothing was sent; else `cancel_wanted` is set and the result will still come. 409 when it is over."""
    services().operations.cancel(current_actor(), operation_id)
    return services().operations.get(current_user_view().tenant, operation_id)
