"""Campaigns: write, look ahead, begin, agree, pause, go on, end, take back; how they stand, and what came of each device."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from acs.campaigns.service import ACTIONS, CampaignView, Preview
from acs.campaigns.views import Member, State
from care.access import current_actor, current_user_view, needs, require
from care.api.schemas import LIMIT, LIMIT_MAX, Ignoring, PageQuery, page, page_of
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("api-campaigns", __name__, url_prefix="/api/v1", description="One action for many devices, begun small and watched")


class NewCampaignSchema(Schema):
    name = fields.String(required=True, validate=validate.Length(1, 120))
    note = fields.String(load_default="")
    selection = fields.String(load_default="", metadata={"description": "A query of the device list; group:\"name\" for a saved group; empty: every device"})
    spared = fields.String(load_default="", metadata={"description": "Devices to leave out, as a query"})
    spared_devices = fields.List(fields.String(), load_default=list, metadata={"description": "Devices to leave out by id, key or serial number"})
    action = fields.String(required=True, validate=validate.OneOf(list(ACTIONS)))
    args = fields.Dict(keys=fields.String(), values=fields.Raw(), load_default=dict, metadata={"description": "firmware: image; operation: kind, args"})
    plan = fields.Dict(
        keys=fields.String(), values=fields.Raw(), load_default=dict,
        metadata={"description": "canary, canary_percent, waves, rate, rate_unit, in_flight, window, watch_s, expires_s, wake, max_failures, max_failed_share, "
                  "min_measured, gates, on_stop"},
    )  # fmt: skip


class GaugeSchema(Schema):
    signal = fields.String()
    reading = fields.String()
    limit = fields.Float(metadata={"description": "Per cent of bad devices at which it stops"})
    measured = fields.Integer()
    bad = fields.Integer()
    share = fields.Float(allow_none=True)
    mean_before = fields.Float(allow_none=True)
    mean_after = fields.Float(allow_none=True)


class WaveSchema(Schema):
    number = fields.Integer(metadata={"description": "0 is the canary"})
    tally = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"description": "Devices by state"})
    members = fields.Integer()
    finished = fields.Integer()
    gauges = fields.List(fields.Nested(GaugeSchema))
    opened_at = fields.DateTime(allow_none=True)
    passed_at = fields.DateTime(allow_none=True)


class ReasonSchema(Schema):
    rule = fields.String()
    sentence = fields.String()
    by = fields.String()
    signal = fields.String()
    reading = fields.String()
    value = fields.Float()
    limit = fields.Float()
    bad = fields.Integer()
    measured = fields.Integer()
    wave = fields.Integer()


class CampaignSchema(Schema):
    id = fields.Integer()
    name = fields.String()
    note = fields.String()
    state = fields.Enum(State, by_value=True)
    waits_for = fields.String(metadata={"description": "Of a draft that was begun: list, approval, or nothing"})
    reason = fields.Nested(ReasonSchema, allow_none=True, metadata={"description": "Why it stands or ended"})
    selection = fields.String()
    spared = fields.String()
    spared_count = fields.Integer()
    action = fields.String()
    args = fields.Raw()
    says = fields.String()
    plan = fields.Function(lambda view: view.plan.as_document())
    members = fields.Integer()
    finished = fields.Integer()
    wave = fields.Integer()
    waves = fields.List(fields.Nested(WaveSchema))
    gauges = fields.List(fields.Nested(GaugeSchema))
    reasons = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"description": "Failures by reason"})
    asked_by = fields.String()
    approved_by = fields.String()
    started_at = fields.DateTime(allow_none=True)
    until = fields.DateTime(allow_none=True)
    finished_at = fields.DateTime(allow_none=True)
    created_at = fields.DateTime()
    created_by = fields.String()


class SampledSchema(Schema):
    device_id = fields.Integer()
    serial = fields.String()
    model = fields.String()
    software_version = fields.String()
    kind = fields.String()
    says = fields.String()
    excluded = fields.String()
    is_offline = fields.Boolean()
    opens_at = fields.DateTime(allow_none=True)


class CampaignPreviewSchema(Schema):
    number = fields.Integer()
    is_exact = fields.Boolean()
    looked_at = fields.Integer()
    would = fields.Integer()
    offline = fields.Integer()
    exclusions = fields.Dict(keys=fields.String(), values=fields.Integer())
    models = fields.Dict(keys=fields.String(), values=fields.Integer())
    sample = fields.List(fields.Nested(SampledSchema))
    canaries = fields.Integer()
    needs_approval = fields.Boolean()
    inverse = fields.String(metadata={"description": "How it is taken back; empty where that is not possible"})
    says = fields.String()


class MemberSchema(Schema):
    device_id = fields.Integer()
    serial = fields.String()
    model = fields.String()
    software_version = fields.String()
    wave = fields.Integer()
    state = fields.Enum(Member, by_value=True)
    operation_id = fields.Integer(allow_none=True)
    reason = fields.String()
    before = fields.Raw()
    after = fields.Raw()
    issued_at = fields.DateTime(allow_none=True)
    ended_at = fields.DateTime(allow_none=True)


class CampaignMembersSchema(Schema):
    items = fields.List(fields.Nested(MemberSchema))
    next = fields.String(allow_none=True, metadata={"description": "Send as `after`"})


class MemberQuery(Ignoring):
    limit = fields.Integer(load_default=LIMIT, validate=validate.Range(1, LIMIT_MAX))
    after = fields.String(load_default="")
    state = fields.String(load_default="", validate=validate.OneOf(["", *Member]))


class ReasonedSchema(Schema):
    reason = fields.String(load_default="", validate=validate.Length(max=300))


class OfDeviceSchema(Schema):
    campaign_id = fields.Integer()
    name = fields.String()
    campaign_state = fields.Enum(State, by_value=True)
    wave = fields.Integer()
    state = fields.Enum(Member, by_value=True)
    operation_id = fields.Integer(allow_none=True)
    reason = fields.String()
    at = fields.DateTime(allow_none=True)


class CampaignSettingsSchema(Schema):
    zone = fields.String(required=True)
    approve_above = fields.Integer(required=True, allow_none=True, metadata={"description": "More devices need a second person; null: never"})


def _view(campaign_id: int) -> CampaignView:
    return services().campaigns.get(current_user_view().tenant, campaign_id)


def _may(given: dict[str, Any]) -> None:
    for permission in services().campaigns.permissions(current_user_view().tenant, given):
        require(permission)


def _may_act(campaign_id: int) -> None:
    for permission in services().campaigns.permissions_of(current_user_view().tenant, campaign_id):
        require(permission)


@bp.route("/campaigns")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(PageQuery, location="query")
@bp.response(200, page_of(CampaignSchema))
def listed(query: dict[str, Any]) -> dict[str, Any]:
    """The newest first."""
    found = services().campaigns.listed(current_user_view().tenant, query["before"], query["limit"] + 1)
    return page(found, query["limit"], key=lambda view: view.id)


@bp.route("/campaigns", methods=["POST"])
@needs(Permission.RUN_CAMPAIGNS)
@bp.arguments(NewCampaignSchema)
@bp.response(201, CampaignSchema)
def create(given: dict[str, Any]) -> CampaignView:
    """A draft: nothing is asked of any device before it is started."""
    _may(given)
    return _view(services().campaigns.create(current_actor(), given))


@bp.route("/campaigns/preview", methods=["POST"])
@needs(Permission.RUN_CAMPAIGNS)
@bp.arguments(NewCampaignSchema(partial=("name",)))
@bp.response(200, CampaignPreviewSchema)
def preview(given: dict[str, Any]) -> Preview:
    """How many devices, what would be sent to the first of them, who is left out and why."""
    return services().campaigns.preview(current_user_view().tenant, given)


@bp.route("/campaigns/settings")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, CampaignSettingsSchema)
def settings() -> Any:
    """The tenant's zone for devices whose own is not known, and its limit of devices for one person alone."""
    return services().campaigns.settings(current_user_view().tenant)


