"""What pages and REST do with profiles: tenant first, secrets struck out."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import NotFound
from acs.operations.personal import PersonalValue
from tests.care.conftest import ADMIN, OTHER_TENANT

KEY = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"


def test_a_profile_is_shown_with_its_versions_and_its_count(services, profile, home):
    home()
    view = profile()
    shown = services.profiles.shown(DEFAULT_TENANT, view.id)
    assert (shown.devices, shown.is_exact, len(shown.versions)) == (1, True, 1)
    assert "correct horse" not in repr(shown)
    with pytest.raises(NotFound):
        services.profiles.shown(OTHER_TENANT, view.id)


def test_what_people_set_is_told_without_secrets(services, db, clock, home):
    device = home()
    with db.write() as unit:
        unit.session.add(PersonalValue(device_id=device, path=KEY, tenant_id=1, value="x", type="string", by="user:anna", at=clock(), operation_id=1))
    (own,) = services.profiles.personal(DEFAULT_TENANT, device)
    assert (own.path, own.by) == (KEY, "user:anna")
    assert own.value != "x"


def test_repair_is_an_operation(services, profile, home):
    profile()
    device = home()
    services.profiles.repair(ADMIN, device, again=True, reason="asked")
    (op,) = services.operations.listed(DEFAULT_TENANT, device)
    assert (op.kind, op.reason) == ("configure", "asked")
