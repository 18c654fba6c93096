"""The list of devices, adding one, and what is done to a device's head: tags, note, trust, removal.

The device page is in pages.py, what is asked of a device in actions.py, its settings in changes.py, the parameter browser in
parameters.py: they share the blueprint.
"""

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.cwmp.identity import Identity
from acs.devices.views import Presence
from acs.errors import Conflict, Invalid
from acs.provisioning.plan import Trust
from care.access import current_actor, current_user_view, needs
from care.devices import actions, changes, identity, pages, parameters, software  # noqa: F401 - they add their routes
from care.devices.blueprint import bp
from care.devices.forms import NewDeviceForm, tags_of
from care.devices.looks import PRESENCE
from care.security.permissions import Permission
from care.services import services

PER_PAGE = 50
FILTERS = ("q", "presence", "model", "tag", "version")


@bp.get("/")
@needs(Permission.VIEW_DEVICES)
def index() -> Response | str:
    """The list; a search of the top bar for a whole serial number or key opens the device itself."""
    filters = {name: request.args.get(name, "").strip()[:128] for name in FILTERS}
    after, before = request.args.get("after", type=int), request.args.get("before", type=int)
    if set(request.args) == {"q"} and (hit := services().devices.exact(current_user_view().tenant, filters["q"])) is not None:
        return redirect(url_for("devices.show", device_id=hit))
    listed = services().devices.listed(current_user_view().tenant, filters, after, before, PER_PAGE + 1)
    more = len(listed.rows) > PER_PAGE
    rows = (listed.rows[1:] if before is not None else listed.rows[:-1]) if more else listed.rows
    return render_template(
        "devices/index.html", rows=rows, listed=listed, filters=filters, presences=PRESENCE, given={k: v for k, v in filters.items() if v},
        earlier=rows[0].id if rows and (more if before is not None else after is not None) else None,
        later=rows[-1].id if rows and (more if before is None else True) else None,
    )  # fmt: skip


@bp.get("/new")
@needs(Permission.MANAGE_DEVICES)
def new() -> str:
    return render_template("devices/new.html", form=NewDeviceForm())


@bp.post("/new")
@needs(Permission.MANAGE_DEVICES)
def create() -> Response | tuple[str, int]:
    form = NewDeviceForm()
    if form.validate_on_submit():
        identity = Identity((form.oui.data or "").upper(), (form.product_class.data or "").strip(), (form.serial_number.data or "").strip())
        try:
            device_id = services().devices.preregister(current_actor(), identity, tags_of(form.tags.data or ""), form.note.data or "")
        except (Invalid, Conflict) as error:
            field = form[getattr(error, "field", None) or "serial_number"]
            field.errors = [*field.errors, str(error)]
        else:
            flash(_("%(serial)s is registered: it is let in at its first contact.", serial=identity.serial_number))
            return redirect(url_for("devices.show", device_id=device_id))
    return render_template("devices/new.html", form=form), 422


@bp.post("/<int:device_id>/trust")
@needs(Permission.ADMIT_DEVICE)
def set_trust(device_id: int) -> Response:
    wanted = request.form.get("trust", "")
    if wanted not in list(Trust):
        raise Invalid(_("A device is admitted, in quarantine or blocked."), "trust")
    head = services().devices.change(current_actor(), device_id, {"trust": wanted})
    if head.trust == Trust.ADMITTED:
        flash(_("%(serial)s is admitted. It is read at its next contact.", serial=head.serial_number))
    else:
        flash(_("%(serial)s is blocked: it is answered, but nothing is asked of it.", serial=head.serial_number))
    if request.form.get("back") == "list":
        return redirect(url_for("devices.index", presence=Presence.QUARANTINE.value))
    return redirect(url_for("devices.show", device_id=device_id))


@bp.post("/<int:device_id>/labels")
@needs(Permission.MANAGE_DEVICES)
def set_labels(device_id: int) -> Response | tuple[str, int]:
    """Tags and note. What does not fit comes back in the open dialog, with its message."""
    given = {"tags": tags_of(request.form.get("tags", "")), "note": request.form.get("note", "")}
    try:
        services().devices.change(current_actor(), device_id, given)
    except Invalid as error:
        g.labels = {"tags": request.form.get("tags", ""), "note": request.form.get("note", ""), "error": str(error)}
        return pages.show(device_id), 422
    flash(_("Tags and note are saved."))
    return redirect(url_for("devices.show", device_id=device_id))


@bp.post("/<int:device_id>/remove")
@needs(Permission.MANAGE_DEVICES)
def remove(device_id: int) -> Response:
    head = services().devices.head(current_user_view().tenant, device_id)
    services().devices.remove(current_actor(), device_id)
    flash(_("%(serial)s is removed. If it still informs, it comes back as unknown.", serial=head.serial_number))
    return redirect(url_for("devices.index"))
