"""How a device is reached: the diagnosis, the ways, the tries. What is done about it are operations: wake, request_login, enable_stun, enable_xmpp."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from acs.reach.views import Code, Method
from care.access import current_actor, current_user_view, needs
from care.api.devices import found
from care.api.schemas import Ignoring
from care.reach import words
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("api-reach", __name__, url_prefix="/api/v1", description="How devices are called")


class WaySchema(Schema):
    method = fields.Enum(Method, by_value=True)
    address = fields.String()


class TrySchema(Schema):
    at = fields.DateTime()
    method = fields.Enum(Method, by_value=True)
    result = fields.String(metadata={"description": "ok or sent where the device may still come, else why it will not"})
    detail = fields.String()
    latency_ms = fields.Integer(allow_none=True)
    came_at = fields.DateTime(allow_none=True, metadata={"description": "When it informed afterwards: only that is success"})


class WatchSchema(Schema):
    until = fields.DateTime()
    by = fields.String()
    applied = fields.Boolean(metadata={"description": "The device has heard it and speaks often"})
    ending = fields.Boolean()


class ReachSchema(Schema):
    code = fields.Enum(Code, by_value=True)
    wakes = fields.Boolean(metadata={"description": "A call is likely to bring the device"})
    sentence = fields.String()
    next_at = fields.DateTime(allow_none=True, metadata={"description": "When it speaks by itself"})
    ways = fields.List(fields.Nested(WaySchema), metadata={"description": "In the order they are tried"})
    tries = fields.List(fields.Nested(TrySchema), metadata={"description": "The newest first"})
    watch = fields.Nested(WatchSchema, allow_none=True)
    can_stun = fields.Boolean()
    can_xmpp = fields.Boolean()


class ReachQuery(Ignoring):
    limit = fields.Integer(load_default=12, validate=validate.Range(1, 200))


@bp.route("/devices/<name>/reach")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(ReachQuery, location="query")
@bp.response(200, ReachSchema)
def show(query: dict[str, Any], name: str) -> dict[str, Any]:
    """The state in a word and a sentence, the ways, and the last tries."""
    reach = services().reach.look(current_user_view().tenant, found(name), query["limit"])
    told = reach.diagnosis
    return {
        "code": told.code, "wakes": told.wakes, "sentence": words.sentence(told), "next_at": told.next_at, "ways": reach.ways, "tries": reach.attempts,
        "watch": reach.watch, "can_stun": reach.can_stun, "can_xmpp": reach.can_xmpp,
    }  # fmt: skip


@bp.route("/devices/<name>/watch", methods=["POST"])
@needs(Permission.READ_DEVICE)
@bp.response(200, WatchSchema)
def watch(name: str) -> Any:
    """Somebody looks at the device: renew every minute. Empty where it is not needed, because a call brings the device."""
    lease = services().reach.watch(current_actor(), found(name))
    return lease if lease is not None else {}
