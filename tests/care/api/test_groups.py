"""/api/v1/groups, and queries of /api/v1/devices."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from tests.care import samples


@pytest.fixture
def homes(db, services, clock) -> list[int]:
    return [samples.home(db, services.vault, clock(), number=number, read=False) for number in (1, 2, 3)]


def test_a_program_finds_counts_completes_and_exports(program, homes):
    first = program("GET", "/devices?query=serial+%3D+NV*&limit=2&sort=-serial").json
    assert [row["id"] for row in first["items"]] == homes[:0:-1]
    assert [row["id"] for row in program("GET", f"/devices?query=serial+%3D+NV*&limit=2&sort=-serial&before={first['next']}").json["items"]] == homes[:1]
    assert program("GET", "/devices/count?query=presence:online").json == {"number": 3, "is_exact": True}
    items = program("GET", "/devices/complete?query=pres").json["items"]
    assert items[0] == {"text": "presence ", "label": "How it stands towards us, by its own interval", "start": 0, "end": 4}
    answer = program("GET", "/devices/export?query=&columns=serial,model")
    assert answer.mimetype == "text/csv"
    assert answer.get_data(as_text=True).splitlines()[1].startswith(f"{homes[0]},NV240000001,")


def test_a_query_that_cannot_be_read_is_said_with_its_place(program):
    answer = program("GET", "/devices?query=modle+%3D+x")
    assert answer.status_code == 422
    assert answer.json["field"] == "query"
    assert "(column 1): did you mean model?" in answer.json["message"]
    assert program("GET", "/devices?sort=note").status_code == 422
    assert program("GET", "/devices?before=x").status_code == 422


def test_groups_are_made_filled_changed_and_removed(program, services, homes):
    made = program("POST", "/groups", json={"name": "pilot"}).json
    assert (made["is_static"], made["size"]) == (True, 0)
    assert program("POST", f"/groups/{made['id']}/devices", json={"devices": homes}).json == {"changed": 3}
    assert program("DELETE", f"/groups/{made['id']}/devices", json={"devices": homes[:1]}).json == {"changed": 1}
    assert [row["id"] for row in program("GET", "/devices?query=group:pilot").json["items"]] == homes[1:]
    rule = program("POST", "/groups", json={"name": "rule", "query": "group:pilot"}).json
    assert program("DELETE", f"/groups/{made['id']}").status_code == 409
    assert program("PATCH", f"/groups/{rule['id']}", json={"query": "presence:online", "note": "all"}).json["note"] == "all"
    assert program("POST", f"/groups/{rule['id']}/count").status_code == 202
    assert program("DELETE", f"/groups/{made['id']}").status_code == 204
    assert [row["name"] for row in program("GET", "/groups").json["items"]] == ["rule"]
    assert program("GET", f"/groups/{made['id']}").status_code == 404
    assert services.finding.groups(DEFAULT_TENANT)[0].query == "presence:online"
