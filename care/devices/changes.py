"""Changing settings: what the form asks for, the difference before it is applied, and the write that was confirmed."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.errors import Conflict, Invalid
from care.access import current_actor, needs, require
from care.devices import panels, settings
from care.devices.actions import answer, tab_to_return
from care.devices.blueprint import bp
from care.devices.pages import _air, look, page, rights
from care.devices.proposals import Proposal, stale
from care.problems import is_fragment
from care.security.permissions import Permission
from care.services import services

Page = str | Response | tuple[str, int]


@bp.post("/<int:device_id>/settings/<key>")
@needs(Permission.WRITE_BASIC)
def propose(device_id: int, key: str) -> Page:
    """Draw the difference; what was typed comes back with its message if a rule is broken."""
    names = settings.names_of(key)
    typed = {name: request.form.get(name, "") for name in names if name in request.form or name.endswith((".enabled", ".auto_channel"))}
    _head, known = services().devices.known(current_actor().tenant, device_id)
    try:
        wanted = settings.changed(known, key, typed, **rights())
        proposal = services().devices.propose(current_actor(), device_id, wanted, request.form.get("reason", ""))
    except Invalid as error:
        if error.field is None:
            flash(str(error), "warn")
            return redirect(url_for(f"devices.{'hosts' if key == 'home' else 'wifi'}", device_id=device_id))
        return _again(device_id, key, typed, {error.field: str(error)}), 422
    return shown(device_id, proposal, "hosts" if key == "home" else "wifi")


@bp.post("/<int:device_id>/repair/addresses")
@needs(Permission.WRITE_PARAMETERS)
def repair_addresses(device_id: int) -> Page:
    """The verdict's own repair: addresses that fit the router's network, with the difference before anything is written."""
    _head, known = services().devices.known(current_actor().tenant, device_id)
    try:
        proposal = services().devices.propose(current_actor(), device_id, settings.repaired(known), _("Repair of wrong addresses"))
    except Invalid as error:
        flash(str(error), "warn")
        return redirect(url_for("devices.hosts", device_id=device_id))
    return shown(device_id, proposal, "hosts")


def _again(device_id: int, key: str, typed: dict[str, str], errors: dict[str, str]) -> str:
    found = look(device_id)
    if key == "home":
        group = settings.group(found.known, key, typed=typed, errors=errors, **rights())
        return page(found, "hosts", "hosts", hosts=panels.hosts(found.known), group=group)
    groups = tuple(
        settings.group(found.known, f"wifi-{band}", **(rights() | ({"typed": typed, "errors": errors} if f"wifi-{band}" == key else {})))
        for band in found.known.bands
    )
    facts = {band: found.known.readings(tuple(f"wifi.{band}.{leaf}" for leaf in panels.WIFI_FACTS)) for band in found.known.bands}
    return page(found, "wifi", "wifi", groups=groups, facts=facts, air=_air(found))


def shown(device_id: int, proposal: Proposal, tab: str, redrawn: bool = False) -> str:
    """The difference, as a page or inside the row it belongs to."""
    allowed(proposal)
    sealed = services().devices.seal(proposal)
    if is_fragment():
        return render_template("devices/_diff.html", proposal=proposal, sealed=sealed, tab=tab, redrawn=redrawn, device_id=device_id)
    return page(look(device_id), tab, "diff", proposal=proposal, sealed=sealed, redrawn=redrawn, device_id=device_id)


@bp.post("/<int:device_id>/apply")
@needs(Permission.WRITE_BASIC)
def apply(device_id: int) -> Page:
    """Write what was confirmed; if the device shows something else by now, the difference is drawn anew."""
    proposal = services().devices.opened(current_actor(), device_id, request.form.get("proposal", ""))
    allowed(proposal)
    try:
        operation_id = services().devices.apply(current_actor(), proposal, request.form.get("partial") == "yes")
    except Conflict:
        _head, known = services().devices.known(current_actor().tenant, device_id)
        if not stale(proposal, known):
            raise
        return shown(device_id, _anew(proposal, device_id), tab_to_return(), redrawn=True)
    flash(_("Being written.")) if not is_fragment() else None
    return answer(device_id, operation_id)


def allowed(proposal: Proposal) -> None:
    """Forbidden to who may not write this, or not against the rules."""
    require(proposal.permission)
    if proposal.override:
        require(Permission.OVERRIDE_RULES)


def _anew(proposal: Proposal, device_id: int) -> Proposal:
    """The same writes, against what the device shows now."""
    _head, known = services().devices.known(current_actor().tenant, device_id)
    return proposal.against(known, services().clock())
