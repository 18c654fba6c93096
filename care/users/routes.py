"""Users: list, add, change, new password, let out and in again. Profile: language, density, theme, password, tokens.

A password or token that was made up here is shown once, on the page that answers the request that made it: it never goes into a
session or an address.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from acs.errors import Invalid
from care.access import begin_session, current_actor, current_user_view, needs
from care.security.permissions import Permission, Role
from care.security.views import Density, Theme, UserView
from care.services import services
from care.signin.routes import safe_target
from care.users.forms import NewUserForm, PasswordForm, PreferencesForm, TokenForm, UserForm

bp = Blueprint("users", __name__, template_folder="templates")
Page = str | Response | tuple[str, int]
PER_PAGE = 100


@bp.get("/users/")
@needs(Permission.MANAGE_USERS)
def index() -> Page:
    tenant = current_user_view().tenant
    found = services().security.users(tenant, request.args.get("after", ""), PER_PAGE + 1)
    return render_template("users/index.html", users=found[:PER_PAGE], more=len(found) > PER_PAGE, first=not request.args.get("after"))


@bp.get("/users/new")
@needs(Permission.MANAGE_USERS)
def new() -> Page:
    return render_template("users/new.html", form=NewUserForm())


@bp.post("/users/new")
@needs(Permission.MANAGE_USERS)
def create() -> Page:
    form = NewUserForm()
    if form.validate_on_submit():
        try:
            user, made_up = services().security.create_user(
                current_actor(), form.login.data or "", form.name.data or "", Role(form.role.data), form.password.data or None
            )
        except Invalid as error:
            _blame(form, error)
        else:
            if made_up is not None:
                return render_template("users/secret.html", user=user, secret=made_up)
            flash(_("%(name)s may sign in now.", name=user.name))
            return redirect(url_for("users.index"))
    return render_template("users/new.html", form=form), 422


@bp.get("/users/<int:user_id>")
@needs(Permission.MANAGE_USERS)
def show(user_id: int) -> Page:
    user = services().security.user(current_user_view().tenant, user_id)
    return render_template("users/show.html", user=user, form=UserForm(name=user.name, role=user.role.value), self=_is_me(user))


@bp.post("/users/<int:user_id>")
@needs(Permission.MANAGE_USERS)
def change(user_id: int) -> Page:
    user = services().security.user(current_user_view().tenant, user_id)
    form = UserForm()
    if not form.validate_on_submit():
        return render_template("users/show.html", user=user, form=form, self=_is_me(user)), 422
    user = services().security.update_user(current_actor(), user_id, form.name.data, Role(form.role.data))
    flash(_("%(name)s is saved.", name=user.name))
    return redirect(url_for("users.show", user_id=user_id))


@bp.post("/users/<int:user_id>/password")
@needs(Permission.MANAGE_USERS)
def reset_password(user_id: int) -> Page:
    secret = services().security.reset_password(current_actor(), user_id)
    return render_template("users/secret.html", user=services().security.user(current_user_view().tenant, user_id), secret=secret)


@bp.post("/users/<int:user_id>/active")
@needs(Permission.MANAGE_USERS)
def set_active(user_id: int) -> Page:
    active = request.form.get("active") == "yes"
    user = services().security.update_user(current_actor(), user_id, active=active)
    flash(_("%(name)s may sign in again.", name=user.name) if active else _("%(name)s may no longer sign in.", name=user.name))
    return redirect(url_for("users.show", user_id=user_id))


# ---- oneself -----------------------------------------------------------------------------------------------------


@bp.get("/profile/")
@needs(Permission.OWN_PROFILE)
def profile() -> Page:
    return _profile()


@bp.post("/profile/preferences")
@needs(Permission.OWN_PROFILE)
def set_preferences() -> Page:
    form = PreferencesForm()
    if not form.validate_on_submit():
        return _profile(preferences=form), 422
    me = current_user_view()
    services().security.set_preferences(current_actor(), me.id, locale=form.locale.data, density=Density(form.density.data))
    flash(_("Saved."))
    return redirect(url_for("users.profile"))


@bp.post("/profile/theme")
@needs(Permission.OWN_PROFILE)
def set_theme() -> Page:
    theme = request.form.get("theme", "")
    if theme not in list(Theme):
        raise Invalid(_("The theme is light, dark or system."), "theme")
    services().security.set_preferences(current_actor(), current_user_view().id, theme=Theme(theme))
    return redirect(safe_target(request.form.get("next", "")))


@bp.post("/profile/password")
@needs(Permission.OWN_PROFILE)
def change_password() -> Page:
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            me = current_user_view()
            identity = services().security.change_password(current_actor(), me.id, form.old.data or "", form.password.data or "")
        except Invalid as error:
            _blame(form, error)
        else:
            begin_session(identity)  # the stamp changed: this session goes on, all others end
            flash(_("Your password is changed. Other browsers are signed out."))
            return redirect(url_for("users.profile"))
    return _profile(password=form), 422


@bp.post("/profile/tokens")
@needs(Permission.OWN_TOKENS)
def issue_token() -> Page:
    form = TokenForm()
    if not form.validate_on_submit():
        return _profile(token=form), 422
    issued = services().security.issue_token(current_actor(), current_user_view().id, form.name.data or "", form.days.data)
    return render_template("users/token.html", token=issued.view, secret=issued.secret)


@bp.post("/profile/tokens/<int:token_id>/revoke")
@needs(Permission.OWN_TOKENS)
def revoke_token(token_id: int) -> Page:
    services().security.revoke_token(current_actor(), current_user_view().id, token_id)
    flash(_("The token is revoked."))
    return redirect(url_for("users.profile"))


def _profile(preferences: PreferencesForm | None = None, password: PasswordForm | None = None, token: TokenForm | None = None) -> str:
    me = current_user_view()
    return render_template(
        "users/profile.html",
        preferences=preferences or PreferencesForm(formdata=None, locale=me.locale, density=me.density.value),
        password=password or PasswordForm(formdata=None),
        token=token or TokenForm(formdata=None, days=365),
        tokens=services().security.tokens(me.tenant, me.id),
    )


def _is_me(user: UserView) -> bool:
    return user.id == current_user_view().id


def _blame(form: FlaskForm, error: Invalid) -> None:
    """Put the service's sentence beside the field it is about."""
    field = form[error.field] if error.field and error.field in form else next(iter(form))
    field.errors = [*field.errors, str(error)]
