"""Oneself: language, density, theme, password, API tokens. A token is shown once, on the page that answers the request that made it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.errors import Invalid
from care.access import begin_session, current_actor, current_user_view, needs
from care.security.permissions import Permission
from care.security.views import Density, Theme
from care.services import services
from care.signin.routes import safe_target
from care.users.forms import PasswordForm, PreferencesForm, TokenForm, blame

bp = Blueprint("profile", __name__, template_folder="templates", url_prefix="/profile")
Page = str | Response | tuple[str, int]


@bp.get("/")
@needs(Permission.OWN_PROFILE)
def show() -> Page:
    return _profile()


@bp.post("/preferences")
@needs(Permission.OWN_PROFILE)
def set_preferences() -> Page:
    form = PreferencesForm()
    if not form.validate_on_submit():
        return _profile(preferences=form), 422
    me = current_user_view()
    services().security.set_preferences(current_actor(), me.id, locale=form.locale.data, density=Density(form.density.data))
    flash(_("Saved."))
    return redirect(url_for("profile.show"))


@bp.post("/theme")
@needs(Permission.OWN_PROFILE)
def set_theme() -> Page:
    theme = request.form.get("theme", "")
    if theme not in list(Theme):
        raise Invalid(_("The theme is light, dark or system."), "theme")
    services().security.set_preferences(current_actor(), current_user_view().id, theme=Theme(theme))
    return redirect(safe_target(request.form.get("next", "")))


@bp.post("/password")
@needs(Permission.OWN_PROFILE)
def change_password() -> Page:
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            me = current_user_view()
            identity = services().security.change_password(current_actor(), me.id, form.old.data or "", form.password.data or "")
        except Invalid as error:
            blame(form, error)
        else:
            begin_session(identity)  # the stamp changed: this session goes on, all others end
            flash(_("Your password is changed. Other browsers are signed out."))
            return redirect(url_for("profile.show"))
    return _profile(password=form), 422


@bp.post("/tokens")
@needs(Permission.OWN_TOKENS)
def issue_token() -> Page:
    form = TokenForm()
    if not form.validate_on_submit():
        return _profile(token=form), 422
    issued = services().security.issue_token(current_actor(), current_user_view().id, form.name.data or "", form.days.data)
    return render_template("users/token.html", token=issued.view, secret=issued.secret)


@bp.post("/tokens/<int:token_id>/revoke")
@needs(Permission.OWN_TOKENS)
def revoke_token(token_id: int) -> Page:
    services().security.revoke_token(current_actor(), current_user_view().id, token_id)
    flash(_("The token is revoked."))
    return redirect(url_for("profile.show"))


def _profile(preferences: PreferencesForm | None = None, password: PasswordForm | None = None, token: TokenForm | None = None) -> str:
    me = current_user_view()
    return render_template(
        "users/profile.html",
        preferences=preferences or PreferencesForm(formdata=None, locale=me.locale, density=me.density.value),
        password=password or PasswordForm(formdata=None),
        token=token or TokenForm(formdata=None, days=365),
        tokens=services().security.tokens(me.tenant, me.id),
    )
