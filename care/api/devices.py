"""Devices: list, register, look, tag, admit, remove; their parameters raw and canonical, settings, events, files; onboarding rules.

A device is named by its id, its key (OUI-ProductClass-SerialNumber) or its serial number. Secrets are masked everywhere here.
"""

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from acs.cwmp.identity import Identity
from acs.devices.views import DeviceView, EventView, Presence
from acs.errors import Invalid
from acs.finding import service as finding
from acs.finding.views import Count
from acs.firmware.service import FileView
from acs.operations.views import OperationView
from acs.provisioning.plan import Trust
from care.access import current_actor, current_user_view, needs, require
from care.api.operations import OperationSchema
from care.api.schemas import LIMIT, LIMIT_MAX, Ignoring, PageQuery, page, page_of
from care.devices import queries
from care.devices.explaining import Told, told
from care.devices.service import Devices
from care.security.permissions import Permission
from care.services import services
from datamodels import canonical

bp = Blueprint("api-devices", __name__, url_prefix="/api/v1", description="Devices")
VALUES_MAX = 5000


class DeviceRowSchema(Schema):
    id = fields.Integer()
    key = fields.String(metadata={"description": "OUI-ProductClass-SerialNumber"})
    serial_number = fields.String()
    manufacturer = fields.String()
    model = fields.String()
    product_class = fields.String()
    software_version = fields.String()
    address = fields.String()
    presence = fields.Enum(Presence, by_value=True)
    in_session = fields.Boolean()
    last_inform_at = fields.DateTime(allow_none=True)
    tags = fields.List(fields.String())


class DeviceSchema(DeviceRowSchema):
    oui = fields.String()
    hardware_version = fields.String()
    root = fields.String(metadata={"description": "Device (TR-181) or InternetGatewayDevice (TR-098); empty before the first contact"})
    trust = fields.String()
    wan_address = fields.String()
    connection_request_url = fields.String()
    inform_interval_s = fields.Integer()
    first_seen_at = fields.DateTime(allow_none=True)
    last_boot_at = fields.DateTime(allow_none=True)
    silent_at = fields.DateTime(allow_none=True, metadata={"description": "From when on it counts as silent"})
    inform_count = fields.Integer()
    wake_at = fields.DateTime(allow_none=True)
    wake_result = fields.String()
    wake_detail = fields.String()
    has_tree = fields.Boolean(metadata={"description": "Whether its parameters were read completely once"})
    note = fields.String()


class NewDeviceSchema(Schema):
    oui = fields.String(required=True, validate=validate.Regexp("^[0-9A-Fa-f]{6}$"))
    product_class = fields.String(load_default="", validate=validate.Length(max=64))
    serial_number = fields.String(required=True, validate=validate.Length(1, 64))
    tags = fields.List(fields.String(), load_default=list, validate=validate.Length(max=50))
    note = fields.String(load_default="", validate=validate.Length(max=2000))


class DeviceChangesSchema(Schema):
    tags = fields.List(fields.String(), validate=validate.Length(max=50), metadata={"description": "Replaces all tags"})
    note = fields.String(validate=validate.Length(max=2000))
    trust = fields.String(validate=validate.OneOf(list(Trust)))


class FindQuery(Ignoring):
    query = fields.String(load_default="", metadata={"description": "Such as: model = HG8245 and rx_power < -27 and tag:vip and last_inform < 1h ago"})
    q = fields.String(load_default="", metadata={"description": "Beginning of a serial number, or a whole key, address, model, version or tag"})
    presence = fields.String(load_default="", validate=validate.OneOf(["", *Presence]))
    model = fields.String(load_default="")
    version = fields.String(load_default="")
    tag = fields.String(load_default="")


class DeviceQuery(FindQuery):
    sort = fields.String(
        load_default="", metadata={"description": "id, serial, model, version, manufacturer, product_class, first_seen or a reading; -name downwards"}
    )
    limit = fields.Integer(load_default=LIMIT, validate=validate.Range(1, LIMIT_MAX))
    before = fields.String(load_default=None, allow_none=True, metadata={"description": "`next` of the page before"})


