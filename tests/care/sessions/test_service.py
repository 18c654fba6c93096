"""Reading recorded sessions."""

import pytest

from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import NotFound
from acs.recorder.service import Wanted
from tests.care import samples
from tests.care.conftest import OTHER_TENANT

ACTOR = Actor("user:anna", DEFAULT_TENANT)


def test_sessions_of_a_removed_device_keep_no_serial(services, db, home, clock):
    device_id = home(read=False)
    samples.record(db, device_id, clock())
    assert services.sessions.device(DEFAULT_TENANT, device_id).serial_number == "NV240000001"
    services.devices.remove(ACTOR, device_id)
    assert services.sessions.device(DEFAULT_TENANT, device_id) is None
    assert services.sessions.document(ACTOR, 1)["device"] == {}


def test_sessions_of_another_tenant_do_not_exist(services, db, home, clock):
    device_id = home(read=False, tenant=OTHER_TENANT)
    samples.record(db, device_id, clock(), tenant=OTHER_TENANT)
    with pytest.raises(NotFound):
        services.sessions.listed(DEFAULT_TENANT, Wanted(device_id))
    with pytest.raises(NotFound):
        services.sessions.get(DEFAULT_TENANT, 1)
    with pytest.raises(NotFound):
        services.sessions.document(ACTOR, 1)
    assert services.sessions.listed(DEFAULT_TENANT, Wanted()) == ()


def test_taking_a_session_away_is_audited(services, db, home, clock):
    device_id = home(read=False)
    samples.record(db, device_id, clock())
    made = services.sessions.document(ACTOR, 1)
    assert (made["device"]["serial_number"], len(made["messages"])) == ("NV240000001", 4)
    (line, *_) = services.audit.lines(DEFAULT_TENANT, "session:1", None, 5)
    assert (line.actor, line.action, line.after["form"]) == ("user:anna", "session.download", "json")
    assert line.after["device"].endswith("NV240000001")
