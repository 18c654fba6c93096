"""Saved groups on the screen: made of a query or by hand, changed, counted, removed; and what is refused with its place."""

import re

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.jobs import Job
from care.security.permissions import Role
from tests.care import samples


def text(answer) -> str:
    return answer.get_data(as_text=True)


@pytest.fixture
def homes(services, db, clock) -> list[int]:
    return [samples.home(db, services.vault, clock(), number=number, read=False) for number in (1, 2, 3)]


def test_a_query_of_the_list_becomes_a_group_that_is_a_tab(signed_in, services, homes) -> None:
    browser = signed_in()
    listed = text(browser.get("/devices/?query=serial+%3D+NV24000000*"))
    new = re.search(r'href="(/groups/new\?query=[^"]+)"', listed)
    assert 'value="serial = NV24000000*"' in text(browser.get(new[1]))
    answer = browser.post("/groups/new", {"name": "new ones", "kind": "query", "query": "serial = NV24000000*", "note": "of May"})
    assert answer.status_code == 302
    page = text(browser.get(answer.location))
    assert "Group “new ones” is saved." in page
    assert page.count('class="hl-row-title"') == 3
    assert re.search(r'aria-current="page">new ones', page)
    with services.db.read() as session:
        assert [job.name for job in session.query(Job)] == ["finding.count_group"]


def test_what_cannot_be_read_comes_back_with_its_place(signed_in) -> None:
    answer = signed_in().post("/groups/new", {"name": "x", "kind": "query", "query": "modle = x"})
    assert answer.status_code == 422
    page = text(answer)
    assert "did you mean model?" in page
    assert "modle = x\n^^^^^" in page
    assert 'aria-invalid="true"' in page
    answer = signed_in().post("/groups/new", {"name": "", "kind": "static"})
    assert answer.status_code == 422
    assert 'id="group-name-error"' in text(answer)


def test_a_group_is_changed_counted_and_removed(signed_in, services, homes) -> None:
    browser = signed_in()
    group = services.finding.create(_actor(), "lab", "tag:lab", "")
    assert "tag:lab" in text(browser.get(f"/groups/{group}"))
    assert browser.post(f"/groups/{group}", {"query": "tag:other", "note": "moved"}).status_code == 302
    assert services.finding.group(DEFAULT_TENANT, group).query == "tag:other"
    assert browser.post(f"/groups/{group}", {"query": "group:lab"}).status_code == 422
    assert browser.post(f"/groups/{group}/count").status_code == 302
    assert browser.post(f"/groups/{group}/remove").status_code == 302
    assert services.finding.groups(DEFAULT_TENANT) == ()
    assert "No group yet" in text(browser.get("/groups/"))


def test_devices_leave_a_group_from_the_list(signed_in, services, homes) -> None:
    group = services.finding.create(_actor(), "pilot", None, "")
    services.finding.add(_actor(), group, homes)
    signed_in().post(f"/groups/{group}/leave", {"device": [str(homes[0])]})
    assert services.finding.group(DEFAULT_TENANT, group).size == 2


def test_who_only_looks_changes_no_group(signed_in, services) -> None:
    group = services.finding.create(_actor(), "pilot", None, "")
    browser = signed_in(Role.AGENT)
    assert browser.get(f"/groups/{group}").status_code == 200
    for path in ("/groups/new", f"/groups/{group}", f"/groups/{group}/remove", f"/groups/{group}/leave"):
        assert browser.post(path, {"name": "x"}).status_code == 403, path


def _actor():
    from acs.audit import Actor

    return Actor("user:anna", DEFAULT_TENANT)
