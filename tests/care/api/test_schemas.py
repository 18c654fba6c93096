"""What all of the API shares: errors, pages, the document."""

import pytest

from care.api.schemas import page
from care.security.permissions import Role


def test_broken_json_is_refused_as_json(program):
    answer = program("POST", "/users", data="{", content_type="application/json")
    assert answer.status_code in (400, 422)
    assert set(answer.json) == {"code", "message", "field"}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/me", 405), ("GET", "/jobs?limit=0", 422)])
def test_other_refusals_have_the_same_shape(program, method, path, status):
    answer = program(method, path)
    assert answer.status_code == status
    assert {"code", "message", "field"} <= set(answer.json)


def test_document_describes_every_rest_route_with_its_errors(app):
    document = app.test_client().get("/api/v1/openapi.json").json
    assert document["openapi"].startswith("3.")
    ours = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api-") and not rule.endpoint.startswith("api-docs")}
    assert {path.replace("{", "<int:").replace("}", ">") for path in document["paths"]} >= {rule for rule in ours if "<" not in rule}
    assert set(document["components"]["schemas"]["Problem"]["properties"]) == {"code", "message", "field"}
    assert document["security"] == [{"token": []}]


def test_documentation_page_loads_no_inline_script(signed_in):
    page = signed_in(Role.VIEWER).get("/api/v1/docs").get_data(as_text=True)
    assert "swagger-ui-bundle.js" in page
    assert 'data-document="/api/v1/openapi.json"' in page


def test_page_has_a_next_only_if_there_is_more():
    assert page([3, 2, 1], 2, key=lambda n: n) == {"items": [3, 2], "next": 2}
    assert page([3, 2], 2, key=lambda n: n) == {"items": [3, 2], "next": None}
    assert page([], 2, key=lambda n: n) == {"items": [], "next": None}
