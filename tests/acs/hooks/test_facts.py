"""What a hook is told of a stored device: acs/hooks/facts.py."""

import pytest

from acs.errors import HearthlineError
from acs.hooks.facts import facts_of
from tests.acs.kit import add_device, store_values, value


def test_facts_are_head_tags_and_values_without_secrets(any_database, vault, actor, now):
    device = add_device(any_database, root="Device", software_version="1.0")
    told = (
        value("Device.DeviceInfo.SerialNumber", "NV1000001"), value("Device.ManagementServer.PeriodicInformInterval", "300", "unsignedInt"),
        value("Device.ManagementServer.Password", "hidden"),
    )  # fmt: skip
    with any_database.write() as unit:
        store_values(unit.connection, vault, 1, device, told, now, "read")

    def facts(**given):
        with any_database.read() as session:
            return facts_of(session, vault, 1, device, now, **given)

    found = facts()
    assert (found["device"]["model"], found["device"]["root"], found["tags"]) == ("G240", "Device", [])
    assert found["parameters"] == {"Device.DeviceInfo.SerialNumber": "NV1000001", "Device.ManagementServer.PeriodicInformInterval": "300"}
    assert found["values"]["management.periodic_inform_interval_s"] == 300
    assert facts(sees_secrets=True)["parameters"]["Device.ManagementServer.Password"] == "hidden"
    with any_database.read() as session, pytest.raises(HearthlineError):
        facts_of(session, vault, 2, device, now)
