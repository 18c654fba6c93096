"""The library: upload with its limits, withdraw, who may."""

import io

import pytest

from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.settings import Settings
from care.security.permissions import Role
from tests.care import samples

ANNA = Actor("user:anna", DEFAULT_TENANT)
IMAGE = {"version": "3.2.4", "model": "G240", "oui": "", "notes": "Calmer WiFi"}


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(home=tmp_path, firmware_max=6 * 1024 * 1024)


def upload(browser, size=1000, **given):
    data = {**IMAGE, "file": (io.BytesIO(b"x" * size), "norvik.bin"), **given}
    return browser.post("/firmware/", data, content_type="multipart/form-data")


def test_uploaded_image_is_listed_and_its_bytes_are_kept(signed_in, services, settings):
    browser = signed_in()
    assert upload(browser).status_code == 302
    page = browser.get("/firmware/").get_data(as_text=True)
    assert "3.2.4" in page
    assert "Calmer WiFi" in page
    image = services.firmware.listed(DEFAULT_TENANT)[0]
    assert (settings.files_dir / "firmware" / image.sha256).stat().st_size == 1000


def test_image_larger_than_other_forms_is_taken_up_to_the_limit(signed_in):
    browser = signed_in()
    assert upload(browser, 5 * 1024 * 1024).status_code == 302
    too_large = upload(browser, 6 * 1024 * 1024 + 1, version="9")
    assert too_large.status_code in (413, 422)
    assert "larger" in too_large.get_data(as_text=True)


@pytest.mark.parametrize(("given", "field"), [({"version": "§§"}, "version"), ({"oui": "nope"}, "oui"), ({"file": (io.BytesIO(b""), "empty.bin")}, "file")])
def test_wrong_field_is_named(signed_in, given, field):
    answer = upload(signed_in(), **given)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.get_data(as_text=True)


def test_same_image_twice_is_told(signed_in):
    browser = signed_in()
    upload(browser)
    assert "in the library already" in upload(browser).get_data(as_text=True)


def test_withdrawn_image_leaves_the_list_and_comes_back_with_the_same_file(signed_in, services):
    browser = signed_in()
    upload(browser)
    browser.post("/firmware/1/withdraw")
    assert services.firmware.listed(DEFAULT_TENANT) == ()
    assert "Withdrawn" in browser.get("/firmware/?withdrawn=yes").get_data(as_text=True)
    upload(browser)
    assert len(services.firmware.listed(DEFAULT_TENANT)) == 1


def test_update_is_offered_with_what_fits(signed_in, services, db, clock):
    from tests.care import samples

    device_id = samples.home(db, services.vault, clock(), samples.NORVIK, 1, ["old-firmware"], read=False)
    anna = Actor("user:anna", DEFAULT_TENANT)
    fitting = services.firmware.upload(anna, io.BytesIO(b"a"), "fit.bin", "3.2.4", "G240")
    services.firmware.upload(anna, io.BytesIO(b"b"), "other.bin", "1.0", "R110")
    browser = signed_in()
    page = browser.get(f"/devices/{device_id}/firmware").get_data(as_text=True)
    assert "fit.bin" in page
    assert "other.bin" not in page
    assert "This device runs 2.9.1." in page
    browser.post(f"/devices/{device_id}/ask/firmware", {"image": fitting.id, "tab": "show"})
    assert services.operations.listed(DEFAULT_TENANT, device_id)[0].args == {"image": fitting.id, "force": False}


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
def test_library_is_closed_to_who_may_not_manage_it(signed_in, role):
    browser = signed_in(role)
    assert browser.get("/firmware/").status_code == 403
    assert upload(browser).status_code == 403


def put(services, version, **given):
    return services.firmware.upload(ANNA, io.BytesIO(version.encode()), f"{version}.bin", version, "G240", **given)


def test_image_page_says_what_runs_and_what_leads_there(signed_in, services, db, clock):
    device = samples.home(db, services.vault, clock(), samples.NORVIK, 1, ["old-firmware"], read=False)
    runs = services.devices.head(DEFAULT_TENANT, device).software_version
    step, goal = put(services, "9.0"), put(services, "10.0", from_versions="9.*", notes="needs 9")
    page = signed_in().get(f"/firmware/{goal.id}").get_data(as_text=True)
    assert runs in page and "9.0" in page and "needs 9" in page and "0 of 1 run it" in page
    services.firmware.withdraw(ANNA, step.id)
    assert "no released image for it brings it there" in signed_in().get(f"/firmware/{goal.id}").get_data(as_text=True)
    assert runs in signed_in().get("/firmware/running").get_data(as_text=True)


def test_draft_is_tried_on_one_device_and_released(signed_in, services, db, clock):
    device = samples.home(db, services.vault, clock(), samples.NORVIK, 1, ["old-firmware"], read=False)
    serial = services.devices.head(DEFAULT_TENANT, device).serial_number
    draft, browser = put(services, "9.0", draft=True), signed_in()
    assert services.firmware.fitting(DEFAULT_TENANT, services.devices.head(DEFAULT_TENANT, device)) == ()
    assert browser.post(f"/firmware/{draft.id}/try", data={"device": "nobody"}).location.endswith(f"/firmware/{draft.id}")
    assert browser.post(f"/firmware/{draft.id}/try", data={"device": serial}).location.endswith(f"/devices/{device}")
    assert services.operations.listed(DEFAULT_TENANT, device)[0].args["watch_s"] == 600
    assert browser.post(f"/firmware/{draft.id}/release").status_code == 302
    assert services.firmware.get(DEFAULT_TENANT, draft.id).state == "released"


def test_what_an_image_is_for_is_changed_and_errors_are_named(signed_in, services):
    image, browser = put(services, "9.0"), signed_in()
    browser.post(f"/firmware/{image.id}", data={"model": "G240", "models": "G250\nG260", "hardware": "A*, B1", "from_versions": "1.*"})
    view = services.firmware.get(DEFAULT_TENANT, image.id)
    assert (view.all_models, view.hardware, view.from_versions) == (("G240", "G250", "G260"), ("A*", "B1"), "1.*")
    refused = browser.post(f"/firmware/{image.id}", data={"from_versions": ">="})
    assert refused.status_code == 422 and "is no rule of versions" in refused.get_data(as_text=True)


def test_device_page_shows_the_way_before_it_starts(signed_in, services, db, clock):
    device = samples.home(db, services.vault, clock(), samples.NORVIK, 1, ["old-firmware"], read=False)
    put(services, "9.0"), put(services, "10.0", from_versions="9.*"), put(services, "12.0", from_versions="11.*")
    page = signed_in().get(f"/devices/{device}/firmware").get_data(as_text=True)
    assert "In 2 steps:" in page and "Each begins when the one before has succeeded" in page
    assert "no released image for it brings it there" in page
