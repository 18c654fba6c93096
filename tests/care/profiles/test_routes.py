"""The screens of profiles: list, form with what is wrong at its field, versions, dry runs, drift, repair, and who may do what."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role
from tests.care.conftest import ADMIN, OTHER_TENANT
from tests.care.profiles.conftest import FORM


def html(answer):
    return answer.get_data(as_text=True)


def listed(services):
    return services.profiles.listed(DEFAULT_TENANT)


def test_an_empty_list_says_what_will_be_here(signed_in):
    page = html(signed_in().get("/profiles/"))
    assert "No profile yet" in page
    assert "No report yet" in page
    assert "New profile" not in html(signed_in(Role.VIEWER).get("/profiles/"))


def test_a_profile_is_written_shown_and_changed_with_its_versions(signed_in, services):
    browser = signed_in(Role.ENGINEER)
    assert browser.post("/profiles/new", FORM).status_code == 302
    (view,) = listed(services)
    assert [one["name"] for one in view.document["settings"]] == ["wifi.2g.channel", "wifi.2g.ssid"]
    assert view.document["rows"][0]["keys"] == {"external_port": "8443", "protocol": "tcp"}
    page = html(browser.get(f"/profiles/{view.id}"))
    assert "Sonnenblume" in page
    assert "external_port 8443" in page
    assert "every device" in page
    form = html(browser.get(f"/profiles/{view.id}/edit"))
    assert 'value="Sonnenblume"' in form
    assert "external_port = 8443" in form
    assert browser.post(f"/profiles/{view.id}/edit", {**FORM, "precedence": "20", "reason": "matters more"}).status_code == 302
    page = html(browser.get(f"/profiles/{view.id}"))
    assert "matters more" in page
    assert listed(services)[0].version == 2


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"setting-value": ["many", "", "x"]}, "settings-0-value-error"),
        ({"selection": "model ="}, "selection-error"),
        ({"name": ""}, "name-error"),
        ({"row-keys": "external_port 80"}, "rows-0-keys-error"),
        ({"inform_interval_s": "5"}, "inform_interval_s-error"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_typed_is_lost(signed_in, services, change, place):
    answer = signed_in().post("/profiles/new", {**FORM, **change})
    page = html(answer)
    assert answer.status_code == 422
    assert f'id="{place}"' in page
    assert "internal_port = 443" in page
    assert listed(services) == ()


def test_more_lines_keep_what_was_typed(signed_in, services):
    page = html(signed_in().post("/profiles/new", {**FORM, "act": "more"}))
    assert page.count('name="setting-name"') == 2 + 7
    assert listed(services) == ()


def test_a_secret_is_not_shown_and_stays_where_nobody_types_it_anew(signed_in, services, profile, home):
    view = profile()
    browser = signed_in()
    page = html(browser.get(f"/profiles/{view.id}/edit"))
    assert "correct horse" not in page
    form = {"name": "Basic", "enabled": "yes", "setting-name": ["wifi.2g.channel", "wifi.2g.passphrase"], "setting-value": ["11", "•••"]}
    from acs.secrets import MASK

    browser.post(f"/profiles/{view.id}/edit", {**form, "setting-value": ["11", MASK]})
    device = home()
    found = services.profiles.examine(DEFAULT_TENANT, device)
    assert {v.name for v in found.desired.values} == {"wifi.2g.channel", "wifi.2g.passphrase"}
    assert "correct horse" not in html(browser.get(f"/devices/{device}/desired"))
    assert listed(services)[0].version == 2


def test_a_profile_is_put_out_of_force_and_removed(signed_in, services, profile):
    view, browser = profile(), signed_in()
    browser.post(f"/profiles/{view.id}/enabled", {"enabled": ""})
    assert not listed(services)[0].in_force
    browser.post(f"/profiles/{view.id}/remove")
    assert listed(services) == ()


def test_a_dry_run_of_a_profile_lists_devices_differences_and_messages(signed_in, services, profile, home, finish):
    view, device, browser = profile(enabled=False), home(), signed_in()
    answer = browser.post("/profiles/reports", {"selection": "", "profile": view.id})
    assert "Looking…" in html(browser.get(answer.location))
    finish(1)
    page = html(browser.get(answer.location))
    assert f"/devices/{device}/desired" in page
    assert "cwmp:SetParameterValues" in page
    assert "Wanted by Basic" in page
    assert "correct horse" not in page
    assert "Repair…" not in page


def test_drift_is_reported_and_repaired(signed_in, services, profile, home, finish):
    profile()
    device, browser = home(), signed_in(Role.ENGINEER)
    answer = browser.post("/profiles/reports", {"selection": ""})
    finish(1)
    assert "Repair…" in html(browser.get(answer.location))
    browser.post("/profiles/reports/1/repair")
    assert "Repair was asked for by" in html(browser.get(answer.location))
    assert services.profiles.report(DEFAULT_TENANT, 1).counts["pending"] == 1
    assert device


def test_a_selection_that_cannot_be_read_is_told_at_its_field(signed_in):
    answer = signed_in().post("/profiles/reports", {"selection": "model ="})
    assert answer.status_code == 422
    assert 'id="selection-error"' in html(answer)


def test_who_may_do_what(signed_in, profile):
    view = profile()
    viewer, agent = signed_in(Role.VIEWER), signed_in(Role.AGENT)
    assert viewer.get(f"/profiles/{view.id}").status_code == 200
    assert viewer.post("/profiles/reports", {"selection": ""}).status_code == 403
    for browser in (viewer, agent):
        assert browser.get("/profiles/new").status_code == 403
        assert browser.post(f"/profiles/{view.id}/edit", FORM).status_code == 403
        assert browser.post("/profiles/reports/1/repair").status_code == 403
    assert signed_in(Role.ADMIN, OTHER_TENANT).get(f"/profiles/{view.id}").status_code == 404


def test_a_profile_with_a_date_says_when_it_counts(signed_in, services, clock):
    browser = signed_in()
    browser.post("/profiles/new", {**FORM, "valid_from": "2027-01-01T08:00"})
    (view,) = listed(services)
    assert (view.enabled, view.in_force, view.valid_from.isoformat()) == (True, False, "2027-01-01T08:00:00+00:00")
    assert 'value="2027-01-01T08:00"' in html(browser.get(f"/profiles/{view.id}/edit"))
    assert ADMIN.tenant == DEFAULT_TENANT
