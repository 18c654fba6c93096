"""The parameter browser's fragments: all of one parameter, setting it, revealing a secret, adding and deleting rows.

The tree itself is the tab in pages.py. Everything here works as a page of its own without script, too.
"""

from flask import render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.errors import Invalid, NotFound
from care.access import current_actor, current_user_view, needs, require
from care.devices import browser
from care.devices.blueprint import bp
from care.devices.changes import shown
from care.devices.pages import look, page
from care.problems import is_fragment
from care.security.permissions import Permission
from care.services import services

Page = str | Response | tuple[str, int]


@bp.get("/<int:device_id>/parameters/detail")
@needs(Permission.VIEW_DEVICES)
def detail(device_id: int) -> str:
    return _detail(device_id, request.args.get("path", ""))


def _detail(device_id: int, path: str, typed: str | None = None, errors: dict[str, str] | None = None, revealed: str | None = None) -> str:
    head, known = services().devices.known(current_user_view().tenant, device_id)
    found = browser.detail(known, path)
    if found is None:
        raise NotFound(_("This device has no parameter %(path)s.", path=path))
    more = {"detail": found, "typed": typed, "errors": errors or {}, "revealed": revealed, "reason": request.form.get("reason", "")}
    if is_fragment():
        return render_template("devices/_detail.html", head=head, **more)
    return page(look(device_id), "parameters", "parameter", **more)


@bp.post("/<int:device_id>/parameters/set")
@needs(Permission.WRITE_PARAMETERS)
def set_value(device_id: int) -> Page:
    """The difference, or the rule that is broken beside the field."""
    path, text = request.form.get("path", ""), request.form.get("value", "")
    override = request.form.get("override") == "yes"
    if override:
        require(Permission.OVERRIDE_RULES)
    try:
        proposal = services().devices.propose_path(current_actor(), device_id, path, text, request.form.get("reason", ""), override)
    except Invalid as error:
        return _detail(device_id, path, text, {error.field or "value": str(error)}), 422
    return shown(device_id, proposal, "parameters")


@bp.post("/<int:device_id>/parameters/reveal")
@needs(Permission.VIEW_SECRETS)
def reveal(device_id: int) -> str:
    """A secret in clear, once, in the answer to this request; the audit trail says who looked."""
    path = request.form.get("path", "")
    return _detail(device_id, path, revealed=services().devices.reveal(current_actor(), device_id, path))


@bp.get("/<int:device_id>/parameters/delete")
@needs(Permission.ADD_DELETE_OBJECTS)
def ask_delete(device_id: int) -> str:
    """What goes with a row, before it goes."""
    path = request.args.get("path", "")
    head, known = services().devices.known(current_user_view().tenant, device_id)
    count = sum(1 for name in known.values if name.startswith(path))
    if not path.endswith(".") or not count:
        raise NotFound(_("This device has no row %(path)s.", path=path))
    if is_fragment():
        return render_template("devices/_delete.html", head=head, path=path, count=count)
    return page(look(device_id), "parameters", "delete", path=path, count=count)
