"""/api/v1/bulk."""

import pytest

from acs.bulk import service as bulk
from care.security.permissions import Role
from tests.care import samples
from tests.care.api.conftest import Program
from tests.care.conftest import ADMIN, PASSWORD


@pytest.fixture
def homes(db, services, clock) -> list[int]:
    return [samples.home(db, services.vault, clock(), number=number, read=False) for number in (1, 2, 3)]


def test_a_program_previews_begins_and_watches(program, services, homes):
    wanted = {"do": "operation", "subject": "reboot", "query": "presence:online", "reason": "night"}
    told = program("POST", "/bulk/preview", json=wanted).json
    assert (told["count"]["number"], told["refused"], [row["id"] for row in told["sample"]]) == (3, "", homes)
    action = program("POST", "/bulk", json=wanted).json
    assert (action["state"], action["done"]) == ("running", 0)
    while bulk.step(services.db, services.vault, action["id"], services.clock()):
        pass
    action = program("GET", f"/bulk/{action['id']}").json
    assert (action["state"], action["done"], action["operations"]) == ("done", 3, {"queued": 3})
    assert program("GET", "/bulk").json["items"][0]["reason"] == "night"
    assert program("POST", f"/bulk/{action['id']}/cancel").status_code == 409
    assert program("POST", "/bulk", json={**wanted, "subject": "ping"}).status_code == 422


def test_who_may_not_do_it_to_one_does_not_do_it_to_many(app, security, homes):
    user, _ = security.create_user(ADMIN, "ben", "Ben", Role.AGENT, PASSWORD)
    agent = Program(app, security.issue_token(ADMIN, user.id, "tool").secret)
    for do, subject, status in (("operation", "reboot", 202), ("operation", "write", 403), ("tag", "x", 403)):
        assert agent("POST", "/bulk", json={"do": do, "subject": subject, "devices": homes[:1]}).status_code == status, subject
