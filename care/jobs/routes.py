"""The page of background jobs."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from acs.jobs import JobState
from care.access import current_actor, current_user_view, needs
from care.paging import key_argument
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("jobs", __name__, template_folder="templates", url_prefix="/jobs")
PER_PAGE = 50
STATES = {
    JobState.DUE: ("idle", _l("Due")),
    JobState.SENT: ("info", _l("Sent")),
    JobState.RUNNING: ("live", _l("Running")),
    JobState.DONE: ("ok", _l("Done")),
    JobState.FAILED: ("bad", _l("Failed")),
}


@bp.get("/")
@needs(Permission.VIEW_JOBS)
def index() -> str:
    tenant = current_user_view().tenant
    state = JobState(request.args["state"]) if request.args.get("state") in list(JobState) else None
    before = key_argument()
    found = services().jobs.listed(tenant, state, before, PER_PAGE + 1)
    template = "jobs/_table.html" if request.args.get("part") == "table" else "jobs/index.html"
    return render_template(
        template, jobs=found[:PER_PAGE], more=len(found) > PER_PAGE, first=before is None, state=state, before=before,
        counts=services().jobs.counts(tenant), states=STATES,
    )  # fmt: skip


@bp.post("/<int:job_id>/retry")
@needs(Permission.RETRY_JOBS)
def retry(job_id: int) -> Response:
    services().jobs.retry(current_actor(), job_id)
    flash(_("Job %(id)s runs again.", id=job_id))
    return redirect(url_for("jobs.index", state=request.form.get("state") or None))