@bp.route("/campaigns/settings", methods=["PUT"])
@needs(Permission.APPROVE_CAMPAIGNS)
@bp.arguments(CampaignSettingsSchema)
@bp.response(200, CampaignSettingsSchema)
def set_settings(given: dict[str, Any]) -> Any:
    """Set both."""
    services().campaigns.set_settings(current_actor(), given["zone"], given["approve_above"])
    return services().campaigns.settings(current_user_view().tenant)


@bp.route("/campaigns/<int:campaign_id>")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, CampaignSchema)
def show(campaign_id: int) -> CampaignView:
    """How it stands: waves, gates, and why it stands if it does."""
    return _view(campaign_id)


@bp.route("/campaigns/<int:campaign_id>", methods=["PUT"])
@needs(Permission.RUN_CAMPAIGNS)
@bp.arguments(NewCampaignSchema)
@bp.response(200, CampaignSchema)
def change(given: dict[str, Any], campaign_id: int) -> CampaignView:
    """Write a draft anew. 409 once it was started."""
    _may(given)
    services().campaigns.change(current_actor(), campaign_id, given)
    return _view(campaign_id)


@bp.route("/campaigns/<int:campaign_id>", methods=["DELETE"])
@needs(Permission.RUN_CAMPAIGNS)
@bp.response(204)
def remove(campaign_id: int) -> None:
    """A draft that was not started. 409 for any other: results are a record."""
    services().campaigns.remove(current_actor(), campaign_id)


