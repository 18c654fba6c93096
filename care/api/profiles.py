"""Profiles, how devices stand to them, dry runs and drift reports, repair, and the settings of a device on its successor."""

from dataclasses import asdict
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from acs.desired.views import Examination, Standing
from care.access import current_actor, current_user_view, needs
from care.api.schemas import LIMIT, LIMIT_MAX, Ignoring, PageQuery, page, page_of
from care.paging import KEY_MAX
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("api-profiles", __name__, url_prefix="/api/v1", description="What should hold on which devices")

DOCUMENT = (
    'settings: [{name, value, hold}], rows: [{table, keys, values, absent, hold}], watches: [{name, notification}], firmware, inform_interval_s, '
    "hook, self_heal. `hold` is keep, initial or enforce. Secrets come as dots; sent back as dots they stay."
)  # fmt: skip


class ProfileSchema(Schema):
    id = fields.Integer()
    name = fields.String()
    note = fields.String()
    selection = fields.String(metadata={"description": "A query of devices; empty for all"})
    precedence = fields.Integer()
    enabled = fields.Boolean()
    valid_from = fields.DateTime(allow_none=True)
    in_force = fields.Boolean()
    version = fields.Integer()
    document = fields.Dict(metadata={"description": DOCUMENT})
    created_at = fields.DateTime()
    created_by = fields.String()
    changed_at = fields.DateTime()
    changed_by = fields.String()


class ProfileChangeSchema(Schema):
    name = fields.String(validate=validate.Length(1, 80))
    note = fields.String(validate=validate.Length(max=300))
    selection = fields.String(validate=validate.Length(max=4000))
    precedence = fields.Integer()
    enabled = fields.Boolean()
    valid_from = fields.AwareDateTime(allow_none=True)
    document = fields.Dict(metadata={"description": DOCUMENT})
    reason = fields.String(validate=validate.Length(max=300))


class NewProfileSchema(ProfileChangeSchema):
    name = fields.String(required=True, validate=validate.Length(1, 80))
    document = fields.Dict(required=True, metadata={"description": DOCUMENT})


class ProfilesSchema(Schema):
    items = fields.List(fields.Nested(ProfileSchema))


class VersionSchema(Schema):
    version = fields.Integer()
    at = fields.DateTime()
    by = fields.String()
    reason = fields.String()
    content = fields.Dict()
    changes = fields.List(fields.Dict(), metadata={"description": "what, before, after: against the version before"})


class VersionsSchema(Schema):
    items = fields.List(fields.Nested(VersionSchema))


class CountSchema(Schema):
    devices = fields.Integer()
    is_exact = fields.Boolean()


class MessageSchema(Schema):
    name = fields.String()
    xml = fields.String(metadata={"description": "The envelope, secrets struck out"})


class DesiredSchema(Schema):
    state = fields.String(validate=validate.OneOf(list(Standing)))
    profiles = fields.Dict(metadata={"description": "Names by id"})
    key = fields.String(metadata={"description": "The ParameterKey it should have"})
    parameter_key = fields.String()
    values = fields.List(fields.Dict(), metadata={"description": "path, name, wanted, shown, at, profile, winner, over"})
    rows = fields.List(fields.Dict())
    differences = fields.List(fields.Dict(), metadata={"description": "What does not hold: path, name, wanted, shown, kind, winner, over"})
    gave_up = fields.List(fields.Dict(), metadata={"description": "What did not stick and is not tried again"})
    left_alone = fields.List(fields.Dict(), metadata={"description": "What a person set, or what was set once"})
    cannot = fields.List(fields.Dict())
    messages = fields.List(fields.Nested(MessageSchema), metadata={"description": "What would be sent, in order"})
    error = fields.String()


class DesiredQuery(Ignoring):
    with_profile = fields.Integer(load_default=None, allow_none=True, metadata={"description": "A profile taken as if it were in force"})


class RepairSchema(Schema):
    again = fields.Boolean(load_default=False, metadata={"description": "Try what did not stick before"})
    reason = fields.String(load_default="", validate=validate.Length(max=300))


class OperationIdSchema(Schema):
    operation = fields.Integer()


class ReportSchema(Schema):
    id = fields.Integer()
    selection = fields.String()
    with_profile = fields.Integer(allow_none=True)
    state = fields.String()
    total = fields.Integer(allow_none=True)
    checked = fields.Integer()
    counts = fields.Dict(metadata={"description": "Devices by standing"})
    error = fields.String()
    created_at = fields.DateTime()
    created_by = fields.String()
    finished_at = fields.DateTime(allow_none=True)
    repaired_at = fields.DateTime(allow_none=True)
    repaired_by = fields.String()


