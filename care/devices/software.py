"""The engineer's tab: software modules, transfers, appointments, and calls beyond the data model.

What changes a device's software, sends it away, or sends what we do not understand is shown first and asked only after it was confirmed: the
preview carries the arguments sealed, for this device and this person.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from acs.errors import Invalid
from care.access import current_actor, current_user_view, needs, require
from care.devices.actions import CONFIRMED, answer, args_of
from care.devices.blueprint import bp
from care.devices.pages import look, page, title
from care.devices.service import Look
from care.operations.service import permission_for
from care.operations.words import kind_words
from care.security.permissions import Permission
from care.services import services

CONFIRM_WITHIN = timedelta(minutes=10)
TOLD = ("queued_transfers", "rpc_methods", "options")
NAMES: Mapping[str, Any] = {
    "url": _l("Address"), "uuid": _l("UUID"), "version": _l("Version"), "username": _l("Login"), "password": _l("Password"),
    "environment": _l("Execution environment"), "vouchers": _l("Vouchers"), "method": _l("Method"), "xml": _l("What is sent"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """A deployment unit as the device last showed it. `state` colours its word."""

    uuid: str
    name: str
    version: str
    vendor: str
    status: str
    state: str
    runs: str
    at: datetime


_STATES = {"Installed": "ok", "Installing": "live", "Updating": "live", "Uninstalling": "live", "Uninstalled": "idle"}


def rows(found: Look, table: str) -> list[dict[str, Any]]:
    """Rows of a table below SoftwareModules, in order: their parameters by leaf, the newest instant as `at`."""
    pattern = re.compile(re.escape(f"{found.head.root}.SoftwareModules.{table}.") + r"(\d+)\.(\w+)$")
    out: dict[int, dict[str, Any]] = {}
    for path, stored in found.known.values.items():
        if matched := pattern.match(path):
            row = out.setdefault(int(matched[1]), {"number": int(matched[1]), "at": stored.at})
            row[matched[2]], row["at"] = stored.value, max(row["at"], stored.at)
    return [out[number] for number in sorted(out)]


def units(found: Look) -> tuple[Unit, ...]:
    running = {
        f"{found.head.root}.SoftwareModules.ExecutionUnit.{row['number']}": row.get("Status", "") for row in rows(found, "ExecutionUnit")
    }
    told = []
    for row in rows(found, "DeploymentUnit"):
        parts = [part.strip().rstrip(".") for part in row.get("ExecutionUnitList", "").split(",") if part.strip()]
        status = row.get("Status", "")
        told.append(
            Unit(
                row.get("UUID", ""), row.get("Name", ""), row.get("Version", ""), row.get("Vendor", ""), status, _STATES.get(status, "idle"),
                ", ".join(dict.fromkeys(running.get(part, "") for part in parts if running.get(part))), row["at"],
            )
        )  # fmt: skip
    return tuple(told)


@bp.get("/<int:device_id>/software")
@needs(Permission.MANAGE_MODULES)
def software(device_id: int) -> str:
    found = look(device_id)
    tenant = current_user_view().tenant
    latest = services().operations.latest(tenant, device_id, TOLD)
    wishes = services().devices.events(tenant, device_id, None, 5, ("request_download", "autonomous_transfer", "autonomous_modules"))
    prefix = f"{found.head.root}.SoftwareModules."
    return page(
        found, "software", "software", units=units(found), environments=rows(found, "ExecEnv"), modules_prefix=prefix, wishes=wishes,
        told={kind: latest.get(kind) for kind in TOLD}, images=services().firmware.fitting(tenant, found.head),
        has_modules=any(path.startswith(prefix) for path in found.known.values), move_hosts=services().redirects.hosts,
    )  # fmt: skip


@bp.post("/<int:device_id>/preview/<kind>")
@needs(Permission.VIEW_DEVICES)
def preview(device_id: int, kind: str) -> Response | str:
    """What would be asked, and what it means, before it is."""
    if kind not in CONFIRMED:
        raise Invalid(_("There is nothing to confirm about %(kind)s.", kind=kind), "kind")
    require(permission_for(kind))
    found = look(device_id)
    try:
        args, shown = services().operations.preview(kind, args_of(kind))
    except Invalid as error:
        flash(str(error), "warn")
        return redirect(url_for("devices.software", device_id=device_id))
    carried = json.dumps(
        [device_id, current_actor().name, services().clock().isoformat(), kind, args, request.form.get("reason", "")[:300]]
    )
    return render_template(
        "devices/preview.html", head=found.head, title=title(found), kind=kind, what=kind_words(kind), shown=shown, means=consequence(kind, args),
        sealed=services().vault.seal(carried), danger=kind in ("move_acs", "uninstall_module"), names=NAMES,
    )  # fmt: skip


def consequence(kind: str, args: Mapping[str, Any]) -> str:
    """What it means for the home and for us."""
    match kind:
        case "install_module":
            return _("The device fetches the unit from this address and installs it. It reports within a day; the home seldom notices.")
        case "update_module" if not args["uuid"] and not args["url"]:
            return _("Every unit on the device is updated.")
        case "update_module":
            return _("The unit is replaced by its new version; what it does for the home stops meanwhile.")
        case "uninstall_module":
            return _("The unit is taken off the device, with what it stored. What it does for the home ends.")
        case "vouchers":
            return _("The device switches options on or off as the vouchers say. Vouchers cannot be taken back.")
        case "raw_rpc":
            return _(
                "This call is sent as it stands. Only the maker of the device knows what it does; nothing of it can be undone from here."
            )
        case _:
            return _(
                "The device gets a new address for its ACS and leaves us: from then on nothing can be read, changed or undone from here. "
                "Only the other ACS, or a factory reset, brings it back."
            )


@bp.post("/<int:device_id>/confirm")
@needs(Permission.VIEW_DEVICES)
def confirm(device_id: int) -> Response | str:
    """Ask what was shown: by the person it was shown to, soon after."""
    try:
        of, by, at, kind, args, reason = json.loads(services().vault.open(request.form.get("sealed", "")))
    except ValueError:
        raise Invalid(_("This confirmation was not made here."), "sealed") from None
    require(permission_for(kind))
    if of != device_id or by != current_actor().name or services().clock() - datetime.fromisoformat(at) > CONFIRM_WITHIN:
        raise Invalid(_("This confirmation is for another device or person, or too old: look at it once more."), "sealed")
    return answer(device_id, services().operations.ask(current_actor(), device_id, kind, args, reason))
