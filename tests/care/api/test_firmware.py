"""/api/v1/firmware."""

import io

from care.security.permissions import Role
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