@bp.route("/campaigns/<int:campaign_id>/start", methods=["POST"])
@needs(Permission.RUN_CAMPAIGNS)
@bp.response(200, CampaignSchema)
def start(campaign_id: int) -> CampaignView:
    """Freeze the list and begin; above the tenant's limit it then waits for a second person."""
    _may_act(campaign_id)
    services().campaigns.start(current_actor(), campaign_id, current_user_view().login)
    return _view(campaign_id)


@bp.route("/campaigns/<int:campaign_id>/approve", methods=["POST"])
@needs(Permission.APPROVE_CAMPAIGNS)
@bp.response(200, CampaignSchema)
def approve(campaign_id: int) -> CampaignView:
    """Agree to another person's campaign. 409 for one's own, by whichever token."""
    _may_act(campaign_id)
    services().campaigns.approve(current_actor(), campaign_id, current_user_view().login)
    return _view(campaign_id)


@bp.route("/campaigns/<int:campaign_id>/pause", methods=["POST"])
@needs(Permission.RUN_CAMPAIGNS)
@bp.arguments(ReasonedSchema)
@bp.response(200, CampaignSchema)
def pause(given: dict[str, Any], campaign_id: int) -> CampaignView:
    """Nothing more is begun; what no device was told of is taken back."""
    services().campaigns.pause(current_actor(), campaign_id, given["reason"])
    return _view(campaign_id)


@bp.route("/campaigns/<int:campaign_id>/resume", methods=["POST"])
@needs(Permission.RUN_CAMPAIGNS)
@bp.response(200, CampaignSchema)
def resume(campaign_id: int) -> CampaignView:
    """Go on where it was paused; its rules count on."""
    _may_act(campaign_id)
    services().campaigns.resume(current_actor(), campaign_id)
    return _view(campaign_id)


@bp.route("/campaigns/<int:campaign_id>/abort", methods=["POST"])
@needs(Permission.RUN_CAMPAIGNS)
@bp.arguments(ReasonedSchema)
@bp.response(200, CampaignSchema)
def abort(given: dict[str, Any], campaign_id: int) -> CampaignView:
    """End it; what was done stays."""
    services().campaigns.abort(current_actor(), campaign_id, given["reason"])
    return _view(campaign_id)


@bp.route("/campaigns/<int:campaign_id>/roll-back", methods=["POST"])
@needs(Permission.RUN_CAMPAIGNS)
@bp.arguments(ReasonedSchema)
@bp.response(200, CampaignSchema)
def roll_back(given: dict[str, Any], campaign_id: int) -> CampaignView:
    """End it and take back what was done. 409 where the action has no opposite."""
    _may_act(campaign_id)
    services().campaigns.roll_back(current_actor(), campaign_id, given["reason"])
    return _view(campaign_id)


@bp.route("/campaigns/<int:campaign_id>/pace", methods=["PATCH"])
@needs(Permission.RUN_CAMPAIGNS)
@bp.arguments(Schema.from_dict({"plan": fields.Dict(keys=fields.String(), values=fields.Raw(), required=True)}, name="PaceSchema"))
@bp.response(200, CampaignSchema)
def pace(given: dict[str, Any], campaign_id: int) -> CampaignView:
    """Rate, number under way, window, watch and stop rules of a campaign under way."""
    services().campaigns.change_pace(current_actor(), campaign_id, given["plan"])
    return _view(campaign_id)


@bp.route("/campaigns/<int:campaign_id>/members")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(MemberQuery, location="query")
@bp.response(200, CampaignMembersSchema)
def members(query: dict[str, Any], campaign_id: int) -> dict[str, Any]:
    """What came of each device."""
    found, following = services().campaigns.members(current_user_view().tenant, campaign_id, query["state"], query["after"], query["limit"])
    return {"items": found, "next": following or None}


@bp.route("/campaigns/<int:campaign_id>/members/<int:device_id>/retry", methods=["POST"])
@needs(Permission.RUN_CAMPAIGNS)
@bp.response(200, CampaignSchema)
def retry(campaign_id: int, device_id: int) -> CampaignView:
    """Try a device again that failed, never came or was left out."""
    _may_act(campaign_id)
    services().campaigns.retry(current_actor(), campaign_id, device_id)
    return _view(campaign_id)


@bp.route("/devices/<name>/campaigns")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, Schema.from_dict({"items": fields.List(fields.Nested(OfDeviceSchema))}, name="DeviceCampaignsSchema"))
def of_device(name: str) -> dict[str, Any]:
    """The campaigns a device is or was in, the newest first."""
    tenant = current_user_view().tenant
    return {"items": services().campaigns.of_device(tenant, services().devices.find(tenant, name))}
