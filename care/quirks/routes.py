"""The quirk registry: list by model, one entry with its evidence, set by hand, confirm, turn off, export, import with a preview."""

from itertools import groupby
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as AnyResponse

from acs.errors import Conflict, Invalid, TooLarge
from acs.provisioning.quirks import KNOBS, State
from acs.quirks import service as registry
from acs.quirks.views import QuirkView
from care.access import current_actor, current_user_view, needs
from care.quirks import words
from care.quirks.forms import ChangeForm, EntryForm, ImportForm
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("quirks", __name__, template_folder="templates", url_prefix="/quirks")
SHOWN = 1000
UPLOAD_MAX = 400_000
"""Bytes of a file the page takes: it comes back with the preview. Larger ones go by the command line or REST."""

Page = str | AnyResponse | tuple[str, int]


@bp.app_template_global()
def quirk_words(view: QuirkView) -> dict[str, Any]:
    """An entry in words: knob, sentence, state, origin, devices."""
    state, word = words.STATE_WORDS[view.state]
    return {
        "knob": str(words.KNOB_WORDS.get(view.knob, view.knob)), "says": words.sentence(view.knob, view.item, view.value), "state": state,
        "word": str(word), "origin": str(words.ORIGIN_WORDS[view.origin]), "scope": words.scope_words(*view.scope),
    }  # fmt: skip


@bp.get("/")
@needs(Permission.VIEW_DEVICES)
def index() -> str:
    q, state = request.args.get("q", "").strip()[:64], request.args.get("state", "")
    if state and state not in list(State):
        raise Invalid(_("State is one of %(states)s.", states=", ".join(State)), "state")
    found = services().quirks.listed(current_user_view().tenant, q, state=state, limit=SHOWN + 1)
    models = tuple((scope, tuple(rows)) for scope, rows in groupby(found[:SHOWN], key=lambda view: view.scope))
    return render_template(
        "quirks/index.html",
        models=models,
        more=len(found) > SHOWN,
        q=q,
        state=state,
        states=words.STATE_WORDS,
        scope_words=words.scope_words,
    )


@bp.get("/<int:quirk_id>")
@needs(Permission.VIEW_DEVICES)
def show(quirk_id: int) -> str:
    view = services().quirks.get(current_user_view().tenant, quirk_id)
    form = ChangeForm(formdata=None, data={"value": words.typed(view.knob, view.value), "note": view.note, "pinned": view.pinned})
    return _show(view, form)


def _show(view: QuirkView, form: ChangeForm) -> str:
    evidence = services().quirks.evidence(current_user_view().tenant, view.id)
    return render_template("quirks/show.html", view=view, form=form, evidence=evidence, knob=KNOBS[view.knob], sentence=words.sentence)


@bp.post("/<int:quirk_id>")
@needs(Permission.MANAGE_QUIRKS)
def change(quirk_id: int) -> Page:
    view = services().quirks.get(current_user_view().tenant, quirk_id)
    form = ChangeForm()
    if form.validate_on_submit():
        try:
            value = words.parsed(view.knob, form.value.data or "")
            services().quirks.change(current_actor(), quirk_id, {"value": value, "note": form.note.data or "", "pinned": form.pinned.data})
        except (ValueError, Invalid) as error:
            _blame(form, error)
        else:
            flash(_("Saved. Devices it is about are treated so from their next contact on."))
            return redirect(url_for("quirks.show", quirk_id=quirk_id))
    return _show(view, form), 422


def _blame(form: Any, error: Exception) -> None:
    name = getattr(error, "field", None)
    field = form[name if name in form else "value" if "value" in form else "file"]
    field.errors = [*field.errors, str(error)]


@bp.post("/<int:quirk_id>/state")
@needs(Permission.MANAGE_QUIRKS)
def set_state(quirk_id: int) -> AnyResponse:
    """Confirm a proposal, turn an entry off or on again."""
    view = services().quirks.change(current_actor(), quirk_id, {"state": request.form.get("state", "")})
    flash(
        _("It counts from the next contact of each device on.")
        if view.state == State.ACTIVE
        else _("Turned off: learning does not turn it on again.")
    )
    return redirect(url_for("quirks.show", quirk_id=quirk_id))


@bp.post("/<int:quirk_id>/remove")
@needs(Permission.MANAGE_QUIRKS)
def remove(quirk_id: int) -> AnyResponse:
    services().quirks.remove(current_actor(), quirk_id)
    flash(_("Removed, with its evidence. What is still so will be learned again."))
    return redirect(url_for("quirks.index"))


