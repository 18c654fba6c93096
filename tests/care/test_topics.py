"""What may be watched."""

import pytest

from acs import jobs
from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role
from care.topics import MAX_TOPICS, allowed, event_name, touched
from tests.care.conftest import OTHER_TENANT, PASSWORD


def test_hint_touches_things_and_their_lists():
    assert touched({"kind": "progress", "device": 7, "operation": 12}) == ("device:7", "devices", "operation:12", "operations")
    assert touched({"kind": "job", "id": 3}) == ("job:3", "jobs")
    assert touched({"kind": "odd", "flag": True, "text": "x"}) == ()


def test_event_names_are_what_htmx_can_say():
    assert (event_name("operation:12"), event_name("jobs")) == ("operation-12", "jobs")


@pytest.fixture
def job(services, clock) -> int:
    with services.db.write() as unit:
        return jobs.enqueue(unit, DEFAULT_TENANT, "x.y", {}, clock.now, "a")


def user(services, role: Role, tenant=DEFAULT_TENANT):
    return services.security.create_user(Actor("system:test", tenant), f"u{tenant}{role.value}", "U", role, PASSWORD)[0]


def test_only_what_exists_in_the_tenant_and_is_permitted_is_watched(services, job):
    wanted = ("jobs", f"job:{job}", "job:999", "devices", "device:999", "operation:999", "secrets", "device", "job:x", "", "DEVICE:1")
    assert allowed(services, user(services, Role.ENGINEER), wanted) == ("jobs", f"job:{job}", "devices")
    assert allowed(services, user(services, Role.VIEWER), wanted) == ("devices",)
    assert allowed(services, user(services, Role.ADMIN, OTHER_TENANT), wanted) == ("jobs", "devices")


def test_number_of_topics_is_bounded(services, job):
    wanted = [f"job:{number}" for number in range(1000, 1000 + MAX_TOPICS)] + ["jobs"]
    assert allowed(services, user(services, Role.ENGINEER), wanted) == ()
