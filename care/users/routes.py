"""Users: list, add, change, new password, let out and in again.

A password that was made up here is shown once, on the page that answers the request that made it: it never goes into a session or an
address.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from acs.errors import Invalid
from care.access import current_actor, current_user_view, needs
from care.security.permissions import Permission, Role
from care.security.views import UserView
from care.services import services
from care.users.forms import NewUserForm, UserForm, blame

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
            blame(form, error)
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
    return render_template("users/show.html", user=user, form=UserForm(name=user.name, role=user.role.value), myself=_is_me(user))


@bp.post("/users/<int:user_id>")
@needs(Permission.MANAGE_USERS)
def change(user_id: int) -> Page:
    user = services().security.user(current_user_view().tenant, user_id)
    form = UserForm()
    if not form.validate_on_submit():
        return render_template("users/show.html", user=user, form=form, myself=_is_me(user)), 422
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


def _is_me(user: UserView) -> bool:
    return user.id == current_user_view().id
