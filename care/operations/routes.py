"""All operations as a list, one of them, its live card as a fragment, and cancelling."""

from datetime import datetime

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import format_datetime, format_time
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from acs.errors import Invalid
from acs.operations.views import OPEN
from acs.provisioning.kinds import KINDS
from care.access import current_actor, current_user_view, needs
from care.operations import stations
from care.operations.service import STATE_GROUPS
from care.operations.words import KIND_WORDS, STATE_WORDS, VALUE_WORDS, field_words
from care.problems import is_fragment
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("operations", __name__, template_folder="templates", url_prefix="/operations")
PER_PAGE = 50


@bp.app_template_global()
def clock_words(at: datetime) -> str:
    """The time of day in UTC, with the date if it is not today; the script turns it into the reader's zone."""
    return f"{format_time(at, 'short') if at.date() == services().clock().date() else format_datetime(at, 'short')} UTC"


bp.app_template_global()(field_words)


@bp.get("/")
@needs(Permission.VIEW_DEVICES)
def index() -> str:
    tenant = current_user_view().tenant
    state, kind = request.args.get("state", ""), request.args.get("kind", "")
    before = request.args.get("before", type=int)
    if state and state not in STATE_GROUPS:
        raise Invalid(_("State is one of %(states)s.", states=", ".join(STATE_GROUPS)), "state")
    if kind and kind not in KINDS:
        raise Invalid(_("There is no kind of operation %(kind)s.", kind=kind), "kind")
    internal = request.args.get("internal") == "yes"
    found = services().operations.listed(
        tenant, None, STATE_GROUPS.get(state, ()), (kind,) if kind else (), before, PER_PAGE + 1, internal
    )  # fmt: skip
    now = services().clock()
    rows = tuple(stations.live(op, now) for op in found[:PER_PAGE])
    template = "operations/_table.html" if request.args.get("part") == "table" else "operations/index.html"
    return render_template(
        template, rows=rows, more=len(found) > PER_PAGE, first=before is None, before=before, state=state, kind=kind, internal=internal,
        groups=STATE_GROUPS, kinds=KIND_WORDS, open_count=services().operations.open_count(tenant),
    )  # fmt: skip


@bp.get("/<int:operation_id>")
@needs(Permission.VIEW_DEVICES)
def show(operation_id: int) -> str:
    op = services().operations.get(current_user_view().tenant, operation_id)
    return render_template("operations/show.html", live=stations.live(op, services().clock()), op=op, states=STATE_WORDS, value_words=VALUE_WORDS)


@bp.get("/<int:operation_id>/live")
@needs(Permission.VIEW_DEVICES)
def live(operation_id: int) -> str | Response:
    """The card alone; 204 while it looks as the reader has it (`seen`)."""
    op = services().operations.get(current_user_view().tenant, operation_id)
    card = stations.live(op, services().clock())
    if request.args.get("seen") == card.stamp:
        return Response(status=204)
    answer = Response(render_template("operations/_live.html", live=card))
    if op.state not in OPEN:
        answer.headers["HX-Trigger-After-Swap"] = "operation-ended"
    return answer


@bp.post("/<int:operation_id>/take-part")
@needs(Permission.WRITE_PARAMETERS)
def take_part(operation_id: int) -> AnyResponse:
    """A write that failed as a whole, again, for what the device takes of it."""
    again = services().operations.take_part(current_actor(), operation_id)
    flash(_("Asked again. What the device takes is written, what it refuses is told."))
    return redirect(url_for("operations.show", operation_id=again))


@bp.post("/<int:operation_id>/cancel")
@needs(Permission.CANCEL_OPERATION)
def cancel(operation_id: int) -> AnyResponse | str:
    state = services().operations.cancel(current_actor(), operation_id)
    op = services().operations.get(current_user_view().tenant, operation_id)
    if is_fragment():
        return render_template("operations/_live.html", live=stations.live(op, services().clock()))
    if state in OPEN:
        flash(_("Too late: already sent. The result will still be shown."), "warn")
    else:
        flash(_("Cancelled. Nothing was changed on the device."))
    return redirect(url_for("operations.show", operation_id=operation_id))
