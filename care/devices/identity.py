"""The identity tab of a device: how it proves who it is, what else it is called, merging and taking apart, and what is suspicious."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.errors import Conflict, Invalid, NotFound
from care.access import current_actor, current_user_view, needs
from care.access_control import words
from care.devices.blueprint import bp
from care.devices.pages import look, page, title_of
from care.security.permissions import Permission
from care.services import services


@bp.get("/<int:device_id>/identity")
@needs(Permission.VIEW_DEVICES)
def identity(device_id: int) -> str:
    return _page(device_id)


def _page(device_id: int, **more: Any) -> str:
    view = services().access.identity(current_user_view().tenant, device_id)
    return page(look(device_id), "identity", "identity", identity=view, w=words, **{"typed": {}, "error": "", **more})


@bp.post("/<int:device_id>/aliases")
@needs(Permission.MERGE_DEVICES)
def add_alias(device_id: int) -> Response | tuple[str, int]:
    key, reason = request.form.get("key", "").strip()[:255], request.form.get("reason", "")
    try:
        services().access.add_alias(current_actor(), device_id, key, reason)
    except (Conflict, Invalid) as error:
        return _page(device_id, typed={"key": key, "reason": reason}, error=str(error)), 422
    flash(_("%(key)s leads to this device from now on.", key=key))
    return redirect(url_for("devices.identity", device_id=device_id))


@bp.post("/<int:device_id>/split")
@needs(Permission.MERGE_DEVICES)
def split(device_id: int) -> Response:
    key = request.form.get("key", "")
    services().access.split(current_actor(), device_id, key)
    flash(_("%(key)s is a device of its own at its next contact.", key=key))
    return redirect(url_for("devices.identity", device_id=device_id))


@bp.get("/<int:device_id>/merge")
@needs(Permission.MERGE_DEVICES)
def merge_preview(device_id: int) -> Response | str:
    """What merging would do, before it is done."""
    other = request.args.get("other", "").strip()[:255]
    try:
        preview = services().access.preview(current_user_view().tenant, device_id, other)
    except (NotFound, Conflict, Invalid) as error:
        look(device_id)  # the device itself must be there
        flash(str(error), "warn")
        return redirect(url_for("devices.identity", device_id=device_id))
    return render_template("access_control/merge.html", preview=preview, w=words, device_title=title_of, reason="", error="")


@bp.post("/<int:device_id>/merge")
@needs(Permission.MERGE_DEVICES)
def merge(device_id: int) -> Response | tuple[str, int]:
    other, reason = request.form.get("other", ""), request.form.get("reason", "")
    preview = services().access.preview(current_user_view().tenant, device_id, other)
    try:
        services().access.merge(current_actor(), device_id, preview.absorbed.id, reason)
    except (Conflict, Invalid) as error:
        return render_template("access_control/merge.html", preview=preview, w=words, device_title=title_of, reason=reason, error=str(error)), 422
    flash(_("%(key)s is this device now. It can be taken apart again on this page.", key=preview.absorbed.key))
    return redirect(url_for("devices.identity", device_id=device_id))


@bp.post("/merges/<int:merge_id>/undo")
@needs(Permission.MERGE_DEVICES)
def undo_merge(merge_id: int) -> Response:
    device_id = services().access.undo(current_actor(), merge_id)
    flash(_("The device is there again with its history. Its values are read at its next contact."))
    return redirect(url_for("devices.identity", device_id=device_id))
