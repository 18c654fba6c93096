"""REST: shapes, paging, errors, the document."""

import pytest

from acs import jobs
from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role
from tests.care.conftest import ADMIN, PASSWORD


class Program:
    """A client that acts by token."""

    def __init__(self, app, secret: str) -> None:
        self._client = app.test_client()
        self._headers = {"Authorization": f"Bearer {secret}"}

    def __call__(self, method: str, path: str, **kwargs):
        return self._client.open(f"/api/v1{path}", method=method, headers=self._headers, **kwargs)


@pytest.fixture
def program(app, security) -> Program:
    admin, _ = security.create_user(ADMIN, "anna", "Anna", Role.ADMIN, PASSWORD)
    return Program(app, security.issue_token(ADMIN, admin.id, "noc").secret)


def test_me_lists_permissions(program):
    me = program("GET", "/me").json
    assert me["login"] == "anna"
    assert "manage_users" in me["permissions"]
    assert "password_hash" not in me


def test_user_is_created_changed_and_listed(program):
    created = program("POST", "/users", json={"login": "bo", "name": "Bo", "role": "agent"})
    assert created.status_code == 201
    assert len(created.json["initial_password"]) == 16
    number = created.json["id"]
    changed = program("PATCH", f"/users/{number}", json={"role": "viewer", "active": False})
    assert (changed.json["role"], changed.json["active"]) == ("viewer", False)
    first = program("GET", "/users?limit=1").json
    assert ([user["login"] for user in first["items"]], first["next"]) == (["anna"], "anna")
    second = program("GET", "/users?limit=1&before=anna").json
    assert ([user["login"] for user in second["items"]], second["next"]) == (["bo"], None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"login": "bo", "name": "Bo"}, "role"),
        ({"login": "bo", "name": "Bo", "role": "god"}, "role"),
        ({"login": "anna", "name": "Bo", "role": "agent"}, "login"),
        ({"login": "bo", "name": "Bo", "role": "agent", "password": "short"}, "password"),
        ({"login": "bo", "name": "Bo", "role": "agent", "id": 7}, "id"),
    ],
)
def test_refusals_name_the_field(program, body, field):
    answer = program("POST", "/users", json=body)
    assert answer.status_code == 422
    assert (answer.json["code"], answer.json["field"]) == ("invalid", field)
    assert answer.json["message"]


def test_broken_json_is_refused_as_json(program):
    answer = program("POST", "/users", data="{", content_type="application/json")
    assert answer.status_code in (400, 422)
    assert set(answer.json) == {"code", "message", "field"}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/me", 405), ("GET", "/jobs?limit=0", 422)])
def test_other_refusals_have_the_same_shape(program, method, path, status):
    answer = program(method, path)
    assert answer.status_code == status
    assert {"code", "message", "field"} <= set(answer.json)


def test_jobs_page_by_key_and_retry(program, services, clock):
    with services.db.write() as unit:
        numbers = [jobs.enqueue(unit, DEFAULT_TENANT, "x.y", {}, clock.now, "a") for _ in range(3)]
    first = program("GET", "/jobs?limit=2").json
    assert [job["id"] for job in first["items"]] == numbers[:0:-1]
    assert program("GET", f"/jobs?limit=2&before={first['next']}").json["next"] is None
    assert program("GET", f"/jobs/{numbers[0]}").json["state"] == "due"
    assert program("POST", f"/jobs/{numbers[0]}/retry").status_code == 409
    assert program("GET", "/jobs?state=failed").json["items"] == []


def test_tokens_of_oneself(program):
    issued = program("POST", "/tokens", json={"name": "second", "days": 1})
    assert issued.json["secret"].startswith("hl_")
    assert [token["name"] for token in program("GET", "/tokens").json["items"]] == ["second", "noc"]
    assert program("DELETE", f"/tokens/{issued.json['id']}").status_code == 204
    assert program("DELETE", "/tokens/999").status_code == 404


def test_audit_by_subject(program):
    lines = program("GET", "/audit?subject=user:1&limit=1").json
    assert lines["items"][0]["action"] == "token.issue"
    assert program("GET", f"/audit?subject=user:1&before={lines['next']}").json["items"][0]["action"] == "user.create"


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