class ExportQuery(FindQuery):
    columns = fields.String(load_default="", metadata={"description": "Names of fields and readings, by commas"})


class CountSchema(Schema):
    number = fields.Integer()
    is_exact = fields.Boolean(metadata={"description": "Else an estimate from a sample of the fleet"})


class CompleteQuery(Ignoring):
    query = fields.String(load_default="")
    at = fields.Integer(load_default=None, allow_none=True, metadata={"description": "Place of the cursor; the end by default"})


class ProposalSchema(Schema):
    text = fields.String()
    label = fields.String()
    start = fields.Integer(metadata={"description": "It replaces what lies from here …"})
    end = fields.Integer(metadata={"description": "… to here"})


class ProposalListSchema(Schema):
    items = fields.List(fields.Nested(ProposalSchema))


class ParameterSchema(Schema):
    path = fields.String()
    value = fields.String()
    type = fields.String()
    at = fields.DateTime()
    origin = fields.String()
    writable = fields.Boolean(allow_none=True)
    secret = fields.Boolean()


class ParameterQuery(Ignoring):
    prefix = fields.String(load_default="", metadata={"description": "Such as Device.WiFi."})
    q = fields.String(load_default="", metadata={"description": "In path or value, any case"})
    after = fields.String(load_default="", metadata={"description": "`next` of the page before"})
    limit = fields.Integer(load_default=200, validate=validate.Range(1, VALUES_MAX))


class CanonicalSchema(Schema):
    name = fields.String()
    value = fields.Raw(allow_none=True)
    unit = fields.String()
    path = fields.String()
    at = fields.DateTime()
    origin = fields.String()
    writable = fields.Boolean()
    health = fields.String(allow_none=True, metadata={"description": "good, warn or bad, where the name has limits"})


class WaySchema(Schema):
    template = fields.String(metadata={"description": "As the catalogue has it: {radio.5g}.Channel"})
    fate = fields.String(metadata={"description": "taken, passed, empty, unreadable, other_word, not_there or no_row"})
    path = fields.String()
    raw = fields.String()
    anchor = fields.String()
    row = fields.String()
    rule = fields.Integer(metadata={"description": "Which of the anchor's rules found the row, from 1"})
    rules = fields.Integer()
    says = fields.String()


class ExplanationSchema(Schema):
    name = fields.String()
    label = fields.String()
    unit = fields.String()
    type = fields.String()
    value = fields.Raw(allow_none=True)
    path = fields.String(metadata={"description": "Empty where the device has no value for it"})
    raw = fields.String()
    writable = fields.Boolean()
    at = fields.DateTime(allow_none=True)
    origin = fields.String()
    turns = fields.List(fields.String(), metadata={"description": "How the raw text became the value"})
    ways = fields.List(fields.Nested(WaySchema), metadata={"description": "Every path that was looked at, best first"})


class CanonicalListSchema(Schema):
    items = fields.List(fields.Nested(CanonicalSchema))


class SettingsSchema(Schema):
    values = fields.Dict(
        keys=fields.String(), values=fields.Raw(), required=True, validate=validate.Length(1, 100),
        metadata={"description": "Canonical name to value, such as {\"wifi.2g.channel\": 6}"},
    )  # fmt: skip
    reason = fields.String(load_default="", validate=validate.Length(max=300))


class VerdictCellSchema(Schema):
    area = fields.String()
    state = fields.String()
    word = fields.String()
    evidence = fields.String()
    is_cause = fields.Boolean()


class VerdictSchema(Schema):
    state = fields.String()
    sentence = fields.String()
    advice = fields.String()
    cells = fields.List(fields.Nested(VerdictCellSchema))


class EventSchema(Schema):
    id = fields.Integer()
    at = fields.DateTime()
    code = fields.String()
    detail = fields.String()
    data = fields.Raw(allow_none=True, metadata={"description": "What the device told by a call of its own: a transfer, its software modules, a request"})


class FileSchema(Schema):
    id = fields.Integer()
    operation_id = fields.Integer()
    kind = fields.String()
    size = fields.Integer()
    sha256 = fields.String()
    software_version = fields.String()
    received_at = fields.DateTime()


class FileListSchema(Schema):
    items = fields.List(fields.Nested(FileSchema))


