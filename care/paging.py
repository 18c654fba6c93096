"""Keys in addresses: numbers that a database can hold. A larger one is not found, which is true, instead of breaking a query."""

from flask import Flask, request
from werkzeug.routing import IntegerConverter

KEY_MAX = 2**63 - 1


class KeyConverter(IntegerConverter):
    """`<int:…>` of routes, bounded to 64 bits."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **{"max": KEY_MAX, **kwargs})  # type: ignore[arg-type]


def install(app: Flask) -> None:
    app.url_map.converters["int"] = KeyConverter


def key_argument(name: str = "before") -> int | None:
    """The key in the query of this request, None if there is none or it is no key."""
    found = request.args.get(name, type=int)
    return found if found is not None and 0 <= found <= KEY_MAX else None
