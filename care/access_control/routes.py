"""Pages of who may connect: refused lately, strangers, block rules, certificates, identity alarms. What is one device's is in device.py."""

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from acs.access.views import Reason
from acs.devices.views import AlarmState
from acs.errors import Conflict, Invalid
from acs.provisioning.plan import Trust
from care.access import current_actor, current_user_view, may, needs
from care.access_control import words
from care.access_control.forms import BlockForm, CertificateForm
from care.paging import key_argument
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("access_control", __name__, template_folder="templates", url_prefix="/access")
PER_PAGE = 50


@bp.context_processor
def _parts() -> dict[str, Any]:
    return {"w": words, "access_tabs": tabs_of}


def tabs_of(current: str) -> list[tuple[str, str, bool, Any]]:
    """Parts of this area the reader may see."""
    named = [
        ("access_control.index", _("Refused lately"), Permission.VIEW_ACCESS),
        ("access_control.waiting", _("Strangers"), Permission.ADMIT_DEVICE),
        ("onboarding.index", _("Onboarding rules"), Permission.ADMIT_DEVICE),
        ("access_control.blocks", _("Block list"), Permission.VIEW_ACCESS),
        ("access_control.certificates", _("Certificates"), Permission.VIEW_ACCESS),
        ("access_control.alarms", _("Identity alarms"), Permission.VIEW_ACCESS),
    ]
    return [(word, url_for(endpoint), endpoint == current, None) for endpoint, word, needed in named if may(needed)]


# ---- refused lately ------------------------------------------------------------------------------------------------


@bp.get("/")
@needs(Permission.VIEW_ACCESS)
def index() -> str:
    q, reason = request.args.get("q", "").strip()[:120], request.args.get("reason", "")
    reason = reason if reason in set(Reason) else ""
    found = services().access.lately(current_user_view().tenant, q, reason, _instant(request.args.get("before", "")), PER_PAGE + 1)
    rows = found.rows[:PER_PAGE]
    return render_template(
        "access_control/index.html", rows=rows, found=found, q=q, reason=reason, first="before" not in request.args,
        later=rows[-1].last_at.isoformat() if len(found.rows) > PER_PAGE else None, doors=services().access.doors(),
    )  # fmt: skip


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


# ---- strangers -----------------------------------------------------------------------------------------------------


@bp.get("/waiting")
@needs(Permission.ADMIT_DEVICE)
def waiting() -> str:
    q, model, after = request.args.get("q", "").strip()[:120], request.args.get("model", "").strip()[:64], key_argument("after")
    found = services().access.waiting(current_user_view().tenant, q, model, after, PER_PAGE + 1)
    rows = found[:PER_PAGE]
    return render_template(
        "access_control/waiting.html", rows=rows, q=q, model=model, first=after is None, later=rows[-1].id if len(found) > PER_PAGE else None,
        doors=services().access.doors(),
    )  # fmt: skip


@bp.post("/waiting")
@needs(Permission.ADMIT_DEVICE)
def decide() -> Response | str | tuple[str, int]:
    """First a preview: who is meant; then, confirmed, the same ones are let in or blocked."""
    trust = request.form.get("trust", "")
    if trust not in (Trust.ADMITTED, Trust.BLOCKED):
        raise Invalid(_("A stranger is admitted or blocked."), "trust")
    ids = [int(text) for text in request.form.getlist("device") if text.isdecimal() and len(text) < 19]
    chosen = services().access.chosen(current_user_view().tenant, ids)
    if not chosen:
        flash(_("Nobody was chosen: tick the devices first."), "warn")
        return redirect(url_for("access_control.waiting"))
    if request.form.get("confirmed") != "yes":
        return render_template("access_control/decide.html", chosen=chosen, trust=trust, gone=len(set(ids)) - len(chosen))
    count = services().access.set_trust(current_actor(), [row.id for row in chosen], Trust(trust))
    if trust == Trust.ADMITTED:
        flash(
            ngettext(
                "%(num)d device is admitted. It is read at its next contact.",
                "%(num)d devices are admitted. They are read at their next contacts.",
                count,
            )
        )
    else:
        flash(ngettext("%(num)d device is blocked.", "%(num)d devices are blocked.", count))
    return redirect(url_for("access_control.waiting"))


# ---- block list ----------------------------------------------------------------------------------------------------


@bp.get("/blocks")
@needs(Permission.VIEW_ACCESS)
def blocks() -> str:
    """`network` and `serial` in the address fill the form: the way here from a refusal."""
    form = BlockForm(formdata=None, network=request.args.get("network", ""), serial_pattern=request.args.get("serial", ""))
    return _blocks(form)


