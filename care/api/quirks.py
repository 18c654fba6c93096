"""The quirk registry: entries with their evidence, set by hand, changed, removed; export, preview of a file and import; what holds for a device."""

from dataclasses import asdict
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from acs.provisioning.quirks import KNOBS, State
from acs.quirks.views import Change, QuirkView
from care.access import current_actor, current_user_view, needs
from care.api.schemas import LIMIT, LIMIT_MAX, Ignoring, page, page_of
from care.paging import KEY_MAX
from care.quirks.service import Evidence
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("api-quirks", __name__, url_prefix="/api/v1", description="What models do against the standard")


class QuirkSchema(Schema):
    id = fields.Integer()
    oui = fields.String()
    product_class = fields.String(metadata={"description": "A * at the end stands for any ending; empty: any"})
    firmware = fields.String(metadata={"description": "Empty: any; 2.1.3; 2.1.*; >=2.0 <3"})
    knob = fields.String(metadata={"description": ", ".join(KNOBS)})
    item = fields.String(metadata={"description": "The parameter a knob is about, if it is about one"})
    value = fields.Raw()
    state = fields.String(validate=validate.OneOf(list(State)))
    origin = fields.String(metadata={"description": "hand, learned, import or seed"})
    pinned = fields.Boolean(metadata={"description": "Learning does not overrule it"})
    author = fields.String()
    note = fields.String()
    devices = fields.Integer(metadata={"description": "How many devices showed it"})
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class NewQuirkSchema(Schema):
    oui = fields.String(load_default="")
    product_class = fields.String(load_default="")
    firmware = fields.String(load_default="")
    knob = fields.String(required=True, validate=validate.OneOf(list(KNOBS)))
    item = fields.String(load_default="")
    value = fields.Raw(required=True)
    state = fields.String(load_default=State.ACTIVE.value, validate=validate.OneOf(list(State)))
    pinned = fields.Boolean(load_default=True)
    note = fields.String(load_default="", validate=validate.Length(max=300))


class QuirkChangeSchema(Schema):
    value = fields.Raw()
    state = fields.String(validate=validate.OneOf(list(State)))
    pinned = fields.Boolean()
    note = fields.String(validate=validate.Length(max=300))


class SeenSchema(Schema):
    device_id = fields.Integer()
    serial_number = fields.String()
    firmware = fields.String()
    knob = fields.String()
    item = fields.String()
    value = fields.Raw()
    count = fields.Integer()
    asked = fields.String()
    answered = fields.String()
    first_at = fields.DateTime()
    last_at = fields.DateTime()


class EvidenceSchema(SeenSchema):
    record_id = fields.Integer(
        allow_none=True, metadata={"description": "The recorded session in which it was shown last, while it is kept"}
    )


class QuirkWithEvidenceSchema(QuirkSchema):
    evidence = fields.List(fields.Nested(EvidenceSchema))


class DeviceQuirksSchema(Schema):
    knobs = fields.Dict(metadata={"description": "What holds for the device where it departs from the standard"})
    entries = fields.List(fields.Nested(QuirkSchema), metadata={"description": "Entries of the registry that fit it, in any state"})
    learned = fields.List(fields.Nested(SeenSchema), metadata={"description": "What it taught us itself on its present firmware"})


class QuirkQuery(Ignoring):
    limit = fields.Integer(load_default=LIMIT, validate=validate.Range(1, LIMIT_MAX))
    after = fields.Integer(load_default=0, validate=validate.Range(0, KEY_MAX), metadata={"description": "`next` of the page before"})
    q = fields.String(load_default="", metadata={"description": "Part of a product class, or the beginning of an OUI"})
    knob = fields.String(load_default="")
    state = fields.String(load_default="", validate=validate.OneOf(["", *State]))


class ImportSchema(Schema):
    text = fields.String(required=True, metadata={"description": "TOML as the export gives it"})
    overwrite = fields.Boolean(load_default=False, metadata={"description": "Where an entry differs, the file's counts"})
    dry_run = fields.Boolean(load_default=False)


class ChangeSchema(Schema):
    what = fields.String(metadata={"description": "new, same or differs"})
    entry = fields.Dict()
    before = fields.Nested(QuirkSchema, allow_none=True)


class ChangesSchema(Schema):
    items = fields.List(fields.Nested(ChangeSchema))


@bp.route("/quirks")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(QuirkQuery, location="query")
@bp.response(200, page_of(QuirkSchema))
def listed(query: dict[str, Any]) -> dict[str, Any]:
    """In the order in which they were made; send `next` as `after`."""
    found = services().quirks.listed(
        current_user_view().tenant, query["q"], query["knob"], query["state"], query["after"], query["limit"] + 1
    )  # fmt: skip
    return page(found, query["limit"], key=lambda view: view.id)


@bp.route("/quirks", methods=["POST"])
@needs(Permission.MANAGE_QUIRKS)
@bp.arguments(NewQuirkSchema)
@bp.response(201, QuirkSchema)
def add(given: dict[str, Any]) -> QuirkView:
    """Set by hand. 409 where the same knob is set for the same devices already."""
    return services().quirks.add(current_actor(), given)


@bp.route("/quirks/export")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, content_type="application/toml")
def export() -> Response:
    """The registry as TOML."""
    return Response(services().quirks.export(current_user_view().tenant), mimetype="application/toml")


@bp.route("/quirks/import", methods=["POST"])
@needs(Permission.MANAGE_QUIRKS)
@bp.arguments(ImportSchema)
@bp.response(200, ChangesSchema)
def import_(given: dict[str, Any]) -> dict[str, tuple[Change, ...]]:
    """Take a file in, all of it or nothing; with `dry_run` only say what would be done."""
    actor = current_actor()
    if given["dry_run"]:
        return {"items": services().quirks.preview(actor.tenant, given["text"])}
    return {"items": services().quirks.import_(actor, given["text"], given["overwrite"])}


@bp.route("/quirks/<int:quirk_id>")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, QuirkWithEvidenceSchema)
def show(quirk_id: int) -> dict[str, Any]:
    """One entry, with what devices showed."""
    tenant = current_user_view().tenant
    view = services().quirks.get(tenant, quirk_id)
    return {**asdict(view), "evidence": [_evidence(one) for one in services().quirks.evidence(tenant, quirk_id)]}


def _evidence(one: Evidence) -> dict[str, Any]:
    return {**asdict(one.seen), "record_id": one.record_id}


@bp.route("/quirks/<int:quirk_id>", methods=["PATCH"])
@needs(Permission.MANAGE_QUIRKS)
@bp.arguments(QuirkChangeSchema)
@bp.response(200, QuirkSchema)
def change(given: dict[str, Any], quirk_id: int) -> QuirkView:
    """Value, state, pinned or note. Another value makes the entry yours."""
    return services().quirks.change(current_actor(), quirk_id, given)


@bp.route("/quirks/<int:quirk_id>", methods=["DELETE"])
@needs(Permission.MANAGE_QUIRKS)
@bp.response(204)
def remove(quirk_id: int) -> None:
    """The entry and its evidence. What is still so will be learned again."""
    services().quirks.remove(current_actor(), quirk_id)


@bp.route("/devices/<name>/quirks")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, DeviceQuirksSchema)
def of_device(name: str) -> dict[str, Any]:
    """What holds for one device, by id, key or serial number."""
    knows = services().quirks.of_named(current_user_view().tenant, name)
    return {"knobs": knows.quirks.odd(), "entries": knows.entries, "learned": knows.own}
