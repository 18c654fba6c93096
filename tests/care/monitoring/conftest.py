"""A home with an hour of readings, a monitor, and an alarm."""

from datetime import timedelta

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device, DeviceEvent
from tests.acs.monitoring.kit import RX, collect, monitor, reading, threshold
from tests.care import samples


@pytest.fixture
def device(db, services, clock):
    """Light every five minutes for an hour, weak at the end; one restart."""
    now = clock()
    number = samples.home(db, services.vault, now, samples.ONT)
    with db.write() as unit:
        unit.session.get(Device, number).first_seen_at = now - timedelta(days=30)
        unit.session.add(DeviceEvent(tenant_id=1, device_id=number, at=now - timedelta(minutes=30), code="1 BOOT", detail=""))
    monitor(db, now, thresholds=[threshold("warning", limit=-25, repair="Clean the connector."), threshold("critical", limit=-27, clear=-26)], name="light")
    for i in range(12, 0, -1):
        collect(db, [reading(number, -28.0 if i < 3 else -20.0 - i / 10, now - timedelta(minutes=5 * i))])
    return number


@pytest.fixture
def light(services):
    """The number of the monitor of `device`."""
    return next(m.id for m in services.monitoring.monitors(DEFAULT_TENANT) if m.parameter == RX)
