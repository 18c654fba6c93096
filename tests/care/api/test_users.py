"""/api/v1/users, /tokens and /me."""

import pytest


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


def test_tokens_of_oneself(program):
    issued = program("POST", "/tokens", json={"name": "second", "days": 1})
    assert issued.json["secret"].startswith("hl_")
    assert [token["name"] for token in program("GET", "/tokens").json["items"]] == ["second", "noc"]
    assert program("DELETE", f"/tokens/{issued.json['id']}").status_code == 204
    assert program("DELETE", "/tokens/999").status_code == 404
