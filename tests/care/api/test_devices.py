"""/api/v1/devices and onboarding rules."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.secrets import MASK
from care.security.permissions import Role
from tests.acs.kit import store_values
from tests.care import samples
from tests.care.api.conftest import Program
from tests.care.conftest import ADMIN, PASSWORD


@pytest.fixture
def agent(app, security) -> Program:
    user, _ = security.create_user(ADMIN, "ben", "Ben", Role.AGENT, PASSWORD)
    return Program(app, security.issue_token(ADMIN, user.id, "tool").secret)


@pytest.fixture
def device_id(db, services, clock) -> int:
    return samples.home(db, services.vault, clock(), samples.NORVIK, 1, ["wrong-dhcp-pool"])


def test_device_is_found_by_id_key_and_serial(program, device_id):
    by_id = program("GET", f"/devices/{device_id}").json
    assert by_id["serial_number"] == "NV240000001"
    assert program("GET", f"/devices/{by_id['key']}").json == by_id
    assert program("GET", "/devices/NV240000001").json == by_id
    assert program("GET", "/devices/nobody").json["code"] == "unknown_device"


def test_list_pages_by_key_and_filters(program, db, services, clock, device_id):
    for number in (2, 3):
        samples.home(db, services.vault, clock(), number=number, read=False)
    first = program("GET", "/devices?limit=2").json
    assert [row["id"] for row in first["items"]] == [1, 2]
    assert [row["id"] for row in program("GET", f"/devices?limit=2&before={first['next']}").json["items"]] == [3]
    assert len(program("GET", "/devices?q=NV240000003&presence=online").json["items"]) == 1
    assert program("GET", "/devices?presence=odd").json["field"] == "presence"


def test_device_is_registered_changed_and_removed(program):
    made = program("POST", "/devices", json={"oui": "02a5c1", "product_class": "G240", "serial_number": "X1", "tags": ["pilot"]})
    assert (made.status_code, made.json["presence"], made.json["tags"]) == (201, "never", ["pilot"])
    assert program("POST", "/devices", json={"oui": "02a5c1", "product_class": "G240", "serial_number": "X1"}).status_code == 409
    changed = program("PATCH", "/devices/X1", json={"tags": ["a", "b"], "note": "cellar", "trust": "blocked"}).json
    assert (changed["tags"], changed["note"], changed["trust"]) == (["a", "b"], "cellar", "blocked")
    assert program("DELETE", "/devices/X1").status_code == 204
    assert program("GET", "/devices/X1").status_code == 404


def test_parameters_and_canonical_values_are_masked(program, services, db, clock, device_id):
    from acs.cwmp.messages import ParameterValueStruct

    path = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
    with db.write() as unit:
        store_values(unit.connection, services.vault, 1, device_id, [ParameterValueStruct(path, "horse-battery", "string")], clock(), "session")
    page = program("GET", f"/devices/1/parameters?prefix={path}").json
    assert (page["items"][0]["value"], page["items"][0]["secret"]) == (MASK, True)
    assert program("GET", "/devices/1/parameters?q=horse-battery").json["items"] == []
    names = {item["name"]: item["value"] for item in program("GET", "/devices/1/canonical").json["items"]}
    assert (names["wifi.2g.ssid"], names["wifi.2g.passphrase"]) == ("Sunflower", MASK)


def test_verdict_is_that_of_the_page(program, device_id):
    assert "another network" in program("GET", "/devices/1/verdict").json["sentence"]


def test_settings_are_written_by_canonical_name(program, services, device_id):
    asked = program("POST", "/devices/1/settings", json={"values": {"wifi.2g.channel": 11, "dhcp.dns_servers": ["1.1.1.1"]}, "reason": "test"})
    assert (asked.status_code, asked.json["kind"], asked.json["state"]) == (202, "write", "queued")
    refused = program("POST", "/devices/1/settings", json={"values": {"wifi.2g.channel": 36}})
    assert (refused.status_code, refused.json["field"]) == (422, "wifi.2g.channel")
    assert program("POST", "/devices/1/settings", json={"values": {"odd.name": 1}}).json["field"] == "odd.name"


def test_agent_writes_wifi_and_nothing_else(agent, device_id):
    assert agent("POST", "/devices/1/settings", json={"values": {"wifi.2g.ssid": "New"}}).status_code == 202
    assert agent("POST", "/devices/1/settings", json={"values": {"dhcp.lease_time_s": 60}}).status_code == 403
    assert agent("PATCH", "/devices/1", json={"tags": ["x"]}).status_code == 403
    assert agent("PATCH", "/devices/1", json={"trust": "blocked"}).status_code == 403


def test_events_sessions_and_files_are_listed(program, db, clock, device_id):
    samples.record(db, device_id, clock())
    assert {e["code"] for e in program("GET", "/devices/1/events").json["items"]} == {"1 BOOT", "admitted"}
    assert program("GET", "/devices/1/files").json == {"items": []}
    assert program("GET", "/devices/1/sessions").json["items"][0]["outcome"] == "ok"


def test_rules_are_kept(program, services):
    assert program("POST", "/onboarding-rules", json={"name": "Norvik", "oui": "02A5C1"}).json["id"] == 1
    assert program("GET", "/onboarding-rules").json["items"][0]["name"] == "Norvik"
    assert program("POST", "/onboarding-rules", json={"name": "all"}).status_code == 422
    assert program("DELETE", "/onboarding-rules/1").status_code == 204
    assert services.devices.rules(DEFAULT_TENANT) == ()


def test_a_value_is_explained_as_on_the_page(program, device_id):
    found = program("GET", f"/devices/{device_id}/canonical/wifi.2g.channel").json
    assert (found["path"], found["raw"]) == ("Device.WiFi.Radio.1.Channel", str(found["value"]))
    assert (found["ways"][0]["fate"], found["ways"][0]["rule"]) == ("taken", 1)
    assert found["at"]
    assert program("GET", f"/devices/{device_id}/canonical/wifi.colour").status_code == 404
