"""Strangers, refusals and alarms to look at."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from acs.access import service as access
from acs.access.views import Reason, Refused
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import alarms
from acs.devices.alarms import Raised
from acs.devices.models import Device
from acs.devices.sightings import AlarmKind


def add_device(db, serial, trust="admitted", product_class="G240", **given):
    with db.write() as unit:
        device = Device(
            tenant_id=DEFAULT_TENANT, key=f"00D09E-{product_class}-{serial}", oui="00D09E", product_class=product_class, serial_number=serial,
            manufacturer="Norvik", model=product_class, trust=trust, **given,
        )  # fmt: skip
        unit.session.add(device)
        unit.session.flush()
        return device.id


@pytest.fixture
def scene(db, clock):
    """An admitted device, two strangers, one refusal of each of them, and an open alarm."""
    now = clock()
    facts = {"address": "192.0.2.7", "software_version": "3.4.1", "first_seen_at": now, "last_inform_at": now, "root": "Device"}
    home = add_device(db, "NV1000001", silent_at=now + timedelta(hours=1), **facts)
    strangers = [add_device(db, f"XX{n}", "quarantine", **{**facts, "address": f"198.51.100.{n}"}) for n in (1, 2)]
    with db.write() as unit:
        refused = [
            Refused("192.0.2.7", "00D09E-G240-NV1000001", Reason.LOGIN, "as 'x'", 3, now, now),
            Refused("203.0.113.9", "", Reason.TLS, "TLS handshake: no shared cipher", 1, now, now),
        ]
        access.note_refusals(unit, DEFAULT_TENANT, refused)
        evidence = {"at": now.isoformat(), "from": "192.0.2.7", "to": "198.51.100.9", "turns": 2, "in_session": False}
        alarms.raise_alarms(unit.connection, [Raised(1, home, AlarmKind.ADDRESS, evidence, now)])
    return SimpleNamespace(home=home, strangers=strangers, key="00D09E-G240-NV1000001")
