"""Recorded sessions: the failed ones of all devices, one session message by message, and as text to take away."""

from datetime import datetime

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from acs.errors import Invalid
from care.access import current_user_view, needs
from care.devices.looks import event_words
from care.security.permissions import Permission
from care.services import services
from care.sessions.transcript import OUTCOMES, as_text, messages

bp = Blueprint("sessions", __name__, template_folder="templates", url_prefix="/sessions")
PER_PAGE = 50


@bp.app_template_global()
def session_outcome(outcome: str) -> tuple[str, str]:
    """State and word of how a session ended."""
    state, word = OUTCOMES.get(outcome, ("idle", outcome))
    return state, str(word)


@bp.app_template_global()
def session_events(codes: str) -> str:
    """Why the device came, in words: "First contact, Restarted"."""
    return ", ".join(event_words(code.strip())[1] for code in codes.split(",") if code.strip())


@bp.get("/")
@needs(Permission.VIEW_SESSIONS)
def index() -> str:
    """Failed and broken-off sessions of all devices: where to look when something is wrong with many."""
    tenant = current_user_view().tenant
    outcome = request.args.get("outcome", "failed")
    if outcome not in OUTCOMES:
        raise Invalid(_("A session is ok, failed or lost."), "outcome")
    try:
        before = datetime.fromisoformat(request.args["before"]) if request.args.get("before") else None
    except ValueError:
        raise Invalid(_("“before” must be an instant."), "before") from None
    found = services().sessions.listed(tenant, None, outcome, before, PER_PAGE + 1)
    return render_template(
        "sessions/index.html", rows=found[:PER_PAGE], more=len(found) > PER_PAGE, first=before is None, outcome=outcome, outcomes=OUTCOMES
    )


@bp.get("/<int:record_id>")
@needs(Permission.VIEW_SESSIONS)
def show(record_id: int) -> str:
    tenant = current_user_view().tenant
    record = services().sessions.get(tenant, record_id)
    serial = services().sessions.serial(tenant, record.row.device_id)
    return render_template("sessions/show.html", row=record.row, messages=messages(record), serial=serial)


@bp.get("/<int:record_id>.txt")
@needs(Permission.VIEW_SESSIONS)
def download(record_id: int) -> Response:
    tenant = current_user_view().tenant
    record = services().sessions.get(tenant, record_id)
    text = as_text(record, services().sessions.serial(tenant, record.row.device_id))
    return Response(text, mimetype="text/plain", headers={"Content-Disposition": f'attachment; filename="session-{record_id}.txt"'})
