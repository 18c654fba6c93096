"""Reading recorded sessions."""

import pytest

from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import NotFound
from tests.care import samples
from tests.care.conftest import OTHER_TENANT


def test_sessions_of_a_removed_device_keep_no_serial(services, db, home, clock):
    device_id = home(read=False)
    samples.record(db, device_id, clock())
    assert services.sessions.serial(DEFAULT_TENANT, device_id) == "NV240000001"
    services.devices.remove(Actor("user:anna", DEFAULT_TENANT), device_id)
    assert services.sessions.serial(DEFAULT_TENANT, device_id) == ""


def test_sessions_of_another_tenant_do_not_exist(services, db, home, clock):
    device_id = home(read=False, tenant=OTHER_TENANT)
    samples.record(db, device_id, clock(), tenant=OTHER_TENANT)
    with pytest.raises(NotFound):
        services.sessions.listed(DEFAULT_TENANT, device_id)
    with pytest.raises(NotFound):
        services.sessions.get(DEFAULT_TENANT, 1)
    assert services.sessions.listed(DEFAULT_TENANT) == ()
