"""The screen of the registry: what it says, what a person may do, and what each of it needs."""

import io

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from care.security.permissions import Role
from tests.care.conftest import ADMIN, OTHER_TENANT

BOX = {"product_class": "Box", "knob": "read_batch", "value": "20", "note": "K-50"}


def html(answer):
    return answer.get_data(as_text=True)


def entries(services):
    return services.quirks.listed(DEFAULT_TENANT)


def test_entries_are_listed_by_model_in_plain_words(signed_in, learned, by_hand, head):
    page = html(signed_in(Role.VIEWER).get("/quirks/"))
    assert f"{head.product_class} {head.oui}, firmware {head.software_version}" in page
    assert "At most 32 names are read at once." in page
    assert "Device.X.Odd" in page
    assert "It says that written values count after a restart." in page
    assert "Proposed" in page
    assert "Set by hand…" not in page


def test_the_list_is_narrowed_and_says_so_when_nothing_fits(signed_in, learned, by_hand):
    browser = signed_in()
    page = html(browser.get("/quirks/?state=active"))
    assert "after a restart" in page
    assert "Device.X.Odd" not in page
    assert "No entry fits" in html(browser.get("/quirks/?q=nothing"))
    assert browser.get("/quirks/?state=nonsense").status_code == 422


def test_an_empty_registry_says_what_will_be_here(signed_in):
    page = html(signed_in().get("/quirks/"))
    assert "Nothing is known yet" in page
    assert "known of the field" in page


def test_an_entry_shows_its_evidence_with_device_and_session(signed_in, services, learned, device_id, db, clock, head):
    from acs.recorder import service as recorder
    from acs.recorder.service import RecordIn

    with db.write() as unit:
        record = RecordIn(DEFAULT_TENANT, device_id, 3, clock(), 5, "ok", "2 PERIODIC", "", ())
        recorder.apply_records(unit.connection, [record], 20, 1000)
    entry = entries(services)[0]
    page = html(signed_in().get(f"/quirks/{entry.id}"))
    assert "answered; 50 at once gave 9004 Resources exceeded" in page
    assert f'href="/devices/{device_id}"' in page
    assert 'href="/sessions/1"' in page
    assert "K-50, K-46" in page


def test_a_proposal_is_confirmed_and_turned_off(signed_in, services, learned):
    browser, (entry, _) = signed_in(Role.ENGINEER), entries(services)
    assert browser.post(f"/quirks/{entry.id}/state", {"state": "active"}).status_code == 302
    assert entries(services)[0].state == "active"
    browser.post(f"/quirks/{entry.id}/state", {"state": "off"})
    assert entries(services)[0].state == "off"
    assert [line.action for line in services.audit.lines(DEFAULT_TENANT)][:2] == ["quirk.change", "quirk.change"]


def test_an_entry_is_set_by_hand_and_changed(signed_in, services):
    browser = signed_in(Role.ENGINEER)
    answer = browser.post("/quirks/new", {**BOX, "pinned": "y", "firmware": "2.*"})
    assert answer.headers["Location"] == "/quirks/1"
    (entry,) = entries(services)
    assert (entry.value, entry.firmware, entry.pinned, entry.origin, entry.author) == (20, "2.*", True, "hand", "user:engineer")
    browser.post("/quirks/1", {"value": "30", "note": "better"})
    (entry,) = entries(services)
    assert (entry.value, entry.note, entry.pinned) == (30, "better", False)
    browser.post("/quirks/1/remove")
    assert entries(services) == ()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"value": "many"}, "value"), ({"product_class": ""}, "product_class"), ({"firmware": ">x y"}, "firmware"), ({"item": "Device.X"}, "item"),
        ({"oui": "zz"}, "oui"), ({"knob": "needs_restart", "value": "perhaps"}, "value"), ({"knob": "refused_names"}, "item"), ({"value": ""}, "value"),
    ],
)  # fmt: skip
def test_what_does_not_fit_comes_back_with_its_message_and_nothing_is_set(signed_in, services, given, field):
    answer = signed_in().post("/quirks/new", {**BOX, **given})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in html(answer)
    assert entries(services) == ()


def test_a_wrong_change_comes_back_with_its_message(signed_in, services, by_hand):
    answer = signed_in().post(f"/quirks/{by_hand.id}", {"value": "perhaps", "note": ""})
    assert answer.status_code == 422
    assert 'id="value-error"' in html(answer)


