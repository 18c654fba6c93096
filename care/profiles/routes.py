"""Profiles: list, edit, versions, whom it fits; dry runs and drift reports over a selection, with their lines, and repair."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from acs.desired.views import ProfileView, ReportState, Standing
from acs.errors import Invalid
from acs.finding import service as finding
from care.access import current_actor, current_user_view, needs
from care.profiles import forms, words
from care.security.permissions import Permission
from care.services import services
from datamodels import canonical

bp = Blueprint("profiles", __name__, template_folder="templates", url_prefix="/profiles")
PER_PAGE = 50
COUNTED = (Standing.DRIFT, Standing.PENDING, Standing.PARTIAL, Standing.FAILED, Standing.IN_STEP, Standing.NONE)


@bp.get("/")
@needs(Permission.VIEW_DEVICES)
def index() -> str:
    tenant = current_user_view().tenant
    return _index(request.args.get("selection", "")[:4000], None, services().profiles.listed(tenant))


def _index(selection: str, error: Invalid | None, found: tuple[ProfileView, ...]) -> str:
    tenant = current_user_view().tenant
    return render_template(
        "profiles/index.html", profiles=found, tally=services().profiles.tally(tenant), reports=services().profiles.reports(tenant, limit=10),
        standing=words.STANDING, report_words=words.REPORT, selection=selection, error=error, caret=_caret(error),
    )  # fmt: skip


def _caret(error: Any) -> str:
    return error.caret() if isinstance(error, finding.QueryError) else ""


# ---- one profile -----------------------------------------------------------------------------------------------


@bp.get("/new")
@needs(Permission.MANAGE_PROFILES)
def new() -> str:
    lines = {"settings": [], "rows": [], "watches": [], "firmware": "", "inform_interval_s": "", "hook": "", "self_heal": False}
    given = {"name": "", "note": "", "selection": request.args.get("selection", "")[:4000], "precedence": 0, "enabled": False, "valid_from": ""}
    return _form(None, given, lines)


@bp.post("/new")
@needs(Permission.MANAGE_PROFILES)
def add() -> Response | str | tuple[str, int]:
    if request.form.get("act") == "more":
        return _form(None, request.form, forms.as_typed(request.form), blank=forms.BLANK + 5)
    try:
        view = services().profiles.add(current_actor(), forms.typed(request.form))
    except Invalid as error:
        return _form(None, request.form, forms.as_typed(request.form), error), 422
    flash(_("Saved. Each device it fits is brought to it at its next contact.") if view.in_force else _("Saved. It is not in force yet."))
    return redirect(url_for("profiles.show", profile_id=view.id))


@bp.get("/<int:profile_id>")
@needs(Permission.VIEW_DEVICES)
def show(profile_id: int) -> str:
    found = services().profiles.shown(current_user_view().tenant, profile_id)
    return render_template("profiles/show.html", shown=found, profile=found.profile, w=words, canonical=canonical)


@bp.get("/<int:profile_id>/edit")
@needs(Permission.MANAGE_PROFILES)
def edit(profile_id: int) -> str:
    view = services().profiles.get(current_user_view().tenant, profile_id)
    given = {
        "name": view.name, "note": view.note, "selection": view.selection, "precedence": view.precedence, "enabled": "yes" if view.enabled else "",
        "valid_from": forms.field_minutes(view.valid_from),
    }  # fmt: skip
    return _form(view, given, forms.of_document(view.document))


@bp.post("/<int:profile_id>/edit")
@needs(Permission.MANAGE_PROFILES)
def change(profile_id: int) -> Response | str | tuple[str, int]:
    view = services().profiles.get(current_user_view().tenant, profile_id)
    if request.form.get("act") == "more":
        return _form(view, request.form, forms.as_typed(request.form), blank=forms.BLANK + 5)
    try:
        changed = services().profiles.change(current_actor(), profile_id, forms.typed(request.form))
    except Invalid as error:
        return _form(view, request.form, forms.as_typed(request.form), error), 422
    if changed.version == view.version:
        flash(_("Nothing was changed."))
    else:
        flash(_("Saved as version %(version)d. Devices of the old and the new selection are brought to it at their next contact.", version=changed.version))
    return redirect(url_for("profiles.show", profile_id=profile_id))


def _form(view: ProfileView | None, given: Any, lines: dict[str, Any], error: Invalid | None = None, blank: int = forms.BLANK) -> str:
    given = {name: given.get(name, "") for name in ("name", "note", "selection", "precedence", "enabled", "valid_from", "reason")}
    return render_template(
        "profiles/edit.html", profile=view, given=given, lines=forms.padded(lines, blank), error=error,
        field=(error.field or "name") if error else "", caret=_caret(error),
        holds=words.HOLD, notifications=words.NOTIFICATION, present=words.PRESENT, names=forms.names(), tables=canonical.tables(),
    )  # fmt: skip


@bp.post("/<int:profile_id>/enabled")
@needs(Permission.MANAGE_PROFILES)
def enable(profile_id: int) -> Response:
    """In force, or out of it."""
    on = request.form.get("enabled") == "yes"
    services().profiles.change(current_actor(), profile_id, {"enabled": on})
    flash(
        _("In force. Devices are brought to it at their next contact.")
        if on
        else _("Out of force. What it set stays until another profile wants something else.")
    )
    return redirect(url_for("profiles.show", profile_id=profile_id))


@bp.post("/<int:profile_id>/remove")
@needs(Permission.MANAGE_PROFILES)
def remove(profile_id: int) -> Response:
    services().profiles.remove(current_actor(), profile_id)
    flash(_("Removed. What it set stays on the devices until another profile wants something else."))
    return redirect(url_for("profiles.index"))


# ---- reports ---------------------------------------------------------------------------------------------------


@bp.post("/reports")
@needs(Permission.READ_DEVICE)
def start_report() -> Response | tuple[str, int]:
    """A dry run or drift report over a selection; `profile` is taken as if it were in force."""
    selection, profile = request.form.get("selection", ""), request.form.get("profile", type=int)
    try:
        view = services().profiles.start_report(current_actor(), selection, profile)
    except Invalid as error:
        return _index(selection, error, services().profiles.listed(current_user_view().tenant)), 422
    return redirect(url_for("profiles.report", report_id=view.id))


@bp.get("/reports/<int:report_id>")
@needs(Permission.VIEW_DEVICES)
def report(report_id: int) -> str:
    tenant, after = current_user_view().tenant, request.args.get("after", 0, type=int)
    view = services().profiles.report(tenant, report_id)
    lines = services().profiles.lines(tenant, report_id, after, PER_PAGE + 1)
    profile = services().profiles.get(tenant, view.with_profile) if view.with_profile else None
    return render_template(
        "profiles/report.html", report=view, lines=lines[:PER_PAGE], more=len(lines) > PER_PAGE, after=after, profile=profile, w=words,
        counted=COUNTED, running=view.state == ReportState.RUNNING, repairable=view.state == ReportState.DONE and not view.with_profile,
    )  # fmt: skip


@bp.post("/reports/<int:report_id>/repair")
@needs(Permission.WRITE_PARAMETERS)
def repair(report_id: int) -> Response:
    number = services().profiles.repair_report(current_actor(), report_id)
    flash(
        ngettext(
            "%(num)d device is brought to its profiles at its next contact.",
            "%(num)d devices are brought to their profiles at their next contact.",
            number,
        )
    )
    return redirect(url_for("profiles.report", report_id=report_id))
