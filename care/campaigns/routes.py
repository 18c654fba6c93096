"""Campaigns: the list, the form with its live preview, the live page with its buttons, the table of results and its CSV."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from acs.campaigns.service import MemberView
from acs.campaigns.views import Member, State
from acs.errors import HearthlineError
from care.access import current_actor, current_user_view, needs, require
from care.campaigns import words
from care.campaigns.forms import blank, described, filled
from care.operations.words import kind_words
from care.paging import key_argument
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("campaigns", __name__, template_folder="templates", url_prefix="/campaigns")
PAGE = 50


@bp.context_processor
def _words() -> dict[str, Any]:
    return {
        "states": words.STATES, "member_states": words.MEMBERS, "why": words.why, "waits": words.waits, "wave_name": words.wave_name,
        "signal_name": words.signal_name, "gauge_words": words.gauge_words, "signals": words.SIGNALS, "days": words.DAYS, "decisions": words.DECISIONS,
        "Member": Member, "State": State,
    }  # fmt: skip


@bp.get("/")
@needs(Permission.VIEW_DEVICES)
def index() -> str:
    found = services().campaigns.listed(current_user_view().tenant, key_argument(), PAGE + 1)
    return render_template("campaigns/index.html", campaigns=found[:PAGE], older=found[PAGE - 1].id if len(found) > PAGE else None)


@bp.get("/new")
@needs(Permission.RUN_CAMPAIGNS)
def new() -> str:
    given = {**blank(), "selection": request.args.get("selection", "")[:2000], "image": request.args.get("image", "")}
    return _form(given)


def _form(given: dict[str, Any], error: HearthlineError | None = None, campaign_id: int | None = None) -> str:
    tenant = current_user_view().tenant
    kinds = [(kind, kind_words(kind)) for kind in FORM_KINDS]
    images = [image for image in services().firmware.listed(tenant) if image.state == "released"]
    field = getattr(error, "field", None)
    return render_template(
        "campaigns/new.html", given=given, error=error, field=field, kinds=kinds, images=images, campaign_id=campaign_id,
        settings=services().campaigns.settings(tenant),
    )  # fmt: skip


FORM_KINDS = ("reboot", "write", "read", "refresh", "inform_interval", "configure", "backup", "discover")
"""What the form offers beside firmware; REST takes every kind."""


@bp.post("/preview")
@needs(Permission.RUN_CAMPAIGNS)
def preview() -> str:
    """What it would do, beside the form while it is filled in."""
    try:
        told = services().campaigns.preview(current_user_view().tenant, described(request.form))
    except HearthlineError as error:
        return render_template("campaigns/_preview.html", told=None, error=error)
    return render_template("campaigns/_preview.html", told=told, error=None)


@bp.post("/new")
@needs(Permission.RUN_CAMPAIGNS)
def create() -> AnyResponse | tuple[str, int]:
    given = filled(request.form)
    try:
        wanted = described(request.form)
        for permission in services().campaigns.permissions(current_user_view().tenant, wanted):
            require(permission)
        campaign_id = services().campaigns.create(current_actor(), wanted)
    except HearthlineError as error:
        if error.status in (401, 403):
            raise
        return _form(given, error), error.status
    return redirect(url_for("campaigns.show", campaign_id=campaign_id))


@bp.get("/<int:campaign_id>")
@needs(Permission.VIEW_DEVICES)
def show(campaign_id: int) -> str:
    tenant = current_user_view().tenant
    view = services().campaigns.get(tenant, campaign_id)
    needing, _following = services().campaigns.members(tenant, campaign_id, "failed", limit=10)
    worse, _following = services().campaigns.members(tenant, campaign_id, "unhealthy", limit=10)
    template = "campaigns/_live.html" if request.args.get("part") == "live" else "campaigns/show.html"
    return render_template(
        template, view=view, needing=(*worse, *needing)[:10], log=services().campaigns.decisions(tenant, campaign_id),
        samples=services().campaigns.samples(tenant, campaign_id), login=current_user_view().login,
    )  # fmt: skip


@bp.get("/<int:campaign_id>/results")
@needs(Permission.VIEW_DEVICES)
def results(campaign_id: int) -> str:
    tenant, state = current_user_view().tenant, request.args.get("state", "")
    view = services().campaigns.get(tenant, campaign_id)
    found, following = services().campaigns.members(tenant, campaign_id, state, request.args.get("after", ""), PAGE)
    return render_template("campaigns/results.html", view=view, members=found, following=following, state=state)


@bp.get("/<int:campaign_id>/results.csv")
@needs(Permission.VIEW_DEVICES)
def results_csv(campaign_id: int) -> Response:
    """Streams: a million members are never held at once."""
    tenant, state = current_user_view().tenant, request.args.get("state", "")
    view = services().campaigns.get(tenant, campaign_id)
    rows = services().campaigns.rows(tenant, campaign_id, state)
    names = [gate.reading or gate.signal for gate in view.plan.gates]
    answer = Response(_sheet(rows, names), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="campaign-{campaign_id}.csv"'
    return answer


def _sheet(rows: Iterator[MemberView], names: list[str]) -> Iterator[str]:
    figures = [f"{name} {when}" for name in names for when in ("before", "after")]
    yield _line(["device_id", "serial", "model", "software_version", "wave", "state", "reason", "operation", "begun", "ended", *figures])
    for row in rows:
        told = [figure.get(name, "") for name in names for figure in (row.before, row.after)]
        times = [at.isoformat() if at else "" for at in (row.issued_at, row.ended_at)]
        yield _line([row.device_id, row.serial, row.model, row.software_version, row.wave, row.state.value, row.reason, row.operation_id or "", *times, *told])


def _line(cells: list[Any]) -> str:
    """One line; no cell that a spreadsheet takes for a formula."""
    out = io.StringIO()
    csv.writer(out).writerow(["'" + cell if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell for cell in cells])
    return out.getvalue()


def _back(campaign_id: int) -> AnyResponse:
    return redirect(url_for("campaigns.show", campaign_id=campaign_id))


def _require_action(campaign_id: int) -> None:
    for permission in services().campaigns.permissions_of(current_user_view().tenant, campaign_id):
        require(permission)


@bp.post("/<int:campaign_id>/start")
@needs(Permission.RUN_CAMPAIGNS)
def start(campaign_id: int) -> AnyResponse:
    _require_action(campaign_id)
    services().campaigns.start(current_actor(), campaign_id, current_user_view().login)
    return _back(campaign_id)


@bp.post("/<int:campaign_id>/approve")
@needs(Permission.APPROVE_CAMPAIGNS)
def approve(campaign_id: int) -> AnyResponse:
    _require_action(campaign_id)
    services().campaigns.approve(current_actor(), campaign_id, current_user_view().login)
    return _back(campaign_id)


@bp.post("/<int:campaign_id>/pause")
@needs(Permission.RUN_CAMPAIGNS)
def pause(campaign_id: int) -> AnyResponse:
    services().campaigns.pause(current_actor(), campaign_id)
    return _back(campaign_id)


@bp.post("/<int:campaign_id>/resume")
@needs(Permission.RUN_CAMPAIGNS)
def resume(campaign_id: int) -> AnyResponse:
    _require_action(campaign_id)
    services().campaigns.resume(current_actor(), campaign_id)
    return _back(campaign_id)


@bp.post("/<int:campaign_id>/abort")
@needs(Permission.RUN_CAMPAIGNS)
def abort(campaign_id: int) -> AnyResponse:
    services().campaigns.abort(current_actor(), campaign_id, request.form.get("reason", "")[:300])
    return _back(campaign_id)


@bp.post("/<int:campaign_id>/roll-back")
@needs(Permission.RUN_CAMPAIGNS)
def roll_back(campaign_id: int) -> AnyResponse:
    _require_action(campaign_id)
    services().campaigns.roll_back(current_actor(), campaign_id, request.form.get("reason", "")[:300])
    return _back(campaign_id)


@bp.post("/<int:campaign_id>/pace")
@needs(Permission.RUN_CAMPAIGNS)
def change_pace(campaign_id: int) -> AnyResponse:
    names = ("rate", "rate_unit", "in_flight")
    services().campaigns.change_pace(current_actor(), campaign_id, {name: request.form[name] for name in names if name in request.form})
    return _back(campaign_id)


@bp.post("/<int:campaign_id>/remove")
@needs(Permission.RUN_CAMPAIGNS)
def remove(campaign_id: int) -> AnyResponse:
    services().campaigns.remove(current_actor(), campaign_id)
    return redirect(url_for("campaigns.index"))


@bp.post("/<int:campaign_id>/retry/<int:device_id>")
@needs(Permission.RUN_CAMPAIGNS)
def retry(campaign_id: int, device_id: int) -> AnyResponse:
    _require_action(campaign_id)
    services().campaigns.retry(current_actor(), campaign_id, device_id)
    return _back(campaign_id)


@bp.post("/settings")
@needs(Permission.APPROVE_CAMPAIGNS)
def set_settings() -> AnyResponse:
    """The tenant's zone, and above how many devices a second person is needed; empty: never."""
    above = request.form.get("approve_above", "").strip()
    services().campaigns.set_settings(current_actor(), request.form.get("zone", "").strip(), int(above) if above.isdecimal() else None)
    flash(_("Saved."))
    return redirect(url_for("campaigns.index"))


@bp.get("/of-device/<int:device_id>")
@needs(Permission.VIEW_DEVICES)
def of_device(device_id: int) -> str:
    """The lines of one device, for its page."""
    return render_template("campaigns/_device.html", found=services().campaigns.of_device(current_user_view().tenant, device_id))
