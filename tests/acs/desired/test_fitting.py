"""Which profiles fit a device: by its head row where that says, by the database where it takes one, nobody where the selection is broken."""

import pytest
from sqlalchemy import event

from acs.desired.fitting import candidates, fitting
from acs.devices.models import DeviceTag
from tests.acs.desired.conftest import NOW


def names(homes, device):
    with homes.database.read() as session:
        found = candidates(session, homes.vault, 1)
        return [one.profile.name for one in fitting(session, found, session.get(type(homes.head(device)), device), NOW)]


@pytest.mark.parametrize(
    ("selection", "fits"),
    [("", True), ('model = "G240"', True), ('model = "R110"', False), ("tag:vip", True), ('group:"gone"', False), ("wifi.2g.channel = 1", False)],
)
def test_selections(homes, selection, fits):
    device = homes.device()
    with homes.database.write() as unit:
        unit.session.add(DeviceTag(device_id=device, tag="vip", tenant_id=1))
    homes.profile(selection=selection)
    assert names(homes, device) == (["Basic"] if fits else [])


def test_a_selection_of_head_facts_asks_the_database_nothing(homes):
    device = homes.device()
    homes.profile(selection='model = "G240" and software_version = "1.0"')
    with homes.database.read() as session:
        found, row = candidates(session, homes.vault, 1), session.get(type(homes.head(device)), device)
        asked = []
        event.listen(homes.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        fitting(session, found, row, NOW)
    assert len([text for text in asked if "device_tag" not in text]) == 0
