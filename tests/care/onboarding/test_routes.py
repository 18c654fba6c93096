"""Onboarding rules."""

from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role


def test_rule_is_added_listed_and_removed(signed_in, services):
    browser = signed_in()
    browser.post("/onboarding/", {"name": "Norvik", "oui": "02a5c1", "serial_prefix": "NV24"})
    assert "02A5C1" in browser.get("/onboarding/").get_data(as_text=True)
    browser.post("/onboarding/1/remove")
    assert services.devices.rules(DEFAULT_TENANT) == ()


def test_rule_for_everything_must_say_so(signed_in):
    answer = signed_in().post("/onboarding/", {"name": "all"})
    assert answer.status_code == 422
    assert "everything" in answer.get_data(as_text=True)


def test_agent_makes_no_rules(signed_in):
    assert signed_in(Role.AGENT).get("/onboarding/").status_code == 403
    assert signed_in(Role.AGENT).post("/onboarding/", {"name": "x"}).status_code == 403
