"""Onboarding rules: which unknown devices are let in by themselves once they prove the onboarding secret."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.errors import Conflict, Invalid
from care.access import current_actor, current_user_view, needs
from care.access_control.routes import tabs_of
from care.onboarding.forms import RuleForm
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("onboarding", __name__, template_folder="templates", url_prefix="/onboarding")


@bp.get("/")
@needs(Permission.ADMIT_DEVICE)
def index() -> str:
    return _index(RuleForm(formdata=None))


def _index(form: RuleForm) -> str:
    rules = services().devices.rules(current_user_view().tenant)
    return render_template("onboarding/index.html", rules=rules, form=form, access_tabs=tabs_of("onboarding.index"))


@bp.post("/")
@needs(Permission.MANAGE_DEVICES)
def add() -> Response | tuple[str, int]:
    form = RuleForm()
    if form.validate_on_submit():
        try:
            services().devices.add_rule(
                current_actor(), form.name.data or "", form.oui.data or "", form.product_class.data or "", form.serial_prefix.data or "",
                form.network.data or "",
            )  # fmt: skip
        except (Invalid, Conflict) as error:
            field = form[getattr(error, "field", None) or "name"]
            field.errors = [*field.errors, str(error)]
        else:
            flash(_("Devices that fit “%(name)s” are let in at their next contact.", name=form.name.data))
            return redirect(url_for("onboarding.index"))
    return _index(form), 422


@bp.post("/<int:rule_id>/remove")
@needs(Permission.MANAGE_DEVICES)
def remove(rule_id: int) -> Response:
    services().devices.remove_rule(current_actor(), rule_id)
    flash(_("The rule is removed. Devices it let in stay."))
    return redirect(url_for("onboarding.index"))
