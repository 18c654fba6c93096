"""New logins on schedule: which devices are due, how many at once, and that nobody is asked twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from acs import audit
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device, DeviceCredential
from acs.operations import rotation
from acs.operations.models import Operation
from tests.acs.kit import add_device

DAY = timedelta(days=1)
AGE, HOUR = 180 * DAY, timedelta(hours=1)


def enrolled(database, vault, now, serial, days, trust="admitted", silent_in=DAY, secret="own"):
    device = add_device(database, serial=serial, trust=trust, silent_at=now + silent_in)
    with database.write() as unit:
        sealed = vault.seal(secret) if secret else ""
        unit.session.add(DeviceCredential(device_id=device, tenant_id=1, username=serial, secret=sealed, changed_at=now - days * DAY))
    return device


def rotate(database, vault, now, limit=50):
    with database.write() as unit:
        return rotation.rotate(unit, vault, now, AGE, limit)


def queued(database):
    with database.read() as session:
        return [row.device_id for row in session.scalars(select(Operation).order_by(Operation.id))]


@pytest.mark.cwmp("A-108")
def test_old_logins_of_devices_that_speak_are_renewed_the_oldest_first(any_database, vault, now):
    old, older = (enrolled(any_database, vault, now, serial, days) for serial, days in (("A1", 181), ("A2", 400)))
    enrolled(any_database, vault, now, "A3", 179)
    enrolled(any_database, vault, now, "A4", 400, trust="blocked")
    enrolled(any_database, vault, now, "A5", 400, silent_in=-DAY)
    enrolled(any_database, vault, now, "A6", 400, secret="")
    assert rotate(any_database, vault, now, limit=1) == 1
    assert queued(any_database) == [older]
    assert rotate(any_database, vault, now) == 1
    assert queued(any_database) == [older, old]
    with any_database.read() as session:
        row = session.get(DeviceCredential, old)
        assert (vault.open(row.secret), bool(row.next_secret)) == ("own", True)
        (operation,) = session.scalars(select(Operation).where(Operation.device_id == old))
        assert (operation.kind, operation.urgent, operation.requested_by) == ("secure", False, "system:rotation")
        assert audit.lines(session, DEFAULT_TENANT, f"device:{old}")[0].action == "operation.secure"


def test_device_that_did_not_take_it_is_tried_again_after_a_week(any_database, vault, now):
    enrolled(any_database, vault, now, "A1", 200)
    rotate(any_database, vault, now)
    assert rotate(any_database, vault, now + HOUR) == 0  # it is under way
    with any_database.write() as unit:
        (operation,) = unit.session.scalars(select(Operation))
        operation.state, operation.finished_at = "failed", now + HOUR
    assert rotate(any_database, vault, now + 6 * HOUR) == 0
    with any_database.write() as unit:
        unit.session.get(Device, operation.device_id).silent_at = now + 30 * DAY
    assert rotate(any_database, vault, now + 8 * DAY) == 1


def test_fleet_is_spread_over_its_time(any_database, vault, now):
    with any_database.read() as session:
        assert rotation.share(session, AGE, HOUR) == rotation.AT_LEAST
    least = rotation.AT_LEAST
    for n in range(least + 5):
        enrolled(any_database, vault, now, f"B{n}", 200)
    with any_database.read() as session:
        assert rotation.share(session, timedelta(hours=10), HOUR) == least
        assert rotation.share(session, timedelta(hours=1), HOUR) == 2 * (least + 5)
