"""The firmware library: list, upload, withdraw. Giving an image to a device is on the device's own page."""

from contextlib import closing

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.errors import Conflict, Invalid, TooLarge
from care.access import current_actor, current_user_view, may, needs
from care.firmware.forms import UploadForm
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("firmware", __name__, template_folder="templates", url_prefix="/firmware")
FORM_ROOM = 1 << 16
"""Bytes of an upload that are not the image: fields and boundaries."""


@bp.get("/")
@needs(Permission.MANAGE_FIRMWARE)
def index() -> str:
    return _index(UploadForm(formdata=None))


def _index(form: UploadForm) -> str:
    tenant = current_user_view().tenant
    withdrawn = request.args.get("withdrawn") == "yes"
    return render_template(
        "firmware/index.html", images=services().firmware.listed(tenant, withdrawn), withdrawn=withdrawn, form=form,
        models=services().devices.models(tenant), limit_mib=services().firmware.limit >> 20,
    )  # fmt: skip


@bp.post("/")
@needs(Permission.MANAGE_FIRMWARE)
def upload() -> Response | tuple[str, int]:
    form = UploadForm()
    if form.validate_on_submit():
        file = form.file.data
        try:
            with closing(file):
                image = services().firmware.upload(
                    current_actor(), file.stream, file.filename or "", form.version.data or "", form.model.data or "", form.oui.data or "",
                    form.notes.data or "",
                )  # fmt: skip
        except (Invalid, Conflict, TooLarge) as error:
            field = form[getattr(error, "field", None) or "file"]
            field.errors = [*field.errors, str(error)]
        else:
            flash(_("%(name)s, version %(version)s, is in the library.", name=image.file_name, version=image.version))
            return redirect(url_for("firmware.index"))
    return _index(form), 422


@bp.url_value_preprocessor
def _allow_large_files(endpoint: str | None, _values: object) -> None:
    """Only here may a request be as large as an image, and only from who may manage the library.

    A preprocessor, because the check against forged requests reads the form before any view runs.
    """
    if endpoint == "firmware.upload" and may(Permission.MANAGE_FIRMWARE):
        request.max_content_length = services().firmware.limit + FORM_ROOM


@bp.post("/<int:image_id>/withdraw")
@needs(Permission.MANAGE_FIRMWARE)
def withdraw(image_id: int) -> Response:
    image = services().firmware.get(current_user_view().tenant, image_id)
    services().firmware.withdraw(current_actor(), image_id)
    flash(_("%(name)s is withdrawn: nobody can choose it any more. Updates under way keep it.", name=image.file_name))
    return redirect(url_for("firmware.index"))