def test_the_registry_is_taken_away_as_a_file_and_brought_back_with_a_preview(signed_in, services, by_hand):
    browser = signed_in()
    exported = browser.get("/quirks/export.toml")
    assert exported.mimetype == "application/toml"
    text = exported.get_data(as_text=True)
    browser.post(f"/quirks/{by_hand.id}/remove")
    page = html(browser.post("/quirks/import", {"file": (io.BytesIO(text.encode()), "q.toml")}, content_type="multipart/form-data"))
    assert "1 new entry" in page
    assert entries(services) == (), "looking does nothing"
    browser.post("/quirks/import/apply", {"text": text})
    (entry,) = entries(services)
    assert (entry.knob, entry.origin, entry.note) == ("needs_restart", "import", "the maker says so")


def test_a_conflict_names_both_values_and_the_file_counts_only_if_asked(signed_in, services):
    browser = signed_in()
    browser.post("/quirks/new", BOX)
    text = browser.get("/quirks/export.toml").get_data(as_text=True).replace("value = 20", "value = 33")
    page = html(browser.post("/quirks/import", {"file": (io.BytesIO(text.encode()), "q.toml")}, content_type="multipart/form-data"))
    assert "At most 33 names are read at once." in page
    assert "Here: At most 20 names are read at once." in page
    browser.post("/quirks/import/apply", {"text": text, "overwrite": "no"})
    assert entries(services)[0].value == 20
    browser.post("/quirks/import/apply", {"text": text, "overwrite": "yes"})
    assert entries(services)[0].value == 33


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"format = 3", b"#" * 400_001])
def test_a_file_that_is_none_is_told_at_its_field(signed_in, services, content):
    answer = signed_in().post("/quirks/import", {"file": (io.BytesIO(content), "q.toml")}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert 'id="file-error"' in html(answer)


def test_what_is_known_of_the_field_is_looked_at_before_it_is_taken_in(signed_in, services):
    page = html(signed_in().get("/quirks/import?field=yes"))
    assert "Grandstream" in page
    assert entries(services) == ()


def test_the_device_page_has_a_card_of_what_is_known_of_its_model(signed_in, learned, by_hand, device_id):
    browser = signed_in(Role.AGENT)
    assert f'hx-get="/quirks/device/{device_id}"' in html(browser.get(f"/devices/{device_id}"))
    card = html(browser.get(f"/quirks/device/{device_id}", headers={"HX-Request": "true"}))
    assert "<html" not in card
    assert "It says that written values count after a restart." in card
    assert "learned from this device" in card
    assert "At most 32 names are read at once." in card
    assert "<html" in html(browser.get(f"/quirks/device/{device_id}"))


def test_a_device_of_which_nothing_is_known_is_said_to_follow_the_standard(signed_in, device_id):
    assert "Nothing is known against it" in html(signed_in().get(f"/quirks/device/{device_id}"))


def test_what_a_person_turned_off_is_not_shown_on_the_device(signed_in, services, learned, device_id):
    for entry in entries(services):
        services.quirks.change(ADMIN, entry.id, {"state": "off"})
    assert "Nothing is known against it" in html(signed_in().get(f"/quirks/device/{device_id}"))


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
def test_only_who_may_manage_quirks_changes_any(signed_in, services, by_hand, role):
    browser = signed_in(role)
    page = html(browser.get(f"/quirks/{by_hand.id}"))
    assert "the maker says so" in page
    assert "Turn off" not in page
    for path, data in (
        ("new", BOX),
        (str(by_hand.id), {"value": "no"}),
        (f"{by_hand.id}/state", {"state": "off"}),
        (f"{by_hand.id}/remove", {}),
        ("import/apply", {"text": ""}),
    ):
        assert browser.post(f"/quirks/{path}", data).status_code == 403
    assert browser.get("/quirks/new").status_code == 403
    assert browser.get("/quirks/import").status_code == 403
    assert entries(services) == (by_hand,)


def test_another_tenant_finds_nothing(signed_in, by_hand, device_id):
    browser = signed_in(Role.ADMIN, OTHER_TENANT)
    assert "Nothing is known yet" in html(browser.get("/quirks/"))
    assert browser.get(f"/quirks/{by_hand.id}").status_code == 404
    assert browser.get(f"/quirks/device/{device_id}").status_code == 404
