"""The box "Reach" on a device's page, the page of all tries with the previews, and the lease of who looks."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from care.access import current_actor, current_user_view, needs
from care.devices.pages import look, page
from care.reach.service import ALL_TRIES
from care.reach.words import WORDS
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("reach", __name__, template_folder="templates", url_prefix="/devices/<int:device_id>/reach")


@bp.get("/box")
@needs(Permission.VIEW_DEVICES)
def box(device_id: int) -> str:
    """The box alone: it is asked for again whenever something happens with the device."""
    tenant = current_user_view().tenant
    head = services().devices.head(tenant, device_id)
    return render_template("reach/_box.html", head=head, reach=services().reach.look(tenant, device_id), **WORDS)


@bp.get("/")
@needs(Permission.VIEW_DEVICES)
def index(device_id: int) -> str:
    tenant, service = current_user_view().tenant, services().reach
    found = service.look(tenant, device_id, ALL_TRIES)
    previews = {
        kind: service.preview(tenant, device_id, kind)
        for kind, offered in (("enable_stun", found.can_stun), ("enable_xmpp", found.can_xmpp))
        if offered
    }
    return page(look(device_id), "reach", "reach", reach=found, previews=previews, makes_accounts=service.makes_accounts, **WORDS)


@bp.post("/xmpp")
@needs(Permission.MANAGE_DEVICES)
def set_up_xmpp(device_id: int) -> Response:
    given = {name: request.form.get(name, "").strip() for name in ("username", "password")}
    operation = services().reach.set_up_xmpp(current_actor(), device_id, **given)
    return redirect(url_for("devices.show", device_id=device_id, op=operation, _anchor="running"))


@bp.post("/watch")
@needs(Permission.READ_DEVICE)
def watch(device_id: int) -> tuple[str, int]:
    """The page is open: sent by it every minute."""
    services().reach.watch(current_actor(), device_id)
    return "", 204
