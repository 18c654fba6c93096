"""Hooks: their code in versions, what it says of a stored device, publishing and switching."""

from dataclasses import asdict
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from acs.hooks.service import MEMORY_MB, TIME_MS, HookView, Tried, VersionView
from acs.hooks.views import HookKind, HookState, VersionState
from care.access import current_actor, current_user_view, needs, require
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("api-hooks", __name__, url_prefix="/api/v1/hooks", description="JavaScript for what profiles cannot say")


class LimitsSchema(Schema):
    time_ms = fields.Integer(metadata={"description": "Processor time for one device"})
    memory_mb = fields.Integer()
    output = fields.Integer(metadata={"description": "Bytes its answer may have"})


class HookSchema(Schema):
    id = fields.Integer()
    name = fields.String()
    kind = fields.String(validate=validate.OneOf(list(HookKind)))
    description = fields.String()
    sees_secrets = fields.Boolean()
    limits = fields.Nested(LimitsSchema)
    state = fields.String(validate=validate.OneOf(list(HookState)), metadata={"description": "failed: it switched itself off"})
    off_reason = fields.String()
    off_at = fields.DateTime(allow_none=True)
    published = fields.Integer(allow_none=True, metadata={"description": "Number of the version that runs"})
    draft = fields.Integer(allow_none=True)
    runs = fields.Integer()
    failures = fields.Integer()
    in_a_row = fields.Integer(metadata={"description": "Failures one after the other at the end"})
    last_error = fields.String()
    last_failed_at = fields.DateTime(allow_none=True)
    last_run_at = fields.DateTime(allow_none=True)
    created_at = fields.DateTime()
    created_by = fields.String()


class HookListSchema(Schema):
    items = fields.List(fields.Nested(HookSchema))


class NewHookSchema(Schema):
    name = fields.String(required=True)
    kind = fields.String(load_default=HookKind.VALUES.value, validate=validate.OneOf(list(HookKind)))
    description = fields.String(load_default="", validate=validate.Length(max=300))
    code = fields.String(load_default="")
    sees_secrets = fields.Boolean(load_default=False)
    time_ms = fields.Integer(load_default=100, validate=validate.Range(*TIME_MS))
    memory_mb = fields.Integer(load_default=16, validate=validate.Range(*MEMORY_MB))


class HookChangeSchema(Schema):
    description = fields.String(validate=validate.Length(max=300))
    sees_secrets = fields.Boolean()
    time_ms = fields.Integer(validate=validate.Range(*TIME_MS))
    memory_mb = fields.Integer(validate=validate.Range(*MEMORY_MB))
    on = fields.Boolean(metadata={"description": "Switch it on or off"})
    reason = fields.String(load_default="", validate=validate.Length(max=300))


class VersionSchema(Schema):
    number = fields.Integer()
    state = fields.String(validate=validate.OneOf(list(VersionState)))
    code = fields.String()
    note = fields.String()
    created_at = fields.DateTime()
    created_by = fields.String()
    published_at = fields.DateTime(allow_none=True)
    published_by = fields.String()
    retired_at = fields.DateTime(allow_none=True)


class VersionListSchema(Schema):
    items = fields.List(fields.Nested(VersionSchema))


class DraftSchema(Schema):
    code = fields.String(required=True)
    note = fields.String(load_default="", validate=validate.Length(max=300))


class TrySchema(Schema):
    device = fields.String(required=True, metadata={"description": "Number, serial number or key of a stored device"})
    code = fields.String(load_default=None, allow_none=True, metadata={"description": "Empty: the draft, or what is published"})


class CheckedSchema(Schema):
    name = fields.String()
    value = fields.Raw()
    problem = fields.String(metadata={"description": "The rule it breaks; empty where it can be written"})


class HookVerdictSchema(Schema):
    ok = fields.Boolean()
    reason = fields.String()
    facts = fields.Dict(keys=fields.String(), values=fields.Raw())


class TriedSchema(Schema):
    facts = fields.Dict(keys=fields.String(), values=fields.Raw(), metadata={"description": "What it was told"})
    values = fields.List(fields.Nested(CheckedSchema))
    verdict = fields.Nested(HookVerdictSchema, allow_none=True)
    fault = fields.String(allow_none=True)
    told = fields.String()
    line = fields.Integer(allow_none=True)
    logs = fields.List(fields.String())
    took_ms = fields.Float()


