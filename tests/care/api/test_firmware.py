"""/api/v1/firmware."""

import io

from care.security.permissions import Role
from tests.care import samples
from tests.care.api.conftest import Program
from tests.care.conftest import ADMIN, PASSWORD


def form(size=100, **given):
    return {"version": "3.2.4", "model": "G240", "file": (io.BytesIO(b"x" * size), "norvik.bin"), **given}


def test_image_is_uploaded_listed_and_withdrawn(program):
    made = program("POST", "/firmware", data=form(), content_type="multipart/form-data")
    assert (made.status_code, made.json["size"], made.json["uploaded_by"]) == (201, 100, "token:anna/noc")
    assert [image["version"] for image in program("GET", "/firmware").json["items"]] == ["3.2.4"]
    assert program("DELETE", f"/firmware/{made.json['id']}").status_code == 204
    assert program("GET", "/firmware").json["items"] == []
    assert program("GET", "/firmware?withdrawn=true").json["items"][0]["withdrawn_at"]


def test_large_image_passes_where_other_bodies_do_not(program):
    assert program("POST", "/firmware", data=form(5 * 1024 * 1024), content_type="multipart/form-data").status_code == 201


def test_missing_file_and_twice_the_same_are_told(program):
    assert program("POST", "/firmware", data={"version": "1"}, content_type="multipart/form-data").json["field"] == "file"
    program("POST", "/firmware", data=form(), content_type="multipart/form-data")
    assert program("POST", "/firmware", data=form(), content_type="multipart/form-data").status_code == 409


def test_agent_may_look_but_not_add(app, security):
    user, _ = security.create_user(ADMIN, "ben", "Ben", Role.AGENT, PASSWORD)
    agent = Program(app, security.issue_token(ADMIN, user.id, "tool").secret)
    assert agent("GET", "/firmware").status_code == 200
    assert agent("POST", "/firmware", data=form(), content_type="multipart/form-data").status_code == 403


def test_image_is_described_released_and_found_as_a_step(program, services, db, clock):
    device = samples.home(db, services.vault, clock(), samples.NORVIK, 1, ["old-firmware"], read=False)
    runs = services.devices.head(1, device).software_version
    step = program("POST", "/firmware", data=form(version="9.0", models="G240, G250", draft="true"), content_type="multipart/form-data").json
    assert (step["state"], step["models"]) == ("draft", ["G240", "G250"])
    goal = program("POST", "/firmware", data=form(101, version="10.0", from_versions="9.*"), content_type="multipart/form-data").json
    path = f"/firmware/{goal['id']}/path?device={device}"
    assert "no released image" in program("GET", path).json["reason"]
    assert program("POST", f"/firmware/{step['id']}/release").json["state"] == "released"
    assert program("POST", f"/firmware/{step['id']}/release").status_code == 409
    found = program("GET", path).json
    assert (found["runs"], [each["version"] for each in found["steps"]], found["reason"]) == (runs, ["9.0", "10.0"], "")
    assert program("PATCH", f"/firmware/{goal['id']}", json={"from_versions": "", "hardware": ["Z*"]}).json["hardware"] == ["Z*"]
    assert "is for hardware Z*" in program("GET", path).json["reason"]
    assert program("PATCH", f"/firmware/{goal['id']}", json={"from_versions": ">="}).json["field"] == "from_versions"
    assert [(each["version"], each["devices"]) for each in program("GET", "/firmware/census").json["items"]] == [(runs, 1)]


def test_file_with_another_hash_is_refused(program):
    refused = program("POST", "/firmware", data=form(sha256="0" * 64), content_type="multipart/form-data")
    assert (refused.status_code, refused.json["field"]) == (422, "sha256")
