"""Hooks: list, editor with a try on a stored device, versions with what changed between them, publish, retire, switch."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.errors import Conflict, Invalid, NotFound
from acs.hooks.service import Tried
from care.access import current_actor, current_user_view, may, needs, require
from care.hooks import words
from care.hooks.forms import NewForm, SettingsForm
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("hooks", __name__, template_folder="templates", url_prefix="/hooks")
Page = str | Response | tuple[str, int]
_WORDS = {"kinds": words.KIND_WORDS, "states": words.STATE_WORDS, "version_states": words.VERSION_WORDS, "faults": words.FAULT_WORDS}


@bp.get("/")
@needs(Permission.VIEW_DEVICES)
def index() -> str:
    return render_template("hooks/index.html", hooks=services().hooks.listed(current_user_view().tenant), **_WORDS)


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.MANAGE_HOOKS)
def new() -> Page:
    form = NewForm()
    if form.validate_on_submit():
        try:
            if form.sees_secrets.data:
                require(Permission.VIEW_SECRETS)
            hook_id = services().hooks.create(
                current_actor(), form.name.data or "", form.kind.data, description=form.description.data or "",
                sees_secrets=bool(form.sees_secrets.data), time_ms=form.time_ms.data, memory_mb=form.memory_mb.data,
            )  # fmt: skip
        except (Invalid, Conflict) as error:
            field = form[getattr(error, "field", None) or "name"]
            field.errors = [*field.errors, str(error)]
        else:
            return redirect(url_for("hooks.show", hook_id=hook_id))
    return render_template("hooks/new.html", form=form), 422 if form.errors else 200


@bp.get("/<int:hook_id>")
@needs(Permission.VIEW_DEVICES)
def show(hook_id: int) -> str:
    return _show(hook_id, device=request.args.get("device", "")[:255])


def _show(hook_id: int, code: str | None = None, note: str = "", device: str = "", tried: Tried | None = None, error: str = "") -> str:
    shown = services().hooks.shown(current_user_view().tenant, hook_id)
    hook = shown.hook
    form = SettingsForm(
        formdata=None, description=hook.description, time_ms=hook.limits.time_ms, memory_mb=hook.limits.memory_mb, sees_secrets=hook.sees_secrets
    )
    return render_template(
        "hooks/show.html", hook=hook, versions=shown.versions, code=shown.code if code is None else code, note=note, device=device, tried=tried,
        error=error, form=form, is_changed=code is not None and code.replace("\r\n", "\n") != shown.code, **_WORDS,
    )  # fmt: skip


def _typed() -> dict[str, Any]:
    return {"code": request.form.get("code", ""), "note": request.form.get("note", "")[:300], "device": request.form.get("device", "").strip()[:255]}


@bp.post("/<int:hook_id>/draft")
@needs(Permission.MANAGE_HOOKS)
def save(hook_id: int) -> Page:
    typed = _typed()
    try:
        number = services().hooks.save(current_actor(), hook_id, typed["code"], typed["note"])
    except Invalid as error:
        return _show(hook_id, **typed, error=str(error)), 422
    flash(_("Version %(number)d is kept as a draft. Nothing runs it yet.", number=number))
    return redirect(url_for("hooks.show", hook_id=hook_id, device=typed["device"] or None))


@bp.post("/<int:hook_id>/try")
@needs(Permission.MANAGE_HOOKS)
def attempt(hook_id: int) -> Page:
    """What the code as typed says of a stored device; nothing is saved and nothing is sent."""
    typed = _typed()
    hook = services().hooks.get(current_user_view().tenant, hook_id)
    if hook.sees_secrets:
        require(Permission.VIEW_SECRETS)
    try:
        tried = services().hooks.attempt(current_user_view().tenant, hook_id, typed["code"], typed["device"])
    except (Invalid, NotFound, Conflict) as error:
        return _show(hook_id, **typed, error=str(error)), 422
    return _show(hook_id, **typed, tried=tried)


@bp.post("/<int:hook_id>/publish/<int:number>")
@needs(Permission.MANAGE_HOOKS)
def publish(hook_id: int, number: int) -> Page:
    try:
        services().hooks.publish(current_actor(), hook_id, number)
    except Invalid as error:
        return _show(hook_id, error=_("It was not published: %(reason)s", reason=str(error))), 422
    flash(_("Version %(number)d is published: it runs from now on.", number=number))
    return redirect(url_for("hooks.show", hook_id=hook_id))


@bp.post("/<int:hook_id>/retire")
@needs(Permission.MANAGE_HOOKS)
def retire(hook_id: int) -> Response:
    services().hooks.retire(current_actor(), hook_id)
    flash(_("Taken back: nothing of this hook runs any more."))
    return redirect(url_for("hooks.show", hook_id=hook_id))


@bp.post("/<int:hook_id>/switch")
@needs(Permission.MANAGE_HOOKS)
def switch(hook_id: int) -> Response:
    on = request.form.get("on") == "yes"
    services().hooks.switch(current_actor(), hook_id, on, request.form.get("reason", ""))
    flash(_("The hook is on.") if on else _("The hook is off."))
    return redirect(url_for("hooks.show", hook_id=hook_id))


@bp.post("/<int:hook_id>/settings")
@needs(Permission.MANAGE_HOOKS)
def settings(hook_id: int) -> Page:
    form = SettingsForm()
    if form.sees_secrets.data:
        require(Permission.VIEW_SECRETS)
    if not form.validate_on_submit():
        told = "; ".join(f"{form[name].label.text}: {' '.join(errors)}" for name, errors in form.errors.items() if name in form)
        return _show(hook_id, error=told), 422
    services().hooks.change(
        current_actor(), hook_id, description=form.description.data or "", sees_secrets=bool(form.sees_secrets.data), time_ms=form.time_ms.data,
        memory_mb=form.memory_mb.data,
    )  # fmt: skip
    flash(_("Saved."))
    return redirect(url_for("hooks.show", hook_id=hook_id))


@bp.post("/<int:hook_id>/delete")
@needs(Permission.MANAGE_HOOKS)
def remove(hook_id: int) -> Response:
    try:
        services().hooks.remove(current_actor(), hook_id)
    except Conflict as error:
        flash(str(error), "warn")
        return redirect(url_for("hooks.show", hook_id=hook_id))
    flash(_("The hook is deleted."))
    return redirect(url_for("hooks.index"))


@bp.get("/<int:hook_id>/versions/<int:number>")
@needs(Permission.VIEW_DEVICES)
def version(hook_id: int, number: int) -> str:
    """The code of a version, and what it changed."""
    tenant = current_user_view().tenant
    shown, found = services().hooks.shown(tenant, hook_id), services().hooks.version(tenant, hook_id, number)
    before = next((v.number for v in shown.versions if v.number < number), None)
    against = request.args.get("against", before, type=int)
    changes = services().hooks.difference(tenant, hook_id, against, number) if against else ()
    return render_template(
        "hooks/version.html", hook=shown.hook, version=found, against=against, changes=changes, versions=shown.versions,
        can_publish=may(Permission.MANAGE_HOOKS), **_WORDS,
    )  # fmt: skip
