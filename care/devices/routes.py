"""The list of devices, adding one, and what is done to a device's head: tags, note, trust, removal.

The device page is in pages.py, what is asked of a device in actions.py, its settings in changes.py, the parameter browser in
parameters.py: they share the blueprint.
"""

from flask import flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import format_decimal
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.cwmp.identity import Identity
from acs.devices.views import Presence
from acs.errors import Conflict, Invalid
from acs.finding import service as finding
from acs.provisioning.plan import Trust
from care.access import current_actor, current_user_view, needs
from care.devices import actions, changes, desired, explaining, identity, pages, parameters, queries, software, trends  # noqa: F401 - they add their routes
from care.devices.blueprint import bp
from care.devices.forms import NewDeviceForm, tags_of
from care.devices.looks import PRESENCE
from care.groups.service import COLUMNS, USUAL_COLUMNS, Listed
from care.groups.words import how_many
from care.security.permissions import Permission
from care.services import services

PER_PAGE = 50


@bp.get("/")
@needs(Permission.VIEW_DEVICES)
def index() -> Response | str | tuple[str, int]:
    """The list; a search of the top bar for a whole serial number or key opens the device itself."""
    tenant, q = current_user_view().tenant, request.args.get("q", "").strip()[:128]
    if set(request.args) == {"q"} and (hit := services().devices.exact(tenant, q)) is not None:
        return redirect(url_for("devices.show", device_id=hit))
    text, sort = queries.text_of(request.args), request.args.get("sort", "")[:80]
    try:
        query = finding.parse(text)
        listed = services().finding.listed(tenant, query, sort, request.args.get("after"), request.args.get("before"), PER_PAGE)
    except Invalid as error:
        if error.field != "query":
            raise
        return _list(text, "", None, error), 422
    return _list(text, sort, listed, None)


def _list(text: str, sort: str, listed: Listed | None, error: Invalid | None) -> str:
    """The page, with what is wrong under its query where it cannot be read."""
    beside = listed or services().finding.listed(current_user_view().tenant, finding.parse(""), "", None, None, 1)
    return render_template(
        "devices/index.html", listed=beside, rows=listed.rows if listed else (), found=listed.found if listed else None, text=text, error=error,
        caret=error.caret() if isinstance(error, finding.QueryError) else "", chips=queries.chips(text) if listed else (), sort=sort,
        presences=PRESENCE, how_many=how_many, number=format_decimal, columns=COLUMNS, usual=USUAL_COLUMNS,
        reading_columns=finding.readings(), quoted=finding.quoted,
        in_quarantine=text == "presence:quarantine",
    )  # fmt: skip


@bp.get("/complete")
@needs(Permission.VIEW_DEVICES)
def complete() -> Response:
    """What can come next in a query; `at` is the place of the cursor."""
    text = request.args.get("query", "")
    found = services().finding.complete(current_user_view().tenant, text, request.args.get("at", len(text), type=int))
    return jsonify([{"text": each.text, "label": each.label, "start": each.start, "end": each.end} for each in found])


@bp.get("/export.csv")
@needs(Permission.VIEW_DEVICES)
def export() -> Response:
    """What the query finds, as it is read: a million lines take no more memory than ten."""
    query = finding.parse(queries.text_of(request.args))
    lines = services().finding.export(current_actor(), query, request.args.getlist("column"))
    return Response(lines, mimetype="text/csv; charset=utf-8", headers={"Content-Disposition": 'attachment; filename="devices.csv"'})


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