@bp.route("")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, HookListSchema)
def listed() -> dict[str, Any]:
    """By name."""
    return {"items": services().hooks.listed(current_user_view().tenant)}


@bp.route("", methods=["POST"])
@needs(Permission.MANAGE_HOOKS)
@bp.arguments(NewHookSchema)
@bp.response(201, HookSchema)
def create(given: dict[str, Any]) -> HookView:
    """A hook with its first draft."""
    if given["sees_secrets"]:
        require(Permission.VIEW_SECRETS)
    return services().hooks.get(current_user_view().tenant, services().hooks.create(current_actor(), given.pop("name"), given.pop("kind"), **given))


@bp.route("/<int:hook_id>")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, HookSchema)
def show(hook_id: int) -> HookView:
    """One hook."""
    return services().hooks.get(current_user_view().tenant, hook_id)


@bp.route("/<int:hook_id>", methods=["PATCH"])
@needs(Permission.MANAGE_HOOKS)
@bp.arguments(HookChangeSchema)
@bp.response(200, HookSchema)
def change(given: dict[str, Any], hook_id: int) -> HookView:
    """Its limits, what it may see, on or off."""
    on, reason = given.pop("on", None), given.pop("reason")
    if given.get("sees_secrets"):
        require(Permission.VIEW_SECRETS)
    if given:
        services().hooks.change(current_actor(), hook_id, **given)
    if on is not None:
        services().hooks.switch(current_actor(), hook_id, on, reason)
    return services().hooks.get(current_user_view().tenant, hook_id)


@bp.route("/<int:hook_id>", methods=["DELETE"])
@needs(Permission.MANAGE_HOOKS)
@bp.response(204)
def remove(hook_id: int) -> None:
    """Only a hook that was never published."""
    services().hooks.remove(current_actor(), hook_id)


@bp.route("/<int:hook_id>/versions")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, VersionListSchema)
def versions(hook_id: int) -> dict[str, Any]:
    """The newest first, with their code."""
    return {"items": services().hooks.shown(current_user_view().tenant, hook_id).versions}


@bp.route("/<int:hook_id>/draft", methods=["PUT"])
@needs(Permission.MANAGE_HOOKS)
@bp.arguments(DraftSchema)
@bp.response(200, VersionSchema)
def save(given: dict[str, Any], hook_id: int) -> VersionView:
    """Keep code as the draft."""
    number = services().hooks.save(current_actor(), hook_id, given["code"], given["note"])
    return services().hooks.version(current_user_view().tenant, hook_id, number)


@bp.route("/<int:hook_id>/versions/<int:number>/publish", methods=["POST"])
@needs(Permission.MANAGE_HOOKS)
@bp.response(200, HookSchema)
def publish(hook_id: int, number: int) -> HookView:
    """Let a version run; the one before is retired."""
    services().hooks.publish(current_actor(), hook_id, number)
    return services().hooks.get(current_user_view().tenant, hook_id)


@bp.route("/<int:hook_id>/retire", methods=["POST"])
@needs(Permission.MANAGE_HOOKS)
@bp.response(200, HookSchema)
def retire(hook_id: int) -> HookView:
    """Take the published version back."""
    services().hooks.retire(current_actor(), hook_id)
    return services().hooks.get(current_user_view().tenant, hook_id)


@bp.route("/<int:hook_id>/try", methods=["POST"])
@needs(Permission.MANAGE_HOOKS)
@bp.arguments(TrySchema)
@bp.response(200, TriedSchema)
def attempt(given: dict[str, Any], hook_id: int) -> dict[str, Any]:
    """What code says of a stored device. Nothing is saved, counted or sent; a hook that fails is an answer too."""
    tenant = current_user_view().tenant
    shown = services().hooks.shown(tenant, hook_id)
    if shown.hook.sees_secrets:
        require(Permission.VIEW_SECRETS)
    tried: Tried = services().hooks.attempt(tenant, hook_id, shown.code if given["code"] is None else given["code"], given["device"])
    return {**asdict(tried), "facts": dict(tried.facts)}
