"""Who may connect: refusals, block rules, certificates, identity alarms, aliases, merging. As on the pages, with the same permissions."""

from datetime import UTC, datetime
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from acs.access.views import BlockAction, CertificateKind, Reason
from acs.devices.views import AlarmState, IdentityView, MergePreview
from acs.errors import Invalid
from acs.provisioning.plan import Trust
from care.access import current_actor, current_user_view, needs
from care.access_control.service import BULK_MOST
from care.api.devices import DeviceRowSchema, DeviceSchema, found
from care.api.schemas import LIMIT, LIMIT_MAX, Ignoring, PageQuery, page, page_of
from care.security.permissions import Permission
from care.services import services

bp = Blueprint("api-access", __name__, url_prefix="/api/v1", description="Who may connect")


class RefusalSchema(Schema):
    id = fields.Integer()
    address = fields.String()
    claimed = fields.String(metadata={"description": "The identity as it was told; nobody proved it"})
    reason = fields.String()
    detail = fields.String()
    count = fields.Integer()
    first_at = fields.DateTime()
    last_at = fields.DateTime()


class RefusalQuery(Ignoring):
    q = fields.String(load_default="", metadata={"description": "Beginning of an address, or part of an identity"})
    reason = fields.String(load_default="", validate=validate.OneOf(["", *Reason]))
    limit = fields.Integer(load_default=LIMIT, validate=validate.Range(1, LIMIT_MAX))
    before = fields.AwareDateTime(
        load_default=None, allow_none=True, default_timezone=UTC, metadata={"description": "`next` of the page before"}
    )


class RefusalPageSchema(Schema):
    items = fields.List(fields.Nested(RefusalSchema))
    next = fields.DateTime(allow_none=True)


class BlockSchema(Schema):
    id = fields.Integer(dump_only=True)
    network = fields.String(load_default="", validate=validate.Length(max=64))
    oui = fields.String(load_default="", validate=validate.Length(max=6))
    product_class = fields.String(load_default="", validate=validate.Length(max=64))
    serial_pattern = fields.String(
        load_default="", validate=validate.Length(max=64), metadata={"description": "* for anything, ? for one sign"}
    )
    firmware = fields.String(load_default="", validate=validate.Length(max=64))
    action = fields.Enum(BlockAction, by_value=True, load_default=BlockAction.REFUSE)
    reason = fields.String(required=True, validate=validate.Length(1, 300))
    days = fields.Integer(
        load_only=True, load_default=0, validate=validate.Range(0, 3650), metadata={"description": "0: until it is taken away"}
    )
    created_at = fields.DateTime(dump_only=True)
    created_by = fields.String(dump_only=True)
    expires_at = fields.DateTime(dump_only=True, allow_none=True)
    hits = fields.Integer(dump_only=True)
    last_hit_at = fields.DateTime(dump_only=True, allow_none=True)


class BlockListSchema(Schema):
    items = fields.List(fields.Nested(BlockSchema))


class FittingSchema(Schema):
    count = fields.Integer(metadata={"description": "Known devices the rule would hit, judged by their last contact"})
    examples = fields.List(fields.List(fields.Raw()))


class CertificateSchema(Schema):
    id = fields.Integer(dump_only=True)
    kind = fields.Enum(CertificateKind, by_value=True, required=True)
    fingerprint = fields.String(load_default="", validate=validate.Length(max=120))
    subject = fields.String(load_default="", validate=validate.Length(max=300))
    device_key = fields.String(load_default="", validate=validate.Length(max=255))
    oui = fields.String(load_default="", validate=validate.Length(max=6))
    product_class = fields.String(load_default="", validate=validate.Length(max=64))
    note = fields.String(load_default="", validate=validate.Length(max=300))
    created_at = fields.DateTime(dump_only=True)
    created_by = fields.String(dump_only=True)


class CertificateListSchema(Schema):
    items = fields.List(fields.Nested(CertificateSchema))


class AlarmSchema(Schema):
    id = fields.Integer()
    device_id = fields.Integer()
    key = fields.String()
    serial_number = fields.String()
    kind = fields.String()
    state = fields.Enum(AlarmState, by_value=True)
    count = fields.Integer()
    first_at = fields.DateTime()
    last_at = fields.DateTime()
    evidence = fields.List(fields.Dict())
    settled_at = fields.DateTime(allow_none=True)
    settled_by = fields.String()
    note = fields.String()


class AlarmQuery(PageQuery):
    all = fields.Boolean(load_default=False, metadata={"description": "Settled ones too"})


class SettleSchema(Schema):
    state = fields.Enum(AlarmState, by_value=True, required=True)
    note = fields.String(load_default="", validate=validate.Length(max=300))


class AliasSchema(Schema):
    key = fields.String(required=True, validate=validate.Length(1, 255))
    reason = fields.String(required=True, validate=validate.Length(1, 300))
    created_at = fields.DateTime(dump_only=True)
    created_by = fields.String(dump_only=True)
    last_seen_at = fields.DateTime(dump_only=True, allow_none=True)