class NewReportSchema(Schema):
    selection = fields.String(load_default="", validate=validate.Length(max=4000))
    with_profile = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, KEY_MAX))


class LineSchema(Schema):
    device_id = fields.Integer()
    serial_number = fields.String()
    model = fields.String()
    state = fields.String()
    changes = fields.Integer()
    differences = fields.List(fields.Dict())
    gave_up = fields.List(fields.Dict())
    cannot = fields.List(fields.Dict())
    messages = fields.List(fields.Nested(MessageSchema))


class LinesQuery(Ignoring):
    limit = fields.Integer(load_default=LIMIT, validate=validate.Range(1, LIMIT_MAX))
    after = fields.Integer(load_default=0, validate=validate.Range(0, KEY_MAX), metadata={"description": "`next` of the page before"})


class AskedSchema(Schema):
    devices = fields.Integer()


class SwapSchema(Schema):
    successor = fields.Integer(required=True, validate=validate.Range(1, KEY_MAX))
    leave_out = fields.List(fields.String(), load_default=list, metadata={"description": "Canonical names that are not to go along"})
    reason = fields.String(load_default="", validate=validate.Length(max=300))
    with_tags = fields.Boolean(load_default=True)
    dry_run = fields.Boolean(load_default=False)


class SwapLineSchema(Schema):
    name = fields.String()
    label = fields.String()
    old = fields.String()
    new = fields.String()
    why = fields.String(metadata={"description": "Why it cannot go along; empty if it can"})
    same = fields.Boolean()
    by = fields.String()


class SwappedSchema(Schema):
    lines = fields.List(fields.Nested(SwapLineSchema))
    operations = fields.List(fields.Integer())


# ---- profiles --------------------------------------------------------------------------------------------------


@bp.get("/profiles")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, ProfilesSchema)
def profiles() -> dict[str, Any]:
    """All profiles, the strongest first."""
    return {"items": services().profiles.listed(current_user_view().tenant)}


@bp.post("/profiles")
@needs(Permission.MANAGE_PROFILES)
@bp.arguments(NewProfileSchema)
@bp.response(201, ProfileSchema)
def add(given: dict[str, Any]) -> Any:
    """A new profile. What is wrong with its document is told with the place, as settings.2.value."""
    return services().profiles.add(current_actor(), given)


@bp.get("/profiles/<int:profile_id>")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, ProfileSchema)
def profile(profile_id: int) -> Any:
    """One profile, secrets struck out."""
    return services().profiles.get(current_user_view().tenant, profile_id)


@bp.patch("/profiles/<int:profile_id>")
@needs(Permission.MANAGE_PROFILES)
@bp.arguments(ProfileChangeSchema)
@bp.response(200, ProfileSchema)
def change(given: dict[str, Any], profile_id: int) -> Any:
    """Another version: what is not named stays. A document is given whole."""
    return services().profiles.change(current_actor(), profile_id, given)


@bp.delete("/profiles/<int:profile_id>")
@needs(Permission.MANAGE_PROFILES)
@bp.response(204)
def remove(profile_id: int) -> None:
    """Forget a profile with its versions; what it set stays on the devices."""
    services().profiles.remove(current_actor(), profile_id)


@bp.get("/profiles/<int:profile_id>/versions")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, VersionsSchema)
def versions(profile_id: int) -> dict[str, Any]:
    """The newest first, each with what it changed."""
    return {"items": services().profiles.versions(current_user_view().tenant, profile_id)}


@bp.get("/profiles/<int:profile_id>/count")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, CountSchema)
def count(profile_id: int) -> dict[str, Any]:
    """How many devices its selection fits."""
    tenant = current_user_view().tenant
    number, exact = services().profiles.count(tenant, services().profiles.get(tenant, profile_id).selection)
    return {"devices": number, "is_exact": exact}


# ---- one device ------------------------------------------------------------------------------------------------


@bp.get("/devices/<int:device_id>/desired")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(DesiredQuery, location="query")
@bp.response(200, DesiredSchema)
def desired(query: dict[str, Any], device_id: int) -> dict[str, Any]:
    """What should hold, from which profile, what does not, and what would be sent: a dry run of this device."""
    return told(services().profiles.examine(current_user_view().tenant, device_id, query["with_profile"]))


