"""/api/v1/redirects."""

import pytest

from care.security.permissions import Role
from tests.care import samples
from tests.care.api.conftest import Program
from tests.care.conftest import ADMIN, PASSWORD

GROUP = {"model": samples.NORVIK, "url": "https://acs2.example/"}


@pytest.fixture(autouse=True)
def allowed(services):
    services.redirects.hosts = ("acs2.example",)


def test_rules_are_added_listed_and_removed(program, db, services, clock):
    samples.home(db, services.vault, clock(), samples.NORVIK, 1)
    added = program("POST", "/redirects", json=GROUP)
    assert added.status_code == 201
    (rule,) = program("GET", "/redirects").json["items"]
    assert (rule["model"], rule["url"], rule["devices"], rule["created_by"]) == (samples.NORVIK, GROUP["url"], 1, "token:anna/noc")
    assert program("DELETE", f"/redirects/{rule['id']}").status_code == 204
    assert program("GET", "/redirects").json["items"] == []
    assert program("DELETE", f"/redirects/{rule['id']}").status_code == 404


def test_a_group_moves_for_good_by_a_job(program, db, services, clock):
    assert program("POST", "/redirects/moves", json=GROUP).status_code == 422
    samples.home(db, services.vault, clock(), samples.NORVIK, 1)
    answer = program("POST", "/redirects/moves", json=GROUP)
    assert (answer.status_code, answer.json["job"] > 0) == (202, True)


@pytest.mark.cwmp("J-17")
@pytest.mark.parametrize("path", ["/redirects", "/redirects/moves"])
def test_targets_are_checked(program, path):
    answer = program("POST", path, json={**GROUP, "url": "https://evil.example/"})
    assert (answer.status_code, answer.json["field"]) == (422, "url")


def test_an_engineer_sends_nobody_away(app, security):
    admin, _ = security.create_user(ADMIN, "eng", "Eng", Role.ENGINEER, PASSWORD)
    engineer = Program(app, security.issue_token(ADMIN, admin.id, "x").secret)
    assert engineer("GET", "/redirects").status_code == 403
    assert engineer("POST", "/redirects/moves", json=GROUP).status_code == 403
