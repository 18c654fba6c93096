"""Everything that was refused or broke, told in one place: as a page, as a fragment for htmx, or as JSON for the API.

Services raise acs.errors; werkzeug raises HTTP errors; whatever else is raised becomes a 500 with a reference number that is in the log.
JSON: {"code", "message", "field"}.
"""

import secrets
from typing import Any

from flask import Flask, Response, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from acs import log
from acs.errors import HearthlineError
from care.access import MissingPermission, SignInNeeded, current_identity
from care.security.permissions import PERMISSION_WORDS, ROLE_WORDS, roles_with
from care.services import services

_log = log.get("care")

CODES = {404: "not_found", 405: "wrong_method", 429: "too_many"}


def wants_json() -> bool:
    return request.path.startswith("/api/")


def is_fragment() -> bool:
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def install(app: Flask) -> None:
    app.register_error_handler(HearthlineError, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _broken)


def tell(
    status: int, code: str, title: str, message: str, *, field: str | None = None, reference: str = "", hints: tuple[str, ...] = ()
) -> Response:
    """The answer that tells of a problem, in the form the caller reads."""
    if wants_json():
        response = jsonify({"code": code, "message": message, "field": field, **({"reference": reference} if reference else {})})
    else:
        page = "_problem.html" if is_fragment() else "problem.html"
        text = render_template(page, status=status, title=title, message=message, hints=hints, reference=reference)
        response = Response(text, mimetype="text/html")
        if is_fragment():  # never where the fragment was to go
            response.headers["HX-Retarget"] = "#problems"
            response.headers["HX-Reswap"] = "innerHTML"
    response.status_code = status
    return response


def _refused(error: HearthlineError) -> AnyResponse:
    if isinstance(error, SignInNeeded):
        return _sign_in_first()
    if isinstance(error, MissingPermission):
        return _missing(error)
    return tell(error.status, error.code, _title(error.status), str(error), field=getattr(error, "field", None))


def _sign_in_first() -> AnyResponse:
    if wants_json():
        response = tell(401, SignInNeeded.code, "", _("Sign in, or send an API token as Authorization: Bearer."))
        response.headers["WWW-Authenticate"] = 'Bearer realm="hearthline"'
        return response
    target = url_for("signin.login", next=request.full_path.rstrip("?") if request.method == "GET" and not is_fragment() else None)
    if is_fragment():  # htmx would put the login page inside the card
        return Response("", 401, {"HX-Redirect": url_for("signin.login")})
    return redirect(target)


def _missing(error: MissingPermission) -> Response:
    what = str(PERMISSION_WORDS[error.permission])
    roles = ", ".join(str(ROLE_WORDS[role]) for role in roles_with(error.permission))
    message = _("Your role may not %(what)s. Roles that may: %(roles)s.", what=what, roles=roles)
    identity = current_identity()
    names = services().security.administrators(identity.user.tenant) if identity else ()
    hints = (_("Roles are given by: %(names)s.", names=", ".join(names)),) if names else ()
    return tell(403, error.code, _("You may not do this"), message, hints=hints)


def _http(error: HTTPException) -> AnyResponse:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    if isinstance(error, CSRFError):
        text = _("This form is too old, or did not come from this page. Nothing was changed. Load the page again and repeat.")
        return tell(400, "csrf", _("The form was not accepted"), text)
    if isinstance(error, RequestEntityTooLarge):
        return tell(413, "too_large", _title(413), _("What was sent is larger than allowed here."))
    found: Any = getattr(error, "data", None) or {}
    messages = found.get("messages")
    if messages:  # marshmallow's, by place and field
        field, text = _first(messages)
        return tell(status, "invalid", _title(status), text, field=field)
    response = tell(status, CODES.get(status, "refused"), _title(status), _words(error, status))
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def _broken(error: Exception) -> Response:
    reference = secrets.token_hex(4)
    _log.error("request failed", reference=reference, method=request.method, path=request.path, exc_info=error)
    try:
        message = _("Something broke on our side. Whether anything was changed is in the log under this reference.")
        return tell(500, "broken", _("This did not work"), message, reference=reference)
    except Exception as second:  # the shell itself, or the database it asks who reads
        _log.error("problem page failed", reference=reference, exc_info=second)
        return Response(f"Something broke on our side. It is in the log as {reference}.\n", 500, mimetype="text/plain")


def _title(status: int) -> str:
    match status:
        case 404:
            return _("Not found")
        case 409:
            return _("Not possible now")
        case 413:
            return _("Too large")
        case 422:
            return _("A value does not fit")
        case 429:
            return _("Too many attempts")
        case _:
            return _("Refused")


def _words(error: HTTPException, status: int) -> str:
    match status:
        case 404:
            return _("There is nothing at %(path)s.", path=request.path)
        case 405:
            return _("%(method)s is not possible at %(path)s.", method=request.method, path=request.path)
        case 429:
            return _("Too many attempts from your address. Wait a minute.")
        case _:
            return error.description or error.name


def _first(messages: Any) -> tuple[str | None, str]:
    """The first field and sentence of marshmallow's nested messages: {"json": {"login": ["Missing data."]}}."""
    path: list[str] = []
    while isinstance(messages, dict) and messages:
        key, messages = next(iter(messages.items()))
        if key not in ("json", "query", "form", "files", "_schema"):
            path.append(str(key))
    text = messages[0] if isinstance(messages, list) and messages else messages
    return (".".join(path) or None), str(text)
