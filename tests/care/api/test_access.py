"""Who may connect, by REST: the same doors as the pages, for programs."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role
from tests.care.access_control.conftest import scene  # noqa: F401

RULE = {"network": "198.51.100.0/24", "reason": "stolen pallet"}


@pytest.fixture
def api(app, security, signed_in):
    """`api(role)(method, path, json)` with a token of that role."""

    def of(role=Role.ADMIN):
        from acs.audit import Actor

        login = role.value
        if not [user for user in security.users(DEFAULT_TENANT) if user.login == login]:
            signed_in(role)
        user = next(user for user in security.users(DEFAULT_TENANT) if user.login == login)
        token = security.issue_token(Actor("system:test", DEFAULT_TENANT), user.id, "test", 1).secret
        client = app.test_client()

        def ask(method, path, json=None):
            return client.open(f"/api/v1{path}", method=method, json=json, headers={"Authorization": f"Bearer {token}"})

        return ask

    return of


def test_refusals_are_paged_and_filtered(api, scene):  # noqa: F811
    found = api()("GET", "/access/refusals?reason=login").json
    assert [(row["address"], row["count"], row["reason"]) for row in found["items"]] == [("192.0.2.7", 3, "login")]
    assert found["next"] is None
    assert api()("GET", "/access/refusals?reason=nonsense").status_code == 422
    assert api()("GET", "/access/refusals?limit=1").json["next"] is not None


def test_block_rule_is_previewed_made_and_taken_away(api, scene):  # noqa: F811
    ask = api(Role.ENGINEER)
    assert ask("POST", "/access/blocks/preview", RULE).json["count"] == 2
    made = ask("POST", "/access/blocks", {**RULE, "days": 3, "action": "close"})
    assert (made.status_code, made.json["action"], made.json["hits"]) == (201, "close", 0)
    assert made.json["expires_at"] is not None
    assert [rule["id"] for rule in ask("GET", "/access/blocks").json["items"]] == [made.json["id"]]
    assert ask("DELETE", f"/access/blocks/{made.json['id']}").status_code == 204
    assert ask("DELETE", f"/access/blocks/{made.json['id']}").status_code == 404


@pytest.mark.parametrize("wrong", [{"network": "nonsense"}, {"network": "0.0.0.0/0"}, {"reason": ""}, {"action": "shout"}, {"days": -1}])
def test_rule_that_makes_no_sense_is_refused(api, wrong):
    assert api()("POST", "/access/blocks", {**RULE, **wrong}).status_code == 422


def test_certificate_is_registered_and_taken_away(api):
    ask = api()
    made = ask("POST", "/access/certificates", {"kind": "device", "fingerprint": "AB" * 32, "device_key": "00D09E-G240-X"})
    assert (made.status_code, made.json["fingerprint"]) == (201, "ab" * 32)
    assert ask("POST", "/access/certificates", {"kind": "revoked", "fingerprint": "ab" * 32}).status_code == 409
    assert ask("DELETE", f"/access/certificates/{made.json['id']}").status_code == 204
    assert ask("GET", "/access/certificates").json["items"] == []


def test_strangers_are_let_in_together(api, services, scene):  # noqa: F811
    ask = api(Role.ENGINEER)
    waiting = [row["id"] for row in ask("GET", "/access/strangers").json["items"]]
    assert waiting == scene.strangers
    assert ask("POST", "/access/strangers", {"devices": [*waiting, scene.home], "trust": "admitted"}).json == {"changed": 2}
    assert services.devices.head(DEFAULT_TENANT, waiting[0]).trust == "admitted"
    assert ask("POST", "/access/strangers", {"devices": [], "trust": "admitted"}).status_code == 422


def test_alarms_are_listed_and_settled(api, scene):  # noqa: F811
    ask = api()
    (alarm,) = ask("GET", "/access/alarms").json["items"]
    assert (alarm["kind"], alarm["evidence"][0]["to"]) == ("address", "198.51.100.9")
    assert ask("PATCH", f"/access/alarms/{alarm['id']}", {"state": "accepted"}).status_code == 422
    assert ask("PATCH", f"/access/alarms/{alarm['id']}", {"state": "settled", "note": "moved"}).status_code == 204
    assert ask("GET", "/access/alarms").json["items"] == []
    assert len(ask("GET", "/access/alarms?all=true").json["items"]) == 1


def test_aliases_merging_and_taking_apart(api, services, scene):  # noqa: F811
    ask, name = api(), scene.key
    assert (
        ask("POST", f"/devices/{name}/aliases", {"key": "00D09E-G240-NEW", "reason": "board"}).json["aliases"][0]["key"]
        == "00D09E-G240-NEW"
    )
    assert ask("DELETE", f"/devices/{name}/aliases/00D09E-G240-NEW").status_code == 204
    preview = ask("GET", f"/devices/{name}/merge?other=XX1").json
    assert (preview["survivor"]["key"], preview["absorbed"]["key"]) == (scene.key, "00D09E-G240-XX1")
    merged = ask("POST", f"/devices/{name}/merge", {"other": "XX1", "reason": "board replaced"})
    assert merged.status_code == 201
    assert ask("GET", f"/devices/{scene.strangers[0]}").status_code == 404
    back = ask("DELETE", f"/merges/{merged.json['merges'][0]['id']}")
    assert (back.status_code, back.json["id"]) == (200, scene.strangers[0])
    assert ask("POST", f"/devices/{name}/merge", {"other": name, "reason": "itself"}).status_code == 422
    assert "secret" not in set(ask("GET", f"/devices/{name}/identity").json)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/access/blocks", RULE), ("POST", "/access/blocks/preview", RULE), ("DELETE", "/access/blocks/1", None),
        ("POST", "/access/certificates", {"kind": "revoked", "subject": "x"}), ("POST", "/access/strangers", {"devices": [1], "trust": "admitted"}),
        ("PATCH", "/access/alarms/1", {"state": "settled"}), ("POST", "/devices/1/merge", {"other": "2", "reason": "r"}), ("DELETE", "/merges/1", None),
    ],
)  # fmt: skip
def test_agent_may_look_and_change_nothing(api, scene, method, path, body):  # noqa: F811
    assert api(Role.AGENT)("GET", "/access/refusals").status_code == 200
    assert api(Role.AGENT)(method, path, body).status_code == 403
    assert api(Role.VIEWER)("GET", "/access/refusals").status_code == 403
