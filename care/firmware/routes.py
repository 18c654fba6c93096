"""The firmware library: list, upload, one image with what it is for and what leads to it, release, withdraw.

Giving an image to a device is on the device's own page.
"""

from contextlib import closing

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.errors import Conflict, HearthlineError, Invalid, TooLarge
from care.access import current_actor, current_user_view, may, needs
from care.firmware.forms import FitForm, UploadForm
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("firmware", __name__, template_folder="templates", url_prefix="/firmware")
SHOWN = 500
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
                    current_actor(), file.stream, file.filename or "", form.version.data or "", sha256=form.sha256.data or "",
                    draft=bool(form.draft.data), **form.fit(),
                )  # fmt: skip
        except (Invalid, Conflict, TooLarge) as error:
            field = form[getattr(error, "field", None) or "file"]
            field.errors = [*field.errors, str(error)]
        else:
            flash(_("%(name)s, version %(version)s, is in the library.", name=image.file_name, version=image.version))
            return redirect(url_for("firmware.index"))
    return _index(form), 422


@bp.get("/<int:image_id>")
@needs(Permission.MANAGE_FIRMWARE)
def show(image_id: int) -> str:
    return _show(image_id)


def _show(image_id: int, form: FitForm | None = None) -> str:
    shown = services().firmware.shown(current_user_view().tenant, image_id)
    image = shown.image
    given = {
        name: "\n".join(value) if name == "models" else ", ".join(value) if isinstance(value, tuple) else value
        for name in ("model", "models", "oui", "vendor", "hardware", "query", "from_versions", "notes")
        for value in (getattr(image, name),)
    }
    tenant = current_user_view().tenant
    return render_template(
        "firmware/show.html", shown=shown, image=image, form=form or FitForm(formdata=None, **given), models=services().devices.models(tenant),
        limit_kbps=services().settings.download_kbps, each_kbps=services().settings.download_each_kbps,
    )  # fmt: skip


@bp.post("/<int:image_id>")
@needs(Permission.MANAGE_FIRMWARE)
def describe(image_id: int) -> Response | tuple[str, int]:
    form = FitForm()
    if form.validate_on_submit():
        try:
            services().firmware.describe(current_actor(), image_id, **form.fit())
        except Invalid as error:
            field = form[error.field or "from_versions"]
            field.errors = [*field.errors, str(error)]
        else:
            flash(_("Saved."))
            return redirect(url_for("firmware.show", image_id=image_id))
    return _show(image_id, form), 422


@bp.post("/<int:image_id>/release")
@needs(Permission.MANAGE_FIRMWARE)
def release(image_id: int) -> Response:
    image = services().firmware.release(current_actor(), image_id)
    flash(_("Version %(version)s is released: devices it fits are offered it.", version=image.version))
    return redirect(url_for("firmware.show", image_id=image_id))


@bp.post("/<int:image_id>/try")
@needs(Permission.MANAGE_FIRMWARE)
def attempt(image_id: int) -> Response:
    """A draft given to one device by hand."""
    name = request.form.get("device", "").strip()
    tenant = current_user_view().tenant
    services().firmware.get(tenant, image_id)
    try:
        device_id = services().devices.find(tenant, name)
        services().operations.ask(
            current_actor(), device_id, "firmware", {"image": image_id, "draft": True, "watch_s": 600}, request.form.get("reason", "")
        )
    except HearthlineError as error:
        flash(str(error), "warn")
        return redirect(url_for("firmware.show", image_id=image_id))
    return redirect(url_for("devices.show", device_id=device_id))


@bp.get("/running")
@needs(Permission.MANAGE_FIRMWARE)
def running() -> str:
    """Which devices run what."""
    tenant = current_user_view().tenant
    counted = services().firmware.census(tenant)
    known = {(model, image.version) for image in services().firmware.listed(tenant, True) for model in image.all_models or ("",)}
    total = sum(each.devices for each in counted)
    return render_template("firmware/running.html", counted=counted[:SHOWN], more=len(counted) > SHOWN, known=known, total=total)


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
