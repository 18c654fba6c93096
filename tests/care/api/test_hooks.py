"""/api/v1/hooks."""

import pytest

from care.security.permissions import Role
from tests.care import samples
from tests.care.api.conftest import Program
from tests.care.conftest import ADMIN, PASSWORD

CODE = "function hook(d) { return { 'wifi.2g.channel': 11, 'wifi.2g.ssid': 5 }; }"


@pytest.fixture
def hook(program, services):
    yield program("POST", "/hooks", json={"name": "quiet", "code": CODE}).json["id"]
    services.hooks._running.runner.close()


def test_hook_is_written_tried_and_published(program, services, db, clock, hook):
    device = samples.home(db, services.vault, clock(), samples.NORVIK, 1)
    tried = program("POST", f"/hooks/{hook}/try", json={"device": str(device)}).json
    assert [(each["name"], bool(each["problem"])) for each in tried["values"]] == [("wifi.2g.channel", False), ("wifi.2g.ssid", True)]
    assert tried["facts"]["device"]["model"]
    broken = program("POST", f"/hooks/{hook}/try", json={"device": str(device), "code": "function hook(d) {\n  throw new Error('no');\n}"}).json
    assert (broken["fault"], broken["line"], broken["told"]) == ("threw", 2, "Error: no")
    assert program("POST", f"/hooks/{hook}/versions/1/publish").json["published"] == 1
    assert program("PUT", f"/hooks/{hook}/draft", json={"code": "function hook(d) {"}).json["number"] == 2
    refused = program("POST", f"/hooks/{hook}/versions/2/publish")
    assert (refused.status_code, refused.json["field"]) == (422, "code")
    assert [each["state"] for each in program("GET", f"/hooks/{hook}/versions").json["items"]] == ["draft", "published"]
    assert program("DELETE", f"/hooks/{hook}").status_code == 409
    assert program("POST", f"/hooks/{hook}/retire").json["published"] is None


def test_hook_is_changed_and_switched(program, hook):
    changed = program("PATCH", f"/hooks/{hook}", json={"time_ms": 50, "on": False, "reason": "north"}).json
    assert (changed["limits"]["time_ms"], changed["state"], changed["off_reason"]) == (50, "off", "north")
    assert program("PATCH", f"/hooks/{hook}", json={"on": True}).json["state"] == "on"
    assert program("PATCH", f"/hooks/{hook}", json={"time_ms": 1}).status_code == 422
    assert program("DELETE", f"/hooks/{hook}").status_code == 204
    assert program("GET", "/hooks").json["items"] == []


def test_agent_may_look_but_not_write(app, security, hook):
    user, _ = security.create_user(ADMIN, "ben", "Ben", Role.AGENT, PASSWORD)
    agent = Program(app, security.issue_token(ADMIN, user.id, "tool").secret)
    assert agent("GET", f"/hooks/{hook}").status_code == 200
    for method, path in (("POST", ""), ("PATCH", f"/{hook}"), ("DELETE", f"/{hook}"), ("PUT", f"/{hook}/draft"), ("POST", f"/{hook}/try")):
        assert agent(method, f"/hooks{path}", json={"name": "x", "code": "x", "device": "1"}).status_code == 403
