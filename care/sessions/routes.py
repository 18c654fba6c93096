"""Recorded sessions: those of all devices by what is in them, one session message by message, and files to take away."""

import json

from flask import Blueprint, Response, render_template, request

from acs.cwmp import events
from acs.recorder.service import key_of
from care.access import current_actor, current_user_view, needs
from care.devices.looks import event_words
from care.security.permissions import Permission
from care.services import services
from care.sessions.filters import METHODS, filters_of, key_text
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
    """Sessions in which something happened, of all devices: where to look when something is wrong with many."""
    tenant = current_user_view().tenant
    filters = filters_of(request.args)
    found = services().sessions.listed(tenant, filters.wanted, filters.before, PER_PAGE + 1)
    rows = found[:PER_PAGE]
    return render_template(
        "sessions/index.html", rows=rows, filters=filters, outcomes=OUTCOMES, methods=METHODS, known_events=events.WORDS,
        models=services().sessions.models(tenant), following=key_text(key_of(rows[-1])) if len(found) > PER_PAGE else None,
    )  # fmt: skip


@bp.get("/<int:record_id>")
@needs(Permission.VIEW_SESSIONS)
def show(record_id: int) -> str:
    tenant = current_user_view().tenant
    record = services().sessions.get(tenant, record_id)
    device = services().sessions.device(tenant, record.row.device_id)
    return render_template("sessions/show.html", row=record.row, messages=messages(record), device=device)


@bp.get("/<int:record_id>.txt")
@needs(Permission.VIEW_SESSIONS)
def download(record_id: int) -> Response:
    record, device = services().sessions.take(current_actor(), record_id, "text")
    return _file(as_text(record, device.serial_number if device else ""), "text/plain", f"session-{record_id}.txt")


@bp.get("/<int:record_id>.json")
@needs(Permission.VIEW_SESSIONS)
def recording(record_id: int) -> Response:
    """The file `hearthline simulate --replay` plays: docs/recordings.md."""
    text = json.dumps(services().sessions.document(current_actor(), record_id), ensure_ascii=False, indent=1)
    return _file(text, "application/json", f"session-{record_id}.json")


def _file(text: str, kind: str, name: str) -> Response:
    return Response(text, mimetype=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
