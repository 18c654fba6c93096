"""Sign in, sign out, first page."""

from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from acs.errors import HearthlineError
from care.access import begin_session, current_identity, end_session, needs, public
from care.limits import LOGIN_TRIES, limiter
from care.navigation import first_page
from care.security.permissions import Permission
from care.services import services
from care.signin.forms import LoginForm

bp = Blueprint("signin", __name__, template_folder="templates")


@bp.get("/")
@needs(Permission.OWN_PROFILE)
def home() -> Response:
    return redirect(first_page())


@bp.get("/login")
@public
def login() -> str | Response:
    if current_identity() is not None:
        return redirect(url_for("signin.home"))
    return render_template("signin/login.html", form=LoginForm(next=request.args.get("next", "")), problem="")


@bp.post("/login")
@public
@limiter.limit(LOGIN_TRIES, deduct_when=lambda response: response.status_code != 302)
def sign_in() -> str | Response | tuple[str, int]:
    form = LoginForm()
    if not form.validate_on_submit():
        return render_template("signin/login.html", form=form, problem=""), 422
    try:
        identity = services().security.authenticate(form.login.data or "", form.password.data or "", request.remote_addr or "")
    except HearthlineError as error:
        return render_template("signin/login.html", form=form, problem=str(error)), error.status
    begin_session(identity)
    return redirect(safe_target(form.next.data or ""))


@bp.post("/logout")
@needs(Permission.OWN_PROFILE)
def logout() -> Response:
    end_session()
    return redirect(url_for("signin.login"))


def safe_target(target: str) -> str:
    """A place of ours to go on to; the home page for everything else, so that a link to us never leads away."""
    parts = urlsplit(target)
    ours = target.startswith("/") and not target.startswith("//") and "\\" not in target and not parts.scheme and not parts.netloc
    return target if ours and all(ord(sign) >= 32 for sign in target) else url_for("signin.home")
