"""The fleet in numbers: the home page of who may see it. Every number is of the last census; nothing is counted here."""

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from acs.errors import NotFound
from care.access import current_user_view, may, needs
from care.monitoring import charts, words
from care.monitoring.service import RANGES
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("fleet", __name__, template_folder="templates", url_prefix="/fleet")


@bp.get("/")
@needs(Permission.VIEW_FLEET)
def index() -> str:
    tenant = current_user_view().tenant
    found = services().monitoring.fleet(tenant)
    worst = services().monitoring.worst(tenant)
    return render_template(
        "monitoring/fleet.html", found=found, worst=worst, w=words, charts=charts, tenant=tenant, span=span_name(), ranges=words.RANGE_WORDS,
        may_sessions=may(Permission.VIEW_SESSIONS),
    )  # fmt: skip


def span_name() -> str:
    """The range of the address, 24h where there is none that we know."""
    wanted = request.args.get("range", "24h")
    return wanted if wanted in RANGES else "24h"


@bp.get("/chart/<kind>.json")
@needs(Permission.VIEW_FLEET)
def chart(kind: str) -> Response:
    made: dict[str, Any] = {"presence": charts.of_presence, "load": charts.of_load}
    if kind not in made:
        raise NotFound(f"There is no chart of {kind!r}.")
    span, now = RANGES[span_name()], services().monitoring.now()
    points = services().monitoring.fleet_history(current_user_view().tenant, span)
    return jsonify(made[kind](points, now - span, now))
