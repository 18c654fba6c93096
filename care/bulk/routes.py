"""From ticked rows or a query to one thing done to all of them: what, a preview with count and sample, then the run and its progress."""

from collections import defaultdict
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.bulk.service import KINDS_FOR_MANY, OPERATIONS_MAX
from acs.bulk.views import Deed, Selection, Wanted
from acs.errors import HearthlineError, Invalid
from care.access import current_actor, current_user_view, may, needs, require
from care.bulk.service import permission_of
from care.devices.looks import PRESENCE
from care.groups.words import how_many
from care.operations.service import permission_for
from care.operations.words import STATE_WORDS, kind_words
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("bulk", __name__, template_folder="templates", url_prefix="/bulk")
TEXTS = {"read": ("paths",), "refresh": ("prefixes",), "write": ("values",), "inform_interval": ("interval_s",), "firmware": ("image",),
         "set_notification": ("path", "notification"), "add_object": ("table",)}  # fmt: skip
"""The arguments that kinds for many have, as fields."""


@bp.get("/")
@needs(Permission.VIEW_DEVICES)
def index() -> str:
    return render_template("bulk/index.html", actions=services().bulk.listed(current_user_view().tenant))


@bp.get("/new")
@needs(Permission.VIEW_DEVICES)
def new() -> str:
    return _choice(_selection(request.args), request.args.get("do", ""))


@bp.post("/preview")
@needs(Permission.VIEW_DEVICES)
def preview() -> str | tuple[str, int]:
    """Nothing is done yet: how many, which, and what it means for them."""
    selection, do = _selection(request.form), request.form.get("do", "")
    try:
        wanted = _wanted(do)
        require(permission_of(wanted))
        told, words, sample = services().bulk.preview(current_user_view().tenant, wanted, selection)
    except HearthlineError as error:
        if error.status in (401, 403):
            raise
        return _choice(selection, do, error), error.status
    return render_template(
        "bulk/preview.html", told=told, what=_words(wanted, words), sample=sample, selection=selection, wanted=wanted, presences=PRESENCE,
        sealed=services().bulk.seal(current_actor(), wanted, selection), how_many=how_many, reason=request.form.get("reason", "")[:300],
    )  # fmt: skip


@bp.post("/run")
@needs(Permission.VIEW_DEVICES)
def run() -> Response:
    wanted, selection = services().bulk.opened(current_actor(), request.form.get("sealed", ""))
    require(permission_of(wanted))
    action = services().bulk.begin(current_actor(), wanted, selection, request.form.get("reason", ""))
    return redirect(url_for("bulk.show", action_id=action))


@bp.get("/<int:action_id>")
@needs(Permission.VIEW_DEVICES)
def show(action_id: int) -> str:
    action = services().bulk.get(current_user_view().tenant, action_id)
    template = "bulk/_progress.html" if request.args.get("part") == "progress" else "bulk/show.html"
    what = _words(Wanted(action.deed, action.subject), action.label)
    return render_template(template, action=action, what=what, state_words=STATE_WORDS, may_cancel=may(permission_of(Wanted(action.deed, action.subject))))


@bp.post("/<int:action_id>/cancel")
@needs(Permission.VIEW_DEVICES)
def cancel(action_id: int) -> Response:
    action = services().bulk.get(current_user_view().tenant, action_id)
    require(permission_of(Wanted(action.deed, action.subject)))
    services().bulk.cancel(current_actor(), action_id)
    return redirect(url_for("bulk.show", action_id=action_id))


# ---- parts -----------------------------------------------------------------------------------------------------


def _selection(given: Any) -> Selection:
    """Ticked rows, where the form says so; else the query."""
    if given.get("scope") == "ticked" or (given.get("scope") is None and given.getlist("device")):
        ids = tuple(sorted({each for each in given.getlist("device", type=int) if 0 < each < 2**63}))
        if not ids:
            raise Invalid(_("No row is ticked."), "device")
        return Selection("", ids)
    return Selection(given.get("query", "")[:2000])


def _choice(selection: Selection, do: str, error: HearthlineError | None = None) -> str:
    tenant = current_user_view().tenant
    kinds = tuple((kind, kind_words(kind)) for kind in KINDS_FOR_MANY if may(permission_for(kind)))
    groups = tuple(group for group in services().finding.groups(tenant) if group.is_static) if may(Permission.MANAGE_DEVICES) else ()
    images = tuple(image for image in services().firmware.listed(tenant)) if do == "operation:firmware" else ()
    return render_template(
        "bulk/new.html", selection=selection, do=do, kind=do.partition(":")[2], kinds=kinds, groups=groups, images=images, error=error,
        given=defaultdict(str, request.form.items()),
        limit=OPERATIONS_MAX, may_manage=may(Permission.MANAGE_DEVICES),
    )  # fmt: skip


def _wanted(do: str) -> Wanted:
    """What the form asks for. Invalid for what is none of it."""
    name, _colon, kind = do.partition(":")
    match name:
        case "tag" | "untag":
            return Wanted(Deed(name), request.form.get("tag", "").strip())
        case "join" | "leave":
            return Wanted(Deed(name), request.form.get("group", ""))
        case "operation":
            return Wanted(Deed.OPERATION, kind, _args(kind))
    raise Invalid(_("Choose what is to be done."), "do")


def _args(kind: str) -> dict[str, Any]:
    given = {name: request.form.get(name, "").strip() for name in TEXTS.get(kind, ())}
    match kind:
        case "read" | "refresh":
            name = TEXTS[kind][0]
            return {name: given[name].split()}
        case "write":
            return {"values": [_line(line) for line in given["values"].splitlines() if line.strip()]}
        case "add_object":
            return {**given, "values": []}
        case "inform_interval":  # many devices with one interval, each at its own time in it
            return {**given, "spread": True}
    return {name: value for name, value in given.items() if value}


def _line(line: str) -> list[str]:
    """`path = value`, the type as the device knows it."""
    path, equals, value = line.partition("=")
    if not equals:
        raise Invalid(_("“%(line)s” is not written as path = value.", line=line.strip()), "values")
    return [path.strip(), value.strip(), ""]


def _words(wanted: Wanted, words: str) -> str:
    match wanted.deed:
        case Deed.OPERATION:
            return kind_words(wanted.subject)
        case Deed.TAG:
            return _("Add tag %(tag)s", tag=wanted.subject)
        case Deed.UNTAG:
            return _("Remove tag %(tag)s", tag=wanted.subject)
        case Deed.JOIN:
            return _("Put into group %(group)s", group=words.partition("“")[2].rstrip("”") or wanted.subject)
        case _:
            return _("Take out of group %(group)s", group=words.partition("“")[2].rstrip("”") or wanted.subject)