class MergeSchema(Schema):
    id = fields.Integer()
    key = fields.String()
    at = fields.DateTime()
    by = fields.String()
    reason = fields.String()
    undone_at = fields.DateTime(allow_none=True)
    undone_by = fields.String()
    moved = fields.Dict(keys=fields.String(), values=fields.Integer())
    whole = fields.Boolean()


class IdentitySchema(Schema):
    login = fields.String()
    certificate_fingerprint = fields.String()
    certificate_subject = fields.String()
    username = fields.String()
    secret_changed_at = fields.DateTime(allow_none=True)
    is_rotating = fields.Boolean()
    enrol_until = fields.DateTime(allow_none=True)
    previous_address = fields.String()
    moved_at = fields.DateTime(allow_none=True)
    mac = fields.String()
    aliases = fields.List(fields.Nested(AliasSchema))
    merges = fields.List(fields.Nested(MergeSchema))
    alarms = fields.List(fields.Nested(AlarmSchema))


class MergeWishSchema(Schema):
    other = fields.String(
        required=True, validate=validate.Length(1, 255), metadata={"description": "Id, key or serial number of the one that goes"}
    )
    reason = fields.String(required=True, validate=validate.Length(1, 300))


class OtherQuery(Ignoring):
    other = fields.String(required=True, validate=validate.Length(1, 255))


class MergePreviewSchema(Schema):
    survivor = fields.Nested(DeviceSchema)
    absorbed = fields.Nested(DeviceSchema)
    survivor_speaks = fields.Boolean(metadata={"description": "Whether the survivor's values and login stay, because it spoke last"})
    moved = fields.Dict(keys=fields.String(), values=fields.Integer())
    lost = fields.Dict(keys=fields.String(), values=fields.Integer())
    cancelled = fields.Integer()


class StrangersSchema(Schema):
    devices = fields.List(fields.Integer(), required=True, validate=validate.Length(1, BULK_MOST))
    trust = fields.String(required=True, validate=validate.OneOf([Trust.ADMITTED.value, Trust.BLOCKED.value]))


class ChangedSchema(Schema):
    changed = fields.Integer()


# ---- refusals, rules, certificates ---------------------------------------------------------------------------------


@bp.route("/access/refusals")
@needs(Permission.VIEW_ACCESS)
@bp.arguments(RefusalQuery, location="query")
@bp.response(200, RefusalPageSchema)
def refusals(query: dict[str, Any]) -> dict[str, Any]:
    """Who was turned away lately and why, the newest first; the same again is a count."""
    before: datetime | None = query["before"]
    rows = services().access.lately(current_user_view().tenant, query["q"], query["reason"], before, query["limit"] + 1).rows
    shown = rows[: query["limit"]]
    return {"items": shown, "next": shown[-1].last_at if len(rows) > len(shown) else None}


@bp.route("/access/blocks")
@needs(Permission.VIEW_ACCESS)
@bp.response(200, BlockListSchema)
def blocks() -> dict[str, Any]:
    """Block rules, the oldest first: the first that fits counts."""
    return {"items": services().access.blocks(current_user_view().tenant)}


@bp.route("/access/blocks", methods=["POST"])
@needs(Permission.MANAGE_ACCESS)
@bp.arguments(BlockSchema)
@bp.response(201, BlockSchema)
def add_block(given: dict[str, Any]) -> Any:
    """Put a rule in force; workers know it within seconds."""
    number = services().access.add_block(current_actor(), *_rule(given))
    return next(rule for rule in services().access.blocks(current_user_view().tenant) if rule.id == number)


@bp.route("/access/blocks/preview", methods=["POST"])
@needs(Permission.MANAGE_ACCESS)
@bp.arguments(BlockSchema)
@bp.response(200, FittingSchema)
def preview_block(given: dict[str, Any]) -> Any:
    """Whom a rule would hit; nothing is stored."""
    return services().access.draft(current_actor(), *_rule(given))[1]


def _rule(given: dict[str, Any]) -> tuple[dict[str, str], int]:
    days = given.pop("days")
    return {name: str(value) for name, value in given.items()}, days


@bp.route("/access/blocks/<int:rule_id>", methods=["DELETE"])
@needs(Permission.MANAGE_ACCESS)
@bp.response(204)
def remove_block(rule_id: int) -> None:
    """Take a block rule away."""
    services().access.remove_block(current_actor(), rule_id)


@bp.route("/access/certificates")
@needs(Permission.VIEW_ACCESS)
@bp.response(200, CertificateListSchema)
def certificates() -> dict[str, Any]:
    """Registered client certificates."""
    return {"items": services().access.certificates(current_user_view().tenant)}


@bp.route("/access/certificates", methods=["POST"])
@needs(Permission.MANAGE_ACCESS)
@bp.arguments(CertificateSchema)
@bp.response(201, CertificateSchema)
def add_certificate(given: dict[str, Any]) -> Any:
    """Register whose a certificate is, by fingerprint or by subject."""
    number = services().access.add_certificate(current_actor(), {name: str(value) for name, value in given.items()})
    return next(entry for entry in services().access.certificates(current_user_view().tenant) if entry.id == number)


