"""Campaigns over REST: the same as on pages."""

import pytest

from care.security.permissions import Role
from tests.care import samples


@pytest.fixture
def device(services, clock) -> int:
    return samples.home(services.db, services.vault, clock.now, read=False)


GIVEN = {"name": "all", "action": "operation", "args": {"kind": "reboot"}, "plan": {"canary": 1, "waves": [50, 100]}}


def test_a_campaign_is_written_looked_ahead_started_paused_and_ended(signed_in, device, services):
    browser = signed_in(Role.ENGINEER)
    headers = {"X-CSRFToken": browser.token()}

    def send(method, path, body=None, status=200):
        answer = browser.client.open(f"/api/v1/campaigns{path}", method=method, json=body if body is not None else {}, headers=headers)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json

    told = send("POST", "/preview", {k: v for k, v in GIVEN.items() if k != "name"})
    assert told["number"] == 1 and told["would"] == 1 and told["inverse"] == "" and told["sample"][0]["kind"] == "reboot"
    made = send("POST", "", GIVEN, 201)
    path = f"/{made['id']}"
    assert made["state"] == "draft" and made["plan"]["waves"] == [50, 100]
    assert send("POST", "", GIVEN, 409)["code"] == "conflict"
    assert send("POST", "", {**GIVEN, "name": "x", "plan": {"waves": "up"}}, 422)["field"] == "waves"
    assert send("POST", path + "/pause", status=409)["message"] == "Campaign “all” is draft: pause is not possible now."
    assert send("POST", path + "/start")["waits_for"] == "list"
    from acs.campaigns import service as campaigns

    campaigns.tick(services.db, services.vault, services.clock)
    assert send("GET", path)["state"] == "canary"
    members = browser.get(f"/api/v1/campaigns{path}/members").json["items"]
    assert [(m["device_id"], m["state"], m["wave"]) for m in members] == [(device, "issued", 0)]
    assert browser.get(f"/api/v1/devices/{device}/campaigns").json["items"][0]["name"] == "all"
    assert send("PATCH", path + "/pace", {"plan": {"rate": 5}})["plan"]["rate"] == 5
    assert send("PATCH", path + "/pace", {"plan": {"canary": 5}}, 422)["field"] == "canary"
    assert send("POST", path + "/pause", {"reason": "lunch"})["reason"]["sentence"] == "lunch"
    assert send("POST", path + "/resume")["state"] == "canary"
    assert send("POST", path + "/roll-back", status=409)
    assert send("POST", path + "/abort")["state"] == "aborted"
    assert send("PUT", "/settings", {"zone": "Europe/Berlin", "approve_above": 5})["zone"] == "Europe/Berlin"


def test_another_tenants_campaign_does_not_exist(signed_in, services, device):
    from tests.care.conftest import ADMIN, OTHER_TENANT

    made = services.campaigns.create(ADMIN, GIVEN)
    assert signed_in(Role.ENGINEER, OTHER_TENANT).get(f"/api/v1/campaigns/{made}").status_code == 404