@bp.get("/new")
@needs(Permission.MANAGE_QUIRKS)
def new() -> str:
    given = {name: request.args.get(name, "") for name in ("oui", "product_class", "firmware")}
    return render_template("quirks/new.html", form=EntryForm(formdata=None, data={**given, "pinned": True}))


@bp.post("/new")
@needs(Permission.MANAGE_QUIRKS)
def add() -> Page:
    form = EntryForm()
    if form.validate_on_submit():
        given = {name: form[name].data or "" for name in ("oui", "product_class", "firmware", "knob", "item", "note")}
        try:
            value = words.parsed(given["knob"], form.value.data or "")
            view = services().quirks.add(current_actor(), {**given, "value": value, "pinned": form.pinned.data})
        except (ValueError, Invalid, Conflict) as error:
            _blame(form, error)
        else:
            flash(_("Set. Devices it is about are treated so from their next contact on."))
            return redirect(url_for("quirks.show", quirk_id=view.id))
    return render_template("quirks/new.html", form=form), 422


# ---- files ---------------------------------------------------------------------------------------------------


@bp.get("/export.toml")
@needs(Permission.VIEW_DEVICES)
def export() -> Response:
    text = services().quirks.export(current_user_view().tenant)
    return Response(text, mimetype="application/toml", headers={"Content-Disposition": 'attachment; filename="hearthline-quirks.toml"'})


@bp.get("/import")
@needs(Permission.MANAGE_QUIRKS)
def ask_import() -> Page:
    if request.args.get("field") == "yes":
        return _preview(registry.field_text())
    return render_template("quirks/import.html", form=ImportForm(formdata=None), changes=None, text="")


@bp.post("/import")
@needs(Permission.MANAGE_QUIRKS)
def preview() -> Page:
    """What a file would do; nothing is done yet."""
    form = ImportForm()
    file = form.file.data
    content = file.read(UPLOAD_MAX + 1) if file else b""
    try:
        if not content:
            raise Invalid(_("Choose a file that was exported before."), "file")
        if len(content) > UPLOAD_MAX:
            raise TooLarge(
                _("The page takes files up to %(size)s KB; larger ones go by `hearthline quirks import`.", size=UPLOAD_MAX // 1000)
            )
        return _preview(content.decode("utf-8"))
    except UnicodeDecodeError:
        _blame(form, Invalid(_("The file is no text.")))
    except (Invalid, TooLarge) as error:
        _blame(form, error)
    return render_template("quirks/import.html", form=form, changes=None, text=""), 422


def _preview(text: str) -> str:
    changes = services().quirks.preview(current_user_view().tenant, text)
    counts = {what: sum(one.what == what for one in changes) for what in ("new", "differs", "same")}
    return render_template(
        "quirks/import.html", form=ImportForm(formdata=None), changes=changes, text=text, counts=counts, sentence=words.sentence,
        scope_words=words.scope_words, knob_words=words.KNOB_WORDS,
    )  # fmt: skip


@bp.post("/import/apply")
@needs(Permission.MANAGE_QUIRKS)
def apply_import() -> AnyResponse:
    done = services().quirks.import_(current_actor(), request.form.get("text", ""), request.form.get("overwrite") == "yes")
    taken = sum(one.what == "new" or (one.what == "differs" and request.form.get("overwrite") == "yes") for one in done)
    flash(ngettext("%(num)d entry was taken in.", "%(num)d entries were taken in.", taken))
    return redirect(url_for("quirks.index"))


# ---- on the device page --------------------------------------------------------------------------------------


@bp.get("/device/<int:device_id>")
@needs(Permission.VIEW_DEVICES)
def device(device_id: int) -> str:
    """What holds for one device: the card of its page, and a page of its own without script."""
    knows = services().quirks.of_device(current_user_view().tenant, device_id)
    active = tuple(view for view in knows.entries if view.state == State.ACTIVE)
    told = {(view.knob, view.item) for view in active}
    off = {(view.knob, view.item) for view in knows.entries if view.state == State.OFF}
    own = tuple(seen for seen in knows.own if (seen.knob, seen.item) not in told | off)
    template = "quirks/_card.html" if request.headers.get("HX-Request") else "quirks/device.html"
    return render_template(template, active=active, own=own, sentence=words.sentence, knob_words=words.KNOB_WORDS, device_id=device_id)
