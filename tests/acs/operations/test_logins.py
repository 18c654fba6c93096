"""A device's own login as operations change it."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.devices.models import Device, DeviceCredential
from acs.operations import service
from acs.operations.briefing import Briefing
from acs.operations.progress import Asked, StepIn, apply_steps
from acs.provisioning.plan import Trust
from tests.acs.kit import add_device, inform, inform_in, informed


@pytest.fixture
def device(any_database, vault, now):
    found = add_device(any_database)
    with any_database.write() as unit:
        unit.session.add(
            DeviceCredential(
                device_id=found, tenant_id=1, username="u", secret=vault.seal("own"), request_username="r", request_secret=vault.seal("rs")
            )
        )
    return found


def secrets(database, vault, device):
    with database.read() as session:
        row = session.get(DeviceCredential, device)
        return tuple(vault.open(text) if text else "" for text in (row.secret, row.next_secret))


def ask(database, vault, actor, now, device, kind="secure"):
    with database.write() as unit:
        return service.request(unit, actor, device, kind, {}, now, vault=vault)


@pytest.mark.cwmp("A-108")
def test_new_login_is_made_beside_the_old_one_and_handed_out(any_database, vault, actor, now, device):
    number = ask(any_database, vault, actor, now, device)
    own, fresh = secrets(any_database, vault, device)
    assert own == "own"
    assert fresh not in ("", "own")
    with any_database.read() as session:
        brief = Briefing(vault, "http://x", "device").of(session, session.get(service.Operation, number))
    assert (brief["username"], brief["secret"]) == ("u", fresh)


def test_login_that_waits_to_be_used_is_handed_out_again(any_database, vault, actor, now, device):
    """The device may have taken it and lost the line before it could say so: a third one would lock it out."""
    first = ask(any_database, vault, actor, now, device)
    _, fresh = secrets(any_database, vault, device)
    with any_database.write() as unit:
        service.cancel(unit, actor, first, now)
    ask(any_database, vault, actor, now, device)
    assert secrets(any_database, vault, device) == ("own", fresh)


@pytest.mark.cwmp("C-144", "A-108")
@pytest.mark.parametrize(("hours", "trust"), [(1, Trust.ADMITTED), (25, Trust.QUARANTINE)])
def test_device_we_reset_may_enrol_again_for_a_day_and_no_longer(any_database, vault, actor, now, device, hours, trust):
    number = ask(any_database, vault, actor, now, device, "factory_reset")
    with any_database.write() as unit:
        apply_steps(unit, [StepIn(1, device, 0, now, asked=Asked(1, number, "FactoryReset", irreversible=True))])
    (out,) = informed(any_database, vault, inform_in(inform("0 BOOTSTRAP"), now + timedelta(hours=hours), login="onboarding"))
    assert out.trust is trust


@pytest.mark.cwmp("C-144")
def test_device_that_nobody_reset_is_held_when_it_comes_with_the_onboarding_secret(any_database, vault, now, device):
    (out,) = informed(any_database, vault, inform_in(inform("0 BOOTSTRAP"), now, login="onboarding"))
    assert out.trust is Trust.QUARANTINE
    with any_database.write() as unit:
        unit.session.execute(update(Device).values(trust="admitted"))
    with any_database.read() as session:
        assert devices.get(session, DEFAULT_TENANT, device, now).trust == "admitted"
