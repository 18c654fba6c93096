"""The firmware library: list, upload as multipart form, withdraw."""

from contextlib import closing
from typing import Any

from flask import request
from flask_smorest import Blueprint
from flask_smorest.fields import Upload
from marshmallow import Schema, fields, validate

from acs.firmware.service import ImageView
from care.access import current_actor, current_user_view, may, needs
from care.api.schemas import Ignoring
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


class ImageListSchema(Schema):
    items = fields.List(fields.Nested(ImageSchema))


class ImageQuery(Ignoring):
    withdrawn = fields.Boolean(load_default=False, metadata={"description": "Also those that were withdrawn"})


class ImageFormSchema(Ignoring):
    version = fields.String(required=True, validate=validate.Length(1, 63))
    model = fields.String(load_default="", validate=validate.Length(max=64))
    oui = fields.String(load_default="")
    notes = fields.String(load_default="", validate=validate.Length(max=4000))


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
        return services().firmware.upload(current_actor(), file.stream, file.filename or "", **form)


@bp.route("/<int:image_id>", methods=["GET"])
@needs(Permission.VIEW_DEVICES)
@bp.response(200, ImageSchema)
def show(image_id: int) -> ImageView:
    """One firmware image."""
    return services().firmware.get(current_user_view().tenant, image_id)


@bp.route("/<int:image_id>", methods=["DELETE"])
@needs(Permission.MANAGE_FIRMWARE)
@bp.response(204)
def withdraw(image_id: int) -> None:
    """Nobody can choose it any more; updates under way keep it."""
    services().firmware.withdraw(current_actor(), image_id)
