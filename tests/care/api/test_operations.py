"""/api/v1/operations."""

import pytest

from care.security.permissions import Role
from tests.care import samples
from tests.care.api.conftest import Program
from tests.care.conftest import ADMIN, PASSWORD


@pytest.fixture
def device_id(db, services, clock) -> int:
    return samples.home(db, services.vault, clock(), read=False)


def test_operation_is_asked_watched_and_cancelled(program, device_id):
    asked = program("POST", "/devices/NV240000001/operations", json={"kind": "ping", "args": {"host": "192.0.2.1"}, "reason": "slow", "expires_in_s": 600})
    assert (asked.status_code, asked.json["station"], asked.json["args"]["count"]) == (202, "queued", 5)
    number = asked.json["id"]
    assert program("GET", f"/operations/{number}").json["requested_by"] == "token:anna/noc"
    assert program("POST", f"/operations/{number}/cancel").json["state"] == "cancelled"
    assert program("POST", f"/operations/{number}/cancel").status_code == 409


def test_asking_twice_gives_the_same_one(program, device_id):
    body = {"kind": "read", "args": {"paths": ["Device.DeviceInfo."]}}
    assert program("POST", "/devices/1/operations", json=body).json["id"] == program("POST", "/devices/1/operations", json=body).json["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [({"kind": "explode"}, "kind"), ({"kind": "ping"}, "host"), ({"kind": "reboot", "args": {"now": True}}, "now"),
     ({"kind": "reboot", "expires_in_s": 1}, "expires_in_s")],
)  # fmt: skip
def test_wrong_request_names_its_field(program, device_id, body, field):
    answer = program("POST", "/devices/1/operations", json=body)
    assert (answer.status_code, answer.json["field"]) == (422, field)


def test_permission_depends_on_the_kind(app, security, device_id):
    user, _ = security.create_user(ADMIN, "ben", "Ben", Role.AGENT, PASSWORD)
    agent = Program(app, security.issue_token(ADMIN, user.id, "tool").secret)
    assert agent("POST", "/devices/1/operations", json={"kind": "reboot"}).status_code == 202
    values = [["Device.WiFi.SSID.1.SSID", "x", "string"]]
    for kind, args in (("factory_reset", {}), ("write", {"values": values}), ("backup", {})):
        assert agent("POST", "/devices/1/operations", json={"kind": kind, "args": args}).status_code == 403


def test_list_is_filtered_and_pages(program, db, clock, device_id):
    for kind in ("ping", "reboot", "ping"):
        samples.finished(db, device_id, kind, {}, clock())
    first = program("GET", "/operations?limit=2").json
    assert [op["id"] for op in first["items"]] == [3, 2]
    assert [op["id"] for op in program("GET", f"/operations?limit=2&before={first['next']}").json["items"]] == [1]
    assert [op["id"] for op in program("GET", "/operations?kind=ping&state=done&device=NV240000001").json["items"]] == [3, 1]


def test_written_secrets_are_masked(program, db, clock, device_id):
    values = [["Device.WiFi.AccessPoint.1.Security.KeyPassphrase", "horse-battery", "string"]]
    number = samples.finished(db, device_id, "write", {}, clock(), {"values": values})
    assert "horse-battery" not in program("GET", f"/operations/{number}").get_data(as_text=True)
