"""The box on the device page, the page of all tries with its previews, setting up XMPP, and the lease of who looks."""

import re

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device
from acs.reach import service as reach
from acs.reach.views import Method
from care.security.permissions import Role
from tests.care.conftest import OTHER_TENANT
from tests.care.devices.conftest import text


@pytest.fixture
def tried(db, services, clock):
    """A try that ended so."""

    def note(device_id, method=Method.HTTP, result="timeout", detail="no answer from 192.168.1.4:7547 within 10 s"):
        with db.write() as unit:
            unit.session.get(Device, device_id).connection_request_url = "http://203.0.113.7:7547/cr"  # where it speaks from
            return reach.note_attempt(unit, services.vault, device_id, clock(), method, result, detail, 10_003, clock())

    return note


def test_box_says_the_state_and_offers_what_helps(signed_in, home, tried):
    device_id = home()
    tried(device_id)
    box = text(signed_in().get(f"/devices/{device_id}/reach/box"))
    assert "no answer" in box
    assert 'id="wake-now"' in box
    assert "Turn on STUN…" in box
    assert f"/devices/{device_id}/reach/" in text(signed_in().get(f"/devices/{device_id}"))


def test_page_of_a_device_that_nothing_wakes_says_why_at_its_top_and_has_the_box_first(signed_in, db, home, tried):
    device_id = home()
    with db.write() as unit:
        unit.session.get(Device, device_id).connection_request_url = "http://203.0.113.7:7547/cr"  # where it speaks from: no NAT between
    quiet = text(signed_in().get(f"/devices/{device_id}"))
    assert "What can be done" not in quiet
    assert quiet.index("This device") < quiet.index('id="reach"')
    tried(device_id)
    page = text(signed_in().get(f"/devices/{device_id}"))
    assert page.index("There is no answer at 203.0.113.7.") < page.index('href="#reach"') < page.index("hl-strip")
    assert page.index('id="reach"') < page.index("This device")


def test_reach_is_part_of_the_devices_and_of_their_first_tab(signed_in, home):
    page = text(signed_in().get(f"/devices/{home()}/reach/"))
    assert re.search(r'href="/devices/" aria-current="true"', page)
    assert re.search(r'aria-current="page">Overview', page)
    assert "All tries</a>" not in page


def test_what_the_watch_asks_for_is_told_in_the_box_and_has_no_card(signed_in, home, tried, services):
    device_id = home()
    tried(device_id)
    signed_in(Role.AGENT).post(f"/devices/{device_id}/reach/watch")
    assert [op.kind for op in services.operations.listed(DEFAULT_TENANT, device_id)] == ["inform_interval"]
    page = text(signed_in().get(f"/devices/{device_id}"))
    assert "told to speak often" in page
    assert "Change how often it speaks" not in page


def test_refused_login_shows_that_it_is_rewritten(signed_in, home, tried, services):
    device_id = home()
    tried(device_id, result="unauthorized", detail="the device refuses our request login")
    box = text(signed_in().get(f"/devices/{device_id}/reach/box"))
    assert "The login is rewritten at its next contact" in box
    assert "Rewrite request login" not in box
    (op,) = services.operations.listed(DEFAULT_TENANT, device_id)
    assert (op.kind, op.requested_by) == ("request_login", "system:reach")


def test_page_lists_all_tries_and_previews_what_stun_writes(signed_in, home, tried):
    device_id = home()
    for _ in range(9):
        tried(device_id)
    page = text(signed_in().get(f"/devices/{device_id}/reach/"))
    assert page.count("10003&nbsp;ms") == 9
    assert "ManagementServer.STUNPassword" in page and "ManagementServer.STUNEnable" in page
    assert "XMPP.Connection" not in page  # this server has no XMPP account


def test_preview_shows_no_secret_and_agents_get_none(signed_in, home):
    device_id = home()
    assert "ManagementServer.STUNEnable" not in text(signed_in(Role.AGENT).get(f"/devices/{device_id}/reach/"))


def test_wake_now_is_an_operation_with_its_card(signed_in, home, services):
    device_id = home()
    answer = signed_in(Role.AGENT).post(f"/devices/{device_id}/ask/wake", {"tab": "show"})
    assert answer.status_code == 302
    assert [op.kind for op in services.operations.listed(DEFAULT_TENANT, device_id)] == ["wake"]


def test_viewer_sees_the_box_and_can_press_nothing(signed_in, home):
    device_id = home()
    box = text(signed_in(Role.VIEWER).get(f"/devices/{device_id}/reach/box"))
    assert "Wake now" not in box
    assert signed_in(Role.VIEWER).post(f"/devices/{device_id}/reach/watch").status_code == 403
    assert signed_in(Role.AGENT).post(f"/devices/{device_id}/reach/xmpp", {"username": "x", "password": "y"}).status_code == 403


def test_account_that_exists_is_given_to_the_device_and_its_password_sealed(signed_in, home, db, services):
    from acs.operations.models import Operation

    device_id = home()
    answer = signed_in().post(f"/devices/{device_id}/reach/xmpp", {"username": "cpe1", "password": "of the cpe"})
    assert answer.status_code == 302
    with db.read() as session:
        row = session.query(Operation).filter_by(device_id=device_id, kind="enable_xmpp").one()
        assert row.args["username"] == "cpe1" and "of the cpe" not in str(row.args)


def test_open_page_of_a_device_that_nothing_wakes_begins_a_lease_and_renews_it(signed_in, home, tried, services, clock, db):
    device_id, agent = home(ago_s=3), signed_in(Role.AGENT)
    tried(device_id, result="busy")
    assert agent.post(f"/devices/{device_id}/reach/watch").status_code == 204
    assert services.reach.look(DEFAULT_TENANT, device_id).watch is None  # a call may bring it
    for _ in range(3):
        tried(device_id)
    agent.post(f"/devices/{device_id}/reach/watch")
    first = services.reach.look(DEFAULT_TENANT, device_id).watch
    clock.advance(seconds=60)
    agent.post(f"/devices/{device_id}/reach/watch")
    again = services.reach.look(DEFAULT_TENANT, device_id).watch
    assert again.until > first.until and again.by == "user:agent"
    assert "told to speak often" in text(agent.get(f"/devices/{device_id}/reach/box"))
    assert [op.kind for op in services.operations.listed(DEFAULT_TENANT, device_id)] == ["inform_interval"]


def test_device_of_another_tenant_does_not_exist(signed_in, home):
    device_id = home()
    other = signed_in(Role.ADMIN, OTHER_TENANT)
    for answer in (
        other.get(f"/devices/{device_id}/reach/"), other.get(f"/devices/{device_id}/reach/box"), other.post(f"/devices/{device_id}/reach/watch"),
        other.post(f"/devices/{device_id}/reach/xmpp", {"username": "a", "password": "b"}),
    ):  # fmt: skip
        assert answer.status_code == 404
