"""What is asked of a device: one route for every kind of operation, and the choice of a firmware image.

Arguments come from a form's fields; acs.operations checks them. POST, redirect, GET: the operation's card is on the page that follows.
A double press makes one operation: acs returns the one that is still queued.
"""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.errors import Conflict, Invalid
from care.access import current_actor, current_user_view, needs, require
from care.devices.blueprint import bp
from care.devices.pages import look, page
from care.operations import stations
from care.operations.service import permission_for
from care.problems import is_fragment
from care.security.permissions import Permission
from care.services import services

TABS = ("show", "wifi", "hosts", "line", "diagnostics", "trends", "parameters", "software", "operations", "sessions", "backups", "history", "identity")
CONFIRMED = frozenset({"install_module", "update_module", "uninstall_module", "vouchers", "raw_rpc", "move_acs"})
"""Kinds that are shown before they are asked: care/devices/software.py."""
WATCH_S = 900
"""How long new firmware must hold, where a person asks for that."""
_LISTS = {"read": "paths", "refresh": "prefixes"}
_TEXTS = (
    "host", "count", "timeout_ms", "size", "max_hops", "server", "url", "bytes", "image", "file", "table", "path", "notification",
    "hosts", "port", "protocol", "interface",
    "uuid", "version", "username", "password", "environment", "name", "xml", "operation", "command_key",
)  # fmt: skip


def args_of(kind: str) -> dict[str, Any]:
    """The arguments a form gives; empty ones are left to their defaults."""
    args: dict[str, Any] = {name: value for name in _TEXTS if (value := request.form.get(name, "").strip())}
    if kind in _LISTS:
        args[_LISTS[kind]] = request.form.getlist(_LISTS[kind])
    if kind == "firmware" and request.form.get("force") == "yes":
        args["force"] = True
    if kind == "firmware" and request.form.get("watch") == "yes":
        args["watch_s"] = WATCH_S
    if kind == "stored_image" and request.form.get("activate") == "yes":
        args["activate"] = True
    if kind == "vouchers":
        args["vouchers"] = request.form.get("vouchers", "").split()
    if kind == "schedule_inform":
        args["delay_s"] = 60 * _minutes("delay_min")
    if kind == "schedule_download":
        args["windows"] = [window for number in ("1", "2") if (window := _window(number)) is not None]
    return args


def _window(number: str) -> dict[str, Any] | None:
    """A time window as it is typed, in minutes from now; None where nothing was."""
    if not request.form.get(f"start{number}_min", "").strip() and not request.form.get(f"length{number}_min", "").strip():
        return None
    start = 60 * _minutes(f"start{number}_min")
    return {
        "start_s": start, "end_s": start + 60 * _minutes(f"length{number}_min"), "mode": request.form.get("mode", "any"),
        "message": request.form.get("message", ""), "retries": request.form.get("retries", "") or 0,
    }  # fmt: skip


def _minutes(field: str) -> int:
    text = request.form.get(field, "").strip()
    if not text.isdecimal() or len(text) > 6:
        raise Invalid(_("%(text)s is not a number of minutes.", text=repr(text)), field)
    return int(text)


@bp.post("/<int:device_id>/ask/<kind>")
@needs(Permission.VIEW_DEVICES)
def ask(device_id: int, kind: str) -> Response | str:
    """Who may see a device gets here; what each kind needs is checked by its own permission."""
    require(permission_for(kind))
    if kind == "write":
        raise Invalid(_("Settings are written through their form, which shows the difference first."), "kind")
    if kind in CONFIRMED:
        raise Invalid(_("This is asked through its form, which shows first what it does."), "kind")
    try:
        operation_id = services().operations.ask(current_actor(), device_id, kind, args_of(kind), request.form.get("reason", ""))
    except (Conflict, Invalid) as error:
        if is_fragment():
            raise
        services().devices.head(current_user_view().tenant, device_id)  # nobody is sent back to a device that is not theirs
        flash(str(error), "warn")
        host = request.form.get("host", "")[:255]
        typed: dict[str, Any] = {"refused": kind, "host": host} if isinstance(error, Invalid) and host else {}
        return redirect(url_for(f"devices.{tab_to_return()}", device_id=device_id, **typed))
    return answer(device_id, operation_id)


def answer(device_id: int, operation_id: int) -> Response | str:
    """The operation's card for htmx; for a browser the tab it came from, with the card on it."""
    if is_fragment():
        op = services().operations.get(current_user_view().tenant, operation_id)
        return render_template("operations/_live.html", live=stations.live(op, services().clock()))
    return redirect(url_for(f"devices.{tab_to_return()}", device_id=device_id, op=operation_id, _anchor="running"))


def tab_to_return() -> str:
    tab = request.form.get("tab", "")
    return tab if tab in TABS else "show"


@bp.get("/<int:device_id>/firmware")
@needs(Permission.UPGRADE_FIRMWARE)
def firmware(device_id: int) -> str:
    """Which image? Only what fits is offered, with what it means for the customer."""
    found = look(device_id)
    offers = services().firmware.offers(current_user_view().tenant, found.head)
    return page(found, "firmware", "firmware", offers=offers)
