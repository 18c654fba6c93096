"""Users, oneself, and one's own API tokens."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from care.access import current_actor, current_user_view, needs
from care.api.schemas import LIMIT, LIMIT_MAX, Ignoring, page, page_of
from care.security.permissions import PERMISSIONS, Permission, Role
from care.security.views import IssuedToken, TokenView, UserView
from care.services import services

bp = Blueprint("api-users", __name__, url_prefix="/api/v1", description="Users and API tokens")


class UserSchema(Schema):
    id = fields.Integer(dump_only=True)
    login = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.Enum(Role, by_value=True, required=True)
    active = fields.Boolean(dump_only=True)
    created_at = fields.DateTime(dump_only=True)
    last_login_at = fields.DateTime(dump_only=True, allow_none=True)
    locked_until = fields.DateTime(dump_only=True, allow_none=True)


class MeSchema(UserSchema):
    permissions = fields.List(fields.String())


class NewUserSchema(UserSchema):
    password = fields.String(load_default=None, load_only=True, validate=validate.Length(max=200), metadata={"description": "Else made up"})


class CreatedUserSchema(UserSchema):
    initial_password = fields.String(allow_none=True, metadata={"description": "Only if it was made up; shown this once"})


class UserChangesSchema(Schema):
    name = fields.String()
    role = fields.Enum(Role, by_value=True)
    active = fields.Boolean()


class UserQuery(Ignoring):
    limit = fields.Integer(load_default=LIMIT, validate=validate.Range(1, LIMIT_MAX))
    before = fields.String(load_default="", metadata={"description": "`next` of the page before; users are in order of login"})


class TokenSchema(Schema):
    id = fields.Integer(dump_only=True)
    name = fields.String(required=True, validate=validate.Length(1, 80))
    days = fields.Integer(load_only=True, load_default=None, allow_none=True, validate=validate.Range(1, 3650))
    created_at = fields.DateTime(dump_only=True)
    last_used_at = fields.DateTime(dump_only=True, allow_none=True)
    expires_at = fields.DateTime(dump_only=True, allow_none=True)
    revoked_at = fields.DateTime(dump_only=True, allow_none=True)


class IssuedTokenSchema(TokenSchema):
    secret = fields.String(metadata={"description": "Shown this once"})


def _me(user: UserView) -> dict[str, Any]:
    return {**_dict(user), "permissions": sorted(permission.value for permission in PERMISSIONS[user.role])}


def _dict(view: UserView | TokenView) -> dict[str, Any]:
    return {name: getattr(view, name) for name in type(view).__dataclass_fields__}


@bp.route("/me")
@needs(Permission.OWN_PROFILE)
@bp.response(200, MeSchema)
def me() -> dict[str, Any]:
    """Who this token or session is, and what it may do."""
    return _me(current_user_view())


@bp.route("/users")
@needs(Permission.MANAGE_USERS)
@bp.arguments(UserQuery, location="query")
@bp.response(200, page_of(UserSchema))
def listed(query: dict[str, Any]) -> dict[str, Any]:
    """People who may sign in."""
    found = services().security.users(current_user_view().tenant, query["before"], query["limit"] + 1)
    return page(found, query["limit"], key=lambda user: user.login)


@bp.route("/users", methods=["POST"])
@needs(Permission.MANAGE_USERS)
@bp.arguments(NewUserSchema)
@bp.response(201, CreatedUserSchema)
def create(given: dict[str, Any]) -> dict[str, Any]:
    """Let somebody sign in; a made-up password is told once."""
    user, made_up = services().security.create_user(current_actor(), given["login"], given["name"], given["role"], given["password"])
    return {**_dict(user), "initial_password": made_up}


@bp.route("/users/<int:user_id>", methods=["PATCH"])
@needs(Permission.MANAGE_USERS)
@bp.arguments(UserChangesSchema)
@bp.response(200, UserSchema)
def change(given: dict[str, Any], user_id: int) -> UserView:
    """Change a person's name, role or right to sign in."""
    return services().security.update_user(current_actor(), user_id, **given)


@bp.route("/tokens")
@needs(Permission.OWN_TOKENS)
@bp.response(200, page_of(TokenSchema))
def tokens() -> dict[str, Any]:
    """One's own tokens, all on one page."""
    mine = current_user_view()
    return {"items": services().security.tokens(mine.tenant, mine.id), "next": None}


@bp.route("/tokens", methods=["POST"])
@needs(Permission.OWN_TOKENS)
@bp.arguments(TokenSchema)
@bp.response(201, IssuedTokenSchema)
def issue(given: dict[str, Any]) -> dict[str, Any]:
    """Make an API token of one's own; its secret is told once."""
    issued: IssuedToken = services().security.issue_token(current_actor(), current_user_view().id, given["name"], given["days"])
    return {**_dict(issued.view), "secret": issued.secret}


@bp.route("/tokens/<int:token_id>", methods=["DELETE"])
@needs(Permission.OWN_TOKENS)
@bp.response(204)
def revoke(token_id: int) -> None:
    """End an API token of one's own."""
    services().security.revoke_token(current_actor(), current_user_view().id, token_id)
