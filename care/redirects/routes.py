"""Devices that go to another ACS: rules that redirect a group for as long as they stand, and moving a group for good, which is asked twice."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.errors import Invalid
from care.access import current_actor, current_user_view, needs
from care.redirects.forms import GroupForm
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("redirects", __name__, template_folder="templates", url_prefix="/redirects")


@bp.get("/")
@needs(Permission.MOVE_DEVICES)
def index() -> str:
    return _index(GroupForm(formdata=None))


def _index(form: GroupForm, count: int | None = None) -> str:
    tenant = current_user_view().tenant
    return render_template(
        "redirects/index.html", rules=services().redirects.listed(tenant), form=form, hosts=services().redirects.hosts, count=count,
        models=services().devices.models(tenant),
    )  # fmt: skip


@bp.post("/")
@needs(Permission.MOVE_DEVICES)
def add() -> Response | str | tuple[str, int]:
    """`how` is redirect, move, which shows how many devices it is about, or sure."""
    form, how = GroupForm(), request.form.get("how", "redirect")
    tag, model, url = ((field.data or "").strip() for field in (form.tag, form.model, form.url))
    if not form.validate_on_submit():
        return _index(form), 422
    try:
        if how == "move":
            return _index(form, services().redirects.weigh(current_actor(), tag, model, url))
        if how == "sure":
            services().redirects.move(current_actor(), tag, model, url, reason=form.reason.data or "")
            flash(_("Each of these devices is told its new address at its next contact. The operations show how far that is."))
            return redirect(url_for("operations.index", kind="move_acs"))
        services().redirects.add(current_actor(), tag, model, url, reason=form.reason.data or "")
    except Invalid as error:
        field = form[error.field or "url"]
        field.errors = [*field.errors, str(error)]
        return _index(form), 422
    flash(_("These devices are sent on from their next contact, as long as the rule stands."))
    return redirect(url_for("redirects.index"))


@bp.post("/<int:redirect_id>/remove")
@needs(Permission.MOVE_DEVICES)
def remove(redirect_id: int) -> Response:
    services().redirects.remove(current_actor(), redirect_id)
    flash(_("The rule is removed. From their next contact on these devices stay here."))
    return redirect(url_for("redirects.index"))
