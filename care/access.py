"""Who makes this request, and may they: session cookie or API token in, identity out, and the decorators every route wears.

A route names its permission with `@needs(Permission.X)` or says `@public`; app.py refuses to start with one that does neither.
A page sends a stranger to the login page, the API answers 401; whoever is known but lacks the permission gets a 403 that says what is
missing and who gives it (care/problems.py). Where an `Authorization: Bearer` header is present the cookie does not count.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Flask, g, request
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf import CSRFProtect

from acs.audit import Actor
from acs.errors import Forbidden, HearthlineError
from care.security.permissions import Permission
from care.security.views import Identity, UserView
from care.services import Services

View = TypeVar("View", bound=Callable[..., Any])
_PERMISSION, _PUBLIC = "hearthline_permission", "hearthline_public"


class SignInNeeded(HearthlineError):
    """Nobody is known to make this request."""

    status = 401
    code = "sign_in_needed"


class MissingPermission(Forbidden):
    """Somebody is known, and lacks `permission`."""

    code = "missing_permission"

    def __init__(self, permission: Permission) -> None:
        super().__init__(f"This needs the permission {permission.value}.")
        self.permission = permission


class SignedIn(UserMixin):
    """What Flask-Login keeps of a session."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity

    def get_id(self) -> str:
        return self.identity.session_id


def needs(permission: Permission) -> Callable[[View], View]:
    """Only whoever has `permission` gets in. Goes directly under the route decorator."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            require(permission)
            return view(*args, **kwargs)

        setattr(checked, _PERMISSION, permission)
        return cast(View, checked)

    return decorate


def public(view: View) -> View:
    """Anybody gets in: the login page, static files."""
    setattr(view, _PUBLIC, True)
    return view


def require(permission: Permission) -> None:
    """The same check for a permission that depends on what is asked. SignInNeeded or MissingPermission."""
    identity = current_identity()
    if identity is None:
        raise SignInNeeded("Sign in first.")
    if not identity.user.may(permission):
        raise MissingPermission(permission)


def may(permission: Permission) -> bool:
    """For templates and services: whether to offer something."""
    identity = current_identity()
    return identity is not None and identity.user.may(permission)


def permission_of(view: Callable[..., Any]) -> Permission | None:
    return getattr(view, _PERMISSION, None)


def is_public(view: Callable[..., Any]) -> bool:
    return bool(getattr(view, _PUBLIC, False))


def current_identity() -> Identity | None:
    if bearer_token() is not None:
        return cast("Identity | None", g.get("bearer"))
    return cast(Identity, current_user.identity) if current_user and current_user.is_authenticated else None


def current_user_view() -> UserView:
    """The person of this request; only behind `@needs`."""
    identity = current_identity()
    if identity is None:
        raise SignInNeeded("Sign in first.")
    return identity.user


def current_actor() -> Actor:
    """Who the audit trail names for what this request changes."""
    identity = current_identity()
    if identity is None:
        raise SignInNeeded("Sign in first.")
    return Actor(identity.actor_name, identity.user.tenant, request.remote_addr or "")


def bearer_token() -> str | None:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def begin_session(identity: Identity) -> None:
    from flask import session

    session.clear()  # nothing a stranger planted survives signing in
    session.permanent = True
    login_user(SignedIn(identity))


def end_session() -> None:
    from flask import session

    logout_user()
    session.clear()


def guard(app: Flask, services: Services) -> None:
    """Install sessions, tokens and CSRF. A token is proof enough against forged requests; a cookie is not."""
    manager = LoginManager()
    manager.init_app(app)

    @manager.user_loader
    def _load(session_id: str) -> SignedIn | None:
        identity = services.security.by_session(session_id)
        return SignedIn(identity) if identity else None

    csrf = CSRFProtect()
    csrf.init_app(app)

    @app.before_request
    def _identify() -> None:
        token = bearer_token()
        if token is None:
            csrf.protect()
        else:
            g.bearer = services.security.by_token(token)


def assert_guarded(app: Flask) -> None:
    """RuntimeError if a route neither names a permission nor says that it is public: a programmer's mistake, found at start."""
    open_ones = [
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if permission_of(app.view_functions[rule.endpoint]) is None and not is_public(app.view_functions[rule.endpoint])
    ]
    if open_ones:
        raise RuntimeError(f"Routes without @needs or @public: {', '.join(sorted(open_ones))}")