def told(seen: Examination) -> dict[str, Any]:
    """An examination as JSON."""
    return {
        "state": seen.state, "profiles": {str(number): name for number, name in seen.profiles.items()}, "key": seen.desired.key,
        "parameter_key": seen.parameter_key, "error": seen.standing.error if seen.standing else "",
        "values": [
            {
                "path": v.path, "name": v.name, "wanted": v.value, "shown": seen.shown.get(v.path), "profile": v.claim.profile, "winner": v.claim.title,
                "at": at.isoformat() if (at := seen.ages.get(v.path)) is not None else None, "over": [claim.title for claim in v.over],
            }
            for v in seen.desired.values
        ],
        "rows": [
            {"table": r.table, "keys": {c: v for c, v, _ in r.keys}, "values": {c: v for c, v, _ in r.values}, "absent": r.absent, "winner": r.claim.title}
            for r in seen.desired.rows
        ],
        "differences": [_difference(one) for one in seen.plan.differences],
        "gave_up": [{**_difference(one), "why": why} for one, why in seen.plan.gave_up],
        "left_alone": [
            {"path": one.path, "name": one.name, "by": one.claim.title, "is_personal": one.claim.is_personal, "over": [c.title for c in one.over]}
            for one in seen.desired.left
        ],
        "cannot": [{"name": one.name, "why": one.why, "profile": one.claim.title} for one in seen.desired.cannot],
        "messages": _messages(seen.messages),
    }  # fmt: skip


def _difference(one: Any) -> dict[str, Any]:
    return {
        "path": one.path, "name": one.name, "wanted": one.wanted, "shown": one.shown, "kind": one.kind, "winner": one.claim.title,
        "over": [claim.title for claim in one.over],
    }  # fmt: skip


def _messages(said: Any) -> list[dict[str, str]]:
    return [{"name": name, "xml": xml} for name, xml in said]


@bp.post("/devices/<int:device_id>/desired/repair")
@needs(Permission.WRITE_PARAMETERS)
@bp.arguments(RepairSchema)
@bp.response(202, OperationIdSchema)
def repair(given: dict[str, Any], device_id: int) -> dict[str, int]:
    """Bring a device to its profiles now."""
    return {"operation": services().profiles.repair(current_actor(), device_id, given["again"], given["reason"])}


@bp.delete("/devices/<int:device_id>/personal/<string:path>")
@needs(Permission.WRITE_PARAMETERS)
@bp.response(204)
def give_up(device_id: int, path: str) -> None:
    """Let the profiles have a parameter that a person set."""
    services().profiles.give_up_personal(current_actor(), device_id, path)


@bp.post("/devices/<int:device_id>/replace")
@needs(Permission.REPLACE_DEVICES)
@bp.arguments(SwapSchema)
@bp.response(202, SwappedSchema)
def replace(given: dict[str, Any], device_id: int) -> dict[str, Any]:
    """Give the device's own settings to its successor; `dry_run` only says which."""
    preview = services().profiles.preview_swap(current_user_view().tenant, device_id, given["successor"])
    if given["dry_run"]:
        return {"lines": preview.lines, "operations": []}
    left_out = tuple(given["leave_out"])
    asked = services().profiles.swap(current_actor(), device_id, given["successor"], left_out, given["reason"], given["with_tags"])
    return {"lines": preview.lines, "operations": asked}


# ---- reports ---------------------------------------------------------------------------------------------------


@bp.get("/profiles/reports")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(PageQuery, location="query")
@bp.response(200, page_of(ReportSchema))
def reports(query: dict[str, Any]) -> dict[str, Any]:
    """Dry runs and drift reports, the newest first."""
    found = services().profiles.reports(current_user_view().tenant, query["before"], query["limit"] + 1)
    return page(found, query["limit"], lambda view: view.id)


@bp.post("/profiles/reports")
@needs(Permission.READ_DEVICE)
@bp.arguments(NewReportSchema)
@bp.response(202, ReportSchema)
def start_report(given: dict[str, Any]) -> Any:
    """A dry run or drift report over a selection: made by a job, nothing is sent."""
    return services().profiles.start_report(current_actor(), given["selection"], given["with_profile"])


@bp.get("/profiles/reports/<int:report_id>")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, ReportSchema)
def report(report_id: int) -> Any:
    """How far a report is, and what it counted."""
    return services().profiles.report(current_user_view().tenant, report_id)


@bp.get("/profiles/reports/<int:report_id>/lines")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(LinesQuery, location="query")
@bp.response(200, page_of(LineSchema))
def lines(query: dict[str, Any], report_id: int) -> dict[str, Any]:
    """Devices at which something does not hold, by id, with the very messages of a repair."""
    found = services().profiles.lines(current_user_view().tenant, report_id, query["after"], query["limit"] + 1)
    told_lines = [{**asdict(line), "messages": _messages(line.messages)} for line in found]
    return page(told_lines, query["limit"], lambda line: line["device_id"])


@bp.post("/profiles/reports/<int:report_id>/repair")
@needs(Permission.WRITE_PARAMETERS)
@bp.response(202, AskedSchema)
def repair_report(report_id: int) -> dict[str, int]:
    """Bring every listed device to its profiles."""
    return {"devices": services().profiles.repair_report(current_actor(), report_id)}
