"""The firmware library: list, upload as multipart form, describe, release, withdraw; the way to an image, and which devices run what."""

from contextlib import closing
from typing import Any

from flask import request
from flask_smorest import Blueprint
from flask_smorest.fields import Upload
from marshmallow import Schema, fields, validate

from acs.firmware.service import ImageState, ImageView, NoPath
from care.access import current_actor, current_user_view, may, needs
from care.api.schemas import Ignoring
from care.firmware.forms import listed as listed_names
from care.firmware.routes import FORM_ROOM
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("api-firmware", __name__, url_prefix="/api/v1/firmware", description="Firmware library")


class ImageSchema(Schema):
    id = fields.Integer()
    file_name = fields.String()
    version = fields.String()
    model = fields.String(metadata={"description": "Empty: any model"})
    oui = fields.String()
    size = fields.Integer()
    sha256 = fields.String()
    notes = fields.String()
    uploaded_at = fields.DateTime()
    uploaded_by = fields.String()
    withdrawn_at = fields.DateTime(allow_none=True)
    vendor = fields.String(metadata={"description": "Maker as devices tell it; empty: any"})
    models = fields.List(fields.String(), metadata={"description": "Models and product classes beside `model`"})
    hardware = fields.List(fields.String(), metadata={"description": "Hardware versions, * for anything; empty: any"})
    query = fields.String(metadata={"description": "Only devices this query selects"})
    from_versions = fields.String(metadata={"description": "What must run: 1.4.2, 1.4.*, 1.2..1.9 or >=1.2, <2.0; alternatives parted by |"})
    state = fields.String(validate=validate.OneOf(list(ImageState)))
    released_at = fields.DateTime(allow_none=True)
    released_by = fields.String()


class ImageListSchema(Schema):
    items = fields.List(fields.Nested(ImageSchema))


class ImageQuery(Ignoring):
    withdrawn = fields.Boolean(load_default=False, metadata={"description": "Also those that were withdrawn"})


class ImageFormSchema(Ignoring):
    version = fields.String(required=True, validate=validate.Length(1, 63))
    model = fields.String(load_default="", validate=validate.Length(max=64))
    oui = fields.String(load_default="")
    notes = fields.String(load_default="", validate=validate.Length(max=20_000))
    sha256 = fields.String(load_default="", metadata={"description": "As its maker gives it: another file is refused"})
    draft = fields.Boolean(load_default=False, metadata={"description": "Nobody is offered it until it is released"})
    vendor = fields.String(load_default="")
    models = fields.String(load_default="", metadata={"description": "Between commas"})
    hardware = fields.String(load_default="", metadata={"description": "Between commas"})
    query = fields.String(load_default="")
    from_versions = fields.String(load_default="")


class ImageChangeSchema(Schema):
    model = fields.String()
    oui = fields.String()
    vendor = fields.String()
    models = fields.List(fields.String())
    hardware = fields.List(fields.String())
    query = fields.String()
    from_versions = fields.String()
    notes = fields.String(validate=validate.Length(max=20_000))


class PathQuery(Ignoring):
    device = fields.Integer(required=True)


class PathSchema(Schema):
    runs = fields.String()
    steps = fields.List(fields.Nested(ImageSchema), metadata={"description": "To load one after the other, the wanted one last"})
    is_downgrade = fields.Boolean()
    reason = fields.String(metadata={"description": "Why there is no way; empty where there is one"})


class CensusSchema(Schema):
    model = fields.String()
    version = fields.String()
    devices = fields.Integer()
    counted_at = fields.DateTime()


class CensusListSchema(Schema):
    items = fields.List(fields.Nested(CensusSchema))


class ImageFileSchema(Schema):
    file = Upload(required=True)


@bp.before_request
def _allow_large_files() -> None:
    """An image may be as large as the library takes, from who may add one; of everybody else the body is not read."""
    if request.endpoint == "api-firmware.upload" and may(Permission.MANAGE_FIRMWARE):
        request.max_content_length = services().firmware.limit + FORM_ROOM


@bp.url_value_preprocessor
def _allow_large_files_of_sessions(endpoint: str | None, _values: object) -> None:
    """With a session cookie the form is read by the check against forged requests, before anything else."""
    if endpoint == "api-firmware.upload" and may(Permission.MANAGE_FIRMWARE):
        request.max_content_length = services().firmware.limit + FORM_ROOM


@bp.route("")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(ImageQuery, location="query")
@bp.response(200, ImageListSchema)
def listed(query: dict[str, Any]) -> dict[str, Any]:
    """The newest first."""
    return {"items": services().firmware.listed(current_user_view().tenant, query["withdrawn"])}


@bp.route("", methods=["POST"])
@needs(Permission.MANAGE_FIRMWARE)
@bp.arguments(ImageFormSchema, location="form")
@bp.arguments(ImageFileSchema, location="files")
@bp.response(201, ImageSchema)
def upload(form: dict[str, Any], files: dict[str, Any]) -> ImageView:
    """multipart/form-data with the image as `file`."""
    with closing(files["file"]) as file:
        given = {**form, "models": listed_names(form["models"]), "hardware": listed_names(form["hardware"])}
        return services().firmware.upload(current_actor(), file.stream, file.filename or "", **given)


@bp.route("/<int:image_id>", methods=["GET"])
@needs(Permission.VIEW_DEVICES)
@bp.response(200, ImageSchema)
def show(image_id: int) -> ImageView:
    """One firmware image."""
    return services().firmware.get(current_user_view().tenant, image_id)


@bp.route("/<int:image_id>", methods=["PATCH"])
@needs(Permission.MANAGE_FIRMWARE)
@bp.arguments(ImageChangeSchema)
@bp.response(200, ImageSchema)
def describe(given: dict[str, Any], image_id: int) -> ImageView:
    """What it is for, from which versions it can be loaded, its notes."""
    return services().firmware.describe(current_actor(), image_id, **given)


@bp.route("/<int:image_id>/release", methods=["POST"])
@needs(Permission.MANAGE_FIRMWARE)
@bp.response(200, ImageSchema)
def release(image_id: int) -> ImageView:
    """Let a draft be offered."""
    return services().firmware.release(current_actor(), image_id)


@bp.route("/<int:image_id>/path")
@needs(Permission.VIEW_DEVICES)
@bp.arguments(PathQuery, location="query")
@bp.response(200, PathSchema)
def path(query: dict[str, Any], image_id: int) -> dict[str, Any]:
    """From what a device runs to this image: the shortest chain, or the reason why there is none."""
    found = services().firmware.way(current_user_view().tenant, query["device"], image_id)
    if isinstance(found, NoPath):
        return {"steps": [], "reason": found.reason}
    return {"runs": found.runs, "steps": found.steps, "is_downgrade": found.is_downgrade, "reason": ""}


@bp.route("/census")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, CensusListSchema)
def census() -> dict[str, Any]:
    """Which devices run what, most first."""
    return {"items": services().firmware.census(current_user_view().tenant)}


@bp.route("/<int:image_id>", methods=["DELETE"])
@needs(Permission.MANAGE_FIRMWARE)
@bp.response(204)
def withdraw(image_id: int) -> None:
    """Nobody can choose it any more; updates under way keep it."""
    services().firmware.withdraw(current_actor(), image_id)
