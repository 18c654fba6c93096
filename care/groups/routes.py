"""Saved groups: the list, one that is made of a query or by hand, its count, its end. The devices of a group are the device list with its query."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.errors import Conflict, Invalid
from acs.finding import service as finding
from care.access import current_actor, current_user_view, needs
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("groups", __name__, template_folder="templates", url_prefix="/groups")


def query_of(name: str) -> str:
    """The query that finds the devices of a group."""
    return f"group:{finding.quoted(name)}"


@bp.get("/")
@needs(Permission.VIEW_DEVICES)
def index() -> str:
    return render_template("groups/index.html", groups=services().finding.groups(current_user_view().tenant), query_of=query_of)


@bp.get("/new")
@needs(Permission.MANAGE_DEVICES)
def new() -> str:
    return _form({"name": "", "note": "", "query": request.args.get("query", "")[:2000], "kind": request.args.get("kind", "query")})


@bp.post("/new")
@needs(Permission.MANAGE_DEVICES)
def create() -> Response | tuple[str, int]:
    given = {name: request.form.get(name, "").strip() for name in ("name", "query", "note", "kind")}
    try:
        services().finding.create(current_actor(), given["name"], given["query"] if given["kind"] == "query" else None, given["note"])
    except (Invalid, Conflict) as error:
        return _form(given, error), 422
    flash(_("Group “%(name)s” is saved.", name=given["name"]))
    return redirect(url_for("devices.index", query=query_of(" ".join(given["name"].split()))))


@bp.get("/<int:group_id>")
@needs(Permission.VIEW_DEVICES)
def show(group_id: int) -> str:
    group = services().finding.group(current_user_view().tenant, group_id)
    return render_template("groups/show.html", group=group, query=query_of(group.name), error=None, caret="", given={"query": group.query, "note": group.note})


@bp.post("/<int:group_id>")
@needs(Permission.MANAGE_DEVICES)
def change(group_id: int) -> Response | tuple[str, int]:
    group = services().finding.group(current_user_view().tenant, group_id)
    given = {"query": request.form.get("query", group.query), "note": request.form.get("note", group.note)}
    try:
        services().finding.change(current_actor(), group_id, None if group.is_static else given["query"], given["note"])
    except Invalid as error:
        caret = error.caret() if isinstance(error, finding.QueryError) else ""
        return render_template("groups/show.html", group=group, query=query_of(group.name), error=error, caret=caret, given=given), 422
    flash(_("Group “%(name)s” is saved.", name=group.name))
    return redirect(url_for("groups.show", group_id=group_id))


@bp.post("/<int:group_id>/count")
@needs(Permission.VIEW_DEVICES)
def count(group_id: int) -> Response:
    """To the last device: a job looks at all of them."""
    services().finding.recount(current_actor(), group_id)
    flash(_("The devices are being counted. The number is here in a moment."))
    return redirect(url_for("groups.show", group_id=group_id))


@bp.post("/<int:group_id>/remove")
@needs(Permission.MANAGE_DEVICES)
def remove(group_id: int) -> Response:
    group = services().finding.group(current_user_view().tenant, group_id)
    services().finding.remove(current_actor(), group_id)
    flash(_("Group “%(name)s” is removed. Its devices stay.", name=group.name))
    return redirect(url_for("groups.index"))


@bp.post("/<int:group_id>/leave")
@needs(Permission.MANAGE_DEVICES)
def leave(group_id: int) -> Response:
    """Take devices out of a static group: ticked in the list."""
    gone = services().finding.take(current_actor(), group_id, request.form.getlist("device", type=int))
    group = services().finding.group(current_user_view().tenant, group_id)
    flash(_("%(number)d devices left group “%(name)s”.", number=gone, name=group.name))
    return redirect(url_for("devices.index", query=query_of(group.name)))


def _form(given: dict[str, str], error: Invalid | Conflict | None = None) -> str:
    caret = error.caret() if isinstance(error, finding.QueryError) else ""
    field = getattr(error, "field", None) or "name" if error else ""
    return render_template("groups/new.html", given=given, error=error, field=field, caret=caret)