def _devices() -> Devices:
    return services().devices


def found(name: str) -> int:
    """The id of the device that the address names."""
    return _devices().find(current_user_view().tenant, name)


@bp.route("/devices")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(DeviceQuery, location="query")
@bp.response(200, page_of(DeviceRowSchema))
def listed(query: dict[str, Any]) -> dict[str, Any]:
    """Devices that fit a query, by number or as sorted. A page may be short or empty while `next` is there: the search goes on with it."""
    found = finding.parse(queries.text_of(query))
    rows, following = services().finding.page(current_user_view().tenant, found, query["sort"], query["before"], query["limit"])
    is_number = following is not None and query["sort"] in ("", "id", "-id")
    return {"items": rows, "next": int(following) if is_number and following is not None else following}


@bp.route("/devices/count")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(FindQuery, location="query")
@bp.response(200, CountSchema)
def count(query: dict[str, Any]) -> Count:
    """How many fit, without looking at all of them."""
    return services().finding.count(current_user_view().tenant, finding.parse(queries.text_of(query)))


@bp.route("/devices/complete")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(CompleteQuery, location="query")
@bp.response(200, ProposalListSchema)
def complete(query: dict[str, Any]) -> dict[str, Any]:
    """What can come next in a query that is being typed."""
    at = len(query["query"]) if query["at"] is None else query["at"]
    return {"items": services().finding.complete(current_user_view().tenant, query["query"], at)}


@bp.route("/devices/export")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(ExportQuery, location="query")
def export(query: dict[str, Any]) -> Response:
    """What fits as CSV, streamed."""
    columns = [name.strip() for name in query["columns"].split(",") if name.strip()]
    lines = services().finding.export(current_actor(), finding.parse(queries.text_of(query)), columns)
    return Response(lines, mimetype="text/csv; charset=utf-8")


@bp.route("/devices", methods=["POST"])
@needs(Permission.MANAGE_DEVICES)
@bp.arguments(NewDeviceSchema)
@bp.response(201, DeviceSchema)
def register(given: dict[str, Any]) -> DeviceView:
    """Enter a device before it is seen: it is let in at its first contact. 409 if it is known."""
    identity = Identity(given["oui"].upper(), given["product_class"].strip(), given["serial_number"].strip())
    device_id = _devices().preregister(current_actor(), identity, given["tags"], given["note"])
    return _devices().head(current_user_view().tenant, device_id)


@bp.route("/devices/<name>")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, DeviceSchema)
def show(name: str) -> DeviceView:
    """One device by number, key or serial number."""
    return _devices().head(current_user_view().tenant, found(name))


@bp.route("/devices/<name>", methods=["PATCH"])
@needs(Permission.MANAGE_DEVICES)
@bp.arguments(DeviceChangesSchema)
@bp.response(200, DeviceSchema)
def change(given: dict[str, Any], name: str) -> DeviceView:
    """Trust needs admit_device as well."""
    if "trust" in given:
        require(Permission.ADMIT_DEVICE)
    return _devices().change(current_actor(), found(name), given)


@bp.route("/devices/<name>", methods=["DELETE"])
@needs(Permission.MANAGE_DEVICES)
@bp.response(204)
def remove(name: str) -> None:
    """Forget a device with all that is known of it."""
    _devices().remove(current_actor(), found(name))


@bp.route("/devices/<name>/verdict")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, VerdictSchema)
def verdict(name: str) -> Any:
    """What is wrong, in words: as on the device's page."""
    return _devices().look(current_user_view().tenant, found(name)).verdict


@bp.route("/devices/<name>/parameters")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(ParameterQuery, location="query")
@bp.response(200, page_of(ParameterSchema))
def parameters(query: dict[str, Any], name: str) -> dict[str, Any]:
    """As last known, in order of path; nothing is asked of the device."""
    _head, known = _devices().known(current_user_view().tenant, found(name))
    rows = known.parameters(query["prefix"], query["q"], query["after"], query["limit"] + 1)
    return page(rows, query["limit"], key=lambda row: row.path)


