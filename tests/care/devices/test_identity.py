"""The identity tab: how a device proves itself, its other names, merging and taking apart."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device, DeviceCredential, DeviceEvent
from acs.errors import UnknownDevice
from care.security.permissions import Role
from tests.care.access_control.conftest import add_device, scene  # noqa: F401

ALIAS = {"key": "00D09E-G240-NEW1", "reason": "board replaced"}


def text(answer):
    return answer.get_data(as_text=True)


def test_tab_tells_login_secret_age_addresses_and_alarms(signed_in, db, vault_of, clock, scene):  # noqa: F811
    with db.write() as unit:
        unit.session.get(Device, scene.home).sightings = {
            "login": "certificate", "certificate": ["ab" * 32, "CN=00D09E-G240-NV1000001"], "address": "192.0.2.7", "before": "198.51.100.9",
            "moved": clock().isoformat(), "mac": "00:11:22:33:44:55", "turns": 1,
        }  # fmt: skip
        unit.session.add(
            DeviceCredential(
                device_id=scene.home, tenant_id=1, username=scene.key, secret=vault_of.seal("its own secret"), next_secret=vault_of.seal("a new one"),
                changed_at=clock(),
            )
        )  # fmt: skip
    shown = text(signed_in(Role.AGENT).get(f"/devices/{scene.home}/identity"))
    for words in ("a client certificate", "CN=00D09E-G240-NV1000001", "ab" * 32, "a new one is on its way", "00:11:22:33:44:55", "198.51.100.9",
                  "Two addresses take turns"):  # fmt: skip
        assert words in shown
    assert "its own secret" not in shown
    assert 'action="/access/alarms' not in shown


@pytest.fixture
def vault_of(services):
    return services.vault


def test_alarm_is_told_in_the_history_too(signed_in, db, services, clock, scene):  # noqa: F811
    with db.write() as unit:
        unit.session.add(DeviceEvent(tenant_id=1, device_id=scene.home, at=clock(), code="identity_address", detail="from 192.0.2.7"))
    assert "Two addresses take turns" in text(signed_in(Role.VIEWER).get(f"/devices/{scene.home}/history"))


def test_new_login_is_asked_for_from_the_tab(signed_in, services, scene):  # noqa: F811
    browser = signed_in(Role.ENGINEER)
    assert 'data-dialog="dialog-secure"' in text(browser.get(f"/devices/{scene.home}/identity"))
    browser.post(f"/devices/{scene.home}/ask/secure", {"tab": "identity"})
    assert [op.kind for op in services.operations.listed(DEFAULT_TENANT, scene.home)] == ["secure"]


def test_alias_is_entered_shown_and_split_off(signed_in, services, scene):  # noqa: F811
    browser = signed_in(Role.ENGINEER)
    assert browser.post(f"/devices/{scene.home}/aliases", ALIAS).status_code == 302
    assert "board replaced" in text(browser.get(f"/devices/{scene.home}/identity"))
    browser.post(f"/devices/{scene.home}/split", {"key": ALIAS["key"]})
    assert services.access.identity(DEFAULT_TENANT, scene.home).aliases == ()


@pytest.mark.parametrize("wrong", [{"key": "nonsense"}, {"reason": ""}, {"key": "00D09E-G240-XX1"}])
def test_alias_that_does_not_fit_comes_back_as_it_was_typed(signed_in, services, scene, wrong):  # noqa: F811
    answer = signed_in().post(f"/devices/{scene.home}/aliases", {**ALIAS, **wrong})
    assert answer.status_code == 422
    assert {**ALIAS, **wrong}["key"] in text(answer)
    assert services.access.identity(DEFAULT_TENANT, scene.home).aliases == ()


def test_merge_is_previewed_done_and_taken_apart(signed_in, services, scene):  # noqa: F811
    browser, stranger = signed_in(Role.ENGINEER), scene.strangers[0]
    preview = text(browser.get(f"/devices/{scene.home}/merge?other=XX1"))
    assert "00D09E-G240-XX1 becomes another name" in preview
    assert services.devices.head(DEFAULT_TENANT, stranger).key == "00D09E-G240-XX1"
    assert browser.post(f"/devices/{scene.home}/merge", {"other": str(stranger), "reason": ""}).status_code == 422
    assert browser.post(f"/devices/{scene.home}/merge", {"other": str(stranger), "reason": "board replaced"}).status_code == 302
    with pytest.raises(UnknownDevice):
        services.devices.head(DEFAULT_TENANT, stranger)
    assert "was merged" in text(browser.get(f"/devices/{scene.home}/identity"))
    (merge,) = services.access.identity(DEFAULT_TENANT, scene.home).merges
    browser.post(f"/devices/merges/{merge.id}/undo")
    assert services.devices.head(DEFAULT_TENANT, stranger).key == "00D09E-G240-XX1"
    assert "taken apart" in text(browser.get(f"/devices/{scene.home}/identity"))


@pytest.mark.parametrize("other", ["nobody", "", "itself"])
def test_merge_with_nobody_is_said(signed_in, scene, other):  # noqa: F811
    wanted = str(scene.home) if other == "itself" else other
    answer = signed_in().get(f"/devices/{scene.home}/merge?other={wanted}", follow_redirects=True)
    assert answer.status_code == 200
    assert "hl-warn" in text(answer)


def test_same_serial_number_elsewhere_is_offered_to_merge(signed_in, db, scene):  # noqa: F811
    twin = add_device(db, "NV1000001", product_class="G260")
    assert f'href="/devices/{scene.home}/merge?other={twin}"' in text(signed_in().get(f"/devices/{scene.home}/identity"))
