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


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("schedule_inform", {"delay_s": 60}), ("queued_transfers", {}), ("rpc_methods", {}), ("options", {}), ("vouchers", {"vouchers": ["Zm9v"]}),
        ("attributes", {"paths": ["Device.DeviceInfo.UpTime"]}), ("cancel_transfer", {"command_key": "k1"}),
        ("install_module", {"url": "http://apps.example/x", "password": "hush"}), ("update_module", {}),
        ("uninstall_module", {"uuid": "1b4e28ba-2fa1-11d2-883f-0016d3cca427"}), ("raw_rpc", {"xml": "<X_A_B><Key>hush</Key></X_A_B>"}),
    ],
)  # fmt: skip
def test_every_method_of_cwmp_can_be_asked_for(program, device_id, kind, args):
    asked = program("POST", f"/devices/{device_id}/operations", json={"kind": kind, "args": args})
    assert (asked.status_code, asked.json["kind"], asked.json["state"]) == (202, kind, "queued")
    assert "hush" not in asked.get_data(as_text=True)


@pytest.mark.cwmp("J-17")
def test_a_device_is_moved_only_to_an_acs_that_the_settings_name(program, services, device_id):
    body = {"kind": "move_acs", "args": {"url": "https://acs2.example/"}}
    refused = program("POST", f"/devices/{device_id}/operations", json=body)
    assert (refused.status_code, refused.json["field"]) == (422, "url")
    services.operations._move_hosts = ("acs2.example",)
    assert program("POST", f"/devices/{device_id}/operations", json=body).status_code == 202


@pytest.mark.parametrize("kind", ["raw_rpc", "move_acs"])
def test_an_engineer_sends_no_raw_calls_and_no_device_away(app, security, device_id, kind):
    user, _ = security.create_user(ADMIN, "eng", "Eng", Role.ENGINEER, PASSWORD)
    engineer = Program(app, security.issue_token(ADMIN, user.id, "x").secret)
    answer = engineer("POST", f"/devices/{device_id}/operations", json={"kind": kind, "args": {"xml": "<X_A_B/>"}})
    assert answer.status_code == 403


def test_a_wrong_value_is_refused_and_an_override_takes_its_own_permission_and_a_reason(program, app, security, device_id):
    asked = {"kind": "write", "args": {"values": [["Device.WiFi.Radio.1.Channel", "300", "unsignedInt"]]}}
    refused = program("POST", f"/devices/{device_id}/operations", json=asked)
    assert (refused.status_code, refused.json["field"]) == (422, "values")
    assert "Channel must be 1 to 255; 300 is above." in refused.json["message"]
    assert program("POST", f"/devices/{device_id}/operations", json={**asked, "override": True}).json["field"] == "reason"
    taken = program("POST", f"/devices/{device_id}/operations", json={**asked, "override": True, "reason": "this firmware counts so"})
    assert (taken.status_code, taken.json["args"]["override"]) == (202, True)
