"""From ticked rows or a query through the preview to a deed for many."""

import re

import pytest

from acs.audit import Actor
from acs.bulk import service as bulk
from acs.bulk.views import Selection, Wanted
from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role
from tests.care import samples
from tests.care.conftest import OTHER_TENANT

ANNA = Actor("user:anna", DEFAULT_TENANT)


def text(answer) -> str:
    return answer.get_data(as_text=True)


@pytest.fixture
def homes(services, db, clock) -> list[int]:
    return [samples.home(db, services.vault, clock(), number=number, read=False) for number in (1, 2, 3)]


def run(services, action: int) -> None:
    while bulk.step(services.db, services.vault, action, services.clock()):
        pass


@pytest.mark.feature("U-57")
def test_a_group_is_restarted_as_one_device_is(signed_in, services, homes) -> None:
    """The same action, offered on one device and on a saved group, each of them seen before it is done."""
    group = services.finding.create(ANNA, "canaries", None, "")
    services.finding.add(ANNA, group, homes[:2])
    browser = signed_in(Role.AGENT)
    assert f'action="/devices/{homes[0]}/ask/reboot"' in text(browser.get(f"/devices/{homes[0]}"))
    page = text(browser.get(f"/groups/{group}"))
    todo = re.search(r'href="(/bulk/new\?[^"]+)"', page)[1].replace("&amp;", "&")
    assert 'value="operation:reboot"' in text(browser.get(todo))
    page = text(browser.get(f"{todo}&do=operation:reboot"))
    assert "Preview" in page
    page = text(browser.post("/bulk/preview", {"query": "group:canaries", "scope": "query", "do": "operation:reboot", "reason": "new cable"}))
    assert "2 devices" in page
    assert "NV240000001" in page
    assert "NV240000003" not in page
    assert services.operations.listed(DEFAULT_TENANT, kinds=("reboot",)) == ()
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)[1]
    answer = browser.post("/bulk/run", {"sealed": sealed, "reason": "new cable"})
    action = int(answer.location.rpartition("/")[2])
    run(services, action)
    assert {op.device_id for op in services.operations.listed(DEFAULT_TENANT, kinds=("reboot",))} == set(homes[:2])
    page = text(browser.get(answer.location))
    assert "2</b>" in page
    assert "new cable" in page


def test_ticked_rows_get_a_tag(signed_in, services, homes) -> None:
    browser = signed_in()
    page = text(browser.get("/devices/"))
    assert page.count("data-tick ") == 3
    page = text(browser.get(f"/bulk/new?scope=ticked&device={homes[0]}&device={homes[2]}"))
    assert "2 ticked devices" in page
    page = text(browser.post("/bulk/preview", {"scope": "ticked", "device": [str(homes[0]), str(homes[2])], "do": "tag", "tag": "Lab"}))
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)[1]
    run(services, int(browser.post("/bulk/run", {"sealed": sealed}).location.rpartition("/")[2]))
    assert [services.devices.head(DEFAULT_TENANT, each).tags for each in homes] == [("lab",), (), ("lab",)]
    assert "Done to many" in text(browser.get("/bulk/"))


def test_what_cannot_be_done_is_said_before(signed_in, homes) -> None:
    browser = signed_in()
    for given, said, status in (
        ({"do": "tag", "tag": "no blanks", "query": ""}, "cannot be a tag", 422),
        ({"do": "tag", "tag": "x", "query": "modle = x"}, "did you mean model?", 422),
        ({"do": "", "query": ""}, "Choose what is to be done", 422),
        ({"do": "operation:ping", "query": ""}, "not asked of many", 422),
        ({"do": "operation:write", "values": "no equals sign", "query": ""}, "path = value", 422),
    ):
        answer = browser.post("/bulk/preview", given)
        assert answer.status_code == status, given
        assert said in text(answer), given
    assert "there is nothing to do" in text(browser.post("/bulk/preview", {"do": "tag", "tag": "x", "query": "tag:nobody"}))
    assert browser.get("/bulk/new?scope=ticked").status_code == 422


def test_nobody_does_to_many_what_they_may_not_do_to_one(signed_in, services, homes) -> None:
    browser = signed_in(Role.VIEWER)
    assert "data-tick" not in text(browser.get("/devices/"))
    for do in ("tag", "operation:reboot", "operation:write"):
        assert browser.post("/bulk/preview", {"do": do, "tag": "x", "query": ""}).status_code == 403
    sealed = services.bulk.seal(ANNA, Wanted(bulk.Deed.TAG, "x"), Selection(""))
    assert browser.post("/bulk/run", {"sealed": sealed}).status_code == 422


def test_a_deed_of_another_tenant_is_not_there(signed_in, services, db, clock) -> None:
    samples.home(db, services.vault, clock(), read=False, tenant=OTHER_TENANT)
    theirs = services.bulk.begin(Actor("user:theirs", OTHER_TENANT), Wanted(bulk.Deed.TAG, "x"), Selection(""))
    browser = signed_in()
    assert browser.get(f"/bulk/{theirs}").status_code == 404
    assert browser.post(f"/bulk/{theirs}/cancel").status_code == 404


def test_a_run_is_stopped(signed_in, services, homes) -> None:
    action = services.bulk.begin(ANNA, Wanted(bulk.Deed.TAG, "x"), Selection(""))
    browser = signed_in()
    assert "Go no further" in text(browser.get(f"/bulk/{action}?part=progress"))
    assert browser.post(f"/bulk/{action}/cancel").status_code == 302
    assert "Cancelled" in text(browser.get(f"/bulk/{action}"))
