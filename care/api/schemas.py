"""What all of the API shares: the page of a list, its query, and the shape of a problem."""

from collections.abc import Callable, Sequence
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from care.paging import KEY_MAX

LIMIT, LIMIT_MAX = 50, 500


class ProblemSchema(Schema):
    code = fields.String(metadata={"description": "For programs: what kind of refusal"})
    message = fields.String(metadata={"description": "For people: what, why, what to do"})
    field = fields.String(allow_none=True, metadata={"description": "Which input is meant, if one is"})


class Ignoring(Schema):
    class Meta:
        unknown = EXCLUDE


class PageQuery(Ignoring):
    limit = fields.Integer(load_default=LIMIT, validate=validate.Range(1, LIMIT_MAX))
    before = fields.Integer(
        load_default=None, allow_none=True, validate=validate.Range(0, KEY_MAX), metadata={"description": "`next` of the page before"}
    )


def page_of(item: type[Schema]) -> type[Schema]:
    """The schema of a page of `item`."""
    name = item.__name__.removesuffix("Schema") + "PageSchema"
    following = fields.Raw(allow_none=True, metadata={"description": "Send as `before`"})
    return type(name, (Schema,), {"items": fields.List(fields.Nested(item), required=True), "next": following})


def page(found: Sequence[Any], limit: int, key: Callable[[Any], Any]) -> dict[str, Any]:
    """A page out of `found`, which the service was asked for with `limit + 1`."""
    items = list(found[:limit])
    return {"items": items, "next": key(items[-1]) if len(found) > limit else None}
