"""Pages of who may connect: what they show, what they change, and to whom."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.provisioning.plan import Trust
from care.security.permissions import Role
from tests.care.conftest import OTHER_TENANT

RULE = {"network": "198.51.100.0/24", "action": "refuse", "reason": "stolen pallet"}
PAGES = ("", "waiting", "blocks", "certificates", "alarms")


def text(answer):
    return answer.get_data(as_text=True)


# ---- who sees and changes what -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "seen"),
    [(Role.ADMIN, PAGES), (Role.ENGINEER, PAGES), (Role.AGENT, ("", "blocks", "certificates", "alarms")), (Role.VIEWER, ())],
)
def test_pages_are_for_those_who_may_see_them(signed_in, scene, role, seen):
    browser = signed_in(role)
    assert tuple(page for page in PAGES if browser.get(f"/access/{page}").status_code == 200) == seen


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/access/blocks", {**RULE, "confirmed": "yes"}), ("/access/blocks/1/remove", {}), ("/access/certificates", {"kind": "revoked", "subject": "x"}),
        ("/access/certificates/1/remove", {}), ("/access/alarms/1", {"state": "settled"}), ("/access/waiting", {"trust": "admitted", "device": "2"}),
        ("/devices/1/aliases", {"key": "00D09E-G240-X", "reason": "r"}), ("/devices/1/split", {"key": "x"}),
        ("/devices/1/merge", {"other": "2", "reason": "r"}), ("/devices/merges/1/undo", {}),
    ],
)  # fmt: skip
def test_agent_changes_nothing_of_it(signed_in, services, scene, path, data):
    assert signed_in(Role.AGENT).post(path, data).status_code == 403
    assert services.access.blocks(DEFAULT_TENANT) == ()
    assert services.devices.head(DEFAULT_TENANT, scene.strangers[0]).trust == Trust.QUARANTINE


def test_agent_is_offered_no_button_that_fails(signed_in, scene):
    browser = signed_in(Role.AGENT)
    for page in ("", "blocks", "certificates", "alarms"):
        assert 'method="post"' not in text(browser.get(f"/access/{page}")).partition("<main")[2]


def test_another_tenant_sees_nothing(signed_in, scene):
    browser = signed_in(Role.ADMIN, OTHER_TENANT)
    for page in PAGES:
        shown = text(browser.get(f"/access/{page}"))
        assert "NV1000001" not in shown
        assert "XX1" not in shown
    assert browser.get(f"/devices/{scene.home}/identity").status_code == 404


# ---- refused lately ------------------------------------------------------------------------------------------------


def test_refusals_are_told_in_words_with_their_device(signed_in, scene):
    shown = text(signed_in().get("/access/"))
    assert "Wrong login" in shown
    assert "no shared cipher" in shown
    assert f'href="/devices/{scene.home}"' in shown
    assert 'href="/access/blocks?network=203.0.113.9"' in shown


@pytest.mark.parametrize(
    ("query", "there", "not_there"), [("reason=tls", "203.0.113.9", "192.0.2.7"), ("q=NV1", "192.0.2.7", "203.0.113.9")]
)
def test_refusals_are_filtered(signed_in, scene, query, there, not_there):
    table = text(signed_in().get(f"/access/?{query}")).partition("<tbody>")[2].partition("</tbody>")[0]
    assert there in table
    assert not_there not in table


@pytest.mark.parametrize("query", ["reason=nonsense", "before=nonsense", "q=%25", "before=2026-11-21"])
def test_senseless_filters_do_no_harm(signed_in, scene, query):
    assert signed_in().get(f"/access/?{query}").status_code == 200


def test_every_page_says_what_will_be_there_when_it_is_empty(signed_in):
    browser = signed_in()
    for page, words in zip(
        PAGES, ("Nobody was refused", "Nobody waits", "No rule", "No certificate is registered", "No alarm"), strict=True
    ):
        assert words in text(browser.get(f"/access/{page}"))


# ---- strangers -----------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("J-7")
@pytest.mark.parametrize("trust", ["admitted", "blocked"])
def test_strangers_are_decided_on_together_after_a_preview(signed_in, services, scene, trust):
    browser = signed_in()
    chosen = {"trust": trust, "device": [str(n) for n in scene.strangers]}
    preview = text(browser.post("/access/waiting", chosen))
    assert "2 devices?" in preview
    assert "00D09E-G240-XX1" in preview
    assert services.devices.head(DEFAULT_TENANT, scene.strangers[0]).trust == Trust.QUARANTINE
    assert browser.post("/access/waiting", {**chosen, "confirmed": "yes"}).status_code == 302
    assert {services.devices.head(DEFAULT_TENANT, n).trust for n in scene.strangers} == {trust}
    assert [line.action for line in services.audit.lines(DEFAULT_TENANT, f"device:{scene.strangers[0]}", None, 5)] == ["device.trust"]


def test_devices_that_are_in_are_not_touched_by_the_bulk(signed_in, services, scene):
    signed_in().post("/access/waiting", {"trust": "blocked", "device": [str(scene.home)], "confirmed": "yes"})
    assert services.devices.head(DEFAULT_TENANT, scene.home).trust == Trust.ADMITTED


def test_nobody_chosen_is_said(signed_in, scene):
    answer = signed_in().client
    browser = signed_in()
    assert "tick the devices" in text(browser.post("/access/waiting", {"trust": "admitted"}, follow_redirects=True))
    assert answer is not None


# ---- block list ----------------------------------------------------------------------------------------------------


def test_rule_is_previewed_put_in_force_and_taken_away(signed_in, services, scene):
    browser = signed_in()
    preview = text(browser.post("/access/blocks", RULE))
    assert "2 known devices fit" in preview
    assert "XX1" in preview
    assert services.access.blocks(DEFAULT_TENANT) == ()
    assert browser.post("/access/blocks", {**RULE, "days": "7", "confirmed": "yes"}).status_code == 302
    (rule,) = services.access.blocks(DEFAULT_TENANT)
    assert (rule.network, rule.created_by, (rule.expires_at - services.clock()).days) == ("198.51.100.0/24", "user:admin", 7)
    assert "stolen pallet" in text(browser.get("/access/blocks"))
    browser.post(f"/access/blocks/{rule.id}/remove")
    assert services.access.blocks(DEFAULT_TENANT) == ()


@pytest.mark.parametrize("wrong", [{"network": "nonsense"}, {"network": ""}, {"reason": ""}, {"days": "-1"}, {"oui": "XYZXYZ"}])
def test_rule_that_makes_no_sense_comes_back_as_it_was_typed(signed_in, services, wrong):
    answer = signed_in().post("/access/blocks", {**RULE, **wrong, "confirmed": "yes"})
    assert answer.status_code == 422
    assert "Nothing was saved yet" in text(answer)
    assert services.access.blocks(DEFAULT_TENANT) == ()


def test_form_is_filled_from_a_refusal(signed_in):
    assert 'value="203.0.113.9"' in text(signed_in().get("/access/blocks?network=203.0.113.9"))


# ---- certificates --------------------------------------------------------------------------------------------------


def test_certificate_is_registered_shown_and_taken_away(signed_in, services):
    browser = signed_in()
    given = {"kind": "model", "subject": "acme-gateway", "oui": "00d09e", "product_class": "G240"}
    assert browser.post("/access/certificates", given).status_code == 302
    assert "acme-gateway" in text(browser.get("/access/certificates"))
    (entry,) = services.access.certificates(DEFAULT_TENANT)
    browser.post(f"/access/certificates/{entry.id}/remove")
    assert services.access.certificates(DEFAULT_TENANT) == ()


def test_certificate_without_a_name_is_refused_beside_the_field(signed_in):
    answer = signed_in().post("/access/certificates", {"kind": "device", "device_key": "x"})
    assert answer.status_code == 422
    assert "by its fingerprint or by its subject" in text(answer)


# ---- identity alarms -----------------------------------------------------------------------------------------------


@pytest.mark.cwmp("J-4")
def test_alarm_is_listed_with_its_evidence_and_settled_by_a_person(signed_in, services, scene):
    browser = signed_in(Role.ENGINEER)
    shown = text(browser.get("/access/alarms"))
    assert "Two addresses take turns" in shown
    assert "198.51.100.9" in shown
    (alarm,) = services.access.alarms(DEFAULT_TENANT, True)
    browser.post(f"/access/alarms/{alarm.id}", {"state": "settled", "note": "customer moved house"})
    assert "No alarm" in text(browser.get("/access/alarms"))
    assert "customer moved house" in text(browser.get("/access/alarms?all=yes"))


def test_alarm_is_not_silenced_for_good_without_a_reason(signed_in, services, scene):
    browser = signed_in()
    (alarm,) = services.access.alarms(DEFAULT_TENANT, True)
    assert "Say why" in text(browser.post(f"/access/alarms/{alarm.id}", {"state": "accepted"}, follow_redirects=True))
    assert len(services.access.alarms(DEFAULT_TENANT, True)) == 1
    assert browser.post(f"/access/alarms/{alarm.id}", {"state": "nonsense"}).status_code == 422