@bp.route("/access/certificates/<int:rule_id>", methods=["DELETE"])
@needs(Permission.MANAGE_ACCESS)
@bp.response(204)
def remove_certificate(rule_id: int) -> None:
    """Take an entry away."""
    services().access.remove_certificate(current_actor(), rule_id)


# ---- strangers -----------------------------------------------------------------------------------------------------


@bp.route("/access/strangers")
@needs(Permission.ADMIT_DEVICE)
@bp.arguments(PageQuery, location="query")
@bp.response(200, page_of(DeviceRowSchema))
def strangers(query: dict[str, Any]) -> dict[str, Any]:
    """Devices in quarantine, in order of their number."""
    rows = services().access.waiting(current_user_view().tenant, after=query["before"], limit=query["limit"] + 1)
    return page(rows, query["limit"], key=lambda row: row.id)


@bp.route("/access/strangers", methods=["POST"])
@needs(Permission.ADMIT_DEVICE)
@bp.arguments(StrangersSchema)
@bp.response(200, ChangedSchema)
def decide(given: dict[str, Any]) -> dict[str, int]:
    """Admit or block several at once; all of them or none. Those not in quarantine are not touched."""
    chosen = services().access.chosen(current_user_view().tenant, given["devices"])
    return {"changed": services().access.set_trust(current_actor(), [row.id for row in chosen], Trust(given["trust"]))}


# ---- identities ----------------------------------------------------------------------------------------------------


@bp.route("/access/alarms")
@needs(Permission.VIEW_ACCESS)
@bp.arguments(AlarmQuery, location="query")
@bp.response(200, page_of(AlarmSchema))
def alarms(query: dict[str, Any]) -> dict[str, Any]:
    """Signs that two boxes use one identity, with evidence."""
    rows = services().access.alarms(current_user_view().tenant, not query["all"], query["before"], query["limit"] + 1)
    return page(rows, query["limit"], key=lambda alarm: alarm.id)


@bp.route("/access/alarms/<int:alarm_id>", methods=["PATCH"])
@needs(Permission.MERGE_DEVICES)
@bp.arguments(SettleSchema)
@bp.response(204)
def settle(given: dict[str, Any], alarm_id: int) -> None:
    """Say what an alarm is: settled opens again when it goes on, accepted stays silent."""
    services().access.settle(current_actor(), alarm_id, given["state"], given["note"])


@bp.route("/devices/<name>/identity")
@needs(Permission.VIEW_DEVICES)
@bp.response(200, IdentitySchema)
def identity(name: str) -> IdentityView:
    """How a device proves who it is, what else it is called, what is suspicious. No secret is told."""
    return services().access.identity(current_user_view().tenant, found(name))


@bp.route("/devices/<name>/aliases", methods=["POST"])
@needs(Permission.MERGE_DEVICES)
@bp.arguments(AliasSchema)
@bp.response(201, IdentitySchema)
def add_alias(given: dict[str, Any], name: str) -> IdentityView:
    """Let another identity lead to this device."""
    device_id = found(name)
    services().access.add_alias(current_actor(), device_id, given["key"], given["reason"])
    return services().access.identity(current_user_view().tenant, device_id)


@bp.route("/devices/<name>/aliases/<key>", methods=["DELETE"])
@needs(Permission.MERGE_DEVICES)
@bp.response(204)
def split(name: str, key: str) -> None:
    """Split an alias off: it is a device of its own at its next contact."""
    services().access.split(current_actor(), found(name), key)


@bp.route("/devices/<name>/merge")
@needs(Permission.MERGE_DEVICES)
@bp.arguments(OtherQuery, location="query")
@bp.response(200, MergePreviewSchema)
def merge_preview(query: dict[str, Any], name: str) -> MergePreview:
    """What merging another device into this one would do."""
    return services().access.preview(current_user_view().tenant, found(name), query["other"])


@bp.route("/devices/<name>/merge", methods=["POST"])
@needs(Permission.MERGE_DEVICES)
@bp.arguments(MergeWishSchema)
@bp.response(201, IdentitySchema)
def merge(given: dict[str, Any], name: str) -> IdentityView:
    """Merge another device into this one. 409 while one of them is in a session."""
    survivor, absorbed = found(name), found(given["other"])
    if survivor == absorbed:
        raise Invalid("A device cannot be merged with itself.", "other")
    services().access.merge(current_actor(), survivor, absorbed, given["reason"])
    return services().access.identity(current_user_view().tenant, survivor)


@bp.route("/merges/<int:merge_id>", methods=["DELETE"])
@needs(Permission.MERGE_DEVICES)
@bp.response(200, DeviceSchema)
def undo_merge(merge_id: int) -> Any:
    """Take a merge apart; the device that is there again."""
    return services().devices.head(current_user_view().tenant, services().access.undo(current_actor(), merge_id))
