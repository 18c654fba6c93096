"""The audit trail, newest first."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from care.access import current_user_view, needs
from care.api.schemas import PageQuery, page, page_of
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("api-audit", __name__, url_prefix="/api/v1/audit", description="Audit trail")


class AuditLineSchema(Schema):
    id = fields.Integer()
    at = fields.DateTime()
    actor = fields.String()
    address = fields.String()
    action = fields.String()
    subject = fields.String()
    before = fields.Raw(allow_none=True)
    after = fields.Raw(allow_none=True)


class AuditQuery(PageQuery):
    subject = fields.String(load_default=None, metadata={"description": "Exact, such as device:17"})


@bp.route("")
@needs(Permission.VIEW_AUDIT)
@bp.arguments(AuditQuery, location="query")
@bp.response(200, page_of(AuditLineSchema))
def listed(query: dict[str, Any]) -> dict[str, Any]:
    """The audit trail, newest first."""
    found = services().audit.lines(current_user_view().tenant, query["subject"], query["before"], query["limit"] + 1)
    return page(found, query["limit"], key=lambda line: line.id)
