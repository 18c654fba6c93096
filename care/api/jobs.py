"""Background jobs: list, look, run a failed one again."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from acs.jobs import JobState, JobView
from care.access import current_actor, current_user_view, needs
from care.api.schemas import PageQuery, page, page_of
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("api-jobs", __name__, url_prefix="/api/v1/jobs", description="Background jobs")


class JobSchema(Schema):
    id = fields.Integer()
    name = fields.String()
    state = fields.Enum(JobState, by_value=True)
    attempts = fields.Integer()
    max_attempts = fields.Integer()
    error = fields.String()
    progress = fields.String()
    created_by = fields.String()
    run_after = fields.DateTime()
    created_at = fields.DateTime()
    started_at = fields.DateTime(allow_none=True)
    finished_at = fields.DateTime(allow_none=True)


class JobQuery(PageQuery):
    state = fields.Enum(JobState, by_value=True, load_default=None)


@bp.route("")
@needs(Permission.VIEW_JOBS)
@bp.arguments(JobQuery, location="query")
@bp.response(200, page_of(JobSchema))
def listed(query: dict[str, Any]) -> dict[str, Any]:
    """Newest first."""
    found = services().jobs.listed(current_user_view().tenant, query["state"], query["before"], query["limit"] + 1)
    return page(found, query["limit"], key=lambda job: job.id)


@bp.route("/<int:job_id>")
@needs(Permission.VIEW_JOBS)
@bp.response(200, JobSchema)
def show(job_id: int) -> JobView:
    """One background job."""
    return services().jobs.job(current_user_view().tenant, job_id)


@bp.route("/<int:job_id>/retry", methods=["POST"])
@needs(Permission.RETRY_JOBS)
@bp.response(200, JobSchema)
def retry(job_id: int) -> JobView:
    """Run a failed job again; 409 if it did not fail."""
    return services().jobs.retry(current_actor(), job_id)
