"""Groups that go to another ACS: rules, and moves that are asked twice."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.jobs import Job
from care.security.permissions import Role
from tests.care import samples

URL = "https://acs2.example/cwmp"


@pytest.fixture(autouse=True)
def hosts(services):
    services.redirects.hosts = ("acs2.example",)


@pytest.fixture
def home(services, db, clock):
    return samples.home(db, services.vault, clock(), samples.NORVIK, 1)


def text(answer):
    return answer.get_data(as_text=True)


def jobs(db):
    with db.read() as session:
        rows = list(session.query(Job).filter_by(name="moves.group"))
        session.expunge_all()
        return rows


def test_rule_is_added_listed_and_removed(signed_in, services, home):
    browser = signed_in()
    assert browser.post("/redirects/", {"model": samples.NORVIK, "url": URL, "reason": "closing down"}).status_code == 302
    page = text(browser.get("/redirects/"))
    assert URL in page
    assert "closing down" in page
    (rule,) = services.redirects.listed(DEFAULT_TENANT)
    assert rule.devices == 1
    browser.post(f"/redirects/{rule.id}/remove")
    assert services.redirects.listed(DEFAULT_TENANT) == ()


@pytest.mark.cwmp("J-17")
@pytest.mark.parametrize("how", ["redirect", "move", "sure"])
@pytest.mark.parametrize(
    "given",
    [{"url": URL}, {"tag": "x", "url": "https://evil.example/"}, {"tag": "x", "url": "gopher://acs2.example/"}, {"tag": "x", "url": ""}],
)
def test_what_may_not_be_is_refused_and_comes_back_as_it_was_typed(signed_in, services, db, home, given, how):
    answer = signed_in().post("/redirects/", {**given, "how": how})
    assert answer.status_code == 422
    assert f'value="{given["url"]}"' in text(answer) or not given["url"]
    assert services.redirects.listed(DEFAULT_TENANT) == ()
    assert jobs(db) == []


def test_moving_a_group_for_good_is_shown_first_and_then_done_in_the_background(signed_in, db, home):
    browser = signed_in()
    group = {"model": samples.NORVIK, "url": URL}
    page = text(browser.post("/redirects/", {**group, "how": "move"}))
    assert "1 device leaves for good" in page
    assert jobs(db) == []
    assert "/operations/" in browser.post("/redirects/", {**group, "how": "sure"}).location
    (job,) = jobs(db)
    assert (job.args["model"], job.args["url"], job.args["tenant"]) == (samples.NORVIK, URL, 1)


def test_nothing_is_offered_where_no_device_may_be_sent(signed_in, services, home):
    services.redirects.hosts = ()
    for page in ("/redirects/", f"/devices/{home}/software"):
        shown = text(signed_in().get(page))
        assert "HEARTHLINE_MOVE_HOSTS names an ACS" in shown
        assert 'name="url" type="url"' not in shown and 'value="redirect"' not in shown


def test_a_group_without_devices_is_not_moved(signed_in, db, home):
    assert "No device has" in text(signed_in().post("/redirects/", {"tag": "nobody", "url": URL, "how": "move"}))


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.AGENT, Role.VIEWER])
def test_only_who_may_send_devices_away_sees_the_page(signed_in, role):
    browser = signed_in(role)
    assert browser.get("/redirects/").status_code == 403
    assert browser.post("/redirects/", {"tag": "x", "url": URL}).status_code == 403
    assert "/redirects/" not in text(browser.get("/devices/"))


def test_without_any_allowed_host_the_page_says_why_nothing_works(signed_in, services):
    services.redirects.hosts = ()
    assert "HEARTHLINE_MOVE_HOSTS" in text(signed_in().get("/redirects/"))
