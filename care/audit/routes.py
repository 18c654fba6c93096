"""The page of the audit trail: newest first, by subject."""

from flask import Blueprint, render_template, request

from care.access import current_user_view, needs
from care.audit.views import line_row
from care.paging import key_argument
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("audit", __name__, template_folder="templates", url_prefix="/audit")
PER_PAGE = 50


@bp.get("/")
@needs(Permission.VIEW_AUDIT)
def index() -> str:
    subject = request.args.get("subject", "").strip()[:200]
    before = key_argument()
    found = services().audit.lines(current_user_view().tenant, subject, before, PER_PAGE + 1)
    rows = tuple(line_row(line) for line in found[:PER_PAGE])
    return render_template("audit/index.html", rows=rows, more=len(found) > PER_PAGE, first=before is None, subject=subject)