def _blocks(form: BlockForm, **more: Any) -> str:
    now = services().clock()
    return render_template(
        "access_control/blocks.html", rules=services().access.blocks(current_user_view().tenant), form=form, now=now, **more
    )


@bp.post("/blocks")
@needs(Permission.MANAGE_ACCESS)
def add_block() -> Response | str | tuple[str, int]:
    """First what the rule would hit, then the rule."""
    form = BlockForm()
    given = {
        name: str(form[name].data or "") for name in ("network", "oui", "product_class", "serial_pattern", "firmware", "action", "reason")
    }
    if form.validate_on_submit():
        try:
            if request.form.get("confirmed") != "yes":
                rule, fitting = services().access.draft(current_actor(), given, form.days.data or 0)
                return _blocks(form, draft=rule, fitting=fitting)
            services().access.add_block(current_actor(), given, form.days.data or 0)
        except (Invalid, Conflict) as error:
            _blame(form, error, "network")
        else:
            flash(_("The rule is in force. Workers know it within seconds."))
            return redirect(url_for("access_control.blocks"))
    return _blocks(form), 422


def _blame(form: Any, error: Exception, otherwise: str) -> None:
    name = getattr(error, "field", None) or otherwise
    field = form[name if name in form else otherwise]
    field.errors = [*field.errors, str(error)]


@bp.post("/blocks/<int:rule_id>/remove")
@needs(Permission.MANAGE_ACCESS)
def remove_block(rule_id: int) -> Response:
    services().access.remove_block(current_actor(), rule_id)
    flash(_("The rule is gone. Devices it kept out are let in again as before."))
    return redirect(url_for("access_control.blocks"))


# ---- certificates --------------------------------------------------------------------------------------------------


@bp.get("/certificates")
@needs(Permission.VIEW_ACCESS)
def certificates() -> str:
    return _certificates(CertificateForm(formdata=None))


def _certificates(form: CertificateForm) -> str:
    access = services().access
    return render_template(
        "access_control/certificates.html", entries=access.certificates(current_user_view().tenant), form=form, doors=access.doors()
    )


@bp.post("/certificates")
@needs(Permission.MANAGE_ACCESS)
def add_certificate() -> Response | tuple[str, int]:
    form = CertificateForm()
    if form.validate_on_submit():
        given = {
            name: str(form[name].data or "") for name in ("kind", "fingerprint", "subject", "device_key", "oui", "product_class", "note")
        }
        try:
            services().access.add_certificate(current_actor(), given)
        except (Invalid, Conflict) as error:
            _blame(form, error, "fingerprint")
        else:
            flash(_("The certificate is registered."))
            return redirect(url_for("access_control.certificates"))
    return _certificates(form), 422


@bp.post("/certificates/<int:rule_id>/remove")
@needs(Permission.MANAGE_ACCESS)
def remove_certificate(rule_id: int) -> Response:
    services().access.remove_certificate(current_actor(), rule_id)
    flash(_("The entry is gone. What the certificate says of itself counts again."))
    return redirect(url_for("access_control.certificates"))


# ---- identity alarms -----------------------------------------------------------------------------------------------


@bp.get("/alarms")
@needs(Permission.VIEW_ACCESS)
def alarms() -> str:
    everything, before = request.args.get("all") == "yes", key_argument()
    found = services().access.alarms(current_user_view().tenant, not everything, before, PER_PAGE + 1)
    rows = found[:PER_PAGE]
    return render_template(
        "access_control/alarms.html",
        rows=rows,
        everything=everything,
        first=before is None,
        later=rows[-1].id if len(found) > PER_PAGE else None,
    )


@bp.post("/alarms/<int:alarm_id>")
@needs(Permission.MERGE_DEVICES)
def settle(alarm_id: int) -> Response:
    wanted = request.form.get("state", "")
    if wanted not in set(AlarmState):
        raise Invalid(_("An alarm is settled, as it should be, or to look at."), "state")
    try:
        device_id = services().access.settle(current_actor(), alarm_id, AlarmState(wanted), request.form.get("note", ""))
    except Invalid as error:
        flash(str(error), "warn")
        return redirect(url_for("access_control.alarms"))
    flash(_("The alarm is noted."))
    if request.form.get("back") == "device":
        return redirect(url_for("devices.identity", device_id=device_id))
    return redirect(url_for("access_control.alarms"))
