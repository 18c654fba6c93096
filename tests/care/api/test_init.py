"""The OpenAPI document: complete, and of what is really served."""

import re

from care import api


def _served(app):
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/") and not rule.endpoint.startswith("api-docs")]
    return {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in rules}


def test_document_tells_of_every_served_path(app):
    with app.test_request_context("/"):
        told = set(api.document()["paths"])
    assert _served(app) - told == set()


def test_every_operation_says_what_it_does_and_what_may_go_wrong(app):
    with app.test_request_context("/"):
        paths = api.document()["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            if method in ("get", "post", "patch", "put", "delete"):
                assert operation.get("summary") or operation.get("description"), f"{method} {path} says nothing"
                assert operation["responses"], path


def test_document_is_openapi_3_and_wants_a_token(app):
    with app.test_request_context("/"):
        document = api.document()
    assert document["openapi"].startswith("3.")
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
