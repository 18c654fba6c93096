"""/api/v1/quirks and what holds for a device."""

import tomllib

from acs.provisioning.procedure import Learned
from acs.quirks import learning
from care.security.permissions import Role
from tests.care import samples
from tests.care.api.conftest import Program
from tests.care.conftest import ADMIN, PASSWORD

BOX = {"product_class": "Box", "knob": "read_batch", "value": 20}


def test_an_entry_is_set_changed_and_removed(program):
    made = program("POST", "/quirks", json={**BOX, "firmware": ">=2"})
    assert (made.status_code, made.json["author"], made.json["pinned"]) == (201, "token:anna/noc", True)
    path = f"/quirks/{made.json['id']}"
    assert program("PATCH", path, json={"state": "off"}).json["state"] == "off"
    assert program("GET", path).json["evidence"] == []
    assert program("GET", "/quirks?state=active").json["items"] == []
    assert program("DELETE", path).status_code == 204
    assert program("GET", path).status_code == 404


def test_the_list_is_paged(program):
    for number in range(5):
        program("POST", "/quirks", json={**BOX, "product_class": f"Box{number}"})
    first = program("GET", "/quirks?limit=3").json
    rest = program("GET", f"/quirks?limit=3&after={first['next']}").json
    assert [item["product_class"] for item in (*first["items"], *rest["items"])] == [f"Box{n}" for n in range(5)]
    assert rest["next"] is None


def test_what_is_wrong_is_told_with_its_field(program):
    assert program("POST", "/quirks", json={**BOX, "value": "many"}).json["field"] == "value"
    assert program("POST", "/quirks", json={**BOX, "product_class": ""}).json["field"] == "product_class"
    program("POST", "/quirks", json=BOX)
    assert program("POST", "/quirks", json=BOX).status_code == 409


def test_files_go_out_and_come_in_with_a_dry_run_first(program):
    program("POST", "/quirks", json=BOX)
    text = program("GET", "/quirks/export").get_data(as_text=True)
    assert tomllib.loads(text)["quirk"][0]["value"] == 20
    changed = text.replace("value = 20", "value = 30")
    dry = program("POST", "/quirks/import", json={"text": changed, "dry_run": True}).json["items"]
    assert [(one["what"], one["before"]["value"], one["entry"]["value"]) for one in dry] == [("differs", 20, 30)]
    program("POST", "/quirks/import", json={"text": changed})
    assert program("GET", "/quirks").json["items"][0]["value"] == 20
    program("POST", "/quirks/import", json={"text": changed, "overwrite": True})
    assert program("GET", "/quirks").json["items"][0]["value"] == 30
    assert program("POST", "/quirks/import", json={"text": "format = 9"}).json["field"] == "file"


def test_what_holds_for_a_device(program, db, services, clock):
    device_id = samples.home(db, services.vault, clock(), samples.NORVIK, 1, read=False)
    with db.write() as unit:
        learning.learn(unit, [(device_id, 1, clock(), [Learned("refused_names", 9005, "Device.X.Y", "asked", "9005")])])
    told = program("GET", f"/devices/{device_id}/quirks").json
    assert told["knobs"] == {"refused_names": {"Device.X.Y": 9005}}
    assert [entry["state"] for entry in told["entries"]] == ["proposed"]
    assert [one["answered"] for one in told["learned"]] == ["9005"]
    assert program("GET", "/devices/nobody/quirks").status_code == 404


def test_agent_may_look_but_not_set(app, security):
    user, _ = security.create_user(ADMIN, "ben", "Ben", Role.AGENT, PASSWORD)
    agent = Program(app, security.issue_token(ADMIN, user.id, "tool").secret)
    assert agent("GET", "/quirks").status_code == 200
    assert agent("GET", "/quirks/export").status_code == 200
    assert agent("POST", "/quirks", json=BOX).status_code == 403
    assert agent("POST", "/quirks/import", json={"text": "format = 1"}).status_code == 403
