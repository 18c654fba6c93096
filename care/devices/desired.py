"""The tab "Desired state" of a device: what should hold and from which profile, in step or not, repair; and its replacement by another device."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.errors import Conflict, HearthlineError, Invalid
from care.access import current_actor, current_user_view, needs
from care.devices import pages
from care.devices.blueprint import bp
from care.profiles import words
from care.security.permissions import Permission
from care.services import services


@bp.get("/<int:device_id>/desired")
@needs(Permission.VIEW_DEVICES)
def desired(device_id: int) -> str:
    tenant = current_user_view().tenant
    found = pages.look(device_id)
    seen = services().profiles.examine(tenant, device_id)
    missing = {difference.path: difference for difference in seen.plan.differences}
    return pages.page(
        found, "desired", "desired", seen=seen, w=words, missing=missing, personal=services().profiles.personal(tenant, device_id),
        gave_up={difference.path: why for difference, why in seen.plan.gave_up},
    )  # fmt: skip


@bp.post("/<int:device_id>/desired/repair")
@needs(Permission.WRITE_PARAMETERS)
def repair(device_id: int) -> Response:
    """Bring it to its profiles now; `again` tries what did not stick."""
    operation = services().profiles.repair(current_actor(), device_id, request.form.get("again") == "yes")
    return redirect(url_for("devices.desired", device_id=device_id, op=operation))


@bp.post("/<int:device_id>/desired/give-up")
@needs(Permission.WRITE_PARAMETERS)
def give_up(device_id: int) -> Response:
    services().profiles.give_up_personal(current_actor(), device_id, request.form.get("path", ""))
    flash(_("Given up: from its next contact on the profiles decide."))
    return redirect(url_for("devices.desired", device_id=device_id))


# ---- replacing -------------------------------------------------------------------------------------------------


@bp.get("/<int:device_id>/replace")
@needs(Permission.REPLACE_DEVICES)
def replace(device_id: int) -> str | tuple[str, int]:
    """Ask for the successor; with it, what would be given to it."""
    name = request.args.get("successor", "").strip()[:128]
    if not name:
        return _replace(device_id, name)
    try:
        successor = services().profiles.find(current_user_view().tenant, name)
        preview = services().profiles.preview_swap(current_user_view().tenant, device_id, successor)
    except HearthlineError as error:
        return _replace(device_id, name, error), 422
    return _replace(device_id, name, preview=preview)


def _replace(device_id: int, name: str, error: HearthlineError | None = None, preview: object = None) -> str:
    head = services().devices.head(current_user_view().tenant, device_id)
    return render_template("devices/replace.html", head=head, title=pages.title_of(head), name=name, error=error, preview=preview, w=words)


@bp.post("/<int:device_id>/replace")
@needs(Permission.REPLACE_DEVICES)
def swap(device_id: int) -> Response | tuple[str, int]:
    """Give the successor what was ticked."""
    successor = request.form.get("successor", 0, type=int)
    wanted = set(request.form.getlist("name"))
    try:
        preview = services().profiles.preview_swap(current_user_view().tenant, device_id, successor)
        left_out = tuple({line.name for line in preview.lines} - wanted)
        asked = services().profiles.swap(
            current_actor(), device_id, successor, left_out, request.form.get("reason", ""), request.form.get("tags") == "yes"
        )
    except (Conflict, Invalid) as error:
        return _replace(device_id, str(successor), error), 422
    flash(_("Asked for. The successor gets it at its next contact, or at once if it can be woken."))
    return redirect(url_for("devices.show", device_id=successor, op=asked[0] if asked else None))