@bp.route("/devices/<name>/canonical")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, CanonicalListSchema)
def canonical_values(name: str) -> dict[str, Any]:
    """Everything the device has a canonical name for."""
    _head, known = _devices().known(current_user_view().tenant, found(name))
    return {"items": known.readings(canonical.names())}


@bp.route("/devices/<name>/canonical/<canonical_name>")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, ExplanationSchema)
def explanation(name: str, canonical_name: str) -> Told:
    """Where a canonical value comes from: path, raw text, the rule that chose it, how it was turned, how old it is."""
    _head, known = _devices().known(current_user_view().tenant, found(name))
    return told(known, canonical_name)


@bp.route("/devices/<name>/settings", methods=["POST"])
@needs(Permission.WRITE_BASIC)
@bp.arguments(SettingsSchema)
@bp.response(202, OperationSchema)
def settings(given: dict[str, Any], name: str) -> OperationView:
    """Write canonical values. WiFi name, password and channel need write_basic, everything else write_parameters."""
    actor = current_actor()
    proposal = _devices().propose(actor, found(name), _values(given["values"]), given["reason"])
    require(proposal.permission)
    return services().operations.get(actor.tenant, _devices().apply(actor, proposal))


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    """JSON's lists become tuples; a name that is not canonical is refused with its field."""
    unknown = next((name for name in given if name not in canonical.names()), None)
    if unknown is not None:
        raise Invalid(f"{unknown!r} is not a canonical name.", unknown)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


@bp.route("/devices/<name>/events")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(PageQuery, location="query")
@bp.response(200, page_of(EventSchema))
def events(query: dict[str, Any], name: str) -> dict[str, Any]:
    """What happened to it, the newest first; plain periodic contacts leave no line."""
    rows: tuple[EventView, ...] = _devices().events(current_user_view().tenant, found(name), query["before"], query["limit"] + 1)
    return page(rows, query["limit"], key=lambda event: event.id)


@bp.route("/devices/<name>/files")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, FileListSchema)
def files(name: str) -> dict[str, Any]:
    """Backups and logs it sent."""
    rows: tuple[FileView, ...] = _devices().files(current_user_view().tenant, found(name))
    return {"items": rows}


@bp.route("/devices/<name>/files/<int:file_id>")
@needs(Permission.BACKUP_RESTORE)
@bp.response(200, content_type="application/octet-stream")
def file(name: str, file_id: int) -> Response:
    """The bytes, in clear; the audit trail notes who took them."""
    _view, content = _devices().file(current_actor(), found(name), file_id)
    return Response(content, mimetype="application/octet-stream")


# ---- onboarding rules ----------------------------------------------------------------------------------------------


class RuleSchema(Schema):
    id = fields.Integer(dump_only=True)
    name = fields.String(required=True, validate=validate.Length(1, 80))
    oui = fields.String(load_default="")
    product_class = fields.String(load_default="", validate=validate.Length(max=64))
    serial_prefix = fields.String(load_default="", validate=validate.Length(max=64))
    network = fields.String(load_default="", validate=validate.Length(max=64))


class RuleListSchema(Schema):
    items = fields.List(fields.Nested(RuleSchema))


@bp.route("/onboarding-rules")
@needs(Permission.ADMIT_DEVICE)
@bp.response(200, RuleListSchema)
def rules() -> dict[str, Any]:
    """Onboarding rules: which unknown devices are let in."""
    return {"items": _devices().rules(current_user_view().tenant)}


@bp.route("/onboarding-rules", methods=["POST"])
@needs(Permission.MANAGE_DEVICES)
@bp.arguments(RuleSchema)
@bp.response(201, RuleSchema)
def add_rule(given: dict[str, Any]) -> dict[str, Any]:
    """Devices that prove the onboarding secret and fit are let in. One that fits everything must be named "everything"."""
    return {**given, "id": _devices().add_rule(current_actor(), **given)}


@bp.route("/onboarding-rules/<int:rule_id>", methods=["DELETE"])
@needs(Permission.MANAGE_DEVICES)
@bp.response(204)
def remove_rule(rule_id: int) -> None:
    """Take an onboarding rule away; devices it let in stay."""
    _devices().remove_rule(current_actor(), rule_id)
